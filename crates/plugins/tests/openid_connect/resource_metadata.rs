//! RFC 9728: what is published of a protected resource, and what challenges say of it.

use keybound_plugins::contract::{Public, Resource};
use keybound_pop::htu::{Host, Scheme, Target};
use serde_json::{Value, json};

use crate::support::{Call, Client, Gate, URL, merged};

fn publishing(more: Value) -> Value {
    Value::Object(merged(json!({"protected_resource_metadata": true}), more))
}

fn document(gate: &Gate, path: &str) -> Value {
    let public =
        Public { scheme: Scheme::Https, host: Host::Name("api.example".to_owned()), port: Some(8443) };
    serde_json::from_slice(&gate.chain.resource_document(&public, path).unwrap()).unwrap()
}

#[tokio::test]
async fn nothing_is_published_unless_configured() {
    let gate = Gate::strict().await;
    assert_eq!(gate.chain.resource(), None);
    let refused = gate.refuse(Call::get(URL)).await;
    assert!(!refused.challenges().iter().any(|challenge| challenge.contains("resource_metadata")));
}

#[tokio::test]
async fn the_document_says_what_the_resource_takes() {
    let gate = Gate::with(publishing(json!({
        "proof_of_possession_dpop": "strict",
        "dpop_signing_algorithms": ["ES256", "EdDSA"],
        "scopes_required": ["read write", "read admin"],
    })))
    .await;
    assert_eq!(gate.chain.resource(), Some(&Resource::OfRoute));
    assert_eq!(
        document(&gate, "/things"),
        json!({
            "resource": "https://api.example:8443/things",
            "authorization_servers": [gate.provider.issuer()],
            "scopes_supported": ["read", "write", "admin"],
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": ["ES256", "EdDSA"],
            "dpop_bound_access_tokens_required": true,
            "tls_client_certificate_bound_access_tokens": false,
        })
    );
    assert_eq!(document(&gate, "/")["resource"], "https://api.example:8443");
}

#[tokio::test]
async fn what_is_optional_or_only_reported_is_not_required() {
    for config in [
        json!({"proof_of_possession_dpop": "optional"}),
        json!({"proof_of_possession_dpop": "strict", "proof_of_possession_report_only": true}),
    ] {
        let gate = Gate::with(publishing(config)).await;
        let document = document(&gate, "/things");
        assert_eq!(document["dpop_bound_access_tokens_required"], json!(false));
        assert_eq!(document["bearer_methods_supported"], json!(["header", "body", "query"]));
        assert_eq!(document.get("scopes_supported"), None);
    }
    let gate = Gate::with(publishing(json!({}))).await;
    assert_eq!(document(&gate, "/").get("dpop_signing_alg_values_supported"), None);
}

#[tokio::test]
async fn an_identifier_or_the_first_public_origin_names_the_resource_letter_by_letter() {
    for (config, resource, url) in [
        (
            json!({"protected_resource_identifier": "https://API.example/v1/"}),
            "https://API.example/v1/",
            "https://API.example/.well-known/oauth-protected-resource/v1/",
        ),
        (
            json!({"dpop_public_origins": ["https://edge.example/shop", "https://other.example"]}),
            "https://edge.example/shop",
            "https://edge.example/.well-known/oauth-protected-resource/shop",
        ),
    ] {
        let gate = Gate::with(publishing(config)).await;
        assert_eq!(document(&gate, "/things")["resource"], resource);
        assert_eq!(gate.chain.resource(), Some(&Resource::Named(Target::parse(resource).unwrap())));
        let refused = gate.refuse(Call::get(URL)).await;
        let named = format!("resource_metadata=\"{url}\"");
        assert!(
            refused.challenges().iter().all(|challenge| challenge.contains(&named)),
            "{:?}",
            refused.challenges()
        );
    }
}

#[tokio::test]
async fn listed_issuers_are_the_authorization_servers() {
    let listed = json!(["https://public.example/realm", "https://other.example"]);
    let gate = Gate::with(publishing(json!({"issuers_allowed": listed}))).await;
    assert_eq!(document(&gate, "/")["authorization_servers"], listed);
}

#[tokio::test]
async fn every_challenge_names_the_metadata_of_the_requests_own_origin() {
    let (gate, client) =
        (Gate::with(publishing(json!({"proof_of_possession_dpop": "strict"}))).await, Client::new());
    let token = gate.bound(&client);
    for call in [Call::get(URL), gate.dpop(&Client::new(), &token)] {
        let refused = gate.refuse(call).await;
        let [challenge] = refused.challenges()[..] else { panic!("{:?}", refused.challenges()) };
        let url = "http://gateway.example/.well-known/oauth-protected-resource";
        assert!(challenge.ends_with(&format!(", resource_metadata=\"{url}\"")), "{challenge}");
    }
}
