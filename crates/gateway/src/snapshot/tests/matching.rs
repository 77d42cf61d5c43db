//! The rules of the flavour `traditional_compatible` that concern more than one condition.

use rstest::rstest;

use super::*;

#[test]
fn what_the_groups_of_a_pattern_capture_is_kept_by_number_and_name() {
    let snapshot = compile(vec![paths(1, &[r"~/t/(?<tenant>\w+)/(\d+)(/x)?"]), paths(2, &["~/plain.*"])]);
    let captures = |path: &str| {
        let ask = Ask::get("h", path);
        snapshot.routes.find(&ask.asked()).unwrap().captures
    };
    let found = captures("/t/one/42");
    assert_eq!(found.iter().collect::<Vec<_>>(), [("1", "one"), ("tenant", "one"), ("2", "42")]);
    assert_eq!((found.get("tenant"), found.get("2"), found.get("3")), (Some("one"), Some("42"), None));
    assert!(captures("/plain").is_empty());
}

#[test]
fn routes_for_streams_alone_are_left_out() {
    let of = |protocols: &[Protocol]| {
        let routes = [Route { protocols: protocols.to_vec(), ..paths(1, &["/"]) }];
        winner(&routes, &Ask::get("h", "/")).is_some()
    };
    for stream in [Protocol::Tcp, Protocol::Tls, Protocol::TlsPassthrough, Protocol::Udp] {
        assert!(!of(&[stream]), "{stream:?}");
    }
    for http in [Protocol::Http, Protocol::Https, Protocol::Grpc, Protocol::Grpcs] {
        assert!(of(&[http]), "{http:?}");
    }
}

#[test]
fn the_protocols_of_a_route_take_no_part_in_the_match() {
    let routes = [Route { protocols: vec![Protocol::Https], ..paths(1, &["/"]) }];
    assert!(winner(&routes, &Ask::get("h", "/")).is_some(), "to be redirected");
    let routes = [Route { protocols: vec![Protocol::Http], ..paths(1, &["/"]) }];
    assert!(winner(&routes, &Ask::get("h", "/").over_tls("h")).is_some());
}

#[test]
fn a_route_without_service_is_found_and_leads_nowhere() {
    let snapshot = compile(vec![paths(1, &["/"])]);
    assert!(snapshot.routes.find(&Ask::get("h", "/").asked()).unwrap().goal.service.is_none());
}

#[rstest]
#[case("a.test", "a.test", true)]
#[case("*.a.test", "b.a.test", true)]
#[case("*.a.test", "a.test", false)]
#[case("a.*", "a.test", true)]
#[case("A.test.", "a.test", true)]
#[case("b.test", "a.test", false)]
fn server_names_have_wildcards_at_either_end(#[case] name: &str, #[case] asked: &str, #[case] matches: bool) {
    let routes = [Route { snis: strings(&[name]), ..paths(1, &["/"]) }];
    assert_eq!(winner(&routes, &Ask::get("h", "/").over_tls(asked)).is_some(), matches);
}

#[test]
fn each_kind_of_condition_counts_and_exact_hosts_and_headers_break_the_tie() {
    let one_header = |number, name: &str| Route {
        headers: BTreeMap::from([(name.to_owned(), strings(&["1"]))]),
        ..route(number)
    };
    let ask = || Ask::get("a.test", "/long/path").with("x", "1").with("y", "1").over_tls("sni.test");
    let ladder = [
        Route {
            methods: strings(&["GET"]),
            hosts: strings(&["a.test"]),
            snis: strings(&["sni.test"]),
            paths: strings(&["/"]),
            ..one_header(1, "x")
        },
        Route {
            methods: strings(&["GET"]),
            hosts: strings(&["a.test"]),
            paths: strings(&["/"]),
            ..one_header(2, "x")
        },
        Route {
            hosts: strings(&["*.test"]),
            methods: strings(&["GET"]),
            snis: strings(&["sni.test"]),
            ..paths(3, &["/"])
        },
        Route { hosts: strings(&["a.test"]), ..paths(4, &["/"]) },
        Route {
            headers: BTreeMap::from([("x".to_owned(), strings(&["1"])), ("y".to_owned(), strings(&["1"]))]),
            ..paths(5, &["/"])
        },
        Route { paths: strings(&["~/l"]), ..one_header(6, "x") },
        Route { paths: strings(&["/long/path"]), ..one_header(7, "x") },
        Route { hosts: strings(&["*.test"]), ..paths(8, &["/long/path"]) },
        Route { hosts: strings(&["a.test", "*.test"]), ..paths(9, &["/long"]) },
        paths(10, &["~/long/path"]),
        paths(11, &["/long/path"]),
        Route { methods: strings(&["GET"]), ..route(12) },
    ];
    // Two kinds each, in the order of their bits: 4 has exact hosts, 5 two headers, 6 one and a pattern, 7 one and a
    // prefix, 8 and 9 neither.
    for from in 0..ladder.len() {
        let mut rest = ladder[from..].to_vec();
        let want = rest[0].id.as_u128();
        rest.reverse();
        assert_eq!(winner(&rest, &ask()).map(|found| found.0), Some(want));
    }
}

/// More routes under one host and path than are looked at one by one.
#[test]
fn many_routes_that_a_field_tells_apart_are_each_found() {
    let tenant = |number: u128| Route {
        headers: BTreeMap::from([("X-Tenant".to_owned(), vec![format!("T{number}"), format!("t{number}")])]),
        ..paths(number, &["/"])
    };
    let mut routes: Vec<_> = (1..=50).map(tenant).collect();
    routes.push(paths(99, &["/"]));
    for number in 1..=50 {
        let ask = Ask::get("h", "/x").with("x-tenant", "other").with("x-tenant", &format!("t{number}"));
        assert_eq!(winner(&routes, &ask).map(|found| found.0), Some(number));
    }
    assert_eq!(winner(&routes, &Ask::get("h", "/x").with("x-tenant", "t51")).map(|found| found.0), Some(99));
    assert_eq!(winner(&routes, &Ask::get("h", "/x")).map(|found| found.0), Some(99));
}

#[test]
fn many_routes_that_a_server_name_tells_apart_are_each_found() {
    let named = |number: u128| Route { snis: vec![format!("{number}.test")], ..paths(number, &["/"]) };
    let routes: Vec<_> = (1..=50).map(named).collect();
    for number in 1..=50 {
        let ask = Ask::get("h", "/x").over_tls(&format!("{number}.test"));
        assert_eq!(winner(&routes, &ask).map(|found| found.0), Some(number));
    }
    assert_eq!(winner(&routes, &Ask::get("h", "/x").over_tls("51.test")), None);
    assert_eq!(
        winner(&routes, &Ask::get("h", "/x")).map(|found| found.0),
        Some(1),
        "without TLS any will do"
    );
}

#[test]
fn many_patterns_of_the_same_start_are_each_found() {
    let of = |number: u128| paths(number, &[&format!(r"~/\w+/service-{number}/items/(?<id>\d+)$")]);
    let mut routes: Vec<_> = (1..=50).map(of).collect();
    routes.push(Route { regex_priority: 5, ..paths(90, &[r"~/\w+/service-7/items/1$"]) });
    routes.push(paths(91, &[r"~/\w+/.*$"]));
    for number in 1..=50 {
        let ask = Ask::get("h", &format!("/eu/service-{number}/items/42"));
        assert_eq!(winner(&routes, &ask).map(|found| found.0), Some(number));
    }
    for (path, want) in [
        ("/eu/service-7/items/1", Some(90)),
        ("/eu/service-51/items/1", Some(91)),
        ("/eu/service-5/items/x", Some(91)),
        ("/eu", None),
    ] {
        assert_eq!(winner(&routes, &Ask::get("h", path)).map(|found| found.0), want, "{path}");
    }
}
