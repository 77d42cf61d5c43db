//! `keybound` as a child process, and HTTP by hand.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

pub(crate) mod tls;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::thread::JoinHandle;

/// A command with nothing in its environment but these settings.
pub(crate) fn keybound(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keybound"));
    command.args(arguments).env_clear().envs(environment.iter().copied()).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn finished(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    keybound(arguments, environment).output().unwrap()
}

/// The lines of standard error.
pub(crate) fn error_lines(output: &Output) -> Vec<String> {
    String::from_utf8(output.stderr.clone()).unwrap().lines().map(str::to_owned).collect()
}

/// A gateway that said that it is ready; killed when it goes out of scope.
pub(crate) struct Gateway {
    child: Child,
    log: BufReader<ChildStderr>,
    pub(crate) proxy: Vec<SocketAddr>,
    pub(crate) admin: Vec<SocketAddr>,
    pub(crate) status: Vec<SocketAddr>,
}

impl Gateway {
    pub(crate) fn start(prefix: &Path, environment: &[(&str, &str)]) -> Self {
        Self::started_by("start", prefix, environment)
    }

    /// The same by another command that runs in the foreground.
    pub(crate) fn started_by(command: &str, prefix: &Path, environment: &[(&str, &str)]) -> Self {
        Self::started(&[command], prefix, environment)
    }

    /// The same with options of the command line.
    pub(crate) fn start_with(options: &[&str], prefix: &Path, environment: &[(&str, &str)]) -> Self {
        Self::started(&[&["start"], options].concat(), prefix, environment)
    }

    fn started(arguments: &[&str], prefix: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = keybound(arguments, &[("KEYBOUND_PREFIX", &prefix.display().to_string())]);
        if !environment.iter().any(|(name, _)| *name == "KEYBOUND_PROXY_LISTEN") {
            command.env("KEYBOUND_PROXY_LISTEN", "127.0.0.1:0");
        }
        command.env("KEYBOUND_ADMIN_LISTEN", "127.0.0.1:0").env("KEYBOUND_NGINX_WORKER_PROCESSES", "1");
        command.env("KEYBOUND_STATUS_LISTEN", "off");
        command.envs(environment.iter().copied());
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut gateway = Self { child, log, proxy: Vec::new(), admin: Vec::new(), status: Vec::new() };
        let ready = gateway.wait_for("ready");
        gateway.proxy = addresses(&ready, "proxy");
        gateway.admin = addresses(&ready, "admin");
        gateway.status = addresses(&ready, "status");
        gateway
    }

    /// Reads the log up to the record whose message begins with this.
    pub(crate) fn wait_for(&mut self, beginning: &str) -> serde_json::Value {
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            assert!(
                self.log.read_line(&mut line).unwrap() > 0,
                "no record begins with {beginning:?} in:\n{seen}"
            );
            keybound_suites::secrets::check(&line);
            seen.push_str(&line);
            let record: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if record["message"].as_str().is_some_and(|message| message.starts_with(beginning)) {
                return record;
            }
        }
    }

    /// Reads the log up to the first record with this code.
    pub(crate) fn wait_for_code(&mut self, code: &str) -> serde_json::Value {
        loop {
            let mut line = String::new();
            assert!(self.log.read_line(&mut line).unwrap() > 0, "no record has the code {code:?}");
            let record: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if record["code"] == code {
                return record;
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let status =
            Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end; the exit code and what was still logged.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        rest.lines().for_each(keybound_suites::secrets::check);
        (self.child.wait().unwrap().code(), rest)
    }

    /// Waits for the end; the exit code. What it logs may go on: another process can have its standard error.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        request(self.proxy[0], "GET", path, &[], "")
    }

    pub(crate) fn admin(&self, method: &str, path: &str, form: &str) -> Response {
        let fields: &[(&str, &str)] =
            if form.is_empty() { &[] } else { &[("content-type", "application/x-www-form-urlencoded")] };
        request(self.admin[0], method, path, fields, form)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn addresses(ready: &serde_json::Value, field: &str) -> Vec<SocketAddr> {
    let text = ready[field].as_str().unwrap();
    text.split(", ")
        .filter(|url| !url.is_empty())
        .map(|url| url.split_once("://").unwrap().1.parse().unwrap())
        .collect()
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// One request on a connection of its own.
pub(crate) fn request(
    to: SocketAddr,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
    body: &str,
) -> Response {
    let mut stream = TcpStream::connect(to).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n");
    for (name, value) in fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(head.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Response { status, head: head.to_owned(), body: body.to_owned() }
}

/// An upstream that answers each connection's request with its first line; `hold` is called in between.
pub(crate) fn upstream(hold: impl Fn() + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut first = String::new();
            reader.read_line(&mut first).unwrap();
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            hold();
            let body = first.trim_end();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (address, thread)
}
