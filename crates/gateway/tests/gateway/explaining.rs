//! Who may hear the code of a fault.

use keybound_gateway::Settings;
use keybound_model::Configuration;
use keybound_plugins::contract::Flow;

use crate::lab::{Lab, Plugins, Upstream, plugin};

const ASKING: &str = "GET /x HTTP/1.1\r\nHost: a\r\nKeybound-Debug: 1\r\n\r\n";

fn trusting() -> Settings {
    let mut settings = Settings::default();
    settings.trust.trusted = vec!["127.0.0.0/8".parse().unwrap()];
    settings
}

#[tokio::test]
async fn a_trusted_peer_that_asks_is_told_the_code_and_nobody_else_is() {
    let nothing = Configuration::default();
    let trusted = Lab::with(&nothing, trusting());
    assert_eq!(trusted.ask(ASKING).await.fields("keybound-fault"), ["route_none"]);
    for silent in
        ["GET /x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x HTTP/1.1\r\nHost: a\r\nKeybound-Debug: 0\r\n\r\n"]
    {
        assert_eq!(trusted.ask(silent).await.field("keybound-fault"), None);
    }
    // A request that never got as far as a route is explained as well.
    let broken = trusted.ask("GET /x HTTP/1.1\r\nHost: a b\r\nKeybound-Debug: 1\r\n\r\n").await;
    assert_eq!(broken.field("keybound-fault"), Some("request_host_malformed"));
    let stranger = Lab::start(&nothing).ask(ASKING).await;
    assert_eq!((stranger.status(), stranger.field("keybound-fault")), (404, None));
}

#[tokio::test]
async fn a_fault_that_was_only_reported_is_told_on_the_upstreams_answer() {
    let upstream =
        Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeybound-Fault: forged\r\n\r\n").await;
    let plugins = Plugins::access(|exchange| {
        exchange.notes.fault = Some("proof_missing");
        Box::pin(std::future::ready(Flow::Continue))
    });
    let configuration = Configuration { plugins: vec![plugin()], ..upstream.behind_everything() };
    let lab = Lab::with_plugins(&configuration, trusting(), &plugins);
    assert_eq!(lab.ask(ASKING).await.fields("keybound-fault"), ["proof_missing"]);
    // What an upstream says under that name is not ours, and the question is not passed on.
    let quiet = lab.ask("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(quiet.field("keybound-fault"), None);
    assert!(upstream.seen().iter().all(|seen| seen.field("keybound-debug").is_none()));
}
