//! WebSocket by the upgrade of HTTP/1.1: from a client over HTTP/1.1, with TLS or without, to an upstream over HTTP/1.1.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread;

use serde_json::json;

use crate::frames::{self, BINARY, CLOSE, PING, PONG, Side, TEXT};
use crate::wire::{Wire, accept, connect};
use crate::{played, serve, stage};

fn ask(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n",
        stage().authority()
    )
}

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Takes one connection, agrees to the upgrade, pings, and sends back what comes until the close.
fn echo(listener: TcpListener) {
    thread::spawn(move || {
        let mut wire = accept(&listener);
        let head = wire.head();
        assert!(head.contains("\r\nupgrade: websocket\r\n"), "{head}");
        wire.send(SWITCH);
        frames::write(&mut wire, Side::Server, PING, b"there?");
        assert_eq!(frames::read(&mut wire, Side::Client), (PONG, b"there?".to_vec()));
        loop {
            let (kind, payload) = frames::read(&mut wire, Side::Client);
            frames::write(&mut wire, Side::Server, if kind == PING { PONG } else { kind }, &payload);
            if kind == CLOSE {
                return;
            }
        }
    });
}

fn converse<S: Read + Write>(mut client: Wire<S>, path: &str) {
    client.send(ask(path, ""));
    let head = client.head();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{head}");
    assert!(!head.contains("content-length") && !head.contains("transfer-encoding"), "{head}");
    assert_eq!(frames::read(&mut client, Side::Server), (PING, b"there?".to_vec()));
    frames::write(&mut client, Side::Client, PONG, b"there?");
    let large: Vec<u8> = (0..1 << 20).map(|place: u32| (place % 251) as u8).collect();
    for (kind, payload) in [(TEXT, &b"hello"[..]), (BINARY, &[0; 200]), (BINARY, &large), (TEXT, b"")] {
        frames::write(&mut client, Side::Client, kind, payload);
        assert!(
            frames::read(&mut client, Side::Server) == (kind, payload.to_vec()),
            "{kind} of {}",
            payload.len()
        );
    }
    frames::write(&mut client, Side::Client, PING, b"1");
    assert_eq!(frames::read(&mut client, Side::Server), (PONG, b"1".to_vec()));
    let reason = [&1000_u16.to_be_bytes()[..], b"done"].concat();
    frames::write(&mut client, Side::Client, CLOSE, &reason);
    assert_eq!(frames::read(&mut client, Side::Server), (CLOSE, reason));
    assert_eq!(client.rest(), b"");
}

#[test]
fn messages_pings_large_frames_and_the_close_pass_both_ways() {
    echo(played("ws-echo"));
    converse(connect(stage().gateway.plain), "/ws-echo");
}

#[test]
fn the_same_over_tls() {
    echo(played("ws-tls"));
    let client = keybound_suites::tls::Tls::new(None).connect(stage().gateway.secure, "localhost");
    converse(Wire::new(client), "/ws-tls");
}

#[test]
fn a_side_that_ends_is_ended_on_the_other_which_may_go_on() {
    let listener = played("ws-half");
    let mut client = connect(stage().gateway.plain);
    client.send(ask("/ws-half", ""));
    let mut upstream = accept(&listener);
    upstream.head();
    upstream.send(SWITCH);
    client.head();
    client.send("last words");
    client.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(upstream.rest(), b"last words");
    upstream.send("answer to that");
    upstream.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.rest(), b"answer to that");
}

#[test]
fn an_upstream_that_breaks_off_ends_the_clients_side() {
    let listener = played("ws-break");
    let mut client = connect(stage().gateway.plain);
    client.send(ask("/ws-break", ""));
    let mut upstream = accept(&listener);
    upstream.head();
    upstream.send(SWITCH);
    client.head();
    drop(upstream);
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_plain_answer_refuses_the_upgrade_and_what_follows_is_a_request_like_any_other() {
    let listener = played("ws-refused");
    let mut client = connect(stage().gateway.plain);
    // Were the upgrade taken for granted, the second request would reach the upstream unchecked.
    let second = format!("GET /guarded HTTP/1.1\r\nHost: {}\r\n\r\n", stage().authority());
    client.send(ask("/ws-refused", "") + &second);
    let mut upstream = accept(&listener);
    upstream.head();
    upstream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    let head = client.head();
    assert!(head.starts_with("http/1.1 403 "), "{head}");
    client.expect("no");
    let head = client.head();
    assert!(head.starts_with("http/1.1 401 "), "{head}");
    drop(client);
    drop(upstream.stream.shutdown(Shutdown::Write));
    assert_eq!(upstream.rest(), b"");
}

#[test]
fn a_bound_token_opens_a_websocket_only_with_its_proof() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    serve("ws-bound", listener.local_addr().unwrap(), json!({}));
    let client = &stage().client;
    let bound = json!({
        "issuer": stage().provider.issuer, "auth_methods": ["bearer"], "proof_of_possession_dpop": "strict",
    });
    crate::create("/routes/ws-bound/plugins", &json!({ "name": "openid-connect", "config": bound }));
    let path = "/ws-bound";
    let token = format!("Authorization: DPoP {}\r\n", client.token);
    let mut refused = connect(stage().gateway.plain);
    refused.send(ask(path, &token));
    let head = refused.head();
    assert!(head.starts_with("http/1.1 401 ") && head.contains("www-authenticate: dpop "), "{head}");

    let proof = client.proof("GET", &stage().url(path));
    let mut taken = connect(stage().gateway.plain);
    taken.send(ask(path, &format!("{token}DPoP: {proof}\r\n")));
    // The first connection that ever comes is this one's.
    let mut upstream = accept(&listener);
    let head = upstream.head();
    assert!(
        head.contains(&format!("\r\nauthorization: bearer {}\r\n", client.token).to_ascii_lowercase()),
        "{head}"
    );
    assert!(!head.contains("\r\ndpop:"), "{head}");
    upstream.send(SWITCH);
    assert!(taken.head().starts_with("http/1.1 101 "));
    taken.send("in");
    upstream.expect("in");
}

#[test]
fn silence_both_ways_for_the_services_read_timeout_ends_both_sides() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    serve("ws-silent", listener.local_addr().unwrap(), json!({ "read_timeout": 1000 }));
    let mut client = connect(stage().gateway.plain);
    client.send(ask("/ws-silent", ""));
    let mut upstream = accept(&listener);
    upstream.head();
    upstream.send(SWITCH);
    client.head();
    assert_eq!(client.rest(), b"");
    assert_eq!(upstream.rest(), b"");
}
