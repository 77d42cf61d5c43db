//! An hour of traffic, good and bad, by a clock that is moved: memory stays flat, no record is lost early or kept late.

use std::collections::VecDeque;

use serde_json::json;

use crate::support::{Client, Gate};

/// Seconds between two rounds.
const STEP: i64 = 3;
/// Seconds for which a proof can be used, lifetime and leeway.
const REACH: i64 = 310;
/// Seconds after which a record that has ended is forgotten at the latest.
const STRETCH: i64 = 64;

#[tokio::test]
async fn an_hour_of_traffic_keeps_what_it_must_and_nothing_else() {
    let (gate, client) = (Gate::strict().await, Client::new());
    let token = gate.bound_with(&client, json!({"exp": gate.now() + 7200}));
    // Proofs that were used, with the second they were made in, oldest first.
    let mut used: VecDeque<(i64, String)> = VecDeque::new();
    let mut most = 0;
    for round in 0..3600 / STEP {
        let now = gate.now();
        let proof = client.proof(now, &token);
        gate.permit(gate.dpop(&client, &token).only("dpop", &proof)).await;
        used.push_back((now, proof));
        // The oldest that could still be used, and one from the middle: both are known.
        while used.front().is_some_and(|(made, _)| now > made + REACH) {
            let (_, ended) = used.pop_front().unwrap();
            let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", &ended)).await;
            refused.is_dpop("proof_iat_too_old", "invalid_dpop_proof");
        }
        for place in [0, used.len() / 2] {
            let (_, known) = &used[place];
            let refused = gate.refuse(gate.dpop(&client, &token).only("dpop", known)).await;
            refused.is_dpop("proof_replayed", "invalid_dpop_proof");
        }
        // What fails leaves nothing behind.
        let wrong = client.proof_with(now, &token, |claims| claims.method = "POST".to_owned());
        gate.refuse(gate.dpop(&client, &token).only("dpop", &wrong)).await;
        // Now and then the clock jumps ahead and comes back.
        if round % 100 == 50 {
            gate.clock.advance(40);
            let ahead = client.proof(gate.now(), &token);
            gate.permit(gate.dpop(&client, &token).only("dpop", &ahead)).await;
            gate.refuse(gate.dpop(&client, &token).only("dpop", &ahead)).await;
            gate.clock.advance(-40);
        }
        most = most.max(gate.remembered());
        gate.clock.advance(STEP);
    }
    // One record a round, and those of the jumps.
    let bound = u64::try_from((REACH + 2 * STRETCH) / STEP + 8).unwrap();
    assert!(most <= bound, "{most} records were held, {bound} at most were expected");
    assert!(most >= u64::try_from(REACH / STEP).unwrap(), "{most} records were held");
    gate.clock.advance(REACH + 2 * STRETCH);
    gate.permit(gate.dpop(&client, &token)).await;
    assert_eq!(gate.remembered(), 1, "nothing is kept late");
}
