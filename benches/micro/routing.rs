//! `cargo bench -p keybound-benches --bench routing [NAME]`: what finding a route costs with 10, 1 000 and 10 000 routes.
//!
//! Each figure is the best of several interleaved rounds, and stands as a ratio to the same look-up among 10 routes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark that cannot run must say so and stop"
)]

mod measure;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use http::Request;
use http::request::Parts;
use keybound_gateway::{Compiler, RouterFlavor, Settings, Snapshot};
use keybound_model::entity::{PathHandling, Protocol};
use keybound_model::{Configuration, Route};
use keybound_plugins::contract::{BuildFault, Instance, Plugin, PluginFactory};
use measure::{Case, Table};
use uuid::Uuid;

const SIZES: [usize; 3] = [10, 1_000, 10_000];
/// How many different routes are asked for, in turn.
const ASKED: usize = 10;

/// A set of routes, and what finds the one of a number.
struct Set {
    name: &'static str,
    flavor: RouterFlavor,
    route: fn(usize, &mut Route),
    host: fn(usize) -> String,
    path: fn(usize) -> String,
    field: Option<fn(usize) -> String>,
}

const PLAIN: Set = Set {
    name: "",
    flavor: RouterFlavor::TraditionalCompatible,
    route: |_, _| {},
    host: |_| "api.example".to_owned(),
    path: |_| "/".to_owned(),
    field: None,
};

fn sets() -> Vec<Set> {
    vec![
        Set {
            name: "hosts",
            route: |number, route| route.hosts = vec![format!("tenant-{number}.example")],
            host: |number| format!("tenant-{number}.example"),
            path: |_| "/orders/42".to_owned(),
            ..PLAIN
        },
        Set {
            name: "wildcard hosts",
            route: |number, route| route.hosts = vec![format!("*.tenant-{number}.example")],
            host: |number| format!("eu.tenant-{number}.example"),
            path: |_| "/orders/42".to_owned(),
            ..PLAIN
        },
        Set {
            name: "prefixes",
            route: |number, route| route.paths = vec![format!("/service-{number}/items")],
            path: |number| format!("/service-{number}/items/42"),
            ..PLAIN
        },
        Set {
            name: "hosts, methods, prefixes",
            route: |number, route| {
                route.hosts = vec![format!("tenant-{}.example", number / 10)];
                route.methods = vec!["GET".into(), "POST".into()];
                route.paths =
                    vec![format!("/service-{}", number % 10), format!("/v2/service-{}", number % 10)];
            },
            host: |number| format!("tenant-{}.example", number / 10),
            path: |number| format!("/v2/service-{}/42", number % 10),
            ..PLAIN
        },
        Set {
            name: "patterns, own start",
            route: |number, route| route.paths = vec![format!(r"~/service-{number}/items/(?<id>\d+)$")],
            path: |number| format!("/service-{number}/items/42"),
            ..PLAIN
        },
        Set {
            name: "patterns, same start",
            route: |number, route| {
                route.paths = vec![format!(r"~/[a-z]+/service-{number}/items/(?<id>\d+)$")]
            },
            path: |number| format!("/eu/service-{number}/items/42"),
            ..PLAIN
        },
        Set {
            name: "header values",
            route: |number, route| {
                route.paths = vec!["/".into()];
                route.headers = BTreeMap::from([("x-tenant".to_owned(), vec![format!("tenant-{number}")])]);
            },
            path: |_| "/orders/42".to_owned(),
            field: Some(|number| format!("tenant-{number}")),
            ..PLAIN
        },
        Set {
            name: "expressions",
            flavor: RouterFlavor::Expressions,
            route: |number, route| {
                route.expression = Some(format!(
                    r#"http.method == "GET" && http.host == "tenant-{}.example" && http.path ^= "/service-{number}/""#,
                    number / 10
                ));
            },
            host: |number| format!("tenant-{}.example", number / 10),
            path: |number| format!("/service-{number}/42"),
            ..PLAIN
        },
    ]
}

fn main() {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let mut table = Table::new(filter, "10 routes");
    for set in sets() {
        table.measure(SIZES.iter().map(|size| case(&set, *size)).collect());
    }
    table.print();
}

fn case(set: &Set, size: usize) -> Case {
    let snapshot = Arc::new(compiled(set, size));
    let asked: Vec<(Parts, String, String)> =
        (0..ASKED).map(|turn| turn * size / ASKED).map(|number| asked(set, number)).collect();
    for (parts, host, id) in &asked {
        assert_eq!(snapshot.route_of(parts, host), Some(id.as_str()), "{}", parts.uri);
    }
    let mut turn = 0;
    Case::new(format!("{}, {size}", set.name), move || {
        turn = (turn + 1) % ASKED;
        let (parts, host, _) = &asked[turn];
        black_box(snapshot.route_of(black_box(parts), black_box(host)));
    })
}

fn asked(set: &Set, number: usize) -> (Parts, String, String) {
    let mut request = Request::get((set.path)(number));
    // As many fields as a browser sends.
    for name in ["accept", "accept-encoding", "accept-language", "user-agent", "authorization", "cookie"] {
        request = request.header(name, "some value of some length");
    }
    if let Some(value) = set.field {
        request = request.header("x-tenant", value(number));
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    (parts, (set.host)(number), id(number).to_string())
}

fn id(number: usize) -> Uuid {
    Uuid::from_u128(number as u128 + 1)
}

fn compiled(set: &Set, size: usize) -> Snapshot {
    let settings = Settings { router_flavor: set.flavor, ..Settings::default() };
    let routes = (0..size).map(|number| {
        let mut route = Route {
            id: id(number),
            name: None,
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
            created_at: 0,
            expression: None,
            priority: None,
        };
        (set.route)(number, &mut route);
        route
    });
    let configuration = Configuration { routes: routes.collect(), ..Configuration::default() };
    Compiler::new(&settings).unwrap().compile(&configuration, &NoPlugins).unwrap()
}

struct NoPlugins;

impl PluginFactory for NoPlugins {
    fn build(&self, instance: &Instance<'_>) -> Result<Arc<dyn Plugin>, BuildFault> {
        Err(BuildFault::Unknown { name: instance.name.to_owned(), id: instance.id })
    }
}
