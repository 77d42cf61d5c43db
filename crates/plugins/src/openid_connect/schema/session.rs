//! Sessions. The cookie of a login that is under way, and memcached, come later: those fields must be left at their defaults.

use keybound_model::schema::{EntityCheck, Type, boolean, number, set, string};
use keybound_model::{Errors, Record};
use serde_json::Value;

use super::kinds::{METHODS, path, port, same_site, session_headers, switch};

pub(super) fn fields() -> Vec<(&'static str, Type)> {
    let mut fields = cookies();
    fields.extend(storage());
    let later = login_cookie().into_iter().chain(memcached());
    fields.extend(later.map(|(name, ty)| (name, ty.not_yet_supported())));
    fields
}

fn cookies() -> Vec<(&'static str, Type)> {
    vec![
        ("disable_session", set(string().one_of(METHODS)).doc("Methods after which no session starts.")),
        ("reverify", switch(false).doc("Verify the tokens of a session on every request.")),
        ("session_secret", string().referenceable().encrypted().doc("The secret that seals sessions.")),
        ("session_audience", string().default("default").doc("The application that a session is for.")),
        (
            "session_bind",
            set(string().one_of(["ip", "scheme", "user-agent"]))
                .doc("What of the request a session is bound to."),
        ),
        (
            "session_enforce_same_subject",
            switch(false).doc("Demand one subject for all applications of a session."),
        ),
        ("session_cookie_name", string().default("session").doc("The session cookie's name.")),
        ("session_cookie_path", path().doc("Its path.")),
        ("session_cookie_domain", string().doc("Its domain.")),
        ("session_cookie_same_site", same_site("Lax").doc("Its SameSite attribute.")),
        ("session_cookie_http_only", switch(true).doc("Its HttpOnly attribute.")),
        ("session_cookie_secure", boolean().doc("Its Secure attribute; null: as the request came.")),
        (
            "session_idling_timeout",
            number().default(900).doc("Seconds without a request after which it ends."),
        ),
        ("session_rolling_timeout", number().default(3600).doc("Seconds after which it is renewed.")),
        ("session_absolute_timeout", number().default(86_400).doc("Seconds after which it ends.")),
        ("session_remember", switch(false).doc("Keep sessions beyond the browser's end.")),
        (
            "session_remember_cookie_name",
            string().default("remember").doc("The name of the cookie for that."),
        ),
        (
            "session_remember_rolling_timeout",
            number().default(604_800).doc("Seconds after which such a session is renewed."),
        ),
        (
            "session_remember_absolute_timeout",
            number().default(2_592_000).doc("Seconds after which such a session ends."),
        ),
        ("session_request_headers", session_headers().doc("What the upstream is told of the session.")),
        ("upstream_session_id_header", string().doc("The upstream's field with the session's id.")),
        ("downstream_session_id_header", string().doc("The client's field with the session's id.")),
        ("session_response_headers", session_headers().doc("What the client is told of the session.")),
    ]
}

fn storage() -> Vec<(&'static str, Type)> {
    vec![
        (
            "session_storage",
            string()
                .one_of(["cookie", "memcache", "memcached", "redis"])
                .default("cookie")
                .not_yet_supported_values(["memcache", "memcached"])
                .doc("Where sessions live."),
        ),
        ("session_store_metadata", switch(false).doc("Remember which sessions a subject has.")),
        ("session_hash_storage_key", switch(false).doc("Hash the keys of stored sessions.")),
        ("session_hash_subject", switch(false).doc("Hash subjects in stored metadata.")),
    ]
}

fn login_cookie() -> Vec<(&'static str, Type)> {
    vec![
        (
            "authorization_cookie_name",
            string()
                .default("authorization")
                .doc("The cookie that lives while the user is away at the provider."),
        ),
        ("authorization_cookie_path", path().doc("Its path.")),
        ("authorization_cookie_domain", string().doc("Its domain.")),
        ("authorization_cookie_same_site", same_site("Default").doc("Its SameSite attribute.")),
        ("authorization_cookie_http_only", switch(true).doc("Its HttpOnly attribute.")),
        ("authorization_cookie_secure", boolean().doc("Its Secure attribute; null: as the request came.")),
        ("authorization_rolling_timeout", number().default(600).doc("Seconds the user may stay away.")),
    ]
}

fn memcached() -> Vec<(&'static str, Type)> {
    vec![
        ("session_memcached_host", string().default("127.0.0.1").doc("The memcached server.")),
        ("session_memcached_port", port(11211).doc("Its port.")),
        ("session_memcached_prefix", string().doc("The prefix of its keys.")),
        ("session_memcached_socket", string().doc("Its Unix socket.")),
        ("session_memcached_ssl", boolean().doc("Speak TLS with it.")),
        ("session_memcached_ssl_verify", switch(true).doc("Verify its certificate.")),
    ]
}

/// What must hold across the fields of sessions.
pub(super) fn checks() -> Vec<EntityCheck> {
    let custom = |name, fields, check| EntityCheck::Custom { name, fields, check };
    vec![
        custom("session_methods", &["auth_methods"], methods),
        custom(
            "session_cookies",
            &[
                "session_cookie_name",
                "session_cookie_path",
                "session_cookie_domain",
                "session_cookie_same_site",
                "session_cookie_secure",
                "session_remember",
                "session_remember_cookie_name",
                "bearer_token_cookie_name",
                "auth_methods",
            ],
            cookie_rules,
        ),
        custom("session_timeouts", &TIMEOUTS, timeouts),
        custom("session_metadata", &["session_store_metadata", "session_storage"], metadata),
        custom(
            "session_id_headers",
            &["upstream_session_id_header", "downstream_session_id_header"],
            id_headers,
        ),
    ]
}

const TIMEOUTS: [&str; 5] = [
    "session_idling_timeout",
    "session_rolling_timeout",
    "session_absolute_timeout",
    "session_remember_rolling_timeout",
    "session_remember_absolute_timeout",
];

/// A session is begun by another method.
fn methods(config: &Record) -> Result<(), Errors> {
    let has = |name: &str| list(config, "auth_methods").any(|method| method == name);
    if has("session") && !has("bearer") && !has("introspection") {
        return Err(Errors::field("auth_methods", "session needs bearer or introspection beside it"));
    }
    Ok(())
}

/// What browsers demand of cookies (RFC 6265 §4.1.1, and the name prefixes of its successor).
fn cookie_rules(config: &Record) -> Result<(), Errors> {
    let mut errors = Errors::new();
    let secure = config.get("session_cookie_secure").and_then(Value::as_bool);
    let path = text(config, "session_cookie_path").unwrap_or("/");
    let domain = text(config, "session_cookie_domain");
    if !path.bytes().all(is_attribute_byte) {
        errors.add("session_cookie_path", "must be printable ASCII without semicolons");
    }
    if domain.is_some_and(|domain| !domain.bytes().all(is_domain_byte)) {
        errors.add("session_cookie_domain", "must be a host name");
    }
    if text(config, "session_cookie_same_site") == Some("None") && secure == Some(false) {
        errors.add("session_cookie_same_site", "browsers refuse None without session_cookie_secure");
    }
    for field in ["session_cookie_name", "session_remember_cookie_name"] {
        let name = text(config, field).unwrap_or_default();
        let prefix =
            |prefix: &str| name.get(..prefix.len()).is_some_and(|own| own.eq_ignore_ascii_case(prefix));
        if name.len() > LONGEST_NAME || !name.bytes().all(is_name_byte) {
            errors.add(field, "must be the name of a cookie, of at most 128 letters, digits and signs");
        } else if (prefix("__Host-") || prefix("__Secure-")) && secure != Some(true) {
            errors.add(field, "its prefix demands session_cookie_secure to be true");
        } else if prefix("__Host-") && (path != "/" || domain.is_some()) {
            errors.add(field, "its prefix demands the path / and no domain");
        }
    }
    if !list(config, "auth_methods").any(|method| method == "session") {
        return errors.into_result();
    }
    let (session, remember) =
        (text(config, "session_cookie_name"), text(config, "session_remember_cookie_name"));
    if flag(config, "session_remember") && are_mixed_up(session, remember) {
        errors.add("session_remember_cookie_name", "must differ from session_cookie_name");
    }
    if are_mixed_up(session, text(config, "bearer_token_cookie_name")) {
        errors.add("session_cookie_name", "must differ from bearer_token_cookie_name");
    }
    errors.into_result()
}

const LONGEST_NAME: usize = 128;

/// Whether two names are equal, or would be with the number of a further cookie.
fn are_mixed_up(one: Option<&str>, other: Option<&str>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    let base = |name: &str| name.strip_suffix(['2', '3', '4']).unwrap_or(name).to_owned();
    one == other || base(one) == other || one == base(other)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_attribute_byte(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e) && byte != b';'
}

fn is_domain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')
}

fn timeouts(config: &Record) -> Result<(), Errors> {
    let mut errors = Errors::new();
    for field in TIMEOUTS {
        if config.get(field).and_then(Value::as_f64).is_some_and(|seconds| seconds < 0.0) {
            errors.add(field, "must not be negative; 0 means that it does not count");
        }
    }
    errors.into_result()
}

fn metadata(config: &Record) -> Result<(), Errors> {
    if flag(config, "session_store_metadata") && text(config, "session_storage") == Some("cookie") {
        return Err(Errors::field("session_store_metadata", "needs session_storage to be redis"));
    }
    Ok(())
}

fn id_headers(config: &Record) -> Result<(), Errors> {
    let mut errors = Errors::new();
    for field in ["upstream_session_id_header", "downstream_session_id_header"] {
        if let Some(Err(fault)) = text(config, field).map(|name| crate::typed::settable(field, name)) {
            errors.add(
                field,
                fault.strip_prefix(field).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&fault),
            );
        }
    }
    errors.into_result()
}

fn text<'a>(config: &'a Record, name: &str) -> Option<&'a str> {
    config.get(name).and_then(Value::as_str)
}

fn flag(config: &Record, name: &str) -> bool {
    config.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn list<'a>(config: &'a Record, name: &str) -> impl Iterator<Item = &'a str> {
    config.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
