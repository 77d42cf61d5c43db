use keybound_suites::Stage;
use serde_json::json;

/// A good request's head lines, with `more` before the empty line, and `body` after it.
fn with(stage: &Stage, more: &str, body: &str) -> Vec<u8> {
    let good = String::from_utf8(stage.good().bytes()).unwrap();
    let head = good.strip_suffix("\r\n").unwrap();
    format!("{head}{more}\r\n{body}").into_bytes()
}

#[test]
fn bodies_whose_end_is_in_doubt_are_refused() {
    let stage = Stage::start(json!({}));
    for (name, more) in [
        ("both lengths", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        ("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n"),
        ("a list of lengths", "Content-Length: 5, 6\r\n"),
        ("a signed length", "Content-Length: +5\r\n"),
        ("a negative length", "Content-Length: -5\r\n"),
        ("chunked twice", "Transfer-Encoding: chunked, chunked\r\n"),
        ("chunked in two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        ("chunked is not last", "Transfer-Encoding: chunked, gzip\r\n"),
        ("an unknown coding", "Transfer-Encoding: xchunked\r\n"),
        ("a space before the colon", "Transfer-Encoding : chunked\r\n"),
        ("a folded field", "X: a\r\n b\r\n"),
        ("a field without a name", ": x\r\n"),
        ("a field without a colon", "nothing\r\n"),
    ] {
        let before = stage.upstream.requests();
        let answer =
            stage.send_bytes(&with(&stage, more, "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert!([400, 501].contains(&answer.status), "{name}: {answer:?}");
        assert_eq!(stage.upstream.requests(), before, "{name}");
    }
    stage.forwarded("the gateway lives on", &stage.good(), &stage.client.token);
}

#[test]
fn broken_chunks_end_the_request() {
    let stage = Stage::start(json!({}));
    for (name, body) in [
        ("a size that is no number", "x\r\nabc\r\n0\r\n\r\n"),
        ("a size beyond all bounds", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
        ("data longer than its size", "1\r\nabc\r\n0\r\n\r\n"),
    ] {
        let before = stage.upstream.requests();
        let answer = stage.send_bytes(&with(&stage, "Transfer-Encoding: chunked\r\n", body));
        assert!(answer.status == 0 || answer.status >= 400, "{name}: {answer:?}");
        assert_eq!(stage.upstream.requests(), before, "{name}: the upstream answered a body that had no end");
    }
    stage.forwarded("the gateway lives on", &stage.good(), &stage.client.token);
}

#[test]
fn hosts_that_are_missing_repeated_or_malformed_are_refused() {
    let stage = Stage::start(json!({}));
    for (name, hosts) in [
        ("none", vec![]),
        ("two", vec!["a.test", "b.test"]),
        ("twice the same", vec!["a.test", "a.test"]),
        ("HT-19 #", vec!["a.test#b"]),
        ("HT-19 @", vec!["user@a.test"]),
        ("HT-19 space", vec!["a.test b.test"]),
        ("HT-19 comma", vec!["a.test,b.test"]),
        ("a bad port", vec!["a.test:99999"]),
        ("a path", vec!["a.test/x"]),
    ] {
        let mut request = stage.good().without("Host");
        for host in hosts {
            request = request.field("Host", host);
        }
        stage.rejected(name, &request.bytes(), &[400]);
    }
}

#[test]
fn heads_beyond_the_caps_are_refused_and_the_gateway_lives_on() {
    let mut stage = Stage::start(json!({}));
    let long = "a".repeat(100_000);
    stage.rejected("a field of 100 kB", &stage.good().field("X-Long", &long).bytes(), &[400, 431, 494]);
    stage.rejected("a target of 100 kB", &stage.good().target(&format!("/{long}")).bytes(), &[400, 414, 431]);
    let mut many = stage.good();
    for number in 0..2000 {
        many = many.field(&format!("X-{number}"), "1");
    }
    stage.rejected("2000 fields", &many.bytes(), &[400, 431]);
    let token =
        stage.good().without("Authorization").field("Authorization", &format!("DPoP {}", "a".repeat(17_000)));
    let answer = stage.send(&token);
    assert!([400, 401, 431].contains(&answer.status), "AU-26: {answer:?}");
    stage.forwarded("the gateway lives on", &stage.good(), &stage.client.token);
    assert!(stage.gateway.alive());
}

#[test]
fn control_characters_in_fields_are_refused() {
    let stage = Stage::start(json!({}));
    for (name, byte) in [("AU-30 NUL", 0_u8), ("AU-30 CR", b'\r'), ("escape", 0x1b), ("delete", 0x7f)] {
        let mut bytes = stage.good().bytes();
        let at = bytes.windows(6).position(|window| window == b"DPoP: ").unwrap() + 8;
        bytes.insert(at, byte);
        let before = stage.upstream.requests();
        let answer = stage.send_bytes(&bytes);
        assert!([400, 401].contains(&answer.status), "{name}: {answer:?}");
        assert_eq!(stage.upstream.requests(), before, "{name}");
    }
}

#[test]
fn a_chunked_body_arrives_whole_whatever_the_method() {
    let stage = Stage::start(
        json!({ "proof_of_possession_dpop": "off", "proof_of_possession_bound_tokens": "accept" }),
    );
    for method in ["POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS", "PURGE"] {
        let request = stage
            .bare(method, Stage::PATH)
            .field("Authorization", &format!("Bearer {}", stage.client.token))
            .field("Transfer-Encoding", "chunked");
        let bytes = [request.bytes().as_slice(), b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"].concat();
        let answer = stage.send_bytes(&bytes);
        assert_eq!(keybound_suites::Seen::of(&answer).body(), "abcdefg", "{method}: {answer:?}");
    }
}
