//! The plugin `key-auth`: a key says who calls.
//!
//! For each of `key_names`, in order, the key is looked for in the header, then in the query, then in the body. The first
//! one found is the one that counts. A key is looked up by a hash that is keyed with this process's own randomness, so the
//! time of a refusal tells nothing of keys that exist.

mod place;

use http::{HeaderName, HeaderValue};
use keybound_model::checks::header_name;
use keybound_model::schema::{Schema, array, boolean, string};
use keybound_model::{PluginDescription, Record};
use serde_json::json;

use self::place::Key;
use crate::contract::Refusal;
use crate::fault::IdentityFault;
use crate::identity::{self, Call, Found, Invalid, Method};

/// The settings of one instance.
pub(crate) struct KeyAuth {
    names: Vec<KeyName>,
    in_header: bool,
    in_query: bool,
    in_body: bool,
    hide: bool,
    challenge: HeaderValue,
}

/// A name under which keys are looked for.
struct KeyName {
    text: String,
    field: HeaderName,
}

impl Method for KeyAuth {
    const NAME: &'static str = "key-auth";
    const PRIORITY: i32 = 1250;

    fn description() -> PluginDescription {
        identity::described(Self::NAME, Self::PRIORITY, schema())
    }

    fn parse(config: &Record) -> Result<Self, Invalid> {
        let names = identity::list(config, "key_names").into_iter().map(|text| {
            let field = HeaderName::from_bytes(text.as_bytes())
                .map_err(|_| Invalid { field: "key_names", text: "bad header name".to_owned() })?;
            Ok(KeyName { text, field })
        });
        Ok(Self {
            names: names.collect::<Result<_, Invalid>>()?,
            in_header: identity::flag(config, "key_in_header"),
            in_query: identity::flag(config, "key_in_query"),
            in_body: identity::flag(config, "key_in_body"),
            hide: identity::flag(config, "hide_credentials"),
            challenge: identity::challenge("Key", identity::text(config, "realm"), None)?,
        })
    }

    async fn identify<'a>(&'a self, mut call: Call<'a>) -> Result<Found, Box<Refusal>> {
        let refused = |fault| identity::refusal(fault, &self.challenge);
        let key = self.key(&mut call).await.map_err(refused)?;
        let Call { directory, now, .. } = call;
        directory
            .key_auth(&key)
            .filter(|credential| credential.expires_at.is_none_or(|end| now.secs() < end))
            .and_then(|credential| {
                let consumer = directory.consumer(credential.consumer)?.clone();
                Some(Found { consumer, credential: credential.id.to_string() })
            })
            .ok_or_else(|| refused(IdentityFault::KeyUnknown))
    }
}

impl KeyAuth {
    /// The key of a request, which is taken out where it is not to be forwarded.
    async fn key(&self, call: &mut Call<'_>) -> Result<String, IdentityFault> {
        for name in &self.names {
            match self.find(name, call).await {
                Key::Absent => {}
                Key::Repeated => return Err(IdentityFault::KeyRepeated),
                Key::One(key) => {
                    if self.hide {
                        self.hide(name, call).await;
                    }
                    return Some(key).filter(|key| !key.is_empty()).ok_or(IdentityFault::KeyMissing);
                }
            }
        }
        Err(IdentityFault::KeyMissing)
    }

    async fn find(&self, name: &KeyName, call: &mut Call<'_>) -> Key {
        let mut key = Key::Absent;
        if self.in_header {
            key = place::in_headers(&call.head.headers, &name.field);
        }
        if key == Key::Absent && self.in_query {
            key = place::in_form(call.head.query.as_deref().unwrap_or_default().as_bytes(), &name.text);
        }
        if key == Key::Absent && self.in_body {
            key = place::in_body(&call.head.headers, call.body, &name.text).await;
        }
        key
    }

    /// Takes the key out of every place, wherever it was found.
    async fn hide(&self, name: &KeyName, call: &mut Call<'_>) {
        call.head.headers.remove(&name.field);
        if let Some(query) = call.head.query.take() {
            call.head.query = identity::parameter::without(&query, &name.text);
        }
        if self.in_body {
            place::hide_in_body(&call.head.headers, call.body, &name.text).await;
        }
    }
}

fn schema() -> Schema {
    let switch = |default: bool| boolean().required().default(default);
    Schema::new([
        (
            "key_names",
            array(string().check("header_name", header_name))
                .required()
                .default(json!(["apikey"]))
                .doc("Names of the header, the parameter or the member that holds the key."),
        ),
        (
            "hide_credentials",
            switch(false).doc("Whether the key is taken out before the request is forwarded."),
        ),
        (
            "anonymous",
            string().doc("The consumer, by id or username, that stands for callers that are not known."),
        ),
        ("key_in_header", switch(true).doc("Whether keys are looked for in header fields.")),
        ("key_in_query", switch(true).doc("Whether keys are looked for in the query.")),
        (
            "key_in_body",
            switch(false)
                .doc("Whether keys are looked for in bodies: forms, multipart forms and JSON objects."),
        ),
        ("run_on_preflight", switch(true).doc("Whether OPTIONS requests need a key.")),
        ("realm", string().doc("The realm in the challenge.")),
    ])
}
