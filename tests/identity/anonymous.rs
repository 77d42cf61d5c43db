use keybound_suites::{Seen, Stage};
use serde_json::json;

use crate::{bearer, create, stage};

#[test]
fn a_caller_without_a_good_token_is_the_anonymous_consumer() {
    let stage = stage(json!({ "anonymous": "guest" }));
    let missing = stage.send(&stage.bare("GET", Stage::PATH));
    assert_eq!(missing.status, 500, "the consumer is not there yet: {missing:?}");
    assert_eq!(missing.all("www-authenticate"), Vec::<&str>::new());
    create(&stage, "/consumers", json!({ "username": "guest" }));
    let bad =
        stage.bare("GET", Stage::PATH).field("Authorization", "Bearer a.b.c").field("X-Consumer-ID", "1");
    for request in [stage.bare("GET", Stage::PATH), bad, bearer(&stage, json!({ "exp": 1 }))] {
        let seen = Seen::of(&stage.send(&request));
        assert_eq!(seen.all("x-anonymous-consumer"), ["true"], "{seen:?}");
        assert_eq!(seen.all("x-consumer-username"), ["guest"], "{seen:?}");
        assert_eq!(seen.all("authorization"), Vec::<&str>::new(), "{seen:?}");
    }
    let seen = Seen::of(&stage.send(&bearer(&stage, json!({}))));
    assert_eq!(seen.all("x-anonymous-consumer"), Vec::<&str>::new());
}

#[test]
fn a_bound_token_without_its_key_is_refused_also_where_anonymous_callers_pass() {
    let stage = Stage::start(json!({ "anonymous": "guest" }));
    create(&stage, "/consumers", json!({ "username": "guest" }));
    let token = format!("DPoP {}", stage.client.token);
    let bare = stage.bare("GET", Stage::PATH).field("Authorization", &token);
    stage.refused("no proof", &bare, "invalid_dpop_proof", "proof_missing");
    let stolen =
        stage.bare("GET", Stage::PATH).field("Authorization", &format!("Bearer {}", stage.client.token));
    stage.refused("as a bearer token", &stolen, "invalid_token", "binding_dpop_required");
    stage.forwarded("with its key", &stage.good(), &stage.client.token);
    assert_eq!(stage.send(&stage.bare("GET", Stage::PATH)).status, 200);
}

#[test]
fn refusals_become_redirects_and_a_demand_for_a_nonce_does_not() {
    let stage = Stage::start(json!({
        "unauthorized_redirect_uri": ["https://login.example/"],
        "forbidden_redirect_uri": ["https://help.example/forbidden"],
        "scopes_required": ["write"],
    }));
    let answer = stage.send(&stage.bare("GET", Stage::PATH));
    assert_eq!((answer.status, answer.all("location")), (302, vec!["https://login.example/"]), "{answer:?}");
    assert_eq!(answer.all("www-authenticate"), Vec::<&str>::new());
    let answer = stage.send(&stage.good());
    assert_eq!(
        (answer.status, answer.all("location")),
        (302, vec!["https://help.example/forbidden"]),
        "{answer:?}"
    );
    stage.guard(
        "nonces",
        "/nonces",
        json!({ "unauthorized_redirect_uri": ["https://login.example/"], "dpop_use_nonce": true }),
    );
    let request = stage.good().target("/nonces");
    let proof = stage.client.proof("GET", &stage.url("/nonces"));
    let request = request.without("DPoP").field("DPoP", &proof);
    let answer = stage.refused("a nonce", &request, "use_dpop_nonce", "proof_nonce_missing");
    assert_eq!(answer.all("dpop-nonce").len(), 1);
    assert_eq!(answer.all("location"), Vec::<&str>::new());
}
