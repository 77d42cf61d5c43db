//! Nonces: when one is demanded, which ones are taken, and how they are given out.

use std::sync::atomic::{AtomicU8, Ordering};

use keybound_pop::nonce::NonceKeys;
use keybound_pop::time::UnixTime;
use keybound_suites::{Answer, Client, Request, Stage, now};
use serde_json::{Value, json};

use crate::{route, stage};

const NEEDED: &str = "use_dpop_nonce";

/// What stands for the nonces' secret in the routes whose nonces are made here.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The one nonce of an answer that must not be stored.
#[track_caller]
pub(crate) fn of(answer: &Answer) -> String {
    let nonces = answer.all("dpop-nonce");
    assert_eq!(nonces.len(), 1, "{answer:?}");
    assert_eq!(answer.all("cache-control"), ["no-store"], "{answer:?}");
    nonces[0].to_owned()
}

/// Sends a request without a nonce where one is demanded; the one that is given.
#[track_caller]
pub(crate) fn given(request: &Request) -> String {
    of(&stage().refused("no nonce yet", request, NEEDED, "proof_nonce_missing"))
}

/// A route that demands nonces of its own.
fn demanding() -> String {
    route("nonces", json!({ "dpop_use_nonce": true }))
}

/// A route that demands nonces under a secret that is known here.
fn sealed() -> String {
    route("sealed", json!({ "dpop_use_nonce": true, "dpop_nonce_secrets": [SECRET] }))
}

/// A nonce that was made so many seconds ago.
fn made(secret: &str, age: i64) -> String {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    let keys = NonceKeys::new(&[secret]).unwrap();
    keys.seal(UnixTime::from_secs(now() - age), b"", [NEXT.fetch_add(1, Ordering::Relaxed); 12])
}

fn with(path: &str, claims: Value) -> Request {
    by(&stage().client, path, claims)
}

fn by(client: &Client, path: &str, claims: Value) -> Request {
    stage().proved(client, "GET", path, json!({}), claims)
}

/// A request whose success brings a new nonce.
pub(crate) fn due_for_renewal(query: &str) -> Request {
    let path = sealed();
    with(&path, json!({ "nonce": made(SECRET, 200) })).target(&format!("{path}{query}"))
}

#[track_caller]
fn taken(name: &str, request: &Request) -> Answer {
    let answer = stage().send(request);
    assert_eq!(answer.status, 200, "{name}: {answer:?}");
    answer
}

#[track_caller]
fn not_taken(name: &str, request: &Request) {
    of(&stage().refused(name, request, NEEDED, "proof_nonce_invalid"));
}

#[test]
fn no_02_a_proof_without_the_nonce() {
    given(&with(&demanding(), json!({})));
}

#[test]
fn no_02_no_proof_at_all() {
    let request = with(&demanding(), json!({})).without("DPoP");
    stage().refused("NO-02", &request, "invalid_dpop_proof", "proof_missing");
}

#[test]
fn no_02_the_nonce_is_then_taken() {
    let path = demanding();
    let nonce = given(&with(&path, json!({})));
    stage().forwarded("the nonce", &with(&path, json!({ "nonce": nonce })), &stage().client.token);
}

#[test]
fn no_02_a_nonce_serves_more_than_once_and_a_proof_does_not() {
    let path = demanding();
    let nonce = given(&with(&path, json!({})));
    let first = with(&path, json!({ "nonce": nonce }));
    taken("once", &first);
    taken("twice", &with(&path, json!({ "nonce": nonce })));
    stage().refused("the same proof", &first, "invalid_dpop_proof", "proof_replayed");
}

#[test]
fn no_06_a_nonce_of_a_node_whose_clock_is_ahead() {
    taken("NO-06", &with(&sealed(), json!({ "nonce": made(SECRET, -8) })));
}

#[test]
fn no_06_a_nonce_from_further_ahead() {
    not_taken("NO-06", &with(&sealed(), json!({ "nonce": made(SECRET, -60) })));
}

#[test]
fn no_06_a_nonce_that_is_nearly_over() {
    taken("nearly over", &with(&sealed(), json!({ "nonce": made(SECRET, 290) })));
}

#[test]
fn no_06_a_nonce_that_is_over() {
    not_taken("over", &with(&sealed(), json!({ "nonce": made(SECRET, 301) })));
}

#[test]
fn no_08_a_nonce_under_another_secret() {
    not_taken("NO-08", &with(&sealed(), json!({ "nonce": made("another secret", 0) })));
}

#[test]
fn no_08_a_nonce_of_another_gateway() {
    let other = given(&with(&demanding(), json!({})));
    not_taken("NO-08", &with(&sealed(), json!({ "nonce": other })));
}

#[test]
fn no_08_a_nonce_that_was_altered() {
    let nonce = made(SECRET, 0);
    for at in [0, 10, 30, 53] {
        let mut altered = nonce.clone();
        let other = if &nonce[at..=at] == "A" { "Q" } else { "A" };
        altered.replace_range(at..=at, other);
        not_taken("altered", &with(&sealed(), json!({ "nonce": altered })));
    }
}

#[test]
fn no_09_a_nonce_of_the_authorization_server() {
    not_taken("NO-09", &with(&demanding(), json!({ "nonce": "eyJ7S_zG.eyJH0-Z.HX4w-7v" })));
}

#[test]
fn no_09_a_nonce_of_nothing_or_of_too_much() {
    for nonce in [String::new(), "x".to_owned(), "A".repeat(54), "n".repeat(4000)] {
        not_taken("made up", &with(&demanding(), json!({ "nonce": nonce })));
    }
}

#[test]
fn no_11_a_nonce_that_is_no_text() {
    for nonce in [json!(1), json!(true), json!(["x"]), json!({})] {
        for path in [demanding(), Stage::PATH.to_owned()] {
            let request = with(&path, json!({ "nonce": nonce }));
            stage().refused("NO-11", &request, "invalid_dpop_proof", "proof_nonce_type");
        }
    }
}

#[test]
fn no_14_an_unknown_nonce_that_nobody_asked_for() {
    taken("unknown", &with(Stage::PATH, json!({ "nonce": "x" })));
}

/// A route that takes nonces and does not demand them.
fn accepting() -> String {
    route("accepting", json!({ "dpop_nonce_secrets": [SECRET] }))
}

#[test]
fn no_14_a_good_nonce_that_nobody_asked_for() {
    taken("NO-14", &with(&accepting(), json!({ "nonce": made(SECRET, 0) })));
}

#[test]
fn no_14_a_good_nonce_counts_instead_of_iat() {
    taken("NO-14", &with(&accepting(), json!({ "nonce": made(SECRET, 0), "iat": now() - 3600 })));
    let unknown = with(&accepting(), json!({ "nonce": "x", "iat": now() - 3600 }));
    stage().refused("an unknown one does not", &unknown, "invalid_dpop_proof", "proof_iat_too_old");
}

#[test]
fn no_14_a_nonce_of_ours_that_is_over_is_renewed() {
    not_taken("over", &with(&accepting(), json!({ "nonce": made(SECRET, 301) })));
}

#[test]
fn no_15_a_nonce_bound_to_a_key() {
    let path = route("nonce-by-key", json!({ "dpop_use_nonce": true, "dpop_nonce_binding": ["key"] }));
    let nonce = given(&with(&path, json!({})));
    taken("its own key", &with(&path, json!({ "nonce": nonce })));
    not_taken("NO-15", &by(&stage().provider.client(), &path, json!({ "nonce": nonce })));
}

#[test]
fn no_15_a_nonce_bound_to_nothing() {
    let path = demanding();
    let nonce = given(&with(&path, json!({})));
    taken("another key", &by(&stage().provider.client(), &path, json!({ "nonce": nonce })));
}

#[test]
fn no_16_a_nonce_bound_to_a_route() {
    let config = json!({
        "dpop_use_nonce": true, "dpop_nonce_secrets": [SECRET], "dpop_nonce_binding": ["route"],
    });
    let (one, other) = (route("nonce-by-route", config.clone()), route("nonce-by-other-route", config));
    let nonce = given(&with(&one, json!({})));
    taken("its own route", &with(&one, json!({ "nonce": nonce })));
    not_taken("NO-16", &with(&other, json!({ "nonce": nonce })));
}

#[test]
fn no_17_a_secret_is_replaced() {
    let secrets = |secrets: &[&str]| json!({ "dpop_use_nonce": true, "dpop_nonce_secrets": secrets });
    let during = route("during-rotation", secrets(&["the newer secret", SECRET]));
    let after = route("after-rotation", secrets(&["the newer secret"]));
    let old = made(SECRET, 0);
    taken("during", &with(&during, json!({ "nonce": old })));
    not_taken("after", &with(&after, json!({ "nonce": old })));
    // What is given out during the overlap is already under the new one.
    let new = given(&with(&during, json!({})));
    taken("after", &with(&after, json!({ "nonce": new })));
}

#[test]
fn no_18_two_nodes_with_one_secret() {
    let other = Stage::start(json!({ "dpop_use_nonce": true, "dpop_nonce_secrets": [SECRET] }));
    let nonce = of(&other.refused("its nonce", &other.good(), NEEDED, "proof_nonce_missing"));
    taken("NO-18", &with(&sealed(), json!({ "nonce": nonce })));
}

#[test]
fn no_21_asking_for_a_nonce_spends_nothing() {
    let path = demanding();
    let jti = keybound_suites::unique();
    let nonce = given(&with(&path, json!({ "jti": jti })));
    not_taken("nor does a wrong one", &with(&path, json!({ "jti": jti, "nonce": "x" })));
    taken("NO-21", &with(&path, json!({ "jti": jti, "nonce": nonce })));
}

#[test]
fn no_22_a_success_renews_a_nonce_in_time() {
    let answer = taken("NO-22", &due_for_renewal(""));
    taken("the new one", &with(&sealed(), json!({ "nonce": of(&answer) })));
}

#[test]
fn no_22_a_young_nonce_is_not_renewed() {
    let answer = taken("young", &with(&sealed(), json!({ "nonce": made(SECRET, 10) })));
    assert_eq!(answer.all("dpop-nonce"), Vec::<&str>::new(), "{answer:?}");
}

#[test]
fn no_22_the_age_of_renewal_is_configured() {
    let config = json!({
        "dpop_use_nonce": true, "dpop_nonce_secrets": [SECRET], "dpop_nonce_rotation": 5,
    });
    of(&taken("earlier", &with(&route("soon-renewed", config), json!({ "nonce": made(SECRET, 10) }))));
}

#[test]
fn no_23_a_nonce_of_the_upstream_is_not_passed_on() {
    let answer = taken("NO-23", &stage().good().target("/guarded?reply=nonce"));
    assert_eq!(answer.all("dpop-nonce"), Vec::<&str>::new(), "{answer:?}");
}

#[test]
fn no_23_ours_stands_alone() {
    let nonce = of(&taken("NO-23", &due_for_renewal("?reply=nonce")));
    assert_ne!(nonce, "of-the-upstream");
}

#[test]
fn no_24_the_nonce_comes_before_the_signature() {
    let request = with(&demanding(), json!({}));
    let whole = stage().client.proof("GET", &stage().url(&demanding()));
    let (signed, _) = whole.rsplit_once('.').unwrap();
    given(&request.proof(&format!("{signed}.{}", "A".repeat(86))));
}

#[test]
fn no_24_what_is_wrong_before_it_comes_first() {
    let path = demanding();
    for (claims, code) in [
        (json!({ "htm": "POST" }), "proof_htm_mismatch"),
        (json!({ "htu": "http://other.test/" }), "proof_htu_mismatch"),
        (json!({ "jti": null }), "proof_jti"),
    ] {
        let answer = stage().refused("NO-24", &with(&path, claims), "invalid_dpop_proof", code);
        assert_eq!(answer.all("dpop-nonce"), Vec::<&str>::new(), "{answer:?}");
    }
}

#[test]
fn no_24_a_bad_signature_with_a_good_nonce() {
    let path = sealed();
    let claims = json!({ "nonce": made(SECRET, 0) });
    let whole = stage().client.proof_with("GET", &stage().url(&path), json!({}), claims);
    let (signed, _) = whole.rsplit_once('.').unwrap();
    let request = with(&path, json!({})).proof(&format!("{signed}.{}", "A".repeat(86)));
    stage().refused("NO-24", &request, "invalid_dpop_proof", "proof_signature");
}

#[test]
fn no_25_a_clock_that_is_an_hour_off() {
    for off in [-3600, 3600] {
        taken("NO-25", &with(&sealed(), json!({ "nonce": made(SECRET, 0), "iat": now() + off })));
    }
}

#[test]
fn no_25_the_proof_is_spent_all_the_same() {
    let request = with(&sealed(), json!({ "nonce": made(SECRET, 0), "iat": now() - 3600 }));
    taken("once", &request);
    stage().refused("twice", &request, "invalid_dpop_proof", "proof_replayed");
}

#[test]
fn no_26_a_nonce_is_short() {
    let nonce = given(&with(&demanding(), json!({})));
    assert!(nonce.len() < 200, "{nonce}");
    // RFC 9449 §8.1: NQCHAR.
    assert!(nonce.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{nonce}");
}

#[test]
fn no_26_nonces_differ() {
    let path = demanding();
    assert_ne!(given(&with(&path, json!({}))), given(&with(&path, json!({}))));
}
