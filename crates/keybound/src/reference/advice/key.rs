//! What to do about a token that its bearer does not show the key of.

use super::Advice;

pub(super) const ROWS: &[Advice] = &[
    Advice {
        code: "proof_key_mismatch",
        cause: "The proof is good and made with another key than the token was issued to: the client made a new key and kept its old token, or the token is somebody else's.",
        look: "Compare `jkt` (the token's) with `proof_jkt` in the access record. A client that starts anew needs a new token for its new key.",
        source: "RFC 9449 §4.3 step 12, §6.1",
    },
    Advice {
        code: "binding_scheme_not_offered",
        cause: "The client uses `Authorization: DPoP`, and `proof_of_possession_dpop` is `off` on this route.",
        look: "Turn it on, or tell the client to use Bearer here.",
        source: "RFC 9449 §7.1",
    },
    Advice {
        code: "binding_dpop_required",
        cause: "The client uses `Authorization: Bearer` where `proof_of_possession_dpop` is `strict`.",
        look: "Is the client ready for DPoP at all? During a roll-out use `proof_of_possession_report_only`, then `optional`.",
        source: "RFC 9449 §7.1",
    },
    Advice {
        code: "binding_not_dpop_bound",
        cause: "The DPoP scheme with a token that has no `cnf.jkt`: the client did not send a proof to the token endpoint, or the provider does not bind the tokens of this client.",
        look: "Look at the token's claims; at the provider, switch DPoP on for the client.",
        source: "RFC 9449 §5, §6",
    },
    Advice {
        code: "binding_downgrade",
        cause: "A token that is bound to a key was sent as a bearer token: the client does not know that its tokens are bound, or a thief tries what happens.",
        look: "Compare client and address with those of its other requests. A client that asks for bound tokens must use them with proofs.",
        source: "RFC 9449 §7.2",
    },
    Advice {
        code: "binding_misplaced",
        cause: "A bound token stood in the query, the body, a cookie or another field, where nobody proves anything.",
        look: "Send it in `Authorization`.",
        source: "RFC 9449 §7.1, RFC 6750 §2",
    },
    Advice {
        code: "binding_dpop_unchecked",
        cause: "The token is bound by DPoP, and this route does not check that: as a bearer token it would be worth stealing.",
        look: "Set `proof_of_possession_dpop`, or, where that is meant, `proof_of_possession_bound_tokens: accept`.",
        source: "RFC 9449 §7.2",
    },
    Advice {
        code: "binding_certificate_unchecked",
        cause: "The token is bound to a certificate, and this route does not check certificates.",
        look: "Set `proof_of_possession_mtls`, or, where that is meant, `proof_of_possession_bound_tokens: accept`.",
        source: "RFC 8705 §3",
    },
    Advice {
        code: "binding_certificate_required",
        cause: "`proof_of_possession_mtls` is `strict`, and the token has no `cnf.x5t#S256`.",
        look: "At the provider, switch certificate-bound tokens on for the client; it must fetch tokens over mutual TLS.",
        source: "RFC 8705 §3",
    },
    Advice {
        code: "binding_certificate_missing",
        cause: "The connection has no client certificate: the client sent none, was not asked for one, or TLS ends before the gateway.",
        look: "Is a certificate asked for on this name? Does the proxy that ends TLS send it on, and is the field configured?",
        source: "RFC 8705 §3",
    },
    Advice {
        code: "binding_certificate_mismatch",
        cause: "The certificate is another than the token was issued to: it was renewed and the token is old, or the token is somebody else's.",
        look: "Fetch a new token after each renewal of the certificate.",
        source: "RFC 8705 §3",
    },
    Advice {
        code: "binding_unbound",
        cause: "The token is bound to nothing, and `proof_of_possession_unbound_tokens` is `refuse`.",
        look: "At the provider, switch DPoP or certificate binding on for the client.",
        source: "RFC 9449 §6, RFC 8705 §3",
    },
    Advice {
        code: "certificate_header_repeated",
        cause: "The field with the client's certificate is there more than once: the proxy adds its own to one that a client sent.",
        look: "Make the proxy replace the field rather than add to it.",
        source: "RFC 9440 §2.2",
    },
    Advice {
        code: "certificate_header_too_long",
        cause: "The field with the client's certificate is longer than any certificate.",
        look: "Look at what the proxy sends.",
        source: "RFC 9440 §2.2",
    },
    Advice {
        code: "certificate_header_malformed",
        cause: "The field with the client's certificate is not in the configured format.",
        look: "Compare `certificate_header_format` with what the proxy sends.",
        source: "RFC 9440 §2.2",
    },
    Advice {
        code: "certificate_header_many",
        cause: "The field with the client's certificate holds more than one.",
        look: "Make the proxy send the client's own certificate only.",
        source: "RFC 9440 §2.2",
    },
    Advice {
        code: "certificate_malformed",
        cause: "The client's certificate cannot be read.",
        look: "Look at it with `openssl x509`.",
        source: "RFC 5280 §4.1",
    },
    Advice {
        code: "certificate_untrusted",
        cause: "No configured authority vouches for the client's certificate, or a link between is missing.",
        look: "Compare its issuer with `ca_certificates`; the client must send the links between, or they must be configured.",
        source: "RFC 5280 §6.1",
    },
    Advice {
        code: "certificate_expired",
        cause: "The client's certificate, or one above it, has ended.",
        look: "Renew it.",
        source: "RFC 5280 §4.1.2.5",
    },
    Advice {
        code: "certificate_not_yet_valid",
        cause: "The client's certificate, or one above it, begins in the future.",
        look: "Look at the clocks of authority and gateway.",
        source: "RFC 5280 §4.1.2.5",
    },
    Advice {
        code: "certificate_usage",
        cause: "The client's certificate is not made for clients.",
        look: "Look at its extended key usage: it needs `clientAuth`.",
        source: "RFC 5280 §4.2.1.12",
    },
    Advice {
        code: "certificate_revoked",
        cause: "The authority has revoked the client's certificate.",
        look: "Ask who revoked it, and why, before a new one is issued.",
        source: "RFC 5280 §6.3, RFC 6960",
    },
    Advice {
        code: "certificate_revocation_unnamed",
        cause: "`revocation_check_mode` is `STRICT`, and the certificate does not say where its revocation can be looked up.",
        look: "Add an OCSP or CRL address to the certificates that are issued, or relax the mode.",
        source: "RFC 5280 §4.2.1.13",
    },
    Advice {
        code: "certificate_revocation_unknown",
        cause: "The authority could not be asked, or does not know the certificate.",
        look: "The log names the address and the cause.",
        source: "RFC 6960 §2.2",
    },
];
