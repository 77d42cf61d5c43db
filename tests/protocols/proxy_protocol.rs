//! The PROXY protocol, from the settings to what upstreams are told.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use keybound_suites::tls::Tls;
use keybound_suites::{Answer, Gateway, Seen, Upstream};
use serde_json::json;

use crate::wire::{Wire, connect};

const HEADER: &str = "PROXY TCP6 2001:db8::7 2001:db8::1 12345 443\r\n";

fn gateway(upstream: SocketAddr) -> Gateway {
    let gateway = Gateway::start(&[
        ("proxy_listen", "127.0.0.1:0 proxy_protocol, 127.0.0.1:0 http2 ssl proxy_protocol"),
        ("trusted_ips", "127.0.0.0/8"),
        ("real_ip_header", "proxy_protocol"),
    ]);
    for (path, entity) in [
        ("/services", json!({ "name": "all", "url": format!("http://{upstream}/") })),
        ("/services/all/routes", json!({ "name": "all", "paths": ["/"] })),
    ] {
        let answer = gateway.admin.post(path, &entity);
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    gateway
}

#[test]
fn the_client_is_whom_the_header_names_with_tls_behind_it_and_without() {
    let upstream = Upstream::start();
    let gateway = gateway(upstream.address);
    let ask = "GET / HTTP/1.1\r\nHost: gateway.test\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: wais\r\n\
               Connection: close\r\n\r\n";
    let told = |answer: &Answer, scheme: &str| {
        let seen = Seen::of(answer);
        assert_eq!(seen.all("x-real-ip"), ["2001:db8::7"], "{seen:?}");
        assert_eq!(seen.all("x-forwarded-for"), ["6.6.6.6, 2001:db8::7"], "{seen:?}");
        assert_eq!(seen.all("x-forwarded-proto"), [scheme], "{seen:?}");
    };
    told(&Answer::to(gateway.plain, format!("{HEADER}{ask}").as_bytes()), "http");

    let mut stream = TcpStream::connect(gateway.secure).unwrap();
    stream.write_all(HEADER.as_bytes()).unwrap();
    let mut client = Wire::new(Tls::new(None).over(stream, "localhost"));
    client.send(ask);
    let head = client.head();
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    let body: serde_json::Value = serde_json::from_slice(&client.rest()).unwrap();
    let fields = body["fields"].to_string();
    assert!(fields.contains(r#"["x-real-ip","2001:db8::7"]"#), "{fields}");
    assert!(fields.contains(r#"["x-forwarded-proto","https"]"#), "{fields}");

    for nothing in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 99999\r\n"] {
        let mut client = connect(gateway.plain);
        client.send(nothing);
        assert_eq!(client.rest(), b"", "{nothing}");
    }
}

#[test]
fn it_is_refused_where_nobody_reads_it() {
    for setting in ["admin_listen", "status_listen"] {
        let log = Gateway::try_start(&[(setting, "127.0.0.1:0 proxy_protocol")]).unwrap_err();
        let fault = format!("{setting}: 127.0.0.1:0: proxy_protocol is for proxy_listen only");
        assert!(log.contains(&fault), "{log}");
    }
}
