//! What to do about sessions, and about callers who are no consumer.

use super::Advice;

pub(super) const ROWS: &[Advice] = &[
    Advice {
        code: "authorization_consumer",
        cause: "No consumer has the value of one of `consumer_claims` in one of the fields of `consumer_by`.",
        look: "Compare the claim with the consumers' `username`, `custom_id` or `id`; `consumer_optional` lets the caller go on without one.",
        source: "RFC 6750 §3.1",
    },
    Advice {
        code: "authorization_consumer_group",
        cause: "`consumer_groups_claim` names no group that is configured.",
        look: "Compare the claim with the names of the consumer groups; `consumer_groups_optional` lets the caller go on without one.",
        source: "RFC 6750 §3.1",
    },
    Advice {
        code: "session_ambiguous",
        cause: "Two session cookies of one name have different values: they were set for different paths or domains.",
        look: "Compare `session_cookie_path` and `session_cookie_domain` of the plugins that the client meets.",
        source: "RFC 6265 §5.4",
    },
    Advice {
        code: "session_unknown",
        cause: "The session cookie was altered, or sealed with another secret: by a node without the same `session_secret`, or before a restart.",
        look: "Give all nodes one `session_secret`, or one configuration store.",
        source: "RFC 6265 §8.3",
    },
    Advice {
        code: "session_expired",
        cause: "One of the session's timeouts is over, or its store has it no more.",
        look: "Look at `session_idling_timeout` and `session_absolute_timeout`; the client begins again with a token.",
        source: "RFC 6265 §8.4",
    },
    Advice {
        code: "session_foreign",
        cause: "Another plugin instance began the session, and this one demands keys.",
        look: "Give the instances different names of cookies, or let the client begin a session here with its token and proof.",
        source: "RFC 9449 §7.1",
    },
    Advice {
        code: "session_method",
        cause: "The session began by a method that begins no sessions any more.",
        look: "Look at `auth_methods` and `disable_session`.",
        source: "RFC 6265 §8.4",
    },
    Advice {
        code: "session_terms",
        cause: "What `session_bind` compares changed: the client's address, the scheme or the user agent.",
        look: "Clients on the move change their address; `trusted_ips` decides which address counts behind a proxy.",
        source: "RFC 6265 §8.4",
    },
    Advice {
        code: "session_unproven",
        cause: "The session began without the proof of possession that its token needs here, often while the mode was off or only reported.",
        look: "The client begins a new session with its token and a proof.",
        source: "RFC 9449 §7.1",
    },
    Advice {
        code: "session_rebound",
        cause: "The token of the session was verified again and is bound to another key than when it began.",
        look: "Look at what the provider says of the token; the client begins a new session.",
        source: "RFC 9449 §6",
    },
    Advice {
        code: "session_companion",
        cause: "The cookie that `jwt_session_cookie` names is absent, or is not the claim of `jwt_session_claim`.",
        look: "Look at the cookie and at the claim: the token belongs to another browser session.",
        source: "RFC 6750 §3.1",
    },
    Advice {
        code: "session_store_unreachable",
        cause: "The Redis of sessions is slow or out of reach.",
        look: "Look at `config.redis` and at the log, which names the address and the reason.",
        source: "RFC 9110 §15.6.4",
    },
];
