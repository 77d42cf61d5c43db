//! Sessions. They come later: every field must be left at its default.

use keybound_model::schema::{Type, boolean, number, set, string};

use super::kinds::{METHODS, path, port, same_site, session_headers, switch};

pub(super) fn fields() -> Vec<(&'static str, Type)> {
    let mut fields = cookies();
    fields.extend(storage());
    fields.into_iter().map(|(name, ty)| (name, ty.not_yet_supported())).collect()
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
        ("session_response_headers", session_headers().doc("What the client is told of the session.")),
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

fn storage() -> Vec<(&'static str, Type)> {
    vec![
        (
            "session_storage",
            string()
                .one_of(["cookie", "memcache", "memcached", "redis"])
                .default("cookie")
                .doc("Where sessions live."),
        ),
        ("session_store_metadata", switch(false).doc("Remember which sessions a subject has.")),
        ("session_hash_storage_key", switch(false).doc("Hash the keys of stored sessions.")),
        ("session_hash_subject", switch(false).doc("Hash subjects in stored metadata.")),
        ("session_memcached_host", string().default("127.0.0.1").doc("The memcached server.")),
        ("session_memcached_port", port(11211).doc("Its port.")),
        ("session_memcached_prefix", string().doc("The prefix of its keys.")),
        ("session_memcached_socket", string().doc("Its Unix socket.")),
        ("session_memcached_ssl", boolean().doc("Speak TLS with it.")),
        ("session_memcached_ssl_verify", switch(true).doc("Verify its certificate.")),
    ]
}
