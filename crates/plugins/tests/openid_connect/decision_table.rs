//! Every row of the decision table: mode, scheme, confirmation, proof, certificate.

use http::StatusCode;
use keybound_pop::thumbprint;
use serde_json::json;

use crate::support::{Answer, Call, Client, Gate, URL};

const DER: &[u8] = b"a certificate";

fn x5t(der: &[u8]) -> String {
    thumbprint::certificate(der).encode()
}

fn mode(dpop: &str) -> serde_json::Value {
    json!({"proof_of_possession_dpop": dpop})
}

fn bearer(token: &str) -> Call {
    Call::get(URL).header("authorization", &format!("Bearer {token}"))
}

#[tokio::test]
async fn strict_forwards_a_bound_token_with_its_proof_as_a_bearer_token() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let passed = gate.permit(gate.dpop(&client, &token)).await;
    assert_eq!(passed.field("authorization"), Some(format!("Bearer {token}").as_str()));
    assert_eq!(passed.field("dpop"), None);
    assert_eq!(passed.notes.jkt.unwrap().encode(), client.jkt());
    assert_eq!(passed.notes.subject.as_deref(), Some("john"));
}

#[tokio::test]
async fn strict_refuses_a_bound_token_without_exactly_one_proof() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let call = || gate.dpop(&client, &token);
    gate.refuse(call().without("dpop")).await.is_dpop("proof_missing", "invalid_dpop_proof");
    let second = client.proof(gate.now(), &token);
    gate.refuse(call().header("dpop", &second)).await.is_dpop("proof_multiple", "invalid_dpop_proof");
    gate.refuse(call().only("dpop", "x")).await.is_dpop("proof_malformed", "invalid_dpop_proof");
}

#[tokio::test]
async fn strict_refuses_the_proof_of_another_key() {
    let (gate, client, thief) = (Gate::strict().await, Client::new(), Client::new());
    let token = gate.bound(&client);
    gate.refuse(gate.dpop(&thief, &token)).await.is_dpop("proof_key_mismatch", "invalid_token");
}

#[tokio::test]
async fn strict_refuses_a_token_that_is_not_bound_by_dpop() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let unbound = gate.bearer();
    gate.refuse(gate.dpop(&client, &unbound)).await.is_dpop("binding_not_dpop_bound", "invalid_token");
    let certificate = gate.provider.token(gate.now(), json!({"cnf": {"x5t#S256": x5t(DER)}, "typ": "DPoP"}));
    let call = gate.dpop(&client, &certificate).certificate(DER);
    gate.refuse(call).await.is_dpop("binding_not_dpop_bound", "invalid_token");
}

#[tokio::test]
async fn strict_refuses_the_bearer_scheme_whatever_the_token() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let bound = gate.bound(&client);
    for token in [bound.as_str(), &gate.bearer(), "garbage"] {
        let refused = gate.refuse(bearer(token)).await;
        refused.is_dpop("binding_dpop_required", "invalid_token");
        assert_eq!(refused.challenge("Bearer"), None);
    }
    let with_proof = bearer(&bound).header("dpop", &client.proof(gate.now(), &bound));
    gate.refuse(with_proof).await.is_dpop("binding_dpop_required", "invalid_token");
    assert_eq!(gate.provider.calls("/introspect"), 0);
}

#[tokio::test]
async fn optional_checks_the_dpop_scheme_as_strict_does() {
    let (gate, client) = (Gate::with(mode("optional")).await, Client::new());
    let token = gate.bound(&client);
    gate.permit(gate.dpop(&client, &token)).await;
    gate.refuse(gate.dpop(&client, &token).without("dpop"))
        .await
        .is_dpop("proof_missing", "invalid_dpop_proof");
    gate.refuse(gate.dpop(&Client::new(), &token)).await.is_dpop("proof_key_mismatch", "invalid_token");
    let unbound = gate.bearer();
    gate.refuse(gate.dpop(&client, &unbound)).await.is_dpop("binding_not_dpop_bound", "invalid_token");
}

#[tokio::test]
async fn optional_refuses_a_bound_token_as_a_bearer_token_even_with_a_valid_proof() {
    let (gate, client) = (Gate::with(mode("optional")).await, Client::new());
    let token = gate.bound(&client);
    let refused = gate.refuse(bearer(&token)).await;
    refused.is_dpop("binding_downgrade", "invalid_token");
    assert!(refused.challenge("Bearer").is_some());
    let with_proof = bearer(&token).header("dpop", &client.proof(gate.now(), &token));
    gate.refuse(with_proof).await.is_dpop("binding_downgrade", "invalid_token");
}

#[tokio::test]
async fn optional_forwards_an_unbound_token_and_drops_and_counts_a_proof() {
    let (gate, client) = (Gate::with(mode("optional")).await, Client::new());
    let token = gate.bearer();
    let passed = gate.permit(bearer(&token)).await;
    assert!(passed.notes.noticed.is_empty());
    let passed = gate.permit(bearer(&token).header("dpop", &client.proof(gate.now(), &token))).await;
    assert_eq!(passed.field("dpop"), None);
    assert_eq!(passed.notes.noticed, ["proof_dropped"]);
}

#[tokio::test]
async fn optional_can_refuse_tokens_without_any_binding() {
    let config =
        json!({"proof_of_possession_dpop": "optional", "proof_of_possession_unbound_tokens": "refuse"});
    let (gate, client) = (Gate::with(config).await, Client::new());
    let refused = gate.refuse(bearer(&gate.bearer())).await;
    refused.is_dpop("binding_unbound", "invalid_token");
    assert_eq!(refused.challenge("Bearer"), None);
    gate.permit(gate.dpop(&client, &gate.bound(&client))).await;
}

#[tokio::test]
async fn off_refuses_bound_tokens_unless_told_to_take_them() {
    let client = Client::new();
    let gate = Gate::with(mode("off")).await;
    let token = gate.bound(&client);
    let refused = gate.refuse(bearer(&token)).await;
    refused.is_bearer("binding_dpop_unchecked", "invalid_token");
    assert_eq!(refused.challenge("DPoP"), None);
    let certificate = gate.provider.token(gate.now(), json!({"cnf": {"x5t#S256": x5t(DER)}}));
    let refused = gate.refuse(bearer(&certificate).certificate(DER)).await;
    refused.is_bearer("binding_certificate_unchecked", "invalid_token");

    let gate = Gate::with(json!({"proof_of_possession_bound_tokens": "accept"})).await;
    gate.permit(bearer(&gate.bound(&client))).await;
}

#[tokio::test]
async fn off_does_not_offer_the_dpop_scheme() {
    let (gate, client) = (Gate::with(mode("off")).await, Client::new());
    let refused = gate.refuse(gate.dpop(&client, &gate.bound(&client))).await;
    assert_eq!((refused.status, refused.code), (StatusCode::UNAUTHORIZED, "binding_scheme_not_offered"));
    assert_eq!(refused.challenges(), ["Bearer realm=\"keybound\""]);
}

#[tokio::test]
async fn a_confirmation_that_cannot_be_read_is_refused_under_either_scheme() {
    let (gate, client) = (Gate::with(mode("optional")).await, Client::new());
    let jkt = client.jkt();
    for (cnf, code) in [
        (json!("text"), "token_cnf_not_object"),
        (json!(1), "token_cnf_not_object"),
        (json!([]), "token_cnf_not_object"),
        (json!(true), "token_cnf_not_object"),
        (json!({}), "token_cnf_empty"),
        (json!({"jkt": 1}), "token_cnf_jkt"),
        (json!({"jkt": format!("{jkt}=")}), "token_cnf_jkt"),
        (json!({"jkt": "abc"}), "token_cnf_jkt"),
        (json!({"jwk": {}, "kid": "a"}), "token_cnf_unknown"),
        (json!({"jku": "https://idp.example/keys"}), "token_cnf_unknown"),
        (json!({"x5t": "abc"}), "token_cnf_unknown"),
        (json!({"x5t#S256": "00ff"}), "token_cnf_x5t"),
    ] {
        let token = gate.provider.token(gate.now(), json!({"cnf": cnf}));
        gate.refuse(bearer(&token)).await.is_bearer(code, "invalid_token");
        gate.refuse(gate.dpop(&client, &token)).await.is_dpop(code, "invalid_token");
    }
}

#[tokio::test]
async fn another_thumbprint_is_another_key() {
    let (gate, client) = (Gate::strict().await, Client::new());
    for jkt in [client.jkt().to_ascii_uppercase(), Client::new().jkt()] {
        let token = gate.provider.token(gate.now(), json!({"cnf": {"jkt": jkt}}));
        let refused = gate.refuse(gate.dpop(&client, &token)).await;
        assert_eq!(refused.challenge_error("DPoP"), Some("invalid_token"));
    }
}

#[tokio::test]
async fn members_beside_a_known_one_are_ignored_and_a_bare_jkt_is_no_confirmation() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound_with(&client, json!({"cnf": {"jkt": client.jkt(), "kc-jkt-type": "DPoP"}}));
    gate.permit(gate.dpop(&client, &token)).await;
    let bare = gate.provider.token(gate.now(), json!({"jkt": client.jkt()}));
    gate.refuse(gate.dpop(&client, &bare)).await.is_dpop("binding_not_dpop_bound", "invalid_token");
}

#[tokio::test]
async fn a_bound_token_counts_only_in_authorization() {
    let (gate, client) = (Gate::with(mode("optional")).await, Client::new());
    let token = gate.bound(&client);
    let proof = client.proof(gate.now(), &token);
    for call in [
        Call::get(&format!("{URL}?access_token={token}")).header("dpop", &proof),
        Call::get(URL).header("access-token", &token).header("dpop", &proof),
        Call::get(URL)
            .body("application/x-www-form-urlencoded", &format!("access_token={token}"))
            .header("dpop", &proof),
    ] {
        gate.refuse(call).await.is_dpop("binding_misplaced", "invalid_token");
    }
}

#[tokio::test]
async fn report_only_counts_what_it_would_refuse_and_still_refuses_bad_tokens() {
    let config = json!({"proof_of_possession_dpop": "strict", "proof_of_possession_report_only": true});
    let (gate, client) = (Gate::with(config).await, Client::new());
    let token = gate.bound(&client);
    let passed = gate.permit(bearer(&token)).await;
    assert_eq!(passed.notes.fault, Some("binding_dpop_required"));
    let passed = gate.permit(gate.dpop(&Client::new(), &token)).await;
    assert_eq!(passed.notes.fault, Some("proof_key_mismatch"));
    assert_eq!(passed.field("dpop"), None);
    let good = gate.dpop(&client, &token);
    assert_eq!(gate.permit(good).await.notes.fault, None);
    let expired = gate.provider.token(gate.now() - 1000, json!({}));
    assert_eq!(gate.refuse(bearer(&expired)).await.code, "token_expired");
}

#[tokio::test]
async fn a_certificate_bound_token_needs_its_certificate_also_when_only_the_provider_knows_it() {
    let gate = Gate::with(json!({"proof_of_possession_mtls": "strict"})).await;
    let answer = json!({"active": true, "sub": "john", "cnf": {"x5t#S256": x5t(DER)}});
    gate.provider.answer("opaque", Answer::Json(answer));
    let jwt = gate.provider.token(gate.now(), json!({"cnf": {"x5t#S256": x5t(DER)}}));
    for token in ["opaque", jwt.as_str()] {
        let passed = gate.permit(bearer(token).certificate(DER)).await;
        assert_eq!(passed.field("authorization"), Some(format!("Bearer {token}").as_str()));
        let refused = gate.refuse(bearer(token).certificate(b"another")).await;
        refused.is_bearer("binding_certificate_mismatch", "invalid_token");
        gate.refuse(bearer(token)).await.is_bearer("binding_certificate_missing", "invalid_token");
    }
    let unbound = gate.bearer();
    let refused = gate.refuse(bearer(&unbound).certificate(DER)).await;
    refused.is_bearer("binding_certificate_required", "invalid_token");
}
