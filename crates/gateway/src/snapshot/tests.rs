use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use keybound_model::entity::{Consumer, ConsumerGroupMember, PathHandling};
use keybound_model::{PluginInstance, Record, Route};
use keybound_plugins::contract::{BuildFault, Decision, Exchange, Flow, Instance, Notes, Plugin, Slot};
use proptest::prelude::*;
use rstest::rstest;

use keybound_model::Service;
use keybound_model::entity::Protocol;
use keybound_plugins::contract::{Chain, Directory, Scope};
use uuid::Uuid;

use super::compiler::route_entry;
use super::precedence::Plugins;
use super::*;

mod expressions;
mod matching;

use crate::route::Asked;
use crate::route::rule::{Paths, Rule};

fn service(number: u128) -> Service {
    Service {
        id: Uuid::from_u128(number),
        name: Some(format!("service-{number}")),
        protocol: Protocol::Http,
        host: "127.0.0.1".into(),
        port: 80,
        path: None,
        retries: 5,
        connect_timeout: Duration::from_secs(60),
        write_timeout: Duration::from_secs(60),
        read_timeout: Duration::from_secs(60),
        client_certificate: None,
        tls_verify: None,
        tls_verify_depth: None,
        ca_certificates: None,
        enabled: true,
        tags: Vec::new(),
    }
}

fn route(number: u128) -> Route {
    Route {
        id: Uuid::from_u128(number),
        name: Some(format!("route-{number}")),
        protocols: vec![Protocol::Http, Protocol::Https],
        https_redirect_status_code: 426,
        strip_path: true,
        preserve_host: false,
        request_buffering: true,
        response_buffering: true,
        service: None,
        methods: Vec::new(),
        hosts: Vec::new(),
        paths: Vec::new(),
        headers: BTreeMap::new(),
        snis: Vec::new(),
        regex_priority: 0,
        path_handling: PathHandling::V0,
        tags: Vec::new(),
        created_at: i64::try_from(number).unwrap(),
        expression: None,
        priority: None,
    }
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

struct Nobody;

impl PluginFactory for Nobody {
    fn build(&self, instance: &Instance<'_>) -> Result<Arc<dyn Plugin>, BuildFault> {
        Err(BuildFault::Unknown { name: instance.name.to_owned(), id: instance.id })
    }
}

struct Ask {
    method: Method,
    host: String,
    port: u16,
    path: String,
    headers: HeaderMap,
    sni: Option<String>,
}

impl Ask {
    fn get(host: &str, path: &str) -> Self {
        let (host, path) = (host.to_owned(), path.to_owned());
        Self { method: Method::GET, host, port: 8000, path, headers: HeaderMap::new(), sni: None }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    fn over_tls(mut self, sni: &str) -> Self {
        self.sni = Some(sni.to_owned());
        self
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            method: &self.method,
            host: &self.host,
            port: self.port,
            path: &self.path,
            headers: &self.headers,
            tls: self.sni.is_some(),
            sni: self.sni.as_deref(),
            query: None,
            client_ip: [192, 0, 2, 1].into(),
            peer: ([192, 0, 2, 1], 40_000).into(),
            local: ([192, 0, 2, 2], self.port).into(),
        }
    }
}

fn compile(routes: Vec<Route>) -> Snapshot {
    let configuration = Configuration { routes, ..Configuration::default() };
    Snapshot::compile(&configuration, &Nobody).unwrap()
}

/// The number of the route that wins, and how much of the path it took.
fn winner(routes: &[Route], ask: &Ask) -> Option<(u128, Option<usize>)> {
    let snapshot = compile(routes.to_vec());
    let found = snapshot.routes.find(&ask.asked())?;
    Some((found.goal.id.parse::<Uuid>().unwrap().as_u128(), found.taken))
}

fn paths(number: u128, paths: &[&str]) -> Route {
    Route { paths: strings(paths), ..route(number) }
}

#[test]
fn a_prefix_has_no_segment_boundary_and_the_longest_wins() {
    let routes = [paths(1, &["/"]), paths(2, &["/foo"]), paths(3, &["/foo/bar"])];
    for (path, want) in
        [("/x", (1, 1)), ("/foo", (2, 4)), ("/foobar", (2, 4)), ("/foo/bar/x", (3, 8)), ("/foo/ba", (2, 4))]
    {
        assert_eq!(winner(&routes, &Ask::get("h", path)), Some((want.0, Some(want.1))), "{path}");
    }
}

#[test]
fn a_pattern_beats_a_prefix_and_is_anchored_at_the_start_only() {
    let routes = [paths(1, &["/api/users/long/prefix"]), paths(2, &["~/api/users/(?<id>\\w+)"])];
    assert_eq!(winner(&routes, &Ask::get("h", "/api/users/long/prefix")), Some((2, Some(15))));
    assert_eq!(winner(&routes, &Ask::get("h", "/v1/api/users/x")), None);
}

#[test]
fn among_patterns_regex_priority_decides_and_then_the_older_route() {
    let pattern = |number, priority| Route { regex_priority: priority, ..paths(number, &["~/a.*"]) };
    assert_eq!(winner(&[pattern(1, 0), pattern(2, 5)], &Ask::get("h", "/ab")), Some((2, Some(3))));
    assert_eq!(winner(&[pattern(2, 5), pattern(1, 5)], &Ask::get("h", "/ab")), Some((1, Some(3))));
}

#[test]
fn a_route_is_split_by_length_and_kind_so_that_each_path_has_its_own_priority() {
    let routes = [paths(1, &["/a", "/a/long/prefix", "~/z\\d"]), paths(2, &["/a/long"]), paths(3, &["/z1"])];
    for (path, want) in [("/a/x", 1), ("/a/long/x", 2), ("/a/long/prefix", 1), ("/z1", 1), ("/z10", 1)] {
        assert_eq!(winner(&routes, &Ask::get("h", path)).map(|found| found.0), Some(want), "{path}");
    }
}

#[test]
fn more_kinds_of_condition_win_over_longer_paths() {
    let with_method = Route { methods: strings(&["GET", "PURGE"]), ..paths(1, &["/"]) };
    let routes = [with_method, paths(2, &["/very/long/prefix"])];
    assert_eq!(winner(&routes, &Ask::get("h", "/very/long/prefix")), Some((1, Some(1))));
    let post = Ask { method: Method::POST, ..Ask::get("h", "/very/long/prefix") };
    assert_eq!(winner(&routes, &post), Some((2, Some(17))));
    let purge = Ask { method: Method::from_bytes(b"PURGE").unwrap(), ..Ask::get("h", "/") };
    assert_eq!(winner(&routes, &purge), Some((1, Some(1))));
    let small = Ask { method: Method::from_bytes(b"get").unwrap(), ..Ask::get("h", "/") };
    assert_eq!(winner(&routes, &small), None);
}

#[rstest]
#[case("a.test", "a.test", true)]
#[case("a.test", "b.a.test", false)]
#[case("A.Test", "a.test", true)]
#[case("*.a.test", "b.a.test", true)]
#[case("*.a.test", "c.b.a.test", true)]
#[case("*.a.test", "a.test", false)]
#[case("*.a.test", "xa.test", false)]
#[case("a.*", "a.test", true)]
#[case("a.*", "a.b.test", true)]
#[case("a.*", "ba.test", false)]
#[case("a.test:8000", "a.test", true)]
#[case("a.test:9000", "a.test", false)]
#[case("*.a.test:8000", "b.a.test", true)]
fn hosts_match_exactly_or_by_wildcard_and_port(
    #[case] host: &str,
    #[case] asked: &str,
    #[case] matches: bool,
) {
    let routes = [Route { hosts: strings(&[host]), ..route(1) }];
    assert_eq!(winner(&routes, &Ask::get(asked, "/")).is_some(), matches);
}

#[test]
fn an_exact_host_beats_a_wildcard_whatever_their_paths() {
    let routes = [
        Route { hosts: strings(&["*.test"]), ..paths(1, &["/long/prefix"]) },
        Route { hosts: strings(&["a.test"]), ..paths(2, &["/"]) },
    ];
    assert_eq!(winner(&routes, &Ask::get("a.test", "/long/prefix")).map(|found| found.0), Some(2));
    assert_eq!(winner(&routes, &Ask::get("b.test", "/long/prefix")).map(|found| found.0), Some(1));
}

#[test]
fn headers_match_any_value_in_any_case_and_patterns_anywhere() {
    let headers = |list: &[(&str, &[&str])]| {
        list.iter().map(|(name, values)| ((*name).to_owned(), strings(values))).collect::<BTreeMap<_, _>>()
    };
    let plain = [Route { headers: headers(&[("X-Tenant", &["One", "two"])]), ..route(1) }];
    let found = |routes: &[Route], ask: Ask| winner(routes, &ask).is_some();
    assert!(found(&plain, Ask::get("h", "/").with("x-tenant", "ONE")));
    assert!(found(&plain, Ask::get("h", "/").with("x-tenant", "three").with("x-tenant", "Two")));
    assert!(!found(&plain, Ask::get("h", "/").with("x-tenant", "one two")));
    assert!(!found(&plain, Ask::get("h", "/").with("x_tenant", "one")));
    assert!(!found(&plain, Ask::get("h", "/")));
    let pattern = [Route { headers: headers(&[("x_ver", &["~*V[0-9]+$"])]), ..route(1) }];
    assert!(found(&pattern, Ask::get("h", "/").with("x-ver", "api-v12")));
    assert!(!found(&pattern, Ask::get("h", "/").with("x-ver", "v12b")));
    let two = Route { headers: headers(&[("a", &["1"]), ("b", &["1"])]), ..route(2) };
    let one = Route { headers: headers(&[("a", &["1"])]), ..route(1) };
    let both = Ask::get("h", "/").with("a", "1").with("b", "1");
    assert_eq!(winner(&[one.clone(), two.clone()], &both).map(|found| found.0), Some(2));
    assert_eq!(winner(&[one, two], &Ask::get("h", "/").with("a", "1")).map(|found| found.0), Some(1));
}

#[test]
fn server_names_count_only_over_tls() {
    let routes = [Route { snis: strings(&["a.test.", "*.b.test"]), ..paths(1, &["/"]) }];
    assert!(winner(&routes, &Ask::get("h", "/")).is_some());
    assert!(winner(&routes, &Ask::get("h", "/").over_tls("a.test")).is_some());
    assert!(winner(&routes, &Ask::get("h", "/").over_tls("x.b.test")).is_some());
    assert!(winner(&routes, &Ask::get("h", "/").over_tls("c.test")).is_none());
}

#[test]
fn routes_of_disabled_services_are_left_out() {
    let routes = vec![Route { service: Some(Uuid::from_u128(1)), ..paths(1, &["/"]) }];
    let services = vec![Service { enabled: false, ..service(1) }];
    let snapshot =
        Snapshot::compile(&Configuration { routes, services, ..Configuration::default() }, &Nobody).unwrap();
    assert!(snapshot.routes.find(&Ask::get("h", "/").asked()).is_none());
}

#[test]
fn what_cannot_be_served_is_refused_by_name_and_field() {
    let fault = |configuration: Configuration| {
        Snapshot::compile(&configuration, &Nobody).err().map(|fault| fault.to_string()).unwrap_or_default()
    };
    let routes = |route| Configuration { routes: vec![route], ..Configuration::default() };
    assert!(fault(routes(paths(1, &["~/("]))).starts_with("route 'route-1': paths: invalid pattern '~/('"));
    let missing = Route { service: Some(Uuid::from_u128(7)), ..route(1) };
    assert!(fault(routes(missing)).starts_with("route 'route-1': service: there is no service 00000000"));
    let status = Route { https_redirect_status_code: 200, ..route(1) };
    assert!(fault(routes(status)).contains("https_redirect_status_code: 200 is not one of"));
    let services = vec![Service { host: "a b".into(), ..service(1) }];
    assert!(
        fault(Configuration { services, ..Configuration::default() }).contains("service 'service-1': host")
    );
    let plugins = vec![instance("x", None, None)];
    assert!(fault(Configuration { plugins, ..Configuration::default() }).contains("no plugin of this name"));
}

/// A plugin that leaves its id in the request, so that a chain shows who runs.
struct Marker(String, &'static str);

impl Plugin for Marker {
    fn name(&self) -> &'static str {
        self.1
    }

    fn priority(&self) -> i32 {
        1
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        exchange.head.headers.append("ran", HeaderValue::from_str(&self.0).unwrap());
        Box::pin(std::future::ready(Flow::Continue))
    }
}

#[derive(Default)]
struct Markers(Mutex<Vec<Uuid>>);

impl PluginFactory for Markers {
    fn build(&self, instance: &Instance<'_>) -> Result<Arc<dyn Plugin>, BuildFault> {
        self.0.lock().unwrap().push(instance.id);
        let name = if instance.name == "x" { "x" } else { "y" };
        Ok(Arc::new(Marker(instance.config.get("mark").unwrap().as_str().unwrap().to_owned(), name)))
    }
}

fn with(plugins: &[PluginInstance]) -> Configuration {
    Configuration { plugins: plugins.to_vec(), ..Configuration::default() }
}

fn instance(name: &str, route: Option<u128>, service: Option<u128>) -> PluginInstance {
    let mut config = Record::new();
    let scope = match (route, service) {
        (Some(_), Some(_)) => "both",
        (Some(_), None) => "route",
        (None, Some(_)) => "service",
        (None, None) => "global",
    };
    config.insert("mark".into(), format!("{name}-{scope}").into());
    PluginInstance {
        id: Uuid::from_u128(route.unwrap_or(0) * 16 + service.unwrap_or(0) + 100),
        name: name.into(),
        instance_name: None,
        enabled: true,
        protocols: strings(&["grpc", "grpcs", "http", "https"]),
        service: service.map(Uuid::from_u128),
        route: route.map(Uuid::from_u128),
        consumer: None,
        consumer_group: None,
        config,
        tags: Vec::new(),
        created_at: 0,
    }
}

#[test]
fn of_each_plugin_the_instance_with_the_narrowest_scope_runs() {
    let all = [
        instance("x", None, None),
        instance("x", None, Some(1)),
        instance("x", Some(1), None),
        instance("x", Some(1), Some(1)),
    ];
    let order = ["x-global", "x-service", "x-route", "x-both"];
    for count in 1..=all.len() {
        let factory = Markers::default();
        let configuration = with(&all[..count]);
        let plugins = Plugins::build(&configuration, &factory).unwrap();
        let chosen = plugins.of(Uuid::from_u128(1), Some(Uuid::from_u128(1)));
        assert_eq!(ran(chosen), [order[count - 1]]);
        assert_eq!(factory.0.lock().unwrap().len(), count, "each is built once");
    }
}

#[test]
fn plugins_of_other_scopes_disabled_ones_and_stream_ones_do_not_run() {
    let disabled = PluginInstance { enabled: false, ..instance("x", Some(1), None) };
    let stream = PluginInstance { protocols: strings(&["tcp"]), ..instance("x", None, Some(1)) };
    let instances = vec![
        disabled,
        stream,
        instance("x", Some(2), None),
        instance("x", None, Some(2)),
        instance("y", None, None),
    ];
    let factory = Markers::default();
    let configuration = with(&instances);
    let plugins = Plugins::build(&configuration, &factory).unwrap();
    assert_eq!(ran(plugins.of(Uuid::from_u128(1), Some(Uuid::from_u128(1)))), ["y-global"]);
    let mut without_service = ran(plugins.of(Uuid::from_u128(2), None));
    without_service.sort();
    assert_eq!(without_service, ["x-route", "y-global"]);
}

#[test]
fn for_a_consumer_its_own_instance_runs_in_the_order_of_kong() {
    let of = |consumer: Option<u128>, group: Option<u128>, route, service| PluginInstance {
        consumer: consumer.map(Uuid::from_u128),
        consumer_group: group.map(Uuid::from_u128),
        ..instance("x", route, service)
    };
    let mut instances = vec![
        of(Some(9), None, Some(1), Some(1)),
        of(None, Some(8), Some(1), Some(1)),
        of(Some(9), None, Some(1), None),
        of(Some(9), None, None, Some(1)),
        of(None, Some(8), Some(1), None),
        of(None, Some(8), None, Some(1)),
        of(None, None, Some(1), Some(1)),
        of(Some(9), None, None, None),
        of(None, Some(8), None, None),
        of(None, None, Some(1), None),
        of(None, None, None, Some(1)),
        of(None, None, None, None),
    ];
    for (number, instance) in (0..).zip(&mut instances) {
        instance.id = Uuid::from_u128(number);
    }
    let consumers =
        vec![Consumer { id: Uuid::from_u128(9), username: None, custom_id: None, tags: Vec::new() }];
    let membership = |consumer| ConsumerGroupMember {
        consumer: Uuid::from_u128(consumer),
        consumer_group: Uuid::from_u128(8),
    };
    let configuration = Configuration {
        consumers,
        consumer_group_consumers: vec![membership(9)],
        ..Configuration::default()
    };
    let directory = Arc::new(Directory::of(&configuration));
    for from in 0..instances.len() {
        let configuration = with(&instances[from..]);
        let plugins = Plugins::build(&configuration, &Numbers).unwrap();
        let slots = plugins.of(Uuid::from_u128(1), Some(Uuid::from_u128(1)));
        let chain = Chain::of(slots, Scope::default(), Arc::clone(&directory));
        let mut known = Notes::default();
        known.identity.consumer = directory.consumer(Uuid::from_u128(9)).cloned();
        assert_eq!(ran_in(&chain, known), [from.to_string()]);
    }
    let configuration = with(&instances);
    let plugins = Plugins::build(&configuration, &Numbers).unwrap();
    let slots = plugins.of(Uuid::from_u128(1), Some(Uuid::from_u128(1)));
    assert_eq!(ran_in(&Chain::of(slots, Scope::default(), directory), Notes::default()), ["6"]);
}

/// Plugins that leave their number.
struct Numbers;

impl PluginFactory for Numbers {
    fn build(&self, instance: &Instance<'_>) -> Result<Arc<dyn Plugin>, BuildFault> {
        Ok(Arc::new(Marker(instance.id.as_u128().to_string(), "x")))
    }
}

/// What the plugins leave in a request, in the order in which they were chosen.
fn ran(slots: Vec<Slot>) -> Vec<String> {
    ran_in(&Chain::of(slots, Scope::default(), Arc::default()), Notes::default())
}

fn ran_in(chain: &Chain, mut notes: Notes) -> Vec<String> {
    use keybound_plugins::contract::{Connection, Head, NoBody, Public, RequestPath};
    let address = "127.0.0.1:1".parse().unwrap();
    let head = Head {
        method: Method::GET,
        version: http::Version::HTTP_11,
        path: RequestPath { escaped: "/".into(), decoded: None, had_empty_segments: false },
        query: None,
        headers: HeaderMap::new(),
        public: Public {
            scheme: keybound_pop::htu::Scheme::Http,
            host: keybound_pop::htu::Host::Name("h".into()),
            port: None,
        },
        client_ip: std::net::IpAddr::from([127, 0, 0, 1]),
        connection: Arc::new(Connection { peer: address, local: address, trusted: false, tls: None }),
        request_id: String::new(),
        websocket: false,
    };
    let mut body = NoBody;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let permit = runtime.block_on(chain.decide(head, &mut body, &mut notes)).unwrap();
    permit.head().headers.get_all("ran").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

/// What the index must agree with: every rule looked at, best first.
fn naive<'a>(rules: &'a [Rule<RouteEntry>], asked: &Asked<'_>) -> Option<(&'a str, Option<usize>)> {
    let mut order: Vec<_> = rules.iter().collect();
    order.sort_by_key(|rule| std::cmp::Reverse(rule.priority));
    order.into_iter().find_map(|rule| {
        let host_holds = rule.hosts.is_empty()
            || rule.hosts.iter().any(|host| {
                host.port.is_none_or(|port| port == asked.port) && host.pattern.holds(asked.host)
            });
        let taken = match &rule.paths {
            Paths::Any => Some(None),
            Paths::Prefixes(prefixes) => prefixes
                .iter()
                .find(|prefix| asked.path.starts_with(&***prefix))
                .map(|prefix| Some(prefix.len())),
            Paths::Patterns(patterns) => {
                patterns.iter().find_map(|one| one.regex.find(asked.path)).map(|found| Some(found.end()))
            }
        };
        (host_holds && rule.admits(asked)).then_some(taken).flatten().map(|taken| (&*rule.goal.id, taken))
    })
}

fn some_of(pool: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(prop::sample::select(pool), 0..=most)
        .prop_map(|set| set.into_iter().map(str::to_owned).collect())
}

prop_compose! {
    fn any_route()(
        methods in some_of(&["GET", "POST"], 2),
        hosts in some_of(&["a.test", "b.test", "*.test", "*.b.test", "a.*", "a.test:8000", "b.*:9000"], 3),
        paths in some_of(&["/", "/a", "/ab", "/a/b", "/b", "~/a.*", "~/(a|b)/b", "~/[ab]+$", "~/a/(?<x>b)"], 4),
        headers in some_of(&["1", "2"], 2),
        snis in some_of(&["a.test", "*.b.test"], 1),
        regex_priority in 0_i64..3,
    ) -> Route {
        let headers = if headers.is_empty() { BTreeMap::new() } else { BTreeMap::from([("x".to_owned(), headers)]) };
        Route { methods, hosts, paths, headers, snis, regex_priority, ..route(0) }
    }
}

prop_compose! {
    fn any_ask()(
        method in prop::sample::select(&[Method::GET, Method::POST, Method::PUT][..]),
        host in prop::sample::select(&["a.test", "b.test", "x.b.test", "a.other", "other"][..]),
        port in prop::sample::select(&[8000_u16, 9000][..]),
        path in "/[ab/]{0,4}",
        header in prop::option::of(prop::sample::select(&["1", "2", "3"][..])),
        sni in prop::option::of(prop::sample::select(&["a.test", "x.b.test", "other"][..])),
    ) -> Ask {
        let mut ask = Ask { method, port, ..Ask::get(host, &path) };
        ask.sni = sni.map(str::to_owned);
        match header {
            Some(value) => ask.with("x", value),
            None => ask,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_index_agrees_with_a_scan_over_all_rules(
        routes in prop::collection::vec(any_route(), 0..12),
        asks in prop::collection::vec(any_ask(), 24),
    ) {
        let compiled = || {
            let plugins = Plugins::default();
            let mut rules = Vec::new();
            for (number, route) in (1..).zip(&routes) {
                let route = Route { id: Uuid::from_u128(number), ..route.clone() };
                let entry = Arc::new(route_entry(&route, None, &plugins, &Arc::default()).unwrap());
                rules.extend(rules::rules_of(&route, &entry).unwrap());
            }
            rules
        };
        let (index, rules) = (Index::new(compiled()), compiled());
        for ask in &asks {
            let got = index.find(&ask.asked()).map(|found| (found.goal.id.to_string(), found.taken));
            let want = naive(&rules, &ask.asked()).map(|(id, taken)| (id.to_owned(), taken));
            prop_assert_eq!(got, want, "{} {}", ask.host, ask.path);
        }
    }
}

impl std::fmt::Debug for Ask {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, host, port, path, headers, sni } = self;
        write!(formatter, "{method} {host}:{port} {path} {headers:?} {sni:?}")
    }
}
