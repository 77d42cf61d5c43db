use keybound_suites::{Answer, Stage};
use serde_json::{Value, json};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

fn document(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.all("content-type"), ["application/json"]);
    assert_eq!(answer.all("access-control-allow-origin"), ["*"]);
    serde_json::from_str(&answer.body).unwrap()
}

/// The path of the URL that the challenge names.
fn named(stage: &Stage, answer: &Answer) -> String {
    let challenges = answer.challenges();
    let url = challenges[0].text.split("resource_metadata=\"").nth(1).unwrap().split('"').next().unwrap();
    url.strip_prefix(&format!("http://{}", stage.authority())).unwrap().to_owned()
}

#[test]
fn a_challenge_leads_to_the_metadata_of_what_was_asked_for() {
    let stage = Stage::start(json!({ "protected_resource_metadata": true, "scopes_required": ["read"] }));
    let path = named(&stage, &stage.send(&stage.bare("GET", "/guarded/things")));
    assert_eq!(path, format!("{WELL_KNOWN}/guarded"));
    let before = stage.upstream.requests();
    let document = document(&stage.send(&stage.bare("GET", &path)));
    assert_eq!(document["resource"], stage.url(Stage::PATH));
    assert_eq!(document["authorization_servers"], json!([stage.provider.issuer]));
    assert_eq!(document["scopes_supported"], json!(["read"]));
    assert_eq!(document["dpop_bound_access_tokens_required"], json!(true));
    assert!(document["dpop_signing_alg_values_supported"].as_array().unwrap().contains(&json!("ES256")));
    assert_eq!(stage.upstream.requests(), before);
}

#[test]
fn without_path_they_are_there_when_the_whole_origin_is_guarded() {
    let stage = Stage::start(json!({}));
    assert_eq!(stage.send(&stage.bare("GET", WELL_KNOWN)).status, 404);
    stage.guard("origin", "/", json!({ "protected_resource_metadata": true }));
    for path in ["", "/", "/mcp"] {
        let document = document(&stage.send(&stage.bare("GET", &format!("{WELL_KNOWN}{path}"))));
        assert_eq!(document["resource"], format!("http://{}", stage.authority()), "{path}");
    }
    // The more specific route publishes nothing, and the one for everything does not speak for it.
    let inner = stage.send(&stage.bare("GET", &format!("{WELL_KNOWN}{}", Stage::PATH)));
    assert_eq!(inner.status, 401, "{inner:?}");
}

#[test]
fn an_identifier_is_published_as_it_is_configured() {
    let identifier = "https://API.example/v1/orders";
    let stage = Stage::start(json!({
        "protected_resource_metadata": true, "protected_resource_identifier": identifier,
    }));
    for path in ["/v1/orders", Stage::PATH] {
        let document = document(&stage.send(&stage.bare("GET", &format!("{WELL_KNOWN}{path}"))));
        assert_eq!(document["resource"], identifier);
    }
    let refused = stage.send(&stage.bare("GET", Stage::PATH));
    let url = "resource_metadata=\"https://API.example/.well-known/oauth-protected-resource/v1/orders\"";
    assert!(refused.challenges()[0].text.contains(url), "{refused:?}");
}
