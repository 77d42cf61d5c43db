//! Chunks and trailers.

use crate::scene::Scene;

#[test]
fn a_broken_chunk_never_becomes_a_whole_request_and_nothing_behind_it_is_read() {
    let scene = Scene::start("chunks");
    let head = format!("{}Transfer-Encoding: chunked\r\n\r\n", scene.start_of("POST"));
    for (name, body) in [
        ("no size", "\r\nabc\r\n0\r\n\r\n"),
        ("a size that is no number", "x\r\nabc\r\n0\r\n\r\n"),
        ("a size beyond 64 bits", "10000000000000000\r\nabc\r\n0\r\n\r\n"),
        ("a size that wraps to 3", "10000000000000003\r\nabc\r\n0\r\n\r\n"),
        ("a negative size", "-3\r\nabc\r\n0\r\n\r\n"),
        ("a signed size", "+3\r\nabc\r\n0\r\n\r\n"),
        ("a size with 0x", "0x3\r\nabc\r\n0\r\n\r\n"),
        ("a size with an underscore", "0_3\r\nabc\r\n0\r\n\r\n"),
        ("a space before the size", " 3\r\nabc\r\n0\r\n\r\n"),
        ("a space behind the size", "3 \r\nabc\r\n0\r\n\r\n"),
        ("a tab behind the size", "3\t\r\nabc\r\n0\r\n\r\n"),
        ("a word behind the size", "3 3\r\nabc\r\n0\r\n\r\n"),
        ("LF behind the size", "3\nabc\r\n0\r\n\r\n"),
        ("LF in an extension", "3;a\nabc\r\n0\r\n\r\n"),
        ("CR in an extension", "3;a\rb\r\nabc\r\n0\r\n\r\n"),
        ("no CR LF behind the data", "3\r\nabc0\r\n\r\n"),
        ("LF behind the data", "3\r\nabc\n0\r\n\r\n"),
        ("data longer than its size", "2\r\nabc\r\n0\r\n\r\n"),
        ("data shorter than its size", "4\r\nabc\r\n0\r\n\r\n"),
        ("LF behind the last size", "3\r\nabc\r\n0\n\r\n"),
        ("LF behind a trailer", "3\r\nabc\r\n0\r\nX: y\n\r\n"),
        ("LF for the end", "3\r\nabc\r\n0\r\nX: y\r\n\n"),
    ] {
        let smuggled = scene.get("smuggled");
        let outcome = scene.send(format!("{head}{body}{smuggled}"));
        assert!(outcome.closed, "{name}: {outcome:?}");
        assert!(outcome.answers.iter().all(|got| got.status == 400), "{name}: {outcome:?}");
        assert!(outcome.seen.iter().all(|raw| !raw.line().contains("smuggled")), "{name}: {outcome:?}");
        // The upstream may have seen the beginning of a body, and no end of it.
        assert_eq!(outcome.seen, [], "{name}");
    }
}

#[test]
fn extensions_zeros_and_capitals_of_sizes_change_nothing() {
    let scene = Scene::start("sizes");
    let head = format!("{}Transfer-Encoding: chunked\r\n\r\n", scene.start_of("POST"));
    for (name, body) in [
        ("zeros", "0000003\r\nabc\r\n000\r\n\r\n"),
        ("an extension", "3;a=b;c=\"d\"\r\nabc\r\n0;e\r\n\r\n"),
        ("space before an extension", "3 ;a\r\nabc\r\n0\r\n\r\n"),
        ("many chunks", "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"),
    ] {
        let raw = scene.forwarded(name, format!("{head}{body}"), "POST /x HTTP/1.1", "abc");
        assert!(!String::from_utf8_lossy(&raw.body).contains(';'), "{name}: extensions end here");
    }
    let ten = format!("{head}A\r\n0123456789\r\n0\r\n\r\n");
    scene.forwarded("a capital", ten, "POST /x HTTP/1.1", "0123456789");
}

#[test]
fn trailers_that_carry_framing_credentials_or_identities_are_dropped() {
    let scene = Scene::start("trailers");
    let trailers = [
        "Content-Length: 99",
        "Transfer-Encoding: chunked",
        "Host: b.test",
        "Authorization: DPoP x",
        "DPoP: y",
        "D_PoP: y",
        "Cookie: a=b",
        "X-Forwarded-For: 10.0.0.1",
        "X-Forwarded-Host: b.test",
        "X-Real-IP: 10.0.0.1",
        "X-Consumer-Id: root",
        "X_Consumer_Username: root",
        "X-Kong-Request-Id: 1",
        "X-Sum: 1",
    ];
    let request = format!(
        "{}TE: trailers\r\nTrailer: X-Sum, Authorization\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n{}\r\n\r\n",
        scene.start_of("POST"),
        trailers.join("\r\n")
    );
    let outcome = scene.send(request);
    let statuses: Vec<u16> = outcome.answers.iter().map(|got| got.status).collect();
    assert_eq!((statuses, outcome.closed), (vec![200], false), "{outcome:?}");
    let [raw] = &outcome.seen[..] else { panic!("{outcome:?}") };
    assert_eq!(String::from_utf8_lossy(&raw.body).to_ascii_lowercase(), "1\r\na\r\n0\r\nx-sum: 1\r\n\r\n");
}

#[test]
fn a_trailer_that_is_no_field_breaks_the_request() {
    let scene = Scene::start("bad-trailers");
    for (name, trailer) in [
        ("no colon", "X"),
        ("an empty name", ": a"),
        ("a space in the name", "X Y: a"),
        ("a space before the colon", "X : a"),
        ("a NUL", "X: a\0"),
        ("a folded value", "X: a\r\n b"),
    ] {
        let request = format!(
            "{}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n{trailer}\r\n\r\n{}",
            scene.start_of("POST"),
            scene.get("smuggled")
        );
        let outcome = scene.send(request);
        assert!(outcome.closed && outcome.answers.iter().all(|got| got.status == 400), "{name}: {outcome:?}");
        assert_eq!(outcome.seen, [], "{name}");
    }
}
