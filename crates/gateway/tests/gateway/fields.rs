//! Fields that the gateway sets and removes, on both ways.

use keybound_gateway::{FieldTokens, Settings, Trust};
use keybound_model::{Configuration, Route};

use crate::lab::{Lab, Upstream, route, service};

const VIA: &str = concat!("1.1 keybound/", env!("CARGO_PKG_VERSION"));
const SERVER: &str = concat!("keybound/", env!("CARGO_PKG_VERSION"));

fn trusting() -> Settings {
    let trust = Trust { trusted: vec!["127.0.0.0/8".parse().unwrap()], ..Trust::default() };
    Settings { trust, ..Settings::default() }
}

#[tokio::test]
async fn the_upstream_is_told_who_asked_for_what() {
    let upstream = Upstream::echo().await;
    let mut configuration = upstream.behind_everything();
    configuration.routes = vec![Route { paths: vec!["/api".into()], ..route() }];
    let lab = Lab::start(&configuration);
    let answer = lab
        .ask("GET /api/a%20b?q=1 HTTP/1.1\r\nHost: Gw.Test:8000\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Path: /evil\r\nX-Forwarded-Prefix: /evil\r\nX-Real-IP: 203.0.113.8\r\nVia: 1.0 edge\r\nX-Mine: 1\r\n\r\n")
        .await;
    let seen = upstream.only();
    let port = lab.addr().port().to_string();
    assert_eq!(seen.head.lines().next(), Some("GET /a%20b?q=1 HTTP/1.1"));
    for (name, want) in [
        ("host", upstream.addr.to_string().as_str()),
        ("x-forwarded-for", "203.0.113.7, 127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "gw.test"),
        ("x-forwarded-port", port.as_str()),
        ("x-forwarded-path", "/api/a%20b"),
        ("x-forwarded-prefix", "/api"),
        ("x-real-ip", "127.0.0.1"),
        ("via", format!("1.0 edge, {VIA}").as_str()),
        ("connection", "keep-alive"),
        ("x-mine", "1"),
    ] {
        assert_eq!(seen.fields(name), [want], "{name}");
    }
    let id = seen.field("x-kong-request-id").unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(answer.field("x-kong-request-id"), Some(id));
}

#[tokio::test]
async fn the_word_of_a_trusted_peer_is_passed_on() {
    let upstream = Upstream::echo().await;
    let lab = Lab::with(&upstream.behind_everything(), trusting());
    lab.ask("GET /x HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: http, https\r\nX-Forwarded-Host: edge.test\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Path: /outer/x\r\nX-Forwarded-Prefix: /outer\r\nX-Real-IP: 203.0.113.8\r\n\r\n").await;
    let seen = upstream.only();
    for (name, want) in [
        ("x-forwarded-for", "203.0.113.7, 127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "edge.test"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-path", "/outer/x"),
        ("x-forwarded-prefix", "/outer"),
        ("x-real-ip", "203.0.113.8"),
    ] {
        assert_eq!(seen.fields(name), [want], "{name}");
    }
}

#[tokio::test]
async fn contradicting_facts_of_a_trusted_peer_are_refused() {
    let upstream = Upstream::echo().await;
    let lab = Lab::with(&upstream.behind_everything(), trusting());
    let answer = lab
        .ask("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nForwarded: proto=http\r\n\r\n")
        .await;
    assert_eq!(answer.status(), 400);
    assert_eq!(upstream.seen(), []);
}

#[tokio::test]
async fn the_host_is_kept_where_the_route_says_so() {
    let upstream = Upstream::echo().await;
    let mut configuration = upstream.behind_everything();
    configuration.routes = vec![Route { preserve_host: true, paths: vec!["/".into()], ..route() }];
    let lab = Lab::start(&configuration);
    lab.ask("GET / HTTP/1.1\r\nHost: Kept.Test:81\r\n\r\n").await;
    assert_eq!(upstream.only().field("host"), Some("Kept.Test:81"));
}

#[tokio::test]
async fn fields_of_one_connection_do_not_cross_the_gateway() {
    let upstream = Upstream::answering(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: x-hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nTrailer: x-t\r\nX-Kept: 1\r\nServer: theirs\r\n\r\nok",
    )
    .await;
    let lab = Lab::start(&upstream.behind_everything());
    let answer = lab.ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: x-mine\r\nX-Mine: 1\r\nKeep-Alive: 1\r\nProxy: x\r\nTE: trailers\r\nExpect: 100-continue\r\n\r\n").await;
    for name in ["x-hop", "keep-alive", "proxy-connection", "upgrade", "connection"] {
        assert_eq!(answer.field(name), None, "{name}");
    }
    assert_eq!((answer.field("x-kept"), answer.field("server")), (Some("1"), Some("theirs")));
    let seen = upstream.only();
    for name in ["x-mine", "keep-alive", "proxy", "expect"] {
        assert_eq!(seen.field(name), None, "{name}");
    }
    assert_eq!((seen.field("te"), seen.field("connection")), (Some("trailers"), Some("keep-alive, TE")));
}

#[tokio::test]
async fn the_client_gets_latencies_via_server_date_and_id() {
    let upstream = Upstream::echo().await;
    let lab = Lab::start(&upstream.behind_everything());
    let answer = lab.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!((answer.field("via"), answer.field("server")), (Some(VIA), Some(SERVER)));
    for name in ["x-kong-upstream-latency", "x-kong-proxy-latency"] {
        assert!(answer.field(name).unwrap().parse::<u64>().is_ok(), "{name}");
    }
    assert!(answer.field("date").is_some() && answer.field("x-kong-upstream-status").is_none());
    let none = lab.ask("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n").await;
    assert_eq!((none.field("via"), none.field("server")), (None, Some(SERVER)));
    assert!(none.field("x-kong-response-latency").unwrap().parse::<u64>().is_ok());
    assert!(none.field("date").is_some());
}

#[tokio::test]
async fn each_of_them_can_be_turned_off_and_on() {
    let upstream = Upstream::echo().await;
    let off = FieldTokens {
        server: false,
        via: false,
        upstream_latency: false,
        proxy_latency: false,
        response_latency: false,
        upstream_status: true,
        request_id: false,
        upstream_request_id: false,
        debug: true,
    };
    let lab = Lab::with(&upstream.behind_everything(), Settings { fields: off, ..Settings::default() });
    let answer = lab.ask("GET / HTTP/1.1\r\nHost: a\r\nKong-Debug: 1\r\n\r\n").await;
    for name in ["server", "via", "x-kong-upstream-latency", "x-kong-proxy-latency", "x-kong-request-id"] {
        assert_eq!(answer.field(name), None, "{name}");
    }
    assert_eq!(answer.field("x-kong-upstream-status"), Some("200"));
    assert_eq!(
        (answer.field("kong-route-name"), answer.field("kong-service-name")),
        (Some("all"), Some("orders"))
    );
    assert_eq!(upstream.only().field("x-kong-request-id"), None);
}

#[tokio::test]
async fn the_services_path_comes_before_the_rest_of_the_request_path() {
    let upstream = Upstream::echo().await;
    let services = vec![keybound_model::Service { path: Some("/base dir".into()), ..service(upstream.addr) }];
    let routes = vec![Route { paths: vec!["~/v(?<n>\\d+)".into()], ..route() }];
    let lab = Lab::start(&Configuration { services, routes, ..Configuration::default() });
    lab.ask("GET /v12/items?x HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(upstream.only().head.lines().next(), Some("GET /base%20dir/items?x HTTP/1.1"));
}
