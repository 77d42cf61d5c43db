//! What clients do to the gateway all the while.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use crate::fault::Fault;
use crate::generator::{self, Shot};

/// Where everything is.
pub(super) struct Stage {
    pub(super) proxy: String,
    pub(super) admin: String,
    pub(super) folder: PathBuf,
    pub(super) load: PathBuf,
}

/// What was sent, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Counts {
    good: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    slow: AtomicU64,
    upgraded: AtomicU64,
    writes: AtomicU64,
}

impl Counts {
    pub(super) fn requests(&self) -> u64 {
        [&self.good, &self.refused, &self.slow, &self.upgraded, &self.writes]
            .into_iter()
            .map(|count| count.load(Ordering::Relaxed))
            .sum()
    }

    pub(super) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        write!(
            f,
            "{} good requests, {} of them failed; {} bad ones refused; {} slow clients; {} upgrades asked for; {} Admin writes",
            of(&self.good),
            of(&self.failed),
            of(&self.refused),
            of(&self.slow),
            of(&self.upgraded),
            of(&self.writes)
        )
    }
}

impl Stage {
    /// Three routes: one that nothing guards, two with `strict` DPoP.
    pub(super) fn configure(&self, upstream: &str, proof_lifetime: u64) -> Result<(), Fault> {
        for name in ["plain", "bound-es", "bound-rs"] {
            self.created("/services", &format!(r#"{{"name":"{name}","url":"http://{upstream}/"}}"#))?;
            self.created(
                &format!("/services/{name}/routes"),
                &format!(r#"{{"name":"{name}","paths":["/{name}"]}}"#),
            )?;
            if name != "plain" {
                let config = format!(
                    r#"{{"issuer":"http://{upstream}","auth_methods":["bearer"],"proof_of_possession_dpop":"strict","dpop_proof_lifetime":{proof_lifetime}}}"#
                );
                self.created(
                    &format!("/routes/{name}/plugins"),
                    &format!(r#"{{"name":"openid-connect","config":{config}}}"#),
                )?;
            }
        }
        Ok(())
    }

    fn created(&self, path: &str, body: &str) -> Result<(), Fault> {
        let answer = ask(&self.admin, &request("POST", path, &self.admin, "application/json", body));
        if answer.as_deref().is_some_and(|answer| answer.starts_with("HTTP/1.1 201")) {
            return Ok(());
        }
        Err(Fault::new(format!("POST {path} {body}: {}", answer.unwrap_or_default())))
    }

    /// Starts all of it; each part goes on until `done`.
    pub(super) fn traffic<'scope>(
        &'scope self,
        counts: &'scope Counts,
        done: &'scope AtomicBool,
        scope: &'scope Scope<'scope, '_>,
    ) -> Vec<ScopedJoinHandle<'scope, ()>> {
        let parts: [(&str, Option<&str>); 3] =
            [("/plain", None), ("/bound-es", Some("es256")), ("/bound-rs", Some("rs256"))];
        let mut running: Vec<_> = parts
            .into_iter()
            .map(|(path, token)| scope.spawn(move || until(done, || self.fire(counts, path, token))))
            .collect();
        running.push(scope.spawn(|| until(done, || self.bad(counts))));
        running.push(scope.spawn(|| until(done, || self.slow(counts, done))));
        running.push(scope.spawn(|| until(done, || self.upgrade(counts))));
        running.push(scope.spawn(|| until(done, || self.write(counts))));
        running
    }

    /// A run of good requests on connections of its own.
    fn fire(&self, counts: &Counts, path: &str, token: Option<&str>) {
        let shot = Shot {
            address: &self.proxy,
            path,
            requests: 4000,
            connections: 8,
            rate: 0.0,
            token: token.map(|token| (self.folder.as_path(), token)),
        };
        let said = generator::fire(Command::new(&self.load), &shot).and_then(|said| {
            if let Some(line) = said.failure() {
                println!("{path}: {line}");
            }
            said.counts()
        });
        // A generator that does not work is a failure too.
        let (sent, failed) = said.inspect_err(|fault| println!("{fault}")).unwrap_or((1, 1));
        counts.good.fetch_add(sent, Ordering::Relaxed);
        counts.failed.fetch_add(failed, Ordering::Relaxed);
    }

    /// Requests that must be refused, each on a connection of its own.
    fn bad(&self, counts: &Counts) {
        let proof = format!("{}.{}.{}", "e30".repeat(100), "e30", "AA".repeat(43));
        for fields in [
            String::new(),
            "Authorization: Bearer nonsense\r\n".to_owned(),
            format!("Authorization: DPoP a.b.c\r\nDPoP: {proof}\r\n"),
            format!("Authorization: DPoP {proof}\r\nDPoP: {proof}\r\nDPoP: {proof}\r\n"),
        ] {
            let text = format!(
                "GET /bound-es HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{fields}\r\n",
                self.proxy
            );
            let answer = ask(&self.proxy, text.as_bytes());
            let refused = answer.as_deref().is_some_and(|answer| answer.starts_with("HTTP/1.1 401"));
            counts.refused.fetch_add(1, Ordering::Relaxed);
            counts.failed.fetch_add(u64::from(!refused), Ordering::Relaxed);
        }
        pause(Duration::from_millis(20));
    }

    /// Clients that send a byte at a time; some go away in the middle.
    fn slow(&self, counts: &Counts, done: &AtomicBool) {
        let text = format!("GET /plain HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.proxy);
        let mut clients: Vec<TcpStream> =
            (0..50).filter_map(|_| TcpStream::connect(&self.proxy).ok()).collect();
        for (place, byte) in text.bytes().enumerate() {
            if done.load(Ordering::Relaxed) {
                return;
            }
            if place % 10 == 9 {
                clients.pop();
            }
            clients.retain_mut(|client| client.write_all(&[byte]).is_ok());
            pause(Duration::from_millis(30));
        }
        for mut client in clients {
            let _ = client.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = client.read_to_end(&mut Vec::new());
            counts.slow.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// An upgrade that the upstream does not grant: the connection must not linger.
    fn upgrade(&self, counts: &Counts) {
        let text = format!(
            "GET /plain HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            self.proxy
        );
        if let Ok(mut client) = TcpStream::connect(&self.proxy) {
            let _ = client.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = client.write_all(text.as_bytes());
            let _ = client.read(&mut [0; 1024]);
            counts.upgraded.fetch_add(1, Ordering::Relaxed);
        }
        pause(Duration::from_millis(50));
    }

    /// A service and a route that come and go.
    fn write(&self, counts: &Counts) {
        let body = r#"{"name":"passing","url":"http://127.0.0.1:1/"}"#;
        let route = r#"{"name":"passing","paths":["/passing"]}"#;
        for (method, path, body, status) in [
            ("POST", "/services", body, "201"),
            ("POST", "/services/passing/routes", route, "201"),
            ("DELETE", "/routes/passing", "", "204"),
            ("DELETE", "/services/passing", "", "204"),
        ] {
            let answer = ask(&self.admin, &request(method, path, &self.admin, "application/json", body));
            let well =
                answer.as_deref().is_some_and(|answer| answer.starts_with(&format!("HTTP/1.1 {status}")));
            if !well {
                println!("{method} {path}: {}", answer.as_deref().unwrap_or("no answer"));
            }
            counts.writes.fetch_add(1, Ordering::Relaxed);
            counts.failed.fetch_add(u64::from(!well), Ordering::Relaxed);
            pause(Duration::from_millis(100));
        }
    }
}

/// Does something again and again until it is done with.
fn until(done: &AtomicBool, mut work: impl FnMut()) {
    while !done.load(Ordering::Relaxed) {
        work();
    }
}

fn request(method: &str, path: &str, host: &str, kind: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The answer to a request on a connection of its own; `None` when there is none.
fn ask(address: &str, bytes: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    stream.write_all(bytes).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned()).filter(|answer| !answer.is_empty())
}

#[allow(clippy::disallowed_methods, reason = "traffic has a pace")]
pub(super) fn pause(time: Duration) {
    std::thread::sleep(time);
}
