//! Proofs by keys that are dear to check: a source that floods with them is refused, and nobody else pays.

use keybound_plugins::DearChecks;
use keybound_pop::sign::SigningKey;
use serde_json::Value;

use crate::support::{Call, Client, Gate, URL};

/// RSA of 8192 bits, the largest that a proof may have. Made for these tests; it takes too long to make one in each.
fn largest() -> Client {
    let jwk: Value = serde_json::from_str(include_str!("support/rsa8192.json")).unwrap();
    Client { key: SigningKey::from_jwk(jwk.as_object().unwrap()).unwrap() }
}

fn from(call: Call, address: &str) -> Call {
    call.from(address)
}

fn shown(token: &str, proof: &str) -> Call {
    Call::get(URL).header("authorization", &format!("DPoP {token}")).header("dpop", proof)
}

#[tokio::test]
async fn a_flood_of_rsa_8192_from_one_source_is_refused_after_its_budget_and_others_pass() {
    // Two seconds of a budget of 20 checks with P-256: two checks by this key, and none for a third.
    let gate = Gate::strict_with_work(20).await;
    let (dear, cheap) = (largest(), Client::new());
    let (token, other) = (gate.bound(&dear), gate.bound(&cheap));
    // A valid signature is dear for the client too; a flood goes without.
    let proof = dear.proof(gate.now(), &token);
    let broken = format!("{}.{}", proof.rsplit_once('.').unwrap().0, "A".repeat(1366));
    let flood = || from(shown(&token, &broken), "192.0.2.1");

    let mut codes = Vec::new();
    for _ in 0..20 {
        codes.push(gate.refuse(flood()).await.code);
    }
    let made = codes.iter().filter(|code| **code == "proof_signature").count();
    assert!((1..10).contains(&made), "{codes:?}");
    assert!(codes[made..].iter().all(|code| *code == "proof_work_exhausted"), "{codes:?}");
    let counts = DearChecks { made: made as u64, refused: 20 - made as u64 };
    assert_eq!(gate.registry.dear_checks(), counts, "no check is made beyond the budget");

    let refused = gate.refuse(flood()).await;
    assert_eq!(
        (refused.status.as_u16(), refused.headers.get("retry-after").unwrap().as_bytes()),
        (429, &b"1"[..])
    );
    assert!(refused.headers.get("www-authenticate").is_none(), "another proof would not help");
    assert!(refused.headers.get("dpop-nonce").is_none());

    gate.permit(from(gate.dpop(&cheap, &other), "192.0.2.1")).await;
    gate.permit(from(gate.dpop(&cheap, &other), "198.51.100.1")).await;
    gate.permit(from(gate.dpop(&dear, &token), "198.51.100.1")).await;
    assert_eq!(gate.refuse(from(gate.dpop(&dear, &token), "192.0.2.1")).await.code, "proof_work_exhausted");
    gate.clock.advance(2);
    gate.permit(from(gate.dpop(&dear, &token), "192.0.2.1")).await;
}

#[tokio::test]
async fn what_is_cheap_to_refuse_takes_nothing_of_the_budget() {
    let gate = Gate::strict_with_work(20).await;
    let (dear, stranger) = (largest(), Client::new());
    let token = gate.bound(&dear);
    let now = gate.now();
    let late = dear.proof_with(now, &token, |claims| claims.iat = now - 1000);
    let elsewhere = dear.proof_with(now, &token, |claims| claims.url = "http://gateway.example/other".into());
    let others = gate.bound(&stranger);
    let key = dear.proof(now, &others);
    for (token, proof, code) in [
        (&token, &late, "proof_iat_too_old"),
        (&token, &elsewhere, "proof_htu_mismatch"),
        (&others, &key, "proof_key_mismatch"),
    ] {
        for _ in 0..10 {
            let refused = gate.refuse(shown(token, proof)).await;
            assert_eq!(refused.code, code);
        }
    }
    assert_eq!(gate.registry.dear_checks(), DearChecks { made: 0, refused: 0 });
}
