//! HTTP around the check: methods, targets, hosts, forwarding fields, HTTP/2, and what is never forwarded.

use bytes::Bytes;
use http_body_util::Full;
use keybound_suites::http2::{self, Fate};
use keybound_suites::{Answer, Request, Seen, Stage, now};
use serde_json::json;

use crate::htu::edge;
use crate::{route, stage};

const BAD: &str = "invalid_dpop_proof";

fn token() -> &'static str {
    &stage().client.token
}

/// A request with this method whose proof names `htm`.
fn method(method: &str, htm: &str) -> Request {
    stage().proved(&stage().client, method, Stage::PATH, json!({}), json!({ "htm": htm }))
}

#[test]
fn ht_01_head() {
    let (answer, reached) = stage().traced(&method("HEAD", "HEAD").bytes());
    assert_eq!((answer.status, reached), (200, true), "{answer:?}");
}

#[test]
fn ht_02_head_with_a_proof_for_get() {
    let answer = stage().stopped("HT-02", &method("HEAD", "GET").bytes(), &[401]);
    assert_eq!(answer.challenges()[0].error.as_deref(), Some(BAD), "{answer:?}");
    assert_eq!(answer.body, "");
}

#[test]
fn ht_02_get_with_a_proof_for_head() {
    stage().refused("the other way", &method("GET", "HEAD"), BAD, "proof_htm_mismatch");
}

#[test]
fn ht_04_every_method_is_compared_as_it_is() {
    for name in ["POST", "PUT", "PATCH", "DELETE", "PURGE", "OPTIONS", "M-SEARCH", "get"] {
        let seen = stage().forwarded(name, &method(name, name), token());
        assert!(seen.line().starts_with(&format!("{name} ")), "{seen:?}");
    }
}

#[test]
fn ht_05_trace() {
    stage().stopped("HT-05", &method("TRACE", "TRACE").bytes(), &[405]);
}

#[test]
fn ht_06_connect() {
    let request = stage().good().bytes();
    let rest = request.splitn(2, |byte| *byte == b'\n').nth(1).unwrap();
    for target in ["other.test:443", &stage().authority(), Stage::PATH] {
        let line = format!("CONNECT {target} HTTP/1.1\r\n");
        stage().stopped("HT-06", &[line.as_bytes(), rest].concat(), &[400, 405, 501]);
    }
}

#[test]
fn ht_07_fields_that_override_the_method_play_no_part() {
    for field in ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"] {
        let overriding = method("GET", "POST").field(field, "POST");
        stage().refused(field, &overriding, BAD, "proof_htm_mismatch");
        stage().forwarded(field, &method("GET", "GET").field(field, "POST"), token());
    }
}

fn cors() -> String {
    static ADDED: std::sync::Once = std::sync::Once::new();
    let path = route("cors", json!({}));
    ADDED.call_once(|| {
        let config = json!({
            "origins": ["https://app.example"], "exposed_headers": ["WWW-Authenticate", "DPoP-Nonce"],
        });
        let answer =
            stage().gateway.admin.post("/routes/cors/plugins", &json!({ "name": "cors", "config": config }));
        assert_eq!(answer.status, 201, "{answer:?}");
    });
    path
}

fn preflight(path: &str) -> Request {
    stage()
        .bare("OPTIONS", path)
        .field("Origin", "https://app.example")
        .field("Access-Control-Request-Method", "GET")
        .field("Access-Control-Request-Headers", "authorization,dpop")
}

#[test]
fn ht_08_a_preflight_needs_no_token() {
    let answer = stage().stopped("HT-08", &preflight(&cors()).bytes(), &[200, 204]);
    let allowed = answer.all("access-control-allow-headers").join(",").to_ascii_lowercase();
    assert!(allowed.contains("authorization") && allowed.contains("dpop"), "{answer:?}");
    assert!(answer.all("access-control-allow-methods").join(",").contains("GET"), "{answer:?}");
}

#[test]
fn ht_08_errors_can_be_read_across_origins() {
    let request = stage().bare("GET", &cors()).field("Origin", "https://app.example");
    let answer = stage().stopped("an error", &request.bytes(), &[401]);
    assert_eq!(answer.all("access-control-allow-origin"), ["https://app.example"], "{answer:?}");
    let exposed = answer.all("access-control-expose-headers").join(",").to_ascii_lowercase();
    assert!(exposed.contains("www-authenticate") && exposed.contains("dpop-nonce"), "{answer:?}");
}

#[test]
fn ht_09_a_preflight_without_cors_is_a_request_like_any_other() {
    let answer = stage().stopped("HT-09", &preflight(Stage::PATH).bytes(), &[401]);
    assert_eq!(answer.challenges()[0].error, None, "{answer:?}");
}

#[test]
fn ht_09_a_preflight_may_be_let_through() {
    let path = route("preflight", json!({ "run_on_preflight": false }));
    let request = preflight(&path).field("DPoP", "x").field("X-Consumer-Username", "admin");
    let answer = stage().send(&request);
    let names = Seen::of(&answer);
    assert!(!names.names().contains(&"dpop") && !names.names().contains(&"x-consumer-username"), "{names:?}");
    stage().refused(
        "no preflight",
        &stage().by(&stage().client, "OPTIONS", &path).without("DPoP"),
        BAD,
        "proof_missing",
    );
}

#[test]
fn ht_13_what_the_upstream_says_of_storing_stays() {
    let answer = stage().send(&stage().good().target("/guarded?reply=public"));
    assert_eq!((answer.status, answer.all("cache-control")), (200, vec!["public, max-age=60"]), "{answer:?}");
}

#[test]
fn ht_13_but_an_answer_with_a_nonce_is_not_stored() {
    let answer = stage().send(&crate::nonce::due_for_renewal("?reply=public"));
    assert_eq!((answer.status, answer.all("cache-control")), (200, vec!["no-store"]), "{answer:?}");
}

/// A request in absolute form for this URL, with a proof for `signed`.
fn absolute(url: &str, signed: &str) -> Request {
    stage().differing(json!({}), json!({ "htu": signed })).target(url)
}

#[test]
fn ht_15_an_absolute_target_wins_over_host() {
    let url = "http://absolute.test/guarded";
    let seen = stage().forwarded("HT-15", &absolute(url, url), token());
    assert!(!seen.all("host").contains(&stage().authority().as_str()), "{seen:?}");
}

#[test]
fn ht_15_a_proof_for_the_host_that_lost() {
    let request = absolute("http://absolute.test/guarded", &stage().url(Stage::PATH));
    stage().refused("HT-15", &request, BAD, "proof_htu_mismatch");
}

#[test]
fn ht_15_an_absolute_target_of_another_scheme() {
    for target in
        ["https://absolute.test/guarded", "ftp://absolute.test/guarded", "http://a@absolute.test/guarded"]
    {
        stage().stopped(target, &absolute(target, target).bytes(), &[400]);
    }
}

#[test]
fn ht_19_hosts_that_are_none() {
    let authority = stage().authority();
    for host in [
        "a#b",
        "a@b",
        "a b",
        "a,b",
        "a/b",
        "a?b",
        "a\\b",
        "",
        "[::1",
        "a:b",
        "a:1:2",
        "a:99999",
        "exa%6dple.test",
        "a..b",
        "http://a",
        &format!("{authority}, {authority}"),
        "127.1",
        "0x7f000001",
        "api.test.",
    ] {
        let request = stage().good().without("Host").field("Host", host);
        stage().stopped(host, &request.bytes(), &[400]);
    }
}

#[test]
fn ht_19_two_hosts_or_none() {
    stage().stopped("two", &stage().good().field("Host", &stage().authority()).bytes(), &[400]);
    stage().stopped("none", &stage().good().without("Host").bytes(), &[400]);
}

#[test]
fn ht_20_a_host_beside_the_configured_origin() {
    let path = route("my-api", json!({ "dpop_public_origins": ["https://api.example/svc2"] }));
    let signed = |url: &str| {
        stage()
            .proved(&stage().client, "GET", &path, json!({}), json!({ "htu": url }))
            .without("Host")
            .field("Host", "evil.test")
    };
    stage().refused("HT-20", &signed("http://evil.test/my-api"), BAD, "proof_htu_mismatch");
    stage().refused("HT-20", &signed("https://evil.test/svc2/my-api"), BAD, "proof_htu_mismatch");
    stage().forwarded("the origin counts", &signed("https://api.example/svc2/my-api"), token());
}

/// A request to a gateway with a proof for `url`, and with these fields.
fn forwarding(stage: &Stage, url: &str, fields: &[(&str, &str)]) -> Request {
    let request = stage.differing(json!({}), json!({ "htu": url }));
    fields.iter().fold(request, |request, (name, value)| request.field(name, value))
}

#[test]
fn ht_21_forwarding_fields_of_strangers() {
    let fields =
        [("X-Forwarded-Host", "elsewhere.test"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "443")];
    let request = forwarding(stage(), "https://elsewhere.test/guarded", &fields);
    stage().refused("HT-21", &request, BAD, "proof_htu_mismatch");
    let request = forwarding(stage(), &stage().url(Stage::PATH), &fields);
    stage().forwarded("and the truth still counts", &request, token());
}

#[test]
fn ht_21_forwarded_of_strangers() {
    let fields = [("Forwarded", "host=elsewhere.test;proto=https")];
    let request = forwarding(stage(), "https://elsewhere.test/guarded", &fields);
    stage().refused("Forwarded", &request, BAD, "proof_htu_mismatch");
}

#[test]
fn ht_24_forwarding_fields_of_a_trusted_peer() {
    let fields =
        [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "elsewhere.test"), ("X-Forwarded-Port", "443")];
    let request = forwarding(edge(), "https://elsewhere.test/guarded", &fields);
    edge().forwarded("HT-24", &request, &edge().client.token);
}

#[test]
fn ht_24_the_right_most_of_several_counts() {
    let url = "https://near.test/guarded";
    for fields in [
        vec![("X-Forwarded-Host", "far.test, near.test"), ("X-Forwarded-Proto", "http, https")],
        vec![
            ("X-Forwarded-Host", "far.test"),
            ("X-Forwarded-Host", "near.test"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Proto", "https"),
        ],
    ] {
        let fields = [fields, vec![("X-Forwarded-Port", "443")]].concat();
        edge().forwarded("the right-most", &forwarding(edge(), url, &fields), &edge().client.token);
        let far = forwarding(edge(), "http://far.test/guarded", &fields);
        edge().refused("the left-most", &far, BAD, "proof_htu_mismatch");
    }
}

#[test]
fn ht_24_contradictions() {
    for fields in [
        vec![("X-Forwarded-Proto", "https"), ("Forwarded", "proto=http")],
        vec![("X-Forwarded-Host", "a.test"), ("Forwarded", "host=b.test")],
        vec![("X-Forwarded-Proto", "gopher")],
        vec![("X-Forwarded-Host", "a@b")],
        vec![("X-Forwarded-Host", "a.test"), ("X-Forwarded-Port", "x")],
    ] {
        let request = forwarding(edge(), "https://a.test/guarded", &fields);
        edge().rejected("a contradiction", &request.bytes(), &[400]);
    }
}

#[test]
fn ht_26_a_prefix_counts_only_by_configuration() {
    let fields = [("X-Forwarded-Prefix", "/svc2"), ("X-Forwarded-Path", "/svc2/guarded")];
    for stage in [stage(), edge()] {
        let request = forwarding(stage, &stage.url("/svc2/guarded"), &fields);
        stage.refused("HT-26", &request, BAD, "proof_htu_mismatch");
        let request = forwarding(stage, &stage.url(Stage::PATH), &fields);
        stage.forwarded("without it", &request, &stage.client.token);
    }
}

/// A good request over HTTP/2, for the authority and with the fields given.
fn h2(method: &str, authority: &str, fields: &[(&str, &str)]) -> Answer {
    let url = format!("http://{authority}{}", Stage::PATH);
    let mut request = ::http::Request::builder()
        .method(method)
        .uri(&url)
        .header("authorization", format!("DPoP {}", token()))
        .header("dpop", stage().client.proof(method, &url));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    http2::send(stage().gateway.plain, request.body(Full::new(Bytes::new())).unwrap())
}

#[test]
fn ht_28_http_2() {
    let answer = h2("GET", &stage().authority(), &[]);
    let seen = Seen::of(&answer);
    assert_eq!(seen.all("authorization"), [format!("Bearer {}", token())], "{seen:?}");
    assert!(seen.all("dpop").is_empty(), "{seen:?}");
}

#[test]
fn ht_28_http_2_authority_and_host_differ() {
    let answer = h2("GET", "api.test", &[("host", "other.test")]);
    assert_eq!(answer.status, 400, "{answer:?}");
}

#[test]
fn ht_28_http_2_authority_and_host_agree() {
    let answer = h2("GET", "api.test", &[("host", "API.test:80")]);
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn ht_29_http_2_two_proofs() {
    let proof = stage().client.proof("GET", &stage().url(Stage::PATH));
    let answer = h2("GET", &stage().authority(), &[("dpop", &proof)]);
    assert_eq!(answer.status, 401, "{answer:?}");
    assert_eq!(answer.challenges()[0].error.as_deref(), Some(BAD), "{answer:?}");
    assert!(answer.body.contains("proof_multiple"), "{answer:?}");
}

#[test]
fn ht_29_http_2_two_authorizations() {
    let answer = h2("GET", &stage().authority(), &[("authorization", "Bearer x")]);
    assert_eq!(answer.status, 400, "{answer:?}");
}

/// What becomes of a stream with the pseudo fields of a good request and these.
fn stream(method: &str, fields: &[(&str, &str)]) -> Fate {
    let authority = stage().authority();
    let pseudo =
        [(":method", method), (":scheme", "http"), (":path", Stage::PATH), (":authority", &authority)];
    http2::open(stage().gateway.plain, &[&pseudo, fields].concat())
}

#[test]
fn ht_30_http_2_capitals_in_a_name() {
    assert_eq!(stream("GET", &[("DPoP", "x")]), Fate::Refused);
    assert_eq!(stream("GET", &[("Authorization", "DPoP x")]), Fate::Refused);
    assert!(matches!(stream("GET", &[("dpop", "x")]), Fate::Answered(_)));
}

#[test]
fn ht_30_http_2_bytes_that_http_1_would_read_otherwise() {
    for (name, value) in [
        ("dpop", "a\r\nx: y"),
        ("x y", "z"),
        ("x:y", "z"),
        ("transfer-encoding", "chunked"),
        ("connection", "dpop"),
    ] {
        assert_eq!(stream("GET", &[(name, value)]), Fate::Refused, "{name}");
    }
}

#[test]
fn ht_39_http_2_connect_for_a_protocol() {
    let fate =
        stream("CONNECT", &[(":protocol", "websocket"), ("authorization", &format!("DPoP {}", token()))]);
    // 0x88 stands for status 200.
    assert!(
        fate == Fate::Refused || !matches!(&fate, Fate::Answered(block) if block.contains(&0x88)),
        "{fate:?}"
    );
}

#[test]
fn ht_33_pipelined_requests_are_decided_one_by_one() {
    let first = stage().good().field("Connection", "keep-alive");
    let replayed = first.clone().without("Connection");
    let answers = stage().send_all(&[first.bytes(), replayed.bytes()].concat(), 2);
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 401]);
    assert_eq!(answers[1].challenges()[0].error.as_deref(), Some(BAD), "{answers:?}");
}

#[test]
fn ht_34_http_1_0() {
    let text = String::from_utf8(stage().good().bytes()).unwrap().replacen("HTTP/1.1", "HTTP/1.0", 1);
    let (answer, reached) = stage().traced(text.as_bytes());
    assert_eq!((answer.status, reached), (200, true), "{answer:?}");
}

#[test]
fn ht_34_http_1_0_without_a_host() {
    let text = String::from_utf8(stage().good().without("Host").bytes()).unwrap();
    let (answer, reached) = stage().traced(text.replacen("HTTP/1.1", "HTTP/1.0", 1).as_bytes());
    assert_eq!((answer.status, reached), (200, true), "{answer:?}");
}

fn upgrade(scheme: &str) -> Request {
    let url = format!("{scheme}://{}{}", stage().authority(), Stage::PATH);
    stage()
        .differing(json!({}), json!({ "htu": url }))
        .field("Connection", "Upgrade")
        .field("Upgrade", "websocket")
        .field("Sec-WebSocket-Version", "13")
        .field("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
}

#[test]
fn ht_36_ws_stands_for_http_in_an_upgrade() {
    for scheme in ["ws", "http", "WS"] {
        let answer = stage().send(&upgrade(scheme));
        assert_eq!(answer.status, 101, "{scheme}: {answer:?}");
    }
}

#[test]
fn ht_36_wss_does_not() {
    stage().refused("wss", &upgrade("wss"), BAD, "proof_htu_mismatch");
}

#[test]
fn ht_40_a_response_is_not_cut_when_its_token_expires() {
    let stage = stage();
    let token = stage.provider.token(json!({ "cnf": { "jkt": stage.client.jkt() }, "exp": now() + 5 }));
    let client = stage.client.holding(token);
    let request = stage.by(&client, "GET", Stage::PATH).target("/guarded?reply=held");
    let held = std::thread::scope(|scope| {
        let held = scope.spawn(|| stage.send(&request));
        let expired = (0..100_000).any(|_| {
            let answer = stage.send(&stage.by(&client, "GET", Stage::PATH));
            answer.status == 401 && answer.body.contains("token_expired")
        });
        stage.upstream.release();
        assert!(expired, "the token never expires");
        held.join().unwrap()
    });
    assert_eq!(held.status, 200, "{held:?}");
    assert_eq!(Seen::of(&held).all("authorization"), [format!("Bearer {}", client.token)]);
}

#[test]
fn ht_41_grpc_is_refused_in_its_own_way() {
    let url = stage().url("/guarded/pkg.Service/Method");
    let request = ::http::Request::builder()
        .method("POST")
        .uri(&url)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(Bytes::new()))
        .unwrap();
    let answer = http2::send(stage().gateway.plain, request);
    assert_eq!((answer.status, answer.all("grpc-status")), (200, vec!["16"]), "{answer:?}");
    assert_eq!(answer.body, "", "{answer:?}");
}

#[test]
fn ht_41_grpc_passes_with_its_proof() {
    let url = stage().url("/guarded/pkg.Service/Method");
    let request = ::http::Request::builder()
        .method("POST")
        .uri(&url)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("DPoP {}", token()))
        .header("dpop", stage().client.proof("POST", &url))
        .body(Full::new(Bytes::new()))
        .unwrap();
    let answer = http2::send(stage().gateway.plain, request);
    assert_eq!(Seen::of(&answer).all("authorization"), [format!("Bearer {}", token())]);
}

#[test]
fn ht_43_a_proof_is_spent_when_the_upstream_fails() {
    let request = stage().good().target("/guarded?reply=close");
    let (answer, reached) = stage().traced(&request.bytes());
    assert_eq!((answer.status, reached), (502, true), "{answer:?}");
    assert_eq!(answer.challenges(), [], "{answer:?}");
    stage().refused("HT-43", &request, BAD, "proof_replayed");
}

#[test]
fn ht_44_connection_nominates_what_somebody_relies_on() {
    for name in [
        "DPoP",
        "Authorization",
        "Cookie",
        "Host",
        "Content-Length",
        "X-Forwarded-Proto",
        "X-Consumer-Id",
        "d_pop",
    ] {
        let request = stage().good().field("Connection", &format!("close, {name}"));
        stage().rejected(name, &request.bytes(), &[400]);
    }
}

#[test]
fn ht_44_connection_nominates_something_else() {
    let request = stage().good().field("Connection", "close, x-hop").field("X-Hop", "1");
    let seen = stage().forwarded("x-hop", &request, token());
    assert!(!seen.names().contains(&"x-hop"), "{seen:?}");
}

#[test]
fn ht_45_identity_fields_of_the_client() {
    let names = [
        "X-Consumer-ID",
        "X-Consumer-Custom-ID",
        "X-Consumer-Username",
        "X-Consumer-Groups",
        "X-Credential-Identifier",
        "X-Anonymous-Consumer",
        "X-Authenticated-Groups",
        "X-Authenticated-UserId",
        "X_Consumer_Username",
    ];
    let request = names.iter().fold(stage().good(), |request, name| request.field(name, "admin"));
    let seen = stage().forwarded("HT-45", &request, token());
    assert!(seen.names().iter().all(|name| seen.all(name) != ["admin"]), "{seen:?}");
}

#[test]
fn ht_46_names_with_underscores_are_no_credentials() {
    let proof = stage().client.proof("GET", &stage().url(Stage::PATH));
    for (name, value) in [("D_PoP", proof.as_str()), ("DPoP_", &proof), ("_DPoP", &proof)] {
        stage().refused(name, &stage().good().without("DPoP").field(name, value), BAD, "proof_missing");
    }
    let request =
        stage().good().without("Authorization").field("Authorization_", &format!("DPoP {}", token()));
    let answer = stage().stopped("Authorization_", &request.bytes(), &[401]);
    assert_eq!(answer.challenges()[0].error, None, "{answer:?}");
}

#[test]
fn ht_46_names_with_underscores_are_not_forwarded() {
    let names = ["D_PoP", "DPoP_", "Authorization_", "Author_ization", "Cookie_", "X_Access_Token"];
    let request = names.iter().fold(stage().good(), |request, name| request.field(name, "x"));
    let seen = stage().forwarded("HT-46", &request, token());
    assert!(!seen.names().iter().any(|name| name.contains('_')), "{seen:?}");
}

#[test]
fn ht_48_one_path_for_all() {
    // Two readers would read these as two paths.
    for target in [
        "/guarded/..%2fadmin",
        "/guarded/%2e%2e%2fadmin",
        "/guarded/..;x/admin",
        "/guarded/..%5cadmin",
        "/guarded/a\\..\\b",
        "/guarded/%00",
        "/guarded/%GG",
    ] {
        let request = stage().good().target(target);
        stage().stopped(target, &request.bytes(), &[400]);
    }
}

#[test]
fn ht_48_the_upstream_sees_the_path_that_was_compared() {
    for (target, htu, path) in [
        ("/guarded/a/../b", "/guarded/b", "/up/b"),
        ("/guarded/%61", "/guarded/a", "/up/a"),
        ("/x/%2e%2e/guarded/c", "/guarded/c", "/up/c"),
        ("/guarded/a%2fb", "/guarded/a%2Fb", "/up/a%2Fb"),
    ] {
        let request = stage().differing(json!({}), json!({ "htu": stage().url(htu) })).target(target);
        let seen = stage().forwarded(target, &request, token());
        assert_eq!(seen.line(), format!("GET {path} HTTP/1.1"), "{target}");
    }
}

#[test]
fn ht_48_an_unguarded_route_is_no_way_to_a_guarded_one() {
    let admin = &stage().gateway.admin;
    static ADDED: std::sync::Once = std::sync::Once::new();
    ADDED.call_once(|| {
        let url = format!("http://{}/up", stage().upstream.address);
        assert_eq!(admin.post("/services", &json!({ "name": "public", "url": url })).status, 201);
        let route = json!({ "name": "public", "paths": ["/public"] });
        assert_eq!(admin.post("/services/public/routes", &route).status, 201);
    });
    assert_eq!(stage().send(&stage().bare("GET", "/public/a")).status, 200);
    for target in ["/public/../guarded", "/public/%2e%2e/guarded", "/public/./../guarded/"] {
        let answer = stage().stopped(target, &stage().bare("GET", target).bytes(), &[401]);
        assert_eq!(answer.challenges()[0].error, None, "{answer:?}");
    }
}
