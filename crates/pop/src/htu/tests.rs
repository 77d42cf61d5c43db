use super::*;

fn target(url: &str) -> Target {
    Target::parse(url).unwrap()
}

#[test]
fn equal_by_rfc_3986_is_equal() {
    for (claim, request) in [
        ("https://h/p", "https://h/p"),
        ("HTTPS://H/p", "https://h/p"),
        ("https://h:443/p", "https://h/p"),
        ("https://h:/p", "https://h/p"),
        ("http://h:80/p", "http://h/p"),
        ("https://h", "https://h/"),
        ("https://h?x=1", "https://h/"),
        ("https://h/p?q=1", "https://h/p"),
        ("https://h/p#f", "https://h/p"),
        ("https://h/p?", "https://h/p"),
        ("https://h/%7ex", "https://h/~x"),
        ("https://h/%41", "https://h/A"),
        ("https://h/a%2fb", "https://h/a%2Fb"),
        ("https://h/a/./b/../c", "https://h/a/c"),
        ("https://h/a/%2e%2e/c", "https://h/c"),
        ("https://h/a/..", "https://h/"),
        ("https://h/a/.", "https://h/a/"),
        ("https://[::1]:8443/p", "https://[0:0:0:0:0:0:0:1]:8443/p"),
        ("https://b\u{fc}cher.example/p", "https://xn--bcher-kva.example/p"),
        ("https://h/\u{fc}", "https://h/%C3%BC"),
    ] {
        assert_eq!(compare(claim, &target(request), false), Ok(()), "{claim} = {request}");
    }
}

#[test]
fn what_differs_is_told_by_its_part() {
    use HtuFault::{AuthorityMismatch, PathMismatch, SchemeMismatch};
    for (claim, request, fault) in [
        ("http://h/p", "https://h/p", SchemeMismatch),
        ("https://other/p", "https://h/p", AuthorityMismatch),
        ("https://h:8443/p", "https://h/p", AuthorityMismatch),
        ("https://h/P", "https://h/p", PathMismatch),
        ("https://h/p/", "https://h/p", PathMismatch),
        ("https://h//p", "https://h/p", PathMismatch),
        ("https://h/a%2Fb", "https://h/a/b", PathMismatch),
        ("https://h/a%252Fb", "https://h/a%2Fb", PathMismatch),
        ("https://h/p;v=1", "https://h/p", PathMismatch),
        ("https://h/p%3Fq", "https://h/p", PathMismatch),
    ] {
        assert_eq!(compare(claim, &target(request), false), Err(fault), "{claim} ≠ {request}");
    }
}

#[test]
fn malformed_urls_are_refused_by_cause() {
    use HtuFault as F;
    for (claim, fault) in [
        ("", F::NotAbsolute),
        ("/p", F::NotAbsolute),
        ("//h/p", F::NotAbsolute),
        ("h/p", F::NotAbsolute),
        ("https:///p", F::NotAbsolute),
        ("https:/h/p", F::NotAbsolute),
        ("ftp://h/p", F::UnsupportedScheme),
        ("ws://h/p", F::UnsupportedScheme),
        ("javascript://h/p", F::UnsupportedScheme),
        ("https://u@h/p", F::UserInfo),
        ("https://u:p@h/p", F::UserInfo),
        ("https://h:99999/p", F::Port),
        ("https://h:bad/p", F::Port),
        ("https://h:+80/p", F::Port),
        ("https://h./p", F::Host),
        ("https://.h/p", F::Host),
        ("https://0x7f000001/p", F::Host),
        ("https://0177.0.0.1/p", F::Host),
        ("https://2130706433/p", F::Host),
        ("https://1.2.3/p", F::Host),
        ("https://[::1/p", F::Host),
        ("https://[::1%25eth0]/p", F::Host),
        ("https://h%41/p", F::Host),
        (" https://h/p", F::Character),
        ("https://h/p ", F::Character),
        ("https://h/a\tb", F::Character),
        ("https://h/a\nb", F::Character),
        ("https://h\\@evil/p", F::Character),
        ("https://h/a\\b", F::Character),
        ("https://h/\u{fc}\\b", F::Character),
        ("https://h/%GG", F::Escape),
        ("https://h/%", F::Escape),
        ("https://h/%2", F::Escape),
    ] {
        assert_eq!(compare(claim, &target("https://h/p"), false), Err(fault), "{claim:?}");
    }
}

#[test]
fn websocket_schemes_count_for_an_upgrade_only() {
    let request = target("https://h/p");
    assert_eq!(compare("wss://h/p", &request, true), Ok(()));
    assert_eq!(compare("https://h/p", &request, true), Ok(()));
    assert_eq!(compare("ws://h/p", &request, true), Err(HtuFault::SchemeMismatch));
    assert_eq!(compare("wss://h/p", &request, false), Err(HtuFault::UnsupportedScheme));
}

#[test]
fn characters_that_should_have_been_escaped_are_equal_to_their_escapes() {
    for (raw, escaped) in
        [("/a|b", "/a%7Cb"), ("/{id}", "/%7Bid%7D"), ("/\"<>^`", "/%22%3C%3E%5E%60"), ("/é", "/%C3%A9")]
    {
        assert_eq!(normal_path(raw).as_deref(), Ok(escaped), "{raw}");
        assert_eq!(normal_path(escaped).as_deref(), Ok(escaped), "{escaped}");
    }
    assert_eq!(normal_path("/a[0]").as_deref(), Ok("/a[0]"));
}

#[test]
fn a_long_path_takes_no_more_than_linear_work() {
    let long = format!("https://h/{}", "a/../".repeat(2000));
    assert_eq!(compare(&long, &target("https://h/"), false), Ok(()));
}

#[test]
fn a_host_has_one_spelling() {
    for text in [
        "１２７.0.0.1",
        "127。0。0。1",
        "1.2.3.4.",
        "1.2.3.04",
        "1.2.3.256",
        "0x1",
        "a..b",
        "a b",
        "a/b",
        "a,b",
        "a@b",
        "a#b",
        "*.a",
        "::1",
        "[::1",
        "[::1]x",
        "[127.0.0.1]",
        "[v1.a]",
        "",
        ".",
    ] {
        assert_eq!(Host::parse(text), Err(HtuFault::Host), "{text}");
    }
    assert_eq!(Host::parse(&"\u{fc}".repeat(4000)), Err(HtuFault::Host));
    assert_eq!(Host::parse(&"a".repeat(64)), Err(HtuFault::Host));
    assert_eq!(
        Host::parse(&["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(62)].join(".")),
        Err(HtuFault::Host)
    );
    assert_eq!(Host::parse("EXAMPLE.com"), Ok(Host::Name("example.com".into())));
    assert_eq!(Host::parse("3com.example"), Ok(Host::Name("3com.example".into())));
    assert_eq!(Host::parse("B\u{dc}CHER.example"), Host::parse("xn--bcher-kva.example"));
}

#[test]
fn an_authority_is_a_host_and_a_port_and_nothing_else() {
    let name = || Host::Name("h".into());
    for (text, expected) in [
        ("h", Ok((name(), None))),
        ("h:", Ok((name(), None))),
        ("h:0443", Ok((name(), Some(443)))),
        ("h:65535", Ok((name(), Some(65535)))),
        ("h:65536", Err(HtuFault::Port)),
        ("h:000443", Err(HtuFault::Port)),
        ("h:-1", Err(HtuFault::Port)),
        ("h:\u{661}", Err(HtuFault::Port)),
        ("h:1:2", Err(HtuFault::Host)),
        (":80", Err(HtuFault::Host)),
        ("u@h", Err(HtuFault::UserInfo)),
        ("@h", Err(HtuFault::UserInfo)),
        ("[::1]:80", Ok((Host::V6(std::net::Ipv6Addr::LOCALHOST), Some(80)))),
        ("[::1]", Ok((Host::V6(std::net::Ipv6Addr::LOCALHOST), None))),
    ] {
        assert_eq!(parse_authority(text), expected, "{text}");
    }
}

#[test]
fn a_backslash_or_white_space_is_refused_in_the_query_and_the_fragment_too() {
    for claim in [
        "https://h/p?a\\b",
        "https://h/\u{fc}?a\\b",
        "https://h/p#\u{a0}",
        "https://h/p?\u{2028}",
        "https://h/p?\t",
    ] {
        assert_eq!(compare(claim, &target("https://h/p"), false), Err(HtuFault::Character), "{claim:?}");
    }
}
