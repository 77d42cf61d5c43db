//! Several requests on one connection.

use crate::recorder::Recorder;
use crate::scene::{Got, Scene};

fn bodies(answers: &[Got]) -> Vec<&str> {
    answers.iter().map(|got| got.body.as_str()).collect()
}

#[test]
fn requests_in_one_write_are_answered_one_by_one_in_their_order() {
    let scene = Scene::start("pipeline");
    let post = scene.start_of("POST");
    let inner = scene.get("smuggled");
    let chunked =
        format!("{post}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    let sized = format!("{post}Content-Length: {}\r\n\r\n{inner}", inner.len());
    let all = [scene.get("1"), chunked, scene.get("2"), sized, scene.get("3")].concat();
    let outcome = scene.send(all);
    let lines =
        ["GET /1 HTTP/1.1", "POST /x HTTP/1.1", "GET /2 HTTP/1.1", "POST /x HTTP/1.1", "GET /3 HTTP/1.1"];
    assert_eq!(bodies(&outcome.answers), lines);
    assert_eq!(outcome.seen.iter().map(|raw| raw.line()).collect::<Vec<_>>(), lines);
    assert_eq!([1, 3].map(|at: usize| outcome.seen[at].content()), [inner.clone(), inner]);
}

#[test]
fn nothing_behind_a_refused_request_is_answered_or_forwarded() {
    let scene = Scene::start("behind");
    for (name, fields) in [
        ("both lengths", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("one length twice", "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"),
        ("two codings", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("a bare LF", "X: y\n\r\n"),
        ("two hosts", "Host: b.test\r\n\r\n"),
        ("a nominated credential", "Connection: authorization\r\n\r\n"),
        ("a folded line", "X: y\r\n z\r\n\r\n"),
    ] {
        let refused = format!("{}{fields}", scene.start_of("POST"));
        let before = scene.send(format!("{}{refused}{}", scene.get("1"), scene.get("2")));
        let statuses: Vec<u16> = before.answers.iter().map(|got| got.status).collect();
        assert_eq!((statuses, before.closed), (vec![200, 400], true), "{name}: {before:?}");
        let seen: Vec<&str> = before.seen.iter().map(|raw| raw.line()).collect();
        assert_eq!(seen, ["GET /1 HTTP/1.1"], "{name}");
    }
}

#[test]
fn a_refusal_that_leaves_no_doubt_keeps_the_order() {
    let scene = Scene::start("no-doubt");
    let nowhere = "GET /no-such-route HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc";
    let outcome = scene.send(format!("{}{nowhere}{}", scene.get("1"), scene.get("2")));
    let statuses: Vec<u16> = outcome.answers.iter().map(|got| got.status).collect();
    assert_eq!((statuses, outcome.closed), (vec![200, 404, 200], false), "{outcome:?}");
    assert_eq!(
        outcome.seen.iter().map(|raw| raw.line()).collect::<Vec<_>>(),
        ["GET /1 HTTP/1.1", "GET /2 HTTP/1.1"]
    );
}

#[test]
fn what_is_left_of_a_body_that_was_answered_early_is_never_a_request() {
    let upstream = Recorder::answering(|raw| {
        let line = raw.line();
        Some(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{line}", line.len()).into_bytes())
    });
    let scene = Scene::with("early", upstream);
    // Nobody reads the body of a request without a route.
    let inner = scene.get("smuggled");
    for (name, framing, body) in [
        ("a length", format!("Content-Length: {}", inner.len()), inner.clone()),
        (
            "chunks",
            "Transfer-Encoding: chunked".to_owned(),
            format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len()),
        ),
    ] {
        let mut socket = scene.connect();
        socket.write(format!("POST /no-such-route HTTP/1.1\r\nHost: a.test\r\n{framing}\r\n\r\n").as_bytes());
        assert_eq!(socket.answer().map(|got| got.status), Some(404), "{name}");
        socket.write(body.as_bytes());
        socket.write(scene.get("behind").as_bytes());
        let after = socket.answer();
        assert!(after.as_ref().is_none_or(|got| got.body == "GET /behind HTTP/1.1"), "{name}: {after:?}");
        let seen = scene.upstream.take();
        assert!(seen.iter().all(|raw| raw.line() == "GET /behind HTTP/1.1"), "{name}: {seen:?}");
    }
}

#[test]
fn a_request_that_asks_to_close_is_the_last() {
    let scene = Scene::start("close");
    let last = scene.get("1").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let outcome = scene.send(format!("{last}{}", scene.get("2")));
    assert_eq!((bodies(&outcome.answers), outcome.closed), (vec!["GET /1 HTTP/1.1"], true));
    assert_eq!(outcome.seen.len(), 1);
}
