use keybound_model::schema::{Schema, array, boolean, integer, map, record, set, string};
use keybound_model::{PluginCatalog, PluginDescription};

/// Two plugins: one for whom a consumer means nothing, one with nearly nothing.
pub(crate) struct Catalog([PluginDescription; 2]);

pub(crate) fn catalog() -> Catalog {
    let connect = Schema::new([
        ("issuer", string().required()),
        ("auth_methods", set(string().one_of(["bearer", "introspection"])).default(["bearer"])),
        ("client_id", array(string())),
        ("timeout", integer().default(10000)),
        ("ssl_verify", boolean().default(true)),
        ("extra", map(string(), string())),
        ("cache", record([("ttl", integer().default(60)), ("enabled", boolean().default(true))]).required()),
    ]);
    let mark = Schema::new([("text", string().default("x"))]);
    Catalog([
        PluginDescription::new("mark", "0.1.0", 5, mark),
        PluginDescription::new("openid-connect", "1.2.3", 1050, connect).without_consumer(),
    ])
}

impl PluginCatalog for Catalog {
    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|plugin| plugin.name).collect()
    }

    fn plugin(&self, name: &str) -> Option<&PluginDescription> {
        self.0.iter().find(|plugin| plugin.name == name)
    }
}
