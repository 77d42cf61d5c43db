use serde_json::Value;

use super::{Kind, list, parts};

/// The plugins that may be configured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PluginNames {
    /// All that there are.
    pub bundled: bool,
    /// These by name.
    pub named: Vec<String>,
}

impl PluginNames {
    /// Whether a plugin may be configured.
    #[must_use]
    pub fn enables(&self, name: &str) -> bool {
        self.bundled || self.named.iter().any(|named| named == name)
    }
}

impl Kind for PluginNames {
    const SHAPE: &'static str = "list of names of plugins and `bundled` (all that there are), or `off`";

    fn parse(text: &str) -> Result<Self, String> {
        let mut names = Self::default();
        if text == "off" {
            return Ok(names);
        }
        for part in parts(text) {
            match part {
                "bundled" => names.bundled = true,
                "off" => return Err("'off' stands alone: it enables no plugin".to_owned()),
                name => names.named.push(name.to_owned()),
            }
        }
        Ok(names)
    }

    fn show(&self) -> String {
        let bundled = self.bundled.then_some("bundled");
        let shown: Vec<&str> = bundled.into_iter().chain(self.named.iter().map(String::as_str)).collect();
        if shown.is_empty() { "off".to_owned() } else { shown.join(", ") }
    }

    fn json(&self) -> Value {
        let bundled = self.bundled.then(|| "bundled".to_owned());
        list(bundled.into_iter().chain(self.named.iter().cloned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_is_every_plugin_and_off_is_none() {
        assert!(PluginNames::parse("bundled").unwrap().enables("cors"));
        let some = PluginNames::parse("cors, acl").unwrap();
        assert!(some.enables("acl") && !some.enables("jwt"));
        assert_eq!(some.show(), "cors, acl");
        let off = PluginNames::parse("off").unwrap();
        assert!(!off.enables("cors"));
        assert_eq!((off.show(), off.json()), ("off".to_owned(), serde_json::json!([])));
        assert!(PluginNames::parse("off, cors").is_err());
    }
}
