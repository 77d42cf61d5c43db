use serde_json::json;

use crate::server::Server;

#[test]
fn only_our_own_names_are_served() {
    let server = Server::start();
    for host in [
        "127.0.0.1:8001",
        "10.1.2.3",
        "[::1]:8001",
        "localhost",
        "LOCALHOST:8001",
        "a.localhost",
        "gateway-1",
        "Gateway-1.:80",
    ] {
        assert_eq!(server.send("GET", "/services", &[("Host", host)], b"").status, 200, "{host}");
    }
    let refused = json!({"message": "this host name is not served: use an IP address, localhost or the machine's name"});
    for host in [
        "evil.example",
        "evil.example:8001",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "gateway-10",
    ] {
        for method in ["GET", "POST", "OPTIONS"] {
            let reply = server.send(method, "/services", &[("Host", host)], b"");
            assert_eq!((reply.status, reply.json()), (403, refused.clone()), "{method} {host}");
            assert_eq!(reply.header("access-control-allow-origin"), None);
        }
    }
    let absolute = server.send("GET", "http://evil.example/services", &[], b"");
    assert_eq!(absolute.status, 403);
}

#[test]
fn pages_of_other_origins_cannot_write() {
    let server = Server::start();
    let host = [("Host", "gateway-1:8001")];
    let with = |origin: &'static str| [host[0], ("Origin", origin)];
    for origin in
        ["http://gateway-1:8001", "http://localhost:3000", "http://127.0.0.1:9", "https://[::1]:8445"]
    {
        let reply = server.send("DELETE", "/services/x", &with(origin), b"");
        assert_eq!(reply.status, 204, "{origin}");
    }
    let refused = json!({"message": "requests that write are not taken from pages of another origin"});
    for origin in [
        "https://evil.example",
        "null",
        "http://gateway-1",
        "http://gateway-1:8002",
        "http://10.0.0.1",
        "http://localhost.evil.example",
        "localhost",
        "file://",
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let reply = server.send(method, "/services/x", &with(origin), b"");
            assert_eq!((reply.status, reply.json()), (403, refused.clone()), "{method} {origin}");
            assert_eq!(reply.header("access-control-allow-origin"), None);
        }
        assert_eq!(server.send("GET", "/services", &with(origin), b"").status, 200, "{origin}");
    }
}
