//! A PostgreSQL that is killed and started again under load.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use keybound_suites::{Gateway, PostgresServer, Upstream};
use serde_json::json;

use crate::{get, open_route, told};

#[test]
#[ignore = "takes a while: cargo xtask chaos"]
fn while_the_database_is_killed_and_started_again_the_data_plane_answers_every_request() {
    let (server, upstream) = (PostgresServer::start(), Upstream::start());
    let database = server.settings("chaos");
    let settings: Vec<(&str, &str)> = database.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let gateway = Gateway::start(&settings);
    open_route(&gateway, "open", upstream.address, json!({}));
    let (done, answered, refused) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                assert_eq!(get(gateway.plain, "/open").status, 200);
                answered.fetch_add(1, Ordering::SeqCst);
            }
        });
        for round in 0..5 {
            server.kill();
            let name = format!("round-{round}");
            let service = json!({ "name": name, "url": "http://127.0.0.1:1/" });
            let answer = gateway.admin.post("/services", &service);
            assert_eq!(answer.status, 503, "{answer:?}");
            refused.fetch_add(1, Ordering::SeqCst);
            server.resume();
            let mut answer = gateway.admin.post("/services", &service);
            while answer.status == 503 {
                refused.fetch_add(1, Ordering::SeqCst);
                thread::yield_now();
                answer = gateway.admin.post("/services", &service);
            }
            // A write whose answer was lost with the connection is a conflict here, never a second entity.
            assert!(matches!(answer.status, 201 | 409), "{answer:?}");
            assert_eq!(gateway.admin.get(&format!("/services/{name}")).status, 200);
        }
        done.store(true, Ordering::SeqCst);
    });
    told(
        "PostgreSQL killed and started again, five times, under load",
        &format!("Admin API 503 ({} times) until it was back", refused.into_inner()),
        &format!("nothing: {} requests answered meanwhile, all of them 200", answered.into_inner()),
    );
}
