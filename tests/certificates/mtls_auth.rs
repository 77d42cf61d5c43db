//! `mtls-auth` over real handshakes.

use keybound_suites::{Answer, Seen, Stage};
use serde_json::{Value, json};

use crate::curl::Curl;
use crate::pki::{self, Made, Wish};
use crate::{authority, merged};

/// A stage with a route `/mtls` behind `mtls-auth`, and the id of the authority.
fn guarded(ca: &Made, config: Value) -> (Stage, String) {
    let stage = Stage::start(json!({}));
    let id = authority(&stage, &ca.pem);
    let admin = &stage.gateway.admin;
    let created = |path: &str, entity: Value| {
        let answer = admin.post(path, &entity);
        assert_eq!(answer.status, 201, "{path}: {answer:?}");
    };
    created("/services", json!({ "name": "mtls", "url": format!("http://{}/up", stage.upstream.address) }));
    created("/services/mtls/routes", json!({ "name": "mtls", "paths": ["/mtls"] }));
    created("/consumers", json!({ "username": "alice", "custom_id": "a-1" }));
    created("/consumers", json!({ "username": "bob.test" }));
    created("/consumers", json!({ "username": "nobody" }));
    created(
        "/consumers/alice/mtls-auth",
        json!({ "subject_name": "alice.test", "ca_certificate": { "id": id } }),
    );
    let base = json!({ "ca_certificates": [id], "revocation_check_mode": "SKIP" });
    created("/routes/mtls/plugins", json!({ "name": "mtls-auth", "config": merged(base, config) }));
    (stage, id)
}

fn get(stage: &Stage, certificate: Option<&Made>) -> Answer {
    let curl = Curl::to(stage.gateway.secure)
        .field("X-Consumer-Username: forged")
        .field("X-Client-Cert-Dn: forged")
        .field("X_Client_Cert_San: forged");
    let curl = match certificate {
        Some(made) => curl.with(made),
        None => curl,
    };
    curl.get_of("gw.test", "/mtls")
}

#[track_caller]
fn says(answer: &Answer, message: &str) {
    assert_eq!(answer.status, 401, "{answer:?}");
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["message"], message, "{answer:?}");
}

#[test]
fn a_certificate_of_the_authority_leads_to_its_consumer() {
    let ca = pki::authority("ca");
    let (stage, _) = guarded(&ca, json!({}));
    let named = |name: &str, names: &[&str]| ca.issue_with(name, Wish { names, ..Wish::default() });
    for (made, username) in [
        (named("x", &["other.test", "alice.test"]), "alice"),
        (named("alice.test", &[]), "alice"),
        (named("bob.test", &[]), "bob.test"),
        (named("a-1", &[]), "alice"),
    ] {
        let answer = get(&stage, Some(&made));
        assert_eq!(answer.status, 200, "{answer:?}");
        let seen = Seen::of(&answer);
        assert_eq!(seen.all("x-consumer-username"), [username]);
        let forged =
            seen.names().into_iter().filter(|name| name.replace('_', "-").starts_with("x-client-cert"));
        assert_eq!(forged.count(), 0, "{seen:?}");
    }
    says(&get(&stage, Some(&named("stranger", &[]))), "TLS certificate failed verification");
}

#[test]
fn without_a_certificate_that_is_trusted_nobody_passes() {
    let (ca, stranger) = (pki::authority("ca"), pki::authority("ca"));
    let (stage, _) = guarded(&ca, json!({}));
    let requests = stage.upstream.requests();
    says(&get(&stage, None), "No required TLS certificate was sent");
    let expired = ca.issue_with("alice.test", Wish { expired: true, ..Wish::default() });
    for made in [stranger.issue("alice.test"), pki::self_signed("alice.test"), expired] {
        says(&get(&stage, Some(&made)), "TLS certificate failed verification");
    }
    let plain = stage.send(&stage.bare("GET", "/mtls"));
    says(&plain, "No required TLS certificate was sent");
    assert_eq!(stage.upstream.requests(), requests);
}

#[test]
fn others_pass_as_the_anonymous_or_the_default_consumer() {
    let (ca, stranger) = (pki::authority("ca"), pki::authority("ca"));
    let (stage, _) = guarded(&ca, json!({ "anonymous": "nobody", "default_consumer": "alice" }));
    let seen = Seen::of(&get(&stage, Some(&stranger.issue("alice.test"))));
    assert_eq!(seen.all("x-consumer-username"), ["nobody"]);
    assert_eq!(seen.all("x-anonymous-consumer"), ["true"]);
    let seen = Seen::of(&get(&stage, Some(&ca.issue("somebody"))));
    assert_eq!(seen.all("x-consumer-username"), ["alice"]);
}

#[test]
fn without_a_look_up_the_upstream_is_told_of_the_certificate() {
    let ca = pki::authority("ca");
    let (stage, _) = guarded(&ca, json!({ "skip_consumer_lookup": true }));
    let made = ca.issue_with("client", Wish { names: &["a.test", "b.test"], ..Wish::default() });
    let seen = Seen::of(&get(&stage, Some(&made)));
    assert_eq!(seen.all("x-client-cert-dn"), ["O=Example/CN=client"]);
    assert_eq!(seen.all("x-client-cert-san"), ["a.test,b.test"]);
    assert_eq!(seen.all("x-consumer-username"), Vec::<&str>::new());
}
