//! What to do about the upstream, the provider, the configuration, and Keybound itself.

use super::Advice;

pub(super) const ROWS: &[Advice] = &[
    Advice {
        code: "upstream_name_resolution",
        cause: "The name of the upstream has no address.",
        look: "Ask the name server of the gateway's machine for the host of the service or target.",
        source: "RFC 9110 §15.6.4",
    },
    Advice {
        code: "upstream_invalid_response",
        cause: "The upstream refused or reset the connection, or did not answer in HTTP.",
        look: "The detail of the log names the cause. Does it listen there, with TLS where the service says https?",
        source: "RFC 9110 §15.6.3",
    },
    Advice {
        code: "upstream_timeout",
        cause: "The upstream did not connect or answer within the timeouts of the service.",
        look: "Compare `connect_timeout`, `write_timeout` and `read_timeout` with what the upstream needs.",
        source: "RFC 9110 §15.6.5",
    },
    Advice {
        code: "upstream_no_peer",
        cause: "No target of the upstream can be used.",
        look: "Look at the targets and their weights, and at their health.",
        source: "Kong, upstreams",
    },
    Advice {
        code: "plugin_response_body_too_large",
        cause: "A plugin must look into the response, and it is longer than the plugin takes.",
        look: "Look at the plugins of the route. The response is not sent on, because the plugin may be there to take something out.",
        source: "RFC 9110 §15.6.3",
    },
    Advice {
        code: "overloaded",
        cause: "A worker had more requests in flight than `overload_max_requests`, or its own timer came later than `overload_max_lag` twice in a row. Nothing was done for the request.",
        look: "Look at the processors, and at how long upstreams take: slow ones keep requests in flight. More workers or nodes, or a higher bound where memory allows; see the guide on limits.",
        source: "RFC 9110 §15.6.4",
    },
    Advice {
        code: "provider_unreachable",
        cause: "No connection to the provider.",
        look: "The log names the call and the address. Name, port, firewall?",
        source: "OpenID Connect Discovery 1.0 §4",
    },
    Advice {
        code: "provider_tls",
        cause: "The provider's certificate is not trusted, has ended, or is for another name.",
        look: "A private authority belongs into `lua_ssl_trusted_certificate`.",
        source: "RFC 9110 §4.3.4",
    },
    Advice {
        code: "provider_timeout",
        cause: "The provider did not answer within `timeout` milliseconds.",
        look: "Look at the provider's load, and at the way there.",
        source: "RFC 9110 §15.6.4",
    },
    Advice {
        code: "provider_broken_answer",
        cause: "The connection to the provider ended in the middle of its answer.",
        look: "Look at the provider's log, and at proxies between.",
        source: "RFC 9112 §8",
    },
    Advice {
        code: "provider_answer_too_large",
        cause: "The provider's answer is longer than any that makes sense.",
        look: "Look at what its URL answers; is it the right one?",
        source: "RFC 7662 §2.2",
    },
    Advice {
        code: "provider_redirect",
        cause: "The provider answers with a redirect, which is not followed.",
        look: "Configure the URL that it leads to.",
        source: "RFC 8414 §3",
    },
    Advice {
        code: "provider_rate_limited",
        cause: "The provider answers 429.",
        look: "Look at its limits; `cache_introspection` and `introspection_max_rate` bound the calls.",
        source: "RFC 6585 §4",
    },
    Advice {
        code: "provider_credentials",
        cause: "The provider refuses `client_id` and `client_secret`.",
        look: "Compare them with the client at the provider, and `introspection_endpoint_auth_method` with what it allows.",
        source: "RFC 7662 §2.3",
    },
    Advice {
        code: "provider_status",
        cause: "The provider answers with an unexpected status.",
        look: "The log names the call and the status; look at the provider's log.",
        source: "RFC 8414 §3.2",
    },
    Advice {
        code: "provider_malformed",
        cause: "The provider's answer is not the document that belongs there.",
        look: "The log names what is wrong; look at what the URL answers.",
        source: "RFC 8414 §3.2, RFC 7517 §5, RFC 7662 §2.2",
    },
    Advice {
        code: "provider_issuer_mismatch",
        cause: "The metadata name another issuer than the configured one.",
        look: "Configure `issuer` as the metadata name it, letter by letter.",
        source: "OpenID Connect Discovery 1.0 §4.3, RFC 8414 §3.3",
    },
    Advice {
        code: "provider_endpoint",
        cause: "The metadata name no endpoint for this, or one that is not used (http where the issuer is https).",
        look: "Look at the metadata; the endpoint can be configured.",
        source: "RFC 8414 §2",
    },
    Advice {
        code: "provider_busy",
        cause: "Too many calls to the provider are under way.",
        look: "Look at the provider's answer times, and at who sends unknown tokens.",
        source: "RFC 9110 §15.6.4",
    },
    Advice {
        code: "provider_interrupted",
        cause: "The call to the provider was given up, as at a shutdown.",
        look: "Nothing, unless it repeats.",
        source: "RFC 9110 §15.6.4",
    },
    Advice {
        code: "provider_parameters",
        cause: "The configuration contradicts the metadata (`verify_parameters`).",
        look: "The log names the field.",
        source: "RFC 8414 §2",
    },
    Advice {
        code: "provider_client_keys",
        cause: "The gateway has no key of its own yet with which it authenticates to the provider.",
        look: "Nothing, for some seconds after the first start; then look at the log.",
        source: "RFC 7523 §2.2",
    },
    Advice {
        code: "anonymous_unknown",
        cause: "`anonymous` names a consumer that does not exist.",
        look: "Look at the consumer's name or id.",
        source: "Kong, `anonymous`",
    },
    Advice {
        code: "route_no_service",
        cause: "The route has no service, and no plugin answered.",
        look: "Give the route a service, or a plugin that answers.",
        source: "Kong, routes",
    },
    Advice {
        code: "counters_unreachable",
        cause: "Plugin `rate-limiting`: the counters cannot be reached, and `fault_tolerant` is off.",
        look: "Look at the Redis of the plugin.",
        source: "Kong, plugin `rate-limiting`",
    },
    Advice {
        code: "replay_store_full",
        cause: "`dpop_replay_max_entries` live records: more proofs than were reckoned with. No record is dropped for a new one, because its proof could then be used again.",
        look: "Raise the bound: requests a second × (`dpop_proof_lifetime` + twice the leeway), at 32 bytes each; or shorten the lifetime.",
        source: "RFC 9449 §11.1",
    },
    Advice {
        code: "replay_store_unreachable",
        cause: "The shared store of used proofs cannot be reached, and `dpop_replay_fail_mode` is `closed`.",
        look: "Look at the store; the log names the cause.",
        source: "RFC 9449 §11.1",
    },
];
