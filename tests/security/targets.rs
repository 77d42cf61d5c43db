use keybound_suites::Stage;
use serde_json::json;

#[test]
fn methods_that_a_gateway_never_forwards() {
    let stage = Stage::start(json!({}));
    for (name, line) in
        [("HT-05", "TRACE /guarded"), ("HT-06", "CONNECT 127.0.0.1:80"), ("HT-06 path", "CONNECT /guarded")]
    {
        let bytes = format!("{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", stage.authority());
        let before = stage.upstream.requests();
        let answer = stage.send_bytes(bytes.as_bytes());
        assert!([400, 405].contains(&answer.status), "{name}: {answer:?}");
        assert_eq!(stage.upstream.requests(), before, "{name}");
    }
}

#[test]
fn paths_that_could_mean_two_things_never_reach_another_place() {
    let stage = Stage::start(json!({}));
    let token = &stage.client.token;
    for target in [
        "/guarded/../admin",
        "/guarded/%2e%2e/admin",
        "/guarded/..%2fadmin",
        "/guarded/%2e%2e%2fadmin",
        "/guarded/..;/admin",
        "/guarded//../admin",
        "/guarded/%5c..%5cadmin",
        "/guarded\\..\\admin",
        "/guarded/%",
        "/guarded/%GG",
        "/%2567uarded",
    ] {
        let before = stage.upstream.requests();
        let proof = stage.client.proof("GET", &stage.url(target));
        let answer = stage.send(&stage.request(&proof).target(target));
        if answer.status == 200 {
            // What was forwarded is what was compared: below the service's path, with no dot segment left.
            let seen = stage.forwarded(
                target,
                &stage.request(&stage.client.proof("GET", &stage.url(target))).target(target),
                token,
            );
            let path = seen.line().split(' ').nth(1).unwrap().to_ascii_lowercase().replace("%2e", ".");
            assert!(path.starts_with("/up"), "{target}: {seen:?}");
            assert!(
                !path.split(['/', '\\']).any(|part| part == "..")
                    && !path.contains("%2f..")
                    && !path.contains("..%2f"),
                "{target}: {seen:?}"
            );
        } else {
            assert!([400, 401, 404].contains(&answer.status), "{target}: {answer:?}");
            assert_eq!(stage.upstream.requests(), before, "{target}");
        }
    }
}

#[test]
fn the_authority_of_an_absolute_target_wins() {
    let stage = Stage::start(json!({}));
    let target = "http://named.test/guarded";
    let signed_for = |url: &str| stage.request(&stage.client.proof("GET", url)).target(target);
    stage.forwarded("HT-15", &signed_for(target), &stage.client.token);
    stage.refused("HT-15", &signed_for(&stage.url(Stage::PATH)), "invalid_dpop_proof", "proof_htu_mismatch");
}
