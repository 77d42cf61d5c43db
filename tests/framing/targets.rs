//! What is asked for, and of whom.

use crate::scene::Scene;

#[test]
fn a_host_that_is_missing_repeated_or_malformed_is_refused() {
    let scene = Scene::start("hosts");
    for (name, hosts) in [
        ("none", ""),
        ("two", "Host: a.test\r\nHost: b.test\r\n"),
        ("one twice", "Host: a.test\r\nHost: a.test\r\n"),
        ("empty", "Host:\r\n"),
        ("a list", "Host: a.test, b.test\r\n"),
        ("two words", "Host: a.test b.test\r\n"),
        ("userinfo", "Host: user@a.test\r\n"),
        ("a fragment", "Host: a.test#b\r\n"),
        ("a path", "Host: a.test/x\r\n"),
        ("a query", "Host: a.test?x\r\n"),
        ("a scheme", "Host: http://a.test\r\n"),
        ("a port too high", "Host: a.test:99999\r\n"),
        ("a port with a sign", "Host: a.test:+80\r\n"),
        ("a port of letters", "Host: a.test:http\r\n"),
        ("two ports", "Host: a.test:80:80\r\n"),
        ("only a port", "Host: :80\r\n"),
        ("an address without brackets", "Host: ::1\r\n"),
        ("a bracket without end", "Host: [::1\r\n"),
        ("something behind brackets", "Host: [::1]x\r\n"),
        ("a backslash", "Host: a.test\\b\r\n"),
        ("an escape", "Host: a%2etest\r\n"),
        ("a letter beyond ASCII", "Host: \u{e4}.test\r\n"),
        ("a space before the colon", "Host : a.test\r\n"),
        ("a folded one", "Host:\r\n a.test\r\n"),
    ] {
        scene.refused(name, format!("GET {}/x HTTP/1.1\r\n{hosts}\r\n", scene.path()), 400);
    }
}

#[test]
fn a_target_in_another_form_than_origin_or_absolute_is_refused() {
    let scene = Scene::start("targets");
    let path = scene.path().to_owned();
    for (name, target, status) in [
        ("asterisk", "*".to_owned(), 400),
        ("authority", "a.test:80".to_owned(), 400),
        ("no slash", path[1..].to_owned(), 400),
        ("another scheme", format!("ftp://a.test{path}/x"), 400),
        ("a scheme of the other kind", format!("https://a.test{path}/x"), 400),
        ("no authority", format!("http://{path}/x"), 400),
        ("userinfo", format!("http://user:pw@a.test{path}/x"), 400),
        ("a bad port", format!("http://a.test:99999{path}/x"), 400),
        ("a backslash", format!("{path}\\..\\x"), 400),
        ("hidden dots", format!("{path}/..%2fx"), 400),
        ("a broken escape", format!("{path}/%zz"), 400),
        ("an escape cut off", format!("{path}/%2"), 400),
        ("an encoded NUL", format!("{path}/%00"), 400),
        ("an encoded backslash before dots", format!("{path}/..%5cx"), 400),
        ("dots with parameters", format!("{path}/..;x/y"), 400),
    ] {
        let outcome = scene.send(format!("GET {target} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        assert_eq!(outcome.answers.first().map(|got| got.status), Some(status), "{name}: {outcome:?}");
        assert_eq!(outcome.seen, [], "{name}");
    }
    for method in ["CONNECT", "TRACE"] {
        for target in ["a.test:80", &format!("{path}/x")] {
            let outcome = scene.send(format!("{method} {target} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
            let status = outcome.answers.first().map(|got| got.status);
            assert!(matches!(status, Some(400 | 405)), "{method} {target}: {outcome:?}");
            assert_eq!(outcome.seen, [], "{method} {target}");
        }
    }
}

#[test]
fn the_authority_of_an_absolute_target_counts_and_host_does_not() {
    let scene = Scene::start("absolute");
    let path = scene.path();
    let request = format!("GET http://inner.test{path}/x?y HTTP/1.1\r\nHost: outer.test\r\n\r\n");
    let raw = scene.forwarded("another host", request, "GET /x?y HTTP/1.1", "");
    assert_eq!(raw.all("x-forwarded-host"), ["inner.test"]);
    assert_eq!(raw.all("host"), [scene.upstream.address.to_string()]);
    for hosts in ["", "Host: a.test\r\nHost: b.test\r\n"] {
        scene.refused(hosts, format!("GET http://a.test{path}/x HTTP/1.1\r\n{hosts}\r\n"), 400);
    }
}

#[test]
fn what_is_routed_is_what_is_forwarded() {
    let scene = Scene::start("normal");
    let path = scene.path();
    for (name, target, line) in [
        ("dots", format!("{path}/a/../b/./c"), "GET /b/c HTTP/1.1"),
        ("encoded dots", format!("{path}/a/%2e%2E/b"), "GET /b HTTP/1.1"),
        ("slashes", format!("/{path}//a///b"), "GET /a/b HTTP/1.1"),
        ("escapes", format!("{path}/%61%2f%C3%a9"), "GET /a%2F%C3%A9 HTTP/1.1"),
        ("a query as it is", format!("{path}/x?a=/../%2e&b=%zz"), "GET /x?a=/../%2e&b=%zz HTTP/1.1"),
    ] {
        scene.forwarded(name, format!("GET {target} HTTP/1.1\r\nHost: a.test\r\n\r\n"), line, "");
    }
    let outcome = scene.send(format!("GET {path}/x#y HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    assert!(outcome.seen.iter().all(|raw| raw.line() == "GET /x HTTP/1.1"), "a fragment: {outcome:?}");
}
