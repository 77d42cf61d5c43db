//! Any bytes as a request's head: a byte for the connection, a line `METHOD TARGET [VERSION]`, fields.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue};
use keybound_gateway::Trust;
use keybound_gateway::fuzzing::{client_ip, drop_relied_on, receive};
use keybound_pop::htu;

use crate::message;

/// Names that no request may have when it leaves the head's checks: they concern one connection only.
const ONE_CONNECTION: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "upgrade",
    "te",
    "transfer-encoding",
    "expect",
    "http2-settings",
];
/// Names that credentials, identities and framing have.
const RELIED_ON: [&str; 8] = [
    "authorization",
    "dpop",
    "cookie",
    "content-length",
    "host",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-consumer-id",
];

/// One host, one path, no field in disguise, nothing of one connection; who is not trusted says nothing about addresses.
pub fn run(data: &[u8]) {
    let Some((flags, text)) = data.split_first() else { return };
    let flag = |bit: u8| flags >> bit & 1 == 1;
    let (tls, trusted, in_doubt, recursive) = (flag(0), flag(1), flag(2), flag(3));
    let trust =
        Trust { trusted: vec!["127.0.0.0/8".parse().expect("a network")], recursive, ..Trust::default() };
    let connection = message::connection(tls, trusted);
    trailers(text);
    let peer: IpAddr = connection.peer.ip();
    let fields = message::fields(text);
    let _ = client_ip(&fields, peer, &trust);
    let (Some(parts), Some(twin)) = (message::parts(text), message::parts(text)) else { return };
    let coded = parts.headers.contains_key("transfer-encoding");
    let (target, connection_fields) = (parts.uri.clone(), parts.headers.clone());
    let received = receive(parts, &connection, &trust, in_doubt);
    let again = receive(twin, &connection, &trust, in_doubt);
    let (head, host, kept) = match (received, again) {
        (Ok(received), Ok(_)) => received,
        (Err(fault), Err(same)) => return assert_eq!(fault, same, "the same twice"),
        _ => panic!("taken once and refused once"),
    };
    assert!(
        !coded || (!in_doubt && !connection_fields.contains_key("content-length")),
        "a length beside a coding"
    );
    assert_eq!(kept, target);
    assert_eq!(head.headers.get_all("host").iter().count(), 1);
    let named = head.headers["host"].to_str().expect("a host is text");
    let (parsed, _) = htu::parse_authority(named).expect("the Host that is forwarded is one authority");
    assert_eq!(parsed.to_string(), *host, "what is routed is what is forwarded");
    assert!(trusted || head.public.host == parsed);
    for name in ONE_CONNECTION {
        assert!(!head.headers.contains_key(name), "{name}");
    }
    for name in head.headers.keys().map(http::HeaderName::as_str) {
        assert!(
            !(name.contains('_') && RELIED_ON.contains(&name.replace('_', "-").as_str())),
            "{name} in disguise"
        );
    }
    // The crumbs that HTTP/2 lets clients make of their cookies become one field.
    let cookies = |headers: &HeaderMap| {
        headers.get_all("cookie").iter().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b"; "[..])
    };
    assert_eq!(cookies(&head.headers), cookies(&connection_fields), "cookies are as they came");
    for name in ["authorization", "dpop", "content-length"] {
        let there = |headers: &HeaderMap| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
        assert_eq!(there(&head.headers), there(&connection_fields), "{name} is as it came");
    }
    if !trusted {
        assert_eq!(head.client_ip, peer);
    }
    assert_eq!(head.query.as_deref(), target.query());
}

fn trailers(text: &[u8]) {
    let mut fields = message::fields(text);
    drop_relied_on(&mut fields);
    for name in RELIED_ON {
        assert!(!fields.contains_key(name), "{name} in the trailers");
    }
}
