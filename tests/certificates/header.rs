//! The certificate in a header field that a TLS proxy sends.

use keybound_suites::{Answer, Seen, Stage};
use serde_json::{Value, json};

use crate::pki::{self, Made, Wish};
use crate::{authority, merged, refused, strict, token};

/// A stage whose guarded route takes certificates from this field, of this authority.
fn behind_proxy(trusted: bool, ca: &Made, name: &str, format: &str) -> Stage {
    let settings: &[(&str, &str)] = if trusted { &[("trusted_ips", "127.0.0.1")] } else { &[] };
    let stage = Stage::start_with(settings, json!({}));
    let id = authority(&stage, &ca.pem);
    let header = json!({
        "certificate_header_name": name, "certificate_header_format": format, "ca_certificates": [id],
        "revocation_check_mode": "SKIP",
    });
    let config = merged(strict(), json!({ "proof_of_possession_mtls_from_header": header }));
    stage.guard("proxied", "/proxied", config);
    stage
}

fn send(stage: &Stage, token: &str, fields: &[(&str, &str)]) -> Answer {
    let bare = stage.bare("GET", "/proxied").field("Authorization", &format!("Bearer {token}"));
    let request = fields.iter().fold(bare, |request, (name, value)| request.field(name, value));
    stage.send(&request)
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn base64(made: &Made) -> String {
    made.pem.lines().filter(|line| !line.starts_with('-')).collect()
}

#[test]
fn each_format_is_taken_from_a_trusted_proxy_and_kept_from_the_upstream() {
    let ca = pki::authority("ca");
    let (own, other) = (ca.issue("client"), ca.issue("client"));
    let formats: [(&str, &str, fn(&Made) -> String); 4] = [
        ("url_encoded", "X-SSL-Cert", |made| escaped(&made.pem)),
        ("base64_encoded", "X-SSL-Cert", base64),
        ("rfc9440", "Client-Cert", |made| format!(":{}:", base64(made))),
        ("xfcc", "X-Forwarded-Client-Cert", |made| {
            format!("Hash=00;Cert=\"{}\";Subject=\"CN=client,O=Example\"", escaped(&made.pem))
        }),
    ];
    for (format, name, write) in formats {
        let stage = behind_proxy(true, &ca, name, format);
        let bound = token(&stage, &own.der);
        let twin = name.replace('-', "_");
        let answer = send(&stage, &bound, &[(name, &write(&own)), (&twin, "forged"), ("X-Kept", "kept")]);
        assert_eq!(answer.status, 200, "{format}: {answer:?}");
        let seen = Seen::of(&answer);
        assert_eq!(seen.all("x-kept"), ["kept"]);
        let left = seen.names().into_iter().filter(|field| field.replace('_', "-").contains("cert"));
        assert_eq!(left.count(), 0, "{format}: {seen:?}");
        let answer = send(&stage, &bound, &[(name, &write(&other))]);
        refused(format, &answer, "Bearer", Some("invalid_token"), "binding_certificate_mismatch");
        let answer = send(&stage, &bound, &[]);
        refused(format, &answer, "Bearer", Some("invalid_token"), "binding_certificate_missing");
    }
}

#[test]
fn a_peer_that_is_not_trusted_cannot_send_a_certificate() {
    let ca = pki::authority("ca");
    let own = ca.issue("client");
    let stage = behind_proxy(false, &ca, "X-SSL-Cert", "url_encoded");
    let answer = send(&stage, &token(&stage, &own.der), &[("X-SSL-Cert", &escaped(&own.pem))]);
    refused("spoofed", &answer, "Bearer", Some("invalid_token"), "binding_certificate_missing");
}

#[test]
fn a_field_that_cannot_be_read_is_refused() {
    let ca = pki::authority("ca");
    let own = ca.issue("client");
    let stage = behind_proxy(true, &ca, "X-SSL-Cert", "url_encoded");
    let bound = token(&stage, &own.der);
    let good = escaped(&own.pem);
    let two = escaped(&format!("{0}{0}", own.pem));
    for (name, fields, code) in [
        (
            "MT-21 twice",
            vec![("X-SSL-Cert", good.as_str()), ("X-SSL-Cert", &good)],
            "certificate_header_repeated",
        ),
        ("MT-23 two blocks", vec![("X-SSL-Cert", &two)], "certificate_header_many"),
        ("MT-23 junk", vec![("X-SSL-Cert", "(null)")], "certificate_header_malformed"),
        ("MT-23 cut", vec![("X-SSL-Cert", good.split_at(good.len() / 2).0)], "certificate_header_malformed"),
    ] {
        refused(name, &send(&stage, &bound, &fields), "Bearer", Some("invalid_token"), code);
    }
    let long = "A".repeat(1 << 20);
    let answer = send(&stage, &bound, &[("X-SSL-Cert", &long)]);
    assert!((400..500).contains(&answer.status), "MT-23 a megabyte: {}", answer.status);
}

#[test]
fn a_certificate_in_a_field_comes_from_a_trusted_authority_in_time_and_is_for_clients() {
    let (ca, stranger) = (pki::authority("ca"), pki::authority("ca"));
    let stage = behind_proxy(true, &ca, "X-SSL-Cert", "url_encoded");
    let expired = ca.issue_with("client", Wish { expired: true, ..Wish::default() });
    let usage = Some(rcgen::ExtendedKeyUsagePurpose::ServerAuth);
    let server = ca.issue_with("client", Wish { usage, ..Wish::default() });
    for (name, made, code) in [
        ("another authority", &stranger.issue("client"), "certificate_untrusted"),
        ("its own", &pki::self_signed("client"), "certificate_untrusted"),
        ("MT-13 expired", &expired, "certificate_expired"),
        ("for servers", &server, "certificate_usage"),
    ] {
        let answer = send(&stage, &token(&stage, &made.der), &[("X-SSL-Cert", &escaped(&made.pem))]);
        refused(name, &answer, "Bearer", Some("invalid_token"), code);
    }
}

#[test]
fn mt_22_only_the_configured_source_counts() {
    let ca = pki::authority("ca");
    let (own, other) = (ca.issue("client"), ca.issue("client"));
    let stage = behind_proxy(true, &ca, "X-SSL-Cert", "url_encoded");
    crate::ask(&stage, "proxied");
    let get = |shown: &Made, sent: &Made| {
        crate::curl::Curl::to(stage.gateway.secure)
            .bearer(&token(&stage, &own.der))
            .with(shown)
            .field(&format!("X-SSL-Cert: {}", escaped(&sent.pem)))
            .get_of("gw.test", "/proxied")
    };
    assert_eq!(get(&other, &own).status, 200);
    let answer = get(&own, &other);
    refused("MT-22", &answer, "Bearer", Some("invalid_token"), "binding_certificate_mismatch");
    // And the other way round: a field does not count where the connection does.
    let stage = crate::stage(&[("trusted_ips", "127.0.0.1")], json!({}));
    let answer = crate::curl::Curl::to(stage.gateway.secure)
        .bearer(&token(&stage, &own.der))
        .with(&other)
        .field(&format!("X-SSL-Cert: {}", escaped(&own.pem)))
        .field(&format!("Client-Cert: :{}:", base64(&own)))
        .get();
    refused("MT-22", &answer, "Bearer", Some("invalid_token"), "binding_certificate_mismatch");
}

#[test]
fn an_authority_that_is_not_there_is_named() {
    let stage = Stage::start(json!({}));
    let id = "11111111-1111-4111-8111-111111111111";
    let config: Value = merged(
        strict(),
        json!({
            "issuer": stage.provider.issuer, "auth_methods": ["bearer"],
            "proof_of_possession_mtls_from_header": {
                "certificate_header_name": "X-SSL-Cert", "ca_certificates": [id],
            },
        }),
    );
    let plugin = json!({ "name": "openid-connect", "config": config, "route": null });
    let answer = stage.gateway.admin.post("/plugins", &plugin);
    assert_eq!(answer.status, 400, "{answer:?}");
    let wanted =
        format!("proof_of_possession_mtls_from_header.ca_certificates: there is no CA certificate {id}");
    assert!(answer.body.contains(&wanted), "{answer:?}");
}
