use http::{HeaderName, Request};
use rstest::rstest;

use super::*;
use keybound_plugins::contract::TlsInfo;

fn connection(tls: bool, trusted: bool) -> Arc<Connection> {
    let tls = tls.then(|| TlsInfo { sni: None, client_chain: Arc::new([]) });
    Arc::new(Connection {
        peer: "127.0.0.1:4000".parse().unwrap(),
        local: "127.0.0.2:8000".parse().unwrap(),
        trusted,
        tls,
    })
}

fn parts(version: Version, method: &str, target: &str, fields: &[(&str, &str)]) -> Parts {
    let mut request = Request::new(());
    *request.version_mut() = version;
    *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
    *request.uri_mut() = target.parse().unwrap();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request.into_parts().0
}

fn received(connection: &Arc<Connection>, mut parts: Parts) -> Result<Received, RequestFault> {
    let last_host = LastHost::default();
    let arrival = Arrival { connection, last_host: &last_host, request_id: "id".into(), in_doubt: false };
    receive(&mut parts, arrival, &Trust::default(), &Limits::default())
}

fn http1(target: &str, fields: &[(&str, &str)]) -> Result<Received, RequestFault> {
    received(&connection(false, false), parts(Version::HTTP_11, "GET", target, fields))
}

fn fault(result: Result<Received, RequestFault>) -> RequestFault {
    result.map(|received| received.head).unwrap_err()
}

#[rstest]
#[case(&[], RequestFault::Host)]
#[case(&[("host", "a.test"), ("host", "a.test")], RequestFault::Host)]
#[case(&[("host", "")], RequestFault::HostMalformed)]
#[case(&[("host", "a.test#b")], RequestFault::HostMalformed)]
#[case(&[("host", "a@b.test")], RequestFault::HostMalformed)]
#[case(&[("host", "a.test, b.test")], RequestFault::HostMalformed)]
#[case(&[("host", "a b")], RequestFault::HostMalformed)]
#[case(&[("host", "a.test:99999")], RequestFault::HostMalformed)]
#[case(&[("host", "a.test:8x")], RequestFault::HostMalformed)]
#[case(&[("host", "a/b")], RequestFault::HostMalformed)]
fn a_request_has_exactly_one_valid_host(#[case] fields: &[(&str, &str)], #[case] want: RequestFault) {
    assert_eq!(fault(http1("/", fields)), want);
}

#[test]
fn the_host_is_routed_in_lower_case_without_its_port() {
    let received = http1("/", &[("host", "A.Test:8000")]).unwrap();
    assert_eq!((&*received.host, received.head.public.port), ("a.test", Some(8000)));
    assert_eq!(received.head.headers["host"], "A.Test:8000");
    let received = http1("/", &[("host", "[2001:DB8::1]:80")]).unwrap();
    assert_eq!(&*received.host, "[2001:db8::1]");
}

#[test]
fn the_authority_of_an_absolute_target_wins_over_host() {
    let received = http1("http://right.test:81/p?q", &[("host", "wrong.test")]).unwrap();
    assert_eq!(&*received.host, "right.test");
    assert_eq!(received.head.headers["host"], "right.test:81");
    assert_eq!((received.head.path.escaped.as_str(), received.head.query.as_deref()), ("/p", Some("q")));
    assert_eq!(http1("http://right.test", &[("host", "x")]).unwrap().head.path.escaped, "/");
    assert_eq!(fault(http1("http://right.test/", &[])), RequestFault::Host);
    assert_eq!(fault(http1("http://u@right.test/", &[("host", "x")])), RequestFault::HostMalformed);
}

#[rstest]
#[case("ftp://a.test/")]
#[case("https://a.test/")]
#[case("*")]
#[case("a.test:80")]
fn other_forms_of_target_are_refused(#[case] target: &str) {
    assert_eq!(fault(http1(target, &[("host", "a.test")])), RequestFault::Target);
}

#[test]
fn http_1_0_without_host_stands_for_the_address_it_came_in_on() {
    let received = received(&connection(false, false), parts(Version::HTTP_10, "GET", "/", &[])).unwrap();
    assert_eq!(&*received.host, "127.0.0.2");
    assert_eq!(received.head.headers["host"], "127.0.0.2:8000");
}

#[test]
fn in_http_2_host_must_agree_with_the_authority() {
    let h2 = |fields: &[(&str, &str)]| {
        received(&connection(true, false), parts(Version::HTTP_2, "GET", "https://a.test/", fields))
    };
    assert_eq!(h2(&[]).unwrap().head.headers["host"], "a.test");
    assert_eq!(&*h2(&[("host", "A.TEST:443")]).unwrap().host, "a.test");
    assert_eq!(fault(h2(&[("host", "b.test")])), RequestFault::Host);
    assert_eq!(fault(h2(&[("host", "a.test:444")])), RequestFault::Host);
    assert_eq!(fault(h2(&[("host", "a.test"), ("host", "a.test")])), RequestFault::Host);
}

#[rstest]
#[case("CONNECT")]
#[case("TRACE")]
fn methods_that_are_never_forwarded_are_refused(#[case] method: &str) {
    let parts = parts(Version::HTTP_11, method, "/", &[("host", "a.test")]);
    assert_eq!(fault(received(&connection(false, false), parts)), RequestFault::Method);
}

#[rstest]
#[case(&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")])]
#[case(&[("transfer-encoding", "chunked, chunked")])]
#[case(&[("transfer-encoding", "gzip, chunked")])]
#[case(&[("transfer-encoding", "chunked;x=1")])]
#[case(&[("transfer-encoding", "chunked"), ("content-length", "4")])]
fn a_length_in_doubt_is_refused(#[case] fields: &[(&str, &str)]) {
    let fields = [&[("host", "a.test")], fields].concat();
    assert_eq!(fault(http1("/", &fields)), RequestFault::Framing);
}

#[test]
fn a_length_that_hyper_dropped_beside_a_coding_is_refused_too() {
    let connection = connection(false, false);
    let last_host = LastHost::default();
    let arrival =
        Arrival { connection: &connection, last_host: &last_host, request_id: String::new(), in_doubt: true };
    let mut parts = parts(Version::HTTP_11, "POST", "/", &[("host", "a"), ("transfer-encoding", "chunked")]);
    assert_eq!(
        fault(receive(&mut parts, arrival, &Trust::default(), &Limits::default())),
        RequestFault::Framing
    );
}

#[test]
fn a_head_beyond_its_bound_is_refused() {
    let value = "x".repeat(33 * 1024);
    assert_eq!(fault(http1("/", &[("host", "a"), ("cookie", &value)])), RequestFault::HeadTooLarge);
    let half = "x".repeat(17 * 1024);
    assert_eq!(fault(http1("/", &[("host", "a"), ("a", &half), ("b", &half)])), RequestFault::HeadTooLarge);
}

#[test]
fn fields_of_the_connection_are_not_forwarded() {
    let fields = [
        ("host", "a"),
        ("connection", "keep-alive, x-hop, te"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("proxy", "http://evil"),
        ("te", "gzip, trailers"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAA"),
        ("expect", "100-continue"),
        ("x-kept", "1"),
    ];
    let received = http1("/", &fields).unwrap();
    let mut left: Vec<_> = received.head.headers.keys().map(HeaderName::as_str).collect();
    left.sort_unstable();
    assert_eq!(left, ["host", "x-kept"]);
    assert!(received.takes_trailers && !received.head.websocket);
}

#[test]
fn an_upgrade_to_websocket_is_seen_only_when_it_is_one() {
    let asks = |version, method, fields: &[(&str, &str)]| {
        let fields = [&[("host", "a")], fields].concat();
        received(&connection(false, false), parts(version, method, "/", &fields)).unwrap().head.websocket
    };
    let right = [("connection", "keep-alive, Upgrade"), ("upgrade", "WebSocket")];
    assert!(asks(Version::HTTP_11, "GET", &right));
    assert!(!asks(Version::HTTP_11, "POST", &right));
    assert!(!asks(Version::HTTP_10, "GET", &right));
    assert!(!asks(Version::HTTP_11, "GET", &right[1..]));
    assert!(!asks(Version::HTTP_11, "GET", &[("connection", "upgrade"), ("upgrade", "h2c")]));
}

#[test]
fn forwarding_fields_count_only_from_a_trusted_peer() {
    let fields = [
        ("host", "inner.test:8000"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "edge.test"),
        ("x-real-ip", "203.0.113.9"),
    ];
    let direct = http1("/", &fields).unwrap().head;
    assert_eq!(
        direct.public,
        Public { scheme: Scheme::Http, host: Host::Name("inner.test".into()), port: Some(8000) }
    );
    assert_eq!(direct.client_ip.to_string(), "127.0.0.1");
    let edge = received(&connection(false, true), parts(Version::HTTP_11, "GET", "/", &fields)).unwrap();
    assert_eq!(
        edge.head.public,
        Public { scheme: Scheme::Https, host: Host::Name("edge.test".into()), port: None }
    );
    assert_eq!(edge.head.client_ip.to_string(), "203.0.113.9");
    assert_eq!(&*edge.host, "inner.test", "routes see the request's own host");
}
