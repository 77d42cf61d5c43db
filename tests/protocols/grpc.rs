//! gRPC behind a route that lets only bound tokens through.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use keybound_suites::{Answer, http2};
use serde_json::json;

use crate::{create, stage};

type Seen = Arc<Mutex<Vec<HeaderMap>>>;

/// An upstream of gRPC that answers every call with one message and status 0.
fn upstream() -> (SocketAddr, Seen) {
    let (seen, (say, bound)) = (Seen::default(), std::sync::mpsc::channel());
    let noted = Arc::clone(&seen);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            say.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let noted = Arc::clone(&noted);
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    noted.lock().unwrap().push(request.headers().clone());
                    let mut trailers = HeaderMap::new();
                    trailers.insert("grpc-status", HeaderValue::from_static("0"));
                    let body = Full::new(Bytes::from_static(b"reply"));
                    let body = body.with_trailers(std::future::ready(Some(Ok(trailers))));
                    let answer = Response::builder().header("content-type", "application/grpc").body(body);
                    std::future::ready(Ok::<_, Infallible>(answer.unwrap()))
                });
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
    });
    (bound.recv().unwrap(), seen)
}

fn call(fields: &[(&str, &str)]) -> Answer {
    let mut request = Request::post(stage().url("/guarded.Service/Method"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "5S");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    http2::send(stage().gateway.plain, request.body(Full::new(Bytes::from_static(b"ask"))).unwrap())
}

#[test]
fn a_call_passes_with_its_proof_and_a_refusal_is_a_status_of_grpc() {
    let (address, seen) = upstream();
    create(
        "/services",
        &json!({ "name": "calls", "protocol": "grpc", "host": "127.0.0.1", "port": address.port() }),
    );
    create(
        "/services/calls/routes",
        &json!({ "name": "calls", "protocols": ["grpc", "grpcs"], "paths": ["/guarded.Service"] }),
    );
    let config = json!({
        "issuer": stage().provider.issuer, "auth_methods": ["bearer"], "proof_of_possession_dpop": "strict",
    });
    create("/routes/calls/plugins", &json!({ "name": "openid-connect", "config": config }));

    let client = &stage().client;
    let token = format!("DPoP {}", client.token);
    for fields in [&[][..], &[("authorization", token.as_str())]] {
        let refused = call(fields);
        assert_eq!((refused.status, refused.body.as_str()), (200, ""), "{refused:?}");
        assert_eq!(refused.all("grpc-status"), ["16"], "{refused:?}");
        assert_eq!(refused.challenges()[0].scheme, "DPoP", "{refused:?}");
    }
    assert_eq!(seen.lock().unwrap().len(), 0);

    let proof = client.proof("POST", &stage().url("/guarded.Service/Method"));
    let passed = call(&[("authorization", &token), ("dpop", &proof)]);
    assert_eq!((passed.all("grpc-status"), passed.body.as_str()), (vec!["0"], "reply"), "{passed:?}");
    let replayed = call(&[("authorization", &token), ("dpop", &proof)]);
    assert_eq!(replayed.all("grpc-status"), ["16"], "{replayed:?}");
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["authorization"], format!("Bearer {}", client.token));
    assert_eq!(seen[0]["grpc-timeout"], "5S");
    assert_eq!(seen[0].get("dpop"), None);
}
