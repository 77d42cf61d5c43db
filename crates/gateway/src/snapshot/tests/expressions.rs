//! Routes of the flavour `expressions`.

use rstest::rstest;

use super::*;
use crate::settings::{RouterFlavor, Settings};

fn expressions() -> Compiler {
    Compiler::new(&Settings { router_flavor: RouterFlavor::Expressions, ..Settings::default() }).unwrap()
}

fn expression(number: u128, text: &str) -> Route {
    Route { expression: Some(text.into()), priority: Some(0), ..route(number) }
}

fn compile_in(routes: &[Route]) -> Result<Snapshot, CompileFault> {
    expressions().compile(&Configuration { routes: routes.to_vec(), ..Configuration::default() }, &Nobody)
}

fn found(routes: &[Route], asked: &Asked<'_>) -> Option<(u128, Option<usize>)> {
    let snapshot = compile_in(routes).unwrap();
    let found = snapshot.routes.find(asked)?;
    Some((found.goal.id.parse::<Uuid>().unwrap().as_u128(), found.taken))
}

#[rstest]
#[case(r#"http.method == "GET""#, true)]
#[case(r#"http.method == "POST""#, false)]
#[case(r#"http.host == "a.test""#, true)]
#[case(r#"http.host =^ ".test""#, true)]
#[case(r#"http.host == "b.test""#, false)]
#[case(r#"http.path == "/one/two/three""#, true)]
#[case(r#"http.path ^= "/one""#, true)]
#[case(r#"http.path ^= "/two""#, false)]
#[case(r#"http.path contains "two""#, true)]
#[case(r#"http.path ~ "^/o\\w+""#, true)]
#[case(r#"http.path.segments.0 == "one""#, true)]
#[case(r#"http.path.segments.0_1 == "one/two""#, true)]
#[case(r#"http.path.segments.2_3 == "three""#, false)]
#[case("http.path.segments.len == 3", true)]
#[case(r#"http.headers.x_tenant == "One""#, false)]
#[case(r#"any(http.headers.x_tenant) == "One""#, true)]
#[case(r#"any(lower(http.headers.x_tenant)) == "two""#, true)]
#[case(r#"http.headers.absent == "x""#, false)]
#[case(r#"http.headers.absent != "x""#, false)]
#[case(r#"http.queries.a == "b c""#, true)]
#[case(r#"http.queries.a == "x""#, false)]
#[case(r#"net.protocol == "https""#, true)]
#[case(r#"net.protocol == "http""#, false)]
#[case(r#"tls.sni == "sni.test""#, true)]
#[case("net.port == 8443", true)]
#[case("net.dst.port == 8443", true)]
#[case("net.dst.port > 9000", false)]
#[case("net.src.ip in 192.0.2.0/24", true)]
#[case("net.src.ip not in 192.0.2.0/24", false)]
#[case("net.src.ip == 192.0.2.9", true)]
#[case("net.src.port == 40000", true)]
#[case("net.dst.ip == 192.0.2.2", true)]
#[case(r#"!(http.host == "b.test") && (http.method == "PUT" || net.port == 8443)"#, true)]
fn each_field_has_the_value_of_the_request(#[case] text: &str, #[case] holds: bool) {
    let ask = Ask::get("a.test", "/one/two/three").with("x-tenant", "One").with("x-tenant", "TWO");
    let ask = Ask { port: 8443, ..ask.over_tls("sni.test") };
    let asked = Asked { query: Some("z=1&a=b%20c"), client_ip: [192, 0, 2, 9].into(), ..ask.asked() };
    assert_eq!(found(&[expression(1, text)], &asked).is_some(), holds, "{text}");
}

#[test]
fn the_higher_priority_wins_and_an_expression_stands_before_every_route_without() {
    let with = |number, priority, text| Route { priority: Some(priority), ..expression(number, text) };
    let plain = Route { methods: strings(&["GET"]), hosts: strings(&["a.test"]), ..paths(9, &["/a/b"]) };
    let routes = [
        plain,
        with(1, 5, r#"http.path ^= "/a""#),
        with(2, 7, r#"http.host == "a.test" && http.path ^= "/a/b""#),
        with(3, 0, r#"http.method == "GET" && http.path ^= "/z""#),
    ];
    for (path, want) in [("/a/x", Some(1)), ("/a/b", Some(2)), ("/z", Some(3)), ("/other", None)] {
        let ask = Ask::get("a.test", path);
        assert_eq!(found(&routes, &ask.asked()).map(|found| found.0), want, "{path}");
    }
    let put = Ask { method: Method::PUT, ..Ask::get("a.test", "/z") };
    assert_eq!(found(&routes, &put.asked()), None);
    assert_eq!(found(&routes[..1], &Ask::get("a.test", "/a/b").asked()), Some((9, Some(4))));
}

#[test]
fn what_the_path_was_matched_by_is_what_is_stripped_and_captured() {
    let texts = [
        (r#"http.path ^= "/a""#, "/a/b", Some(2)),
        (r#"http.path == "/a/b""#, "/a/b", Some(4)),
        (r#"http.host == "h""#, "/a/b", None),
        (r#"http.path ~ "^/a/\\d+""#, "/a/12/c", Some(5)),
    ];
    for (text, path, want) in texts {
        assert_eq!(found(&[expression(1, text)], &Ask::get("h", path).asked()), Some((1, want)), "{text}");
    }
    let snapshot = compile_in(&[expression(1, r#"http.path ~ "^/t/(?P<tenant>\\w+)/(\\d+)""#)]).unwrap();
    let ask = Ask::get("h", "/t/one/42");
    let captures = snapshot.routes.find(&ask.asked()).unwrap().captures;
    let all: Vec<_> = captures.iter().collect();
    assert_eq!(all, [("1", "one"), ("2", "42"), ("tenant", "one")]);
}

#[rstest]
#[case(&[Protocol::Http], true, false)]
#[case(&[Protocol::Grpc], true, false)]
#[case(&[Protocol::Grpcs], false, true)]
#[case(&[Protocol::Https, Protocol::Grpcs], false, true)]
#[case(&[Protocol::Http, Protocol::Https], true, true)]
// So that it can redirect.
#[case(&[Protocol::Https], true, true)]
fn the_protocols_are_part_of_the_match(
    #[case] protocols: &[Protocol],
    #[case] plain: bool,
    #[case] secure: bool,
) {
    for route in [expression(1, r#"http.path ^= "/""#), paths(1, &["/"])] {
        let routes = [Route { protocols: protocols.to_vec(), ..route }];
        let want = |matches: bool| matches.then_some((1, Some(1)));
        assert_eq!(found(&routes, &Ask::get("h", "/x").asked()), want(plain));
        assert_eq!(found(&routes, &Ask::get("h", "/x").over_tls("h").asked()), want(secure));
    }
}

#[test]
fn an_expression_that_is_none_is_refused_and_so_is_one_in_the_other_flavour() {
    let fault = compile_in(&[expression(1, "http.path ==")]).unwrap_err().to_string();
    assert!(fault.starts_with("route 'route-1': expression: "), "{fault}");
    let routes = vec![expression(1, r#"http.path ^= "/""#)];
    let other = Snapshot::compile(&Configuration { routes, ..Configuration::default() }, &Nobody);
    let fault = other.unwrap_err().to_string();
    assert_eq!(fault, "route 'route-1': expression: needs router_flavor = expressions");
}

prop_compose! {
    fn any_expression()(
        host in prop::option::of(prop::sample::select(&["a.test", "b.test"][..])),
        path in prop::option::of(prop::sample::select(&["/a", "/ab", "/b", "/"][..])),
        other in prop::sample::select(&[
            r#"http.method == "GET""#, r#"http.path ~ "^/a.*b$""#, r#"any(http.headers.x) == "1""#,
            r#"!(http.path ^= "/b")"#,
        ][..]),
        either in any::<bool>(),
        priority in 0_u64..4,
    ) -> Route {
        let mut parts = vec![other.to_owned()];
        parts.extend(host.map(|host| format!(r#"http.host == "{host}""#)));
        parts.extend(path.map(|path| format!(r#"http.path ^= "{path}""#)));
        let text = parts.join(if either { " || " } else { " && " });
        Route { priority: Some(priority), ..expression(0, &text) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_index_agrees_with_looking_at_each_expression(
        routes in prop::collection::vec(any_expression(), 0..12),
        asks in prop::collection::vec(any_ask(), 8),
    ) {
        let routes: Vec<_> =
            (1..).zip(routes).map(|(number, route)| Route { id: Uuid::from_u128(number), ..route }).collect();
        let all = compile_in(&routes).unwrap();
        let each: Vec<_> =
            routes.iter().map(|route| (route, compile_in(std::slice::from_ref(route)).unwrap())).collect();
        for ask in &asks {
            let alone = each.iter().filter(|(_, alone)| alone.routes.find(&ask.asked()).is_some());
            let best = alone.map(|(route, _)| route.priority.unwrap()).max();
            let got = all.routes.find(&ask.asked()).map(|found| found.goal.id.parse::<Uuid>().unwrap());
            let got = got.map(|id| routes.iter().find(|route| route.id == id).unwrap().priority.unwrap());
            prop_assert_eq!(got, best, "{:?}", ask);
        }
    }
}
