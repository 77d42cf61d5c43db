//! The metadata of protected resources (RFC 9728): which route a well-known path speaks of, and who answers it.

use std::sync::Arc;

use bytes::Bytes;
use keybound_gateway::Settings;
use keybound_model::entity::Protocol;
use keybound_model::{Configuration, PluginInstance, Route};
use keybound_plugins::contract::{Flow, Public, PublishesResource, Refusal, Resource};
use keybound_plugins::fault::{AccessFault, CredentialFault};
use keybound_pop::htu::Target;
use uuid::Uuid;

use crate::lab::{Answer, Lab, Plugins, Upstream, plugin, route};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

struct Publisher(Resource);

impl PublishesResource for Publisher {
    fn resource(&self) -> Resource {
        self.0.clone()
    }

    fn document(&self, public: &Public, path: &str) -> Bytes {
        format!("{public} {path}").into()
    }
}

/// Refuses everybody, and publishes.
fn guard(resource: Resource) -> Plugins {
    let refuse = Plugins::access(|_| {
        let fault = AccessFault::from(CredentialFault::Missing);
        Box::pin(std::future::ready(Flow::Refuse(Box::new(Refusal::new(fault)))))
    });
    Plugins { publishes: Some(Arc::new(Publisher(resource))), ..refuse }
}

/// Routes by number: paths, methods, and whether the route is guarded.
fn lab(upstream: &Upstream, resource: Resource, routes: &[(&str, &[&str], bool)]) -> Lab {
    let id = |number: usize| Uuid::from_u128(100 + number as u128);
    let strings = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    let mut configuration: Configuration = upstream.behind_everything();
    configuration.routes.clear();
    for (number, (path, methods, guarded)) in routes.iter().enumerate() {
        configuration.routes.push(Route {
            id: id(number),
            name: Some(format!("r{number}")),
            paths: vec![(*path).to_owned()],
            methods: strings(methods),
            ..route()
        });
        if *guarded {
            let route = Some(id(number));
            let plugin = PluginInstance { id: Uuid::from_u128(200 + number as u128), route, ..plugin() };
            configuration.plugins.push(plugin);
        }
    }
    Lab::with_plugins(&configuration, Settings::default(), &guard(resource))
}

async fn get(lab: &Lab, path: &str) -> Answer {
    lab.ask(&format!("GET {path} HTTP/1.1\r\nHost: api.example\r\n\r\n")).await
}

#[tokio::test]
async fn the_metadata_of_a_route_are_served_though_no_route_has_their_path_and_nobody_has_a_token() {
    let upstream = Upstream::echo().await;
    let lab = lab(&upstream, Resource::OfRoute, &[("/mcp", &["POST"], true)]);
    for path in ["/mcp", "/mcp/session/7", "/mcp?x=1"] {
        let answer = get(&lab, &format!("{WELL_KNOWN}{path}")).await;
        assert_eq!((answer.status(), answer.body.as_str()), (200, "http://api.example /mcp"), "{path}");
        assert_eq!(answer.field("content-type"), Some("application/json"));
        assert_eq!(answer.fields("access-control-allow-origin"), ["*"]);
        assert_eq!(answer.field("cache-control"), Some("public, max-age=300"));
    }
    for (path, status) in [("", 404), ("/", 404), ("/other", 404), ("x/mcp", 404)] {
        assert_eq!(get(&lab, &format!("{WELL_KNOWN}{path}")).await.status(), status, "{path}");
    }
    // The resource itself is as closed as before.
    assert_eq!(lab.ask("POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").await.status(), 401);
    assert_eq!(upstream.seen(), []);
}

#[tokio::test]
async fn they_are_read_and_not_written_and_a_browser_may_ask_first() {
    let upstream = Upstream::echo().await;
    let lab = lab(&upstream, Resource::OfRoute, &[("/mcp", &[], true)]);
    let send = async |method: &str, fields: &str| {
        let mut client = lab.client().await;
        client.send(format!("{method} {WELL_KNOWN}/mcp HTTP/1.1\r\nHost: a\r\n{fields}\r\n")).await;
        if method == "HEAD" { client.answer_to_head().await } else { client.answer().await }
    };
    let head = send("HEAD", "").await;
    assert_eq!((head.status(), head.field("content-length")), (200, Some("13")));
    let preflight = send("OPTIONS", "Origin: https://app.example\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: mcp-protocol-version\r\n").await;
    assert_eq!(preflight.status(), 204);
    assert_eq!(preflight.field("access-control-allow-origin"), Some("*"));
    assert_eq!(preflight.field("access-control-allow-methods"), Some("GET, HEAD"));
    assert_eq!(preflight.field("access-control-allow-headers"), Some("*"));
    for method in ["POST", "DELETE", "OPTIONS"] {
        assert_eq!(send(method, "Content-Length: 0\r\n").await.status(), 404, "{method}");
    }
}

#[tokio::test]
async fn a_route_for_everything_gives_way_and_one_for_well_known_paths_does_not() {
    let upstream = Upstream::echo().await;
    let routes: [(&str, &[&str], bool); 2] = [("/", &[], false), ("/api", &[], true)];
    let lab = lab(&upstream, Resource::OfRoute, &routes);
    assert_eq!(get(&lab, &format!("{WELL_KNOWN}/api")).await.body, "http://api.example /api");
    // Where nothing is published, everything is as it would be without.
    assert_eq!(get(&lab, &format!("{WELL_KNOWN}/elsewhere")).await.body, "ok");
    assert_eq!(upstream.seen().len(), 1);

    let routes: [(&str, &[&str], bool); 2] = [("/.well-known", &[], false), ("/", &[], true)];
    let own = self::lab(&upstream, Resource::OfRoute, &routes);
    assert_eq!(get(&own, WELL_KNOWN).await.body, "ok");
}

#[tokio::test]
async fn a_guarded_route_for_everything_publishes_for_the_whole_origin() {
    let upstream = Upstream::echo().await;
    let lab = lab(&upstream, Resource::OfRoute, &[("/", &[], true)]);
    for path in ["", "/", "/orders/7"] {
        let answer = get(&lab, &format!("{WELL_KNOWN}{path}")).await;
        assert_eq!(answer.body, "http://api.example /", "{path}");
    }
    assert_eq!(get(&lab, "/orders").await.status(), 401);
    assert_eq!(upstream.seen(), []);
}

#[tokio::test]
async fn a_named_resource_is_found_by_its_identifier_whatever_the_routes_are() {
    let upstream = Upstream::echo().await;
    let named = Resource::Named(Target::parse("https://edge.example/shop/api").unwrap());
    let lab = lab(&upstream, named, &[("/api", &[], true)]);
    for path in ["/shop/api", "/shop/api/", "/api"] {
        assert_eq!(get(&lab, &format!("{WELL_KNOWN}{path}")).await.status(), 200, "{path}");
    }
    assert_eq!(get(&lab, &format!("{WELL_KNOWN}/shop")).await.status(), 404);
}

#[tokio::test]
async fn a_route_that_takes_https_only_does_not_publish_in_plain_text() {
    let upstream = Upstream::echo().await;
    let mut configuration = upstream.behind_everything();
    configuration.routes =
        vec![Route { paths: vec!["/api".into()], protocols: vec![Protocol::Https], ..route() }];
    configuration.plugins = vec![plugin()];
    let lab = Lab::with_plugins(&configuration, Settings::default(), &guard(Resource::OfRoute));
    assert_eq!(get(&lab, &format!("{WELL_KNOWN}/api")).await.status(), 426);
}
