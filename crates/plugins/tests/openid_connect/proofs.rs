//! The proof's own rules, as far as the plugin has a part in them: what it hands to the check.

use http::Method;
use keybound_pop::algorithm::Algorithm;
use serde_json::json;

use crate::support::{Call, Client, Gate, URL};

fn to(url: &str) -> impl FnOnce(&mut keybound_pop::sign::ProofClaims) + '_ {
    move |claims| claims.url = url.to_owned()
}

#[tokio::test]
async fn every_algorithm_by_default_verifies() {
    let gate = Gate::strict().await;
    for algorithm in Algorithm::ALL {
        let client = Client::with(algorithm);
        gate.permit(gate.dpop(&client, &gate.bound(&client))).await;
    }
}

#[tokio::test]
async fn only_configured_algorithms_verify_and_are_offered() {
    let config = json!({"proof_of_possession_dpop": "strict", "dpop_signing_algorithms": ["PS256", "ES256"]});
    let gate = Gate::with(config).await;
    let client = Client::with(Algorithm::Rs256);
    let refused = gate.refuse(gate.dpop(&client, &gate.bound(&client))).await;
    refused.is_dpop("proof_alg_not_accepted", "invalid_dpop_proof");
    assert!(refused.challenge("DPoP").unwrap().contains("algs=\"ES256 PS256\""));
}

#[tokio::test]
async fn each_broken_proof_has_its_own_code() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let (token, now) = (gate.bound(&client), gate.now());
    let private = client.key.to_jwk();
    for (header, claims, code) in [
        (json!({"typ": null}), json!({}), "proof_typ"),
        (json!({"typ": "JWT"}), json!({}), "proof_typ"),
        (json!({"typ": 1}), json!({}), "proof_typ"),
        (json!({"jwk": null}), json!({}), "proof_jwk_missing"),
        (json!({"jwk": private}), json!({}), "proof_jwk_private"),
        (json!({"jwk": {"kty": "oct", "k": "AAAA"}}), json!({}), "proof_jwk_private"),
        (json!({"jwk": {"kty": "XYZ"}}), json!({}), "proof_jwk_type"),
        (json!({"crit": ["foo"]}), json!({}), "proof_extension"),
        (json!({"b64": false}), json!({}), "proof_extension"),
        (json!({}), json!({"jti": null}), "proof_jti"),
        (json!({}), json!({"jti": ""}), "proof_jti"),
        (json!({}), json!({"htm": null}), "proof_htm"),
        (json!({}), json!({"htm": "get"}), "proof_htm_mismatch"),
        (json!({}), json!({"htm": "POST"}), "proof_htm_mismatch"),
        (json!({}), json!({"htu": null}), "proof_htu"),
        (json!({}), json!({"htu": ["a"]}), "proof_htu"),
        (json!({}), json!({"iat": null}), "proof_iat"),
        (json!({}), json!({"iat": now.to_string()}), "proof_iat"),
        (json!({}), json!({"iat": 0}), "proof_iat_too_old"),
        (json!({}), json!({"iat": now * 1000}), "proof_iat_too_new"),
        (json!({}), json!({"exp": now - 100}), "proof_expired"),
        (json!({}), json!({"nbf": now + 100}), "proof_not_yet_valid"),
        (json!({}), json!({"ath": null}), "proof_ath"),
        (json!({}), json!({"nonce": 1}), "proof_nonce_type"),
    ] {
        let shown = format!("{header} {claims}");
        let proof = client.forged(now, &token, header, claims);
        let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", &proof)).await;
        assert_eq!(refused.code, code, "{shown}");
        refused.is_dpop(code, "invalid_dpop_proof");
    }
}

#[tokio::test]
async fn harmless_extras_in_a_proof_are_ignored() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let (token, now) = (gate.bound(&client), gate.now());
    for (header, claims) in [
        (json!({"typ": "DPOP+JWT"}), json!({})),
        (json!({"typ": "application/dpop+jwt"}), json!({})),
        (json!({"kid": "x", "jku": "https://evil.example"}), json!({})),
        (json!({}), json!({"aud": "a", "iss": "b", "bh": "c"})),
        (json!({}), json!({"exp": now + 300, "nbf": now})),
        (json!({}), json!({"iat": now as f64 + 0.5})),
        (json!({}), json!({"jti": "a\n\u{0}\u{202e}😀"})),
        (json!({}), json!({"nonce": "from-somewhere-else"})),
    ] {
        let proof = client.forged(now, &token, header, claims);
        gate.permit(gate.dpop(&client, &token).only("dpop", &proof)).await;
    }
}

#[tokio::test]
async fn a_broken_signature_is_refused() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let proof = client.proof(gate.now(), &token);
    let (signed, signature) = proof.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{signed}.{first}{}", &signature[1..]);
    gate.refuse(gate.dpop(&client, &token).only("dpop", &forged))
        .await
        .is_dpop("proof_signature", "invalid_dpop_proof");
    gate.permit(gate.dpop(&client, &token).only("dpop", &proof)).await;
}

#[tokio::test]
async fn the_hash_must_be_of_this_token() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let other = gate.bound_with(&client, json!({"jti": "other"}));
    let proof = client.proof(gate.now(), &other);
    gate.refuse(gate.dpop(&client, &token).only("dpop", &proof))
        .await
        .is_dpop("proof_ath_mismatch", "invalid_dpop_proof");
}

#[tokio::test]
async fn the_window_of_iat_includes_its_edges() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let (token, now) = (gate.bound(&client), gate.now());
    for (shift, code) in [
        (-310, None),
        (-311, Some("proof_iat_too_old")),
        (-10, None),
        (-60, None),
        (10, None),
        (11, Some("proof_iat_too_new")),
    ] {
        let proof = client.proof(now + shift, &token);
        let call = gate.dpop(&client, &token).only("dpop", &proof);
        match code {
            None => drop(gate.permit(call).await),
            Some(code) => {
                let refused = gate.refuse(call).await;
                refused.is_dpop(code, "invalid_dpop_proof");
                assert!(refused.notes.detail.unwrap().contains("this server's clock"));
            }
        }
    }
}

#[tokio::test]
async fn the_larger_leeway_holds() {
    let config = json!({"proof_of_possession_dpop": "strict", "leeway": 30});
    let (gate, client) = (Gate::with(config).await, Client::new());
    let token = gate.bound(&client);
    let proof = client.proof(gate.now() + 30, &token);
    gate.permit(gate.dpop(&client, &token).only("dpop", &proof)).await;
}

#[tokio::test]
async fn a_proof_names_the_url_of_the_request() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    for (request, htu, passes) in [
        ("http://gateway.example/things", "http://gateway.example/things?a#b", true),
        ("http://gateway.example/things?q=1", "http://gateway.example/things", true),
        ("http://gateway.example/things", "HTTP://GATEWAY.example:80/thi%6Egs", true),
        ("http://gateway.example:80/things", "http://gateway.example/things", true),
        ("http://gateway.example:8000/things", "http://gateway.example:8000/things", true),
        ("http://gateway.example", "http://gateway.example", true),
        ("http://gateway.example/things", "https://gateway.example/things", false),
        ("http://gateway.example/things", "http://other.example/things", false),
        ("http://gateway.example/things", "http://gateway.example/things/", false),
        ("http://gateway.example/things", "http://gateway.example/Things", false),
        ("http://gateway.example:8000/things", "http://gateway.example/things", false),
        ("http://gateway.example/things", "/things", false),
        ("http://gateway.example/things", "ws://gateway.example/things", false),
    ] {
        let forged = client.forged(gate.now(), &token, json!({}), json!({"htu": htu}));
        let call =
            Call::get(request).header("authorization", &format!("DPoP {token}")).header("dpop", &forged);
        let outcome = gate.send(call).await;
        assert_eq!(outcome.is_passed(), passes, "{request} {htu}");
    }
}

#[tokio::test]
async fn a_refused_url_is_explained_in_the_log_and_not_to_the_client() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let proof = client.proof_with(gate.now(), &token, to("https://inside.example/secret"));
    let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", &proof)).await;
    assert_eq!(
        refused.notes.detail.as_deref(),
        Some("expected htu http://gateway.example/things, received https://inside.example/secret")
    );
    assert!(!refused.description.as_ref().unwrap().contains("inside"));
    assert!(refused.challenges().iter().all(|challenge| !challenge.contains("inside")));
}

#[tokio::test]
async fn a_path_with_empty_segments_cannot_be_proved() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    for htu in ["http://gateway.example//things", "http://gateway.example/things"] {
        let proof = client.proof_with(gate.now(), &token, to(htu));
        let call = Call::get("http://gateway.example//things")
            .header("authorization", &format!("DPoP {token}"))
            .header("dpop", &proof);
        gate.refuse(call).await.is_dpop("proof_path_ambiguous", "invalid_dpop_proof");
    }
}

#[tokio::test]
async fn a_public_origin_stands_for_what_clients_see() {
    let config = json!({
        "proof_of_possession_dpop": "strict", "dpop_public_origins": ["https://api.example/svc2"]
    });
    let (gate, client) = (Gate::with(config).await, Client::new());
    let token = gate.bound(&client);
    let call = |htu: &str| {
        let proof = client.proof_with(gate.now(), &token, to(htu));
        Call::get("http://inner:8000/my-api")
            .header("authorization", &format!("DPoP {token}"))
            .header("dpop", &proof)
    };
    gate.permit(call("https://api.example/svc2/my-api")).await;
    let refused = gate.refuse(call("http://inner:8000/my-api")).await;
    assert_eq!(refused.challenge_error("DPoP"), Some("invalid_dpop_proof"));
    gate.refuse(call("https://api.example/my-api")).await;
}

#[tokio::test]
async fn of_several_public_origins_the_requests_own_counts() {
    let config = json!({
        "proof_of_possession_dpop": "strict",
        "dpop_public_origins": ["https://a.example", "https://b.example"],
    });
    let (gate, client) = (Gate::with(config).await, Client::new());
    let token = gate.bound(&client);
    for (host, htu, passes) in [
        ("http://a.example/x", "https://a.example/x", true),
        ("http://a.example/x", "https://b.example/x", false),
        ("http://b.example/x", "https://b.example/x", true),
        ("http://inner:8000/x", "https://a.example/x", true),
        ("http://inner:8000/x", "https://b.example/x", true),
        ("http://inner:8000/x", "http://inner:8000/x", false),
    ] {
        let proof = client.proof_with(gate.now(), &token, to(htu));
        let call = Call::get(host).header("authorization", &format!("DPoP {token}")).header("dpop", &proof);
        assert_eq!(gate.send(call).await.is_passed(), passes, "{host} {htu}");
    }
}

#[tokio::test]
async fn the_method_is_compared_byte_for_byte() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    for (method, htm, passes) in
        [("HEAD", "HEAD", true), ("HEAD", "GET", false), ("PURGE", "PURGE", true), ("PURGE", "purge", false)]
    {
        let proof = client.proof_with(gate.now(), &token, |claims| claims.method = htm.to_owned());
        let call = Call::new(Method::from_bytes(method.as_bytes()).unwrap(), URL)
            .header("authorization", &format!("DPoP {token}"))
            .header("x-http-method-override", "GET")
            .header("dpop", &proof);
        assert_eq!(gate.send(call).await.is_passed(), passes, "{method} {htm}");
    }
}

#[tokio::test]
async fn a_websocket_upgrade_may_be_named_ws() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound(&client);
    let proof = client.proof_with(gate.now(), &token, to("ws://gateway.example/things"));
    gate.permit(gate.dpop(&client, &token).only("dpop", &proof).websocket()).await;
}

#[tokio::test]
async fn a_proof_beyond_its_cap_is_refused_before_it_is_read() {
    let config = json!({"proof_of_possession_dpop": "strict", "dpop_proof_max_length": 600});
    let (gate, client) = (Gate::with(config).await, Client::new());
    let token = gate.bound(&client);
    gate.permit(gate.dpop(&client, &token)).await;
    let proof = client.forged(gate.now(), &token, json!({}), json!({"extra": "x".repeat(600)}));
    gate.refuse(gate.dpop(&client, &token).only("dpop", &proof))
        .await
        .is_dpop("proof_too_long", "invalid_dpop_proof");
}

#[tokio::test]
async fn many_keys_at_once_are_not_mixed_up() {
    let gate = Gate::strict().await;
    let clients: Vec<Client> = (0..10).map(|_| Client::new()).collect();
    let calls = clients.iter().flat_map(|client| {
        let token = gate.bound(client);
        (0..20).map(|_| gate.send(gate.dpop(client, &token))).collect::<Vec<_>>()
    });
    for outcome in futures_util::future::join_all(calls).await {
        outcome.passed();
    }
}
