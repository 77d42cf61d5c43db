use keybound_suites::Stage;
use serde_json::json;

#[test]
fn forms_of_one_url_that_are_equal() {
    let stage = Stage::start(json!({}));
    let host = stage.authority();
    let path = Stage::PATH;
    for (name, htu, target) in [
        ("HU-02", format!("http://{host}{path}?a=b"), path.to_owned()),
        ("HU-03", format!("http://{host}{path}#f"), path.to_owned()),
        ("HU-04", format!("http://{host}{path}"), format!("{path}?a=b")),
        ("HU-05", format!("http://{host}{path}?"), path.to_owned()),
        ("scheme in upper case", format!("HTTP://{host}{path}"), path.to_owned()),
        ("HU-19", format!("http://{host}/%67uarded/%7e"), format!("{path}/~")),
        ("HU-20", format!("http://{host}{path}/a%2fb"), format!("{path}/a%2Fb")),
        ("HU-24", format!("http://{host}/x/../guarded/./y"), format!("{path}/y")),
    ] {
        let request = stage.differing(json!({}), json!({ "htu": htu })).target(&target);
        stage.forwarded(name, &request, &stage.client.token);
    }
}

#[test]
fn urls_that_differ_are_refused() {
    let stage = Stage::start(json!({}));
    let host = stage.authority();
    let path = Stage::PATH;
    for (name, htu, code) in [
        ("HU-10", format!("http://127.0.0.1:99999{path}"), "proof_htu_port"),
        ("HU-11", format!("https://{host}{path}"), "proof_htu_mismatch"),
        ("HU-12", format!("http://other.test{path}"), "proof_htu_mismatch"),
        ("HU-15", format!("http://{host}{path}/"), "proof_htu_mismatch"),
        ("HU-17", format!("http://{host}/{path}"), "proof_htu_mismatch"),
        ("HU-23", format!("http://{host}{path}%GG"), "proof_htu_escape"),
        ("HU-26", format!("http://{host}\\guarded"), "proof_htu_character"),
        ("HU-32", format!("ftp://{host}{path}"), "proof_htu_scheme"),
        ("HU-35", format!(" http://{host}{path}"), "proof_htu_character"),
        ("userinfo", format!("http://a@{host}{path}"), "proof_htu_userinfo"),
        ("another case of the path", format!("http://{host}/Guarded"), "proof_htu_mismatch"),
        (
            "an IPv4 address in decimal",
            format!("http://2130706433:{}{path}", stage.gateway.plain.port()),
            "proof_htu_host",
        ),
    ] {
        stage.refused(name, &stage.differing(json!({}), json!({ "htu": htu })), "invalid_dpop_proof", code);
    }
    let encoded = stage.differing(json!({}), json!({ "htu": format!("http://{host}{path}/a/b") }));
    stage.refused(
        "HU-21",
        &encoded.target(&format!("{path}/a%2Fb")),
        "invalid_dpop_proof",
        "proof_htu_mismatch",
    );
}

#[test]
fn what_the_edge_changed_is_known_by_configuration_only() {
    let stage = Stage::start(json!({ "dpop_public_origins": ["https://api.example/svc2"] }));
    let proof = |url: &str| stage.client.proof("GET", url);
    let public = stage.request(&proof("https://api.example/svc2/guarded"));
    stage.forwarded("HU-38", &public, &stage.client.token);
    let inner = stage.request(&proof(&stage.url(Stage::PATH)));
    stage.refused("HU-39", &inner, "invalid_dpop_proof", "proof_htu_mismatch");

    let plain = Stage::start(json!({}));
    let proof = plain.client.proof("GET", "https://elsewhere.test/guarded");
    let forwarded =
        plain.request(&proof).field("X-Forwarded-Host", "elsewhere.test").field("X-Forwarded-Proto", "https");
    plain.refused("HT-21", &forwarded, "invalid_dpop_proof", "proof_htu_mismatch");
}

#[test]
fn forwarding_fields_count_from_trusted_peers() {
    let stage = Stage::start_with(&[("trusted_ips", "127.0.0.1/32")], json!({}));
    let proof = stage.client.proof("GET", "https://elsewhere.test/guarded");
    let base = stage.request(&proof).field("X-Forwarded-Proto", "https").field("X-Forwarded-Port", "443");
    let request = base.clone().field("X-Forwarded-Host", "elsewhere.test");
    stage.forwarded("a trusted edge", &request, &stage.client.token);
    let contradicting = request.field("Forwarded", "host=other.test;proto=http");
    stage.rejected("HT-24", &contradicting.bytes(), &[400]);
}
