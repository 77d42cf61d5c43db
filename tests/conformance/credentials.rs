use keybound_suites::Stage;
use serde_json::json;

#[test]
fn without_a_credential_the_challenge_carries_no_error() {
    let stage = Stage::start(json!({}));
    let bare = stage.bare("GET", Stage::PATH);
    let cases = [
        ("AU-01", bare.clone()),
        ("AU-02", bare.clone().field("DPoP", &stage.client.proof("GET", &stage.url(Stage::PATH)))),
        ("AU-20", bare.field("Authorization", "Basic am9objpkb2U=")),
    ];
    for (name, request) in cases {
        let answer = stage.send(&request);
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        let challenges = answer.challenges();
        assert_eq!(challenges.len(), 1, "{name}: {answer:?}");
        assert_eq!((challenges[0].scheme.as_str(), challenges[0].error.as_deref()), ("DPoP", None), "{name}");
        assert!(challenges[0].text.contains("algs=\"ES256 "), "{name}: {answer:?}");
    }
}

#[test]
fn ambiguous_credentials_are_bad_requests() {
    let stage = Stage::start(json!({}));
    let token = &stage.client.token;
    let with = |lines: &[String]| {
        let mut request = stage.good().without("Authorization");
        for line in lines {
            request = request.field("Authorization", line);
        }
        request.bytes()
    };
    let (dpop, bearer) = (format!("DPoP {token}"), format!("Bearer {token}"));
    for (name, lines) in [
        ("AU-10", vec![dpop.clone(), bearer.clone()]),
        ("AU-11", vec![bearer.clone(), dpop.clone()]),
        ("AU-10 twice the same", vec![dpop.clone(), dpop.clone()]),
        ("AU-16", vec!["DPoP".to_owned()]),
        ("AU-17", vec![format!("DPoP {token} extra")]),
        ("AU-17 a list", vec![format!("DPoP {token}, Bearer {token}")]),
        ("AU-18", vec![format!("DPoP {token}é")]),
        ("a tab for the space", vec![format!("DPoP\t{token}")]),
    ] {
        let before = stage.upstream.requests();
        let answer = stage.send_bytes(&with(&lines));
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
        assert_eq!(stage.upstream.requests(), before, "{name}");
    }
    let answer = stage.send(&stage.good().target(&format!("{}?access_token={token}", Stage::PATH)));
    assert_eq!(answer.status, 400, "AU-23: {answer:?}");
}

#[test]
fn a_bound_token_counts_in_authorization_only() {
    let stage = Stage::start(json!({}));
    let target = format!("{}?access_token={}", Stage::PATH, stage.client.token);
    let request = stage.good().without("Authorization").target(&target);
    let before = stage.upstream.requests();
    let answer = stage.send(&request);
    assert_eq!(answer.status, 401, "AU-22: {answer:?}");
    assert_eq!(stage.upstream.requests(), before, "AU-22");
}

#[test]
fn one_proof_in_one_field() {
    let stage = Stage::start(json!({}));
    let good = || stage.client.proof("GET", &stage.url(Stage::PATH));
    let base = stage.good().without("DPoP");
    let bad = "invalid_dpop_proof";
    stage.refused("no proof", &base, bad, "proof_missing");
    stage.refused("AU-04", &base.clone().field("DPoP", ""), bad, "proof_malformed");
    stage.refused("AU-05", &base.clone().field("DPoP", "   "), bad, "proof_malformed");
    stage.refused(
        "AU-06",
        &base.clone().field("DPoP", &good()).field("dpop", &good()),
        bad,
        "proof_multiple",
    );
    stage.refused(
        "a comma",
        &base.clone().field("DPoP", &format!("{},{}", good(), good())),
        bad,
        "proof_malformed",
    );
    stage.refused("AU-31", &base.clone().field("DPoP", "é"), bad, "proof_malformed");
    stage.refused("over the cap", &base.clone().field("DPoP", &"a".repeat(9000)), bad, "proof_too_long");
    stage.forwarded("the connection's gateway goes on", &stage.good(), &stage.client.token);
}
