//! What an access token must be.

use http::StatusCode;
use keybound_pop::algorithm::Algorithm;
use keybound_pop::sign::{SigningKey, jws};
use serde_json::{Value, json};

use crate::support::{Call, Client, Gate, URL, merged};

fn bearer(token: &str) -> Call {
    Call::get(URL).header("authorization", &format!("Bearer {token}"))
}

fn strict(changes: Value) -> Value {
    Value::Object(merged(json!({"proof_of_possession_dpop": "strict", "auth_methods": ["bearer"]}), changes))
}

#[tokio::test]
async fn each_bad_token_has_its_own_code_on_the_scheme_that_was_used() {
    let (gate, client) = (Gate::with(strict(json!({}))).await, Client::new());
    let now = gate.now();
    for (header, claims, code) in [
        (json!({}), json!({"exp": now - 1}), "token_expired"),
        (json!({}), json!({"nbf": now + 1}), "token_not_yet_valid"),
        (json!({}), json!({"iat": now + 1}), "token_issued_in_future"),
        (json!({}), json!({"exp": null}), "token_claim_missing"),
        (json!({}), json!({"iss": null}), "token_claim_missing"),
        (json!({}), json!({"iss": "https://other.example"}), "token_issuer"),
        (json!({"typ": "dpop+jwt"}), json!({}), "token_type"),
        (json!({"typ": "logout+jwt"}), json!({}), "token_type"),
        (json!({"typ": "JWT"}), json!({"typ": "ID"}), "token_kind"),
        (json!({"typ": "JWT"}), json!({"typ": "Refresh"}), "token_kind"),
        (json!({"typ": "JWT"}), json!({"at_hash": "x"}), "token_kind"),
        (json!({"crit": ["x"]}), json!({}), "token_malformed"),
        (json!({"kid": "unknown"}), json!({}), "token_key_unknown"),
    ] {
        let shown = format!("{header} {claims}");
        let mut claims = claims;
        claims["cnf"] = json!({"jkt": client.jkt()});
        let token = gate.provider.token_with(now, header, claims);
        let refused = gate.refuse(gate.dpop(&client, &token)).await;
        assert_eq!(refused.code, code, "{shown}");
        refused.is_dpop(code, "invalid_token");
    }
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let (gate, client) = (Gate::with(strict(json!({}))).await, Client::new());
    let good = gate.bound(&client);
    let mut parts = good.split('.');
    let (header, payload) = (parts.next().unwrap(), parts.next().unwrap());
    let none = keybound_pop::base64url::encode(br#"{"alg":"none","typ":"at+jwt"}"#);
    let hmac = keybound_pop::base64url::encode(br#"{"alg":"HS256","kid":"k1"}"#);
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let foreign = jws(
        &other,
        merged(json!({"kid": "k1"}), json!({})),
        &merged(json!({"iss": gate.provider.issuer(), "exp": gate.now() + 300}), json!({})),
    )
    .unwrap();
    for (token, code) in [
        (format!("{none}.{payload}.AA"), "token_algorithm"),
        (format!("{hmac}.{payload}.AA"), "token_algorithm"),
        (foreign, "token_signature"),
        (format!("{header}.{payload}.AAAA.BBBB.CCCC"), "token_encrypted"),
        ("opaque".to_owned(), "token_malformed"),
    ] {
        let refused = gate.refuse(gate.dpop(&client, &token)).await;
        assert_eq!(refused.code, code, "{token}");
        refused.is_dpop(code, "invalid_token");
    }
}

#[tokio::test]
async fn leeway_counts_for_tokens() {
    let gate = Gate::with(json!({"leeway": 5})).await;
    gate.permit(bearer(&gate.provider.token(gate.now(), json!({"exp": gate.now() - 4})))).await;
    let late = gate.provider.token(gate.now(), json!({"exp": gate.now() - 6}));
    gate.refuse(bearer(&late)).await.is_bearer("token_expired", "invalid_token");
}

#[tokio::test]
async fn a_kept_token_still_expires() {
    let gate = Gate::with(json!({})).await;
    let token = gate.bearer();
    gate.permit(bearer(&token)).await;
    gate.clock.advance(300);
    gate.refuse(bearer(&token)).await.is_bearer("token_expired", "invalid_token");
}

#[tokio::test]
async fn the_audience_must_be_ours() {
    let gate = Gate::with(json!({"audience_required": ["api"]})).await;
    gate.permit(bearer(&gate.provider.token(gate.now(), json!({"aud": ["x", "api"]})))).await;
    gate.permit(bearer(&gate.provider.token(gate.now(), json!({"aud": "api"})))).await;
    for aud in [json!("apis"), json!(null), json!([])] {
        let token = gate.provider.token(gate.now(), json!({"aud": aud}));
        gate.refuse(bearer(&token)).await.is_bearer("token_audience", "invalid_token");
    }
}

#[tokio::test]
async fn the_domain_must_be_ours() {
    let gate = Gate::with(json!({"domains": ["a.example"]})).await;
    gate.permit(bearer(&gate.provider.token(gate.now(), json!({"hd": "a.example"})))).await;
    gate.refuse(bearer(&gate.bearer())).await.is_bearer("token_domain", "invalid_token");
}

#[tokio::test]
async fn types_and_algorithms_can_be_narrowed() {
    let gate = Gate::with(json!({"access_token_types": ["at+jwt"]})).await;
    gate.permit(bearer(&gate.bearer())).await;
    for typ in [json!("JWT"), json!(null)] {
        let token = gate.provider.token_with(gate.now(), json!({"typ": typ}), json!({}));
        gate.refuse(bearer(&token)).await.is_bearer("token_type", "invalid_token");
    }
    let gate = Gate::with(json!({"access_token_algorithms": ["RS256"]})).await;
    gate.refuse(bearer(&gate.bearer())).await.is_bearer("token_algorithm", "invalid_token");
}

#[tokio::test]
async fn a_missing_scope_is_forbidden_on_the_scheme_that_was_used() {
    let config = json!({"proof_of_possession_dpop": "optional", "scopes_required": ["read write", "admin"]});
    let (gate, client) = (Gate::with(config).await, Client::new());
    gate.permit(bearer(&gate.provider.token(gate.now(), json!({"scope": "write x read"})))).await;
    gate.permit(bearer(&gate.provider.token(gate.now(), json!({"scope": ["admin"]})))).await;

    let token = gate.bound_with(&client, json!({"scope": "read"}));
    let refused = gate.refuse(gate.dpop(&client, &token)).await;
    assert_eq!((refused.status, refused.code), (StatusCode::FORBIDDEN, "authorization_scope"));
    assert_eq!(refused.message, "Forbidden");
    assert_eq!(refused.challenges().len(), 1);
    let challenge = refused.challenge("DPoP").unwrap();
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    // One word is missing of either entry; the first one is named.
    assert!(challenge.contains("scope=\"read write\""), "{challenge}");

    let refused = gate.refuse(bearer(&gate.bearer())).await;
    assert_eq!(refused.challenges().len(), 1);
    assert_eq!(refused.challenge_error("Bearer"), Some("insufficient_scope"));
}

#[tokio::test]
async fn groups_roles_and_forbidden_claims_decide_too() {
    let gate = Gate::with(json!({
        "groups_required": ["staff"], "groups_claim": ["realm", "groups"],
        "roles_required": ["ops"], "claims_forbidden": ["act"],
    }))
    .await;
    let good = json!({"realm": {"groups": ["staff"]}, "roles": "ops"});
    let with = |changes: Value| {
        bearer(&gate.provider.token(gate.now(), Value::Object(merged(good.clone(), changes))))
    };
    gate.permit(with(json!({}))).await;
    for (changes, code) in [
        (json!({"realm": {}}), "authorization_group"),
        (json!({"roles": null}), "authorization_role"),
        (json!({"act": {"sub": "x"}}), "authorization_claim_forbidden"),
    ] {
        let refused = gate.refuse(with(changes)).await;
        assert_eq!((refused.status, refused.code), (StatusCode::FORBIDDEN, code));
    }
}

#[tokio::test]
async fn a_provider_that_is_down_is_nobodys_fault_but_ours() {
    let (gate, client) = (Gate::strict().await, Client::new());
    gate.provider.set_down(true);
    let token = gate.bound(&client);
    let refused = gate.refuse(gate.dpop(&client, &token)).await;
    assert_eq!((refused.status, refused.code), (StatusCode::SERVICE_UNAVAILABLE, "provider_status"));
    assert_eq!(refused.challenges(), Vec::<&str>::new());
    assert_eq!(refused.all("retry-after"), ["5"]);
    assert!(refused.notes.detail.unwrap().contains("500"));
    gate.provider.set_down(false);
    gate.clock.advance(5);
    gate.permit(gate.dpop(&client, &token)).await;
    gate.provider.set_down(true);
    gate.permit(gate.dpop(&client, &gate.bound(&client))).await;
}

#[tokio::test]
async fn a_token_with_two_members_of_one_name_is_refused() {
    let (gate, client) = (Gate::with(strict(json!({}))).await, Client::new());
    let payload = format!(
        r#"{{"iss":"{}","exp":{},"cnf":{{"jkt":"{}"}},"cnf":{{"jkt":"{}"}}}}"#,
        gate.provider.issuer(),
        gate.now() + 300,
        Client::new().jkt(),
        client.jkt()
    );
    let encode = |text: &str| keybound_pop::base64url::encode(text.as_bytes());
    let signed = format!("{}.{}", encode(r#"{"alg":"ES256","kid":"k1","typ":"at+jwt"}"#), encode(&payload));
    let signature = gate.provider.key.sign(signed.as_bytes()).unwrap();
    let token = format!("{signed}.{}", keybound_pop::base64url::encode(&signature));
    gate.refuse(gate.dpop(&client, &token)).await.is_dpop("token_malformed", "invalid_token");
}
