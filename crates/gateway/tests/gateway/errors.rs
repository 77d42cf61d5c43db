//! Answers that the gateway writes itself.

use keybound_gateway::Settings;
use keybound_model::entity::Protocol;
use keybound_model::{Configuration, Route, Service};
use rstest::rstest;

use crate::lab::{Lab, Upstream, route, service};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n";

fn nowhere() -> Configuration {
    Configuration::default()
}

#[rstest]
#[case(
    "",
    "application/json; charset=utf-8",
    "{\n  \"message\":\"no Route matched with those values\",\n  \"request_id\":\"ID\"\n}"
)]
#[case(
    "Accept: */*\r\n",
    "application/json; charset=utf-8",
    "{\n  \"message\":\"no Route matched with those values\",\n  \"request_id\":\"ID\"\n}"
)]
#[case(
    "Accept: text/plain\r\n",
    "text/plain; charset=utf-8",
    "no Route matched with those values\nrequest_id: ID\n"
)]
#[case(
    "Accept: application/xml\r\n",
    "application/xml; charset=utf-8",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n  <message>no Route matched with those values</message>\n  <requestid>ID</requestid>\n</error>\n"
)]
#[tokio::test]
async fn a_missing_route_is_404_in_the_form_the_client_takes(
    #[case] accept: &str,
    #[case] media: &str,
    #[case] body: &str,
) {
    let lab = Lab::start(&nowhere());
    let answer = lab.ask(&format!("{GET}{accept}\r\n")).await;
    assert_eq!((answer.status(), answer.field("content-type")), (404, Some(media)));
    assert_eq!(answer.body, body.replace("ID", answer.field("x-kong-request-id").unwrap()));
}

#[tokio::test]
async fn a_browser_gets_a_page() {
    let lab = Lab::start(&nowhere());
    let answer = lab.ask(&format!("{GET}Accept: text/html,application/xml;q=0.9\r\n\r\n")).await;
    assert_eq!(answer.field("content-type"), Some("text/html; charset=utf-8"));
    assert!(answer.body.contains("no Route matched with those values"));
}

#[tokio::test]
async fn head_is_answered_without_a_body() {
    let lab = Lab::start(&nowhere());
    let mut client = lab.client().await;
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let first = client.answer_to_head().await;
    let second = client.answer().await;
    assert_eq!((first.status(), second.status()), (404, 404));
    assert_eq!(first.field("content-length"), second.field("content-length"));
}

#[tokio::test]
async fn a_405_names_what_is_allowed() {
    let answer = Lab::start(&nowhere()).ask("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(answer.status(), 405);
    assert!(answer.field("allow").unwrap().contains("GET"));
}

#[tokio::test]
async fn faults_before_routing_are_plain_text_or_the_form_of_the_requests_own_content() {
    let lab = Lab::start(&nowhere());
    let plain = lab.ask("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(plain.body.starts_with("Bad request\nrequest_id: "), "{}", plain.body);
    let json = lab
        .ask("POST /%zz HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n")
        .await;
    assert_eq!(json.field("content-type"), Some("application/json; charset=utf-8"));
}

#[tokio::test]
async fn a_route_without_a_service_is_503() {
    let routes = vec![Route { service: None, paths: vec!["/".into()], ..route() }];
    let answer = Lab::start(&Configuration { routes, ..nowhere() }).ask(&format!("{GET}\r\n")).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.body.contains("\"message\":\"no Service found with those values\""));
}

#[tokio::test]
async fn an_upstream_that_refuses_is_502() {
    let upstream = Upstream::echo().await;
    let configuration = upstream.behind_everything();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let services = vec![service(free)];
    let answer = Lab::start(&Configuration { services, ..configuration }).ask(&format!("{GET}\r\n")).await;
    assert_eq!(answer.status(), 502);
    assert!(answer.body.starts_with("An invalid response was received from the upstream server\n"));
}

#[rstest]
#[case("SSH-2.0-OpenSSH\r\n\r\n")]
#[case("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")]
#[case("HTTP/1.1 999999 OK\r\n\r\n")]
#[case("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")]
#[tokio::test]
async fn an_answer_that_is_not_http_is_502(#[case] answer: &str) {
    let upstream = Upstream::answering(answer).await;
    let mut configuration = upstream.behind_everything();
    configuration.services = vec![Service { retries: 0, ..service(upstream.addr) }];
    assert_eq!(Lab::start(&configuration).ask(&format!("{GET}\r\n")).await.status(), 502);
}

#[tokio::test]
async fn a_name_without_address_is_503() {
    let upstream = Upstream::echo().await;
    let services = vec![Service { host: "nowhere.invalid".into(), ..service(upstream.addr) }];
    let lab = Lab::start(&Configuration { services, ..upstream.behind_everything() });
    let answer = lab.ask(&format!("{GET}\r\n")).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.body.starts_with("name resolution failed\n"), "{}", answer.body);
}

#[tokio::test]
async fn an_error_of_the_upstream_itself_passes_unchanged() {
    let upstream =
        Upstream::answering("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\nX-Theirs: 1\r\n\r\nbroke")
            .await;
    let answer = Lab::start(&upstream.behind_everything()).ask(&format!("{GET}\r\n")).await;
    assert_eq!((answer.status(), answer.body.as_str(), answer.field("x-theirs")), (502, "broke", Some("1")));
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn plain_http_on_a_route_for_https_only_is_426_or_a_redirect() {
    let upstream = Upstream::echo().await;
    let only = Route { protocols: vec![Protocol::Https], paths: vec!["/".into()], ..route() };
    let lab = Lab::start(&Configuration { routes: vec![only.clone()], ..upstream.behind_everything() });
    let answer = lab.ask(&format!("{GET}\r\n")).await;
    assert_eq!((answer.status(), answer.field("upgrade")), (426, Some("TLS/1.2, HTTP/1.1")));
    assert!(answer.field("connection").unwrap().to_ascii_lowercase().contains("upgrade"));
    assert!(answer.body.contains("Please use HTTPS protocol"));
    let moved = Route { https_redirect_status_code: 308, ..only };
    let lab = Lab::start(&Configuration { routes: vec![moved], ..upstream.behind_everything() });
    let answer = lab.ask("GET /a%20b?c HTTP/1.1\r\nHost: A.test:8000\r\n\r\n").await;
    assert_eq!((answer.status(), answer.field("location")), (308, Some("https://a.test/a%20b?c")));
    assert_eq!(answer.body, "");
    assert_eq!(upstream.seen(), []);
}

#[tokio::test]
async fn grpc_requests_get_their_error_in_trailers_only_form() {
    let lab = Lab::with(&nowhere(), Settings::default());
    let answer = lab.ask("POST /p.S/M HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc+proto\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!((answer.status(), answer.body.as_str()), (200, ""));
    assert_eq!(
        (answer.field("grpc-status"), answer.field("content-type")),
        (Some("12"), Some("application/grpc"))
    );
    assert_eq!(answer.field("grpc-message"), Some("no Route matched with those values"));
}
