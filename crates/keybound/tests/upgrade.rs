//! The binary is exchanged while requests run: nobody is refused, and nothing that was configured is lost.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

mod process;
use process::{Gateway, error_lines, finished, request, upstream};

/// Runs a command on a prefix: its code and what it printed.
fn command(name: &str, prefix: &Path, more: &[&str]) -> (Option<i32>, String) {
    let prefix = prefix.display().to_string();
    let output = finished(&[&[name, "-p", &prefix], more].concat(), &[]);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    (output.status.code(), text + &error_lines(&output).join("\n"))
}

/// Whoever runs in a prefix at the end of a test, and is not the test's own child any more.
struct Successor(PathBuf);

impl Successor {
    fn pid(&self) -> u32 {
        std::fs::read_to_string(self.0.join("pids/keybound.pid")).unwrap().trim().parse().unwrap()
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        command("stop", &self.0, &["--timeout", "0"]);
    }
}

/// Requests, each on a connection of its own, until told to stop: how many went well, and what became of the others.
struct Load {
    goes_on: Arc<AtomicBool>,
    threads: Vec<JoinHandle<(u32, Vec<String>)>>,
}

impl Load {
    fn start(to: SocketAddr, threads: usize) -> Self {
        let goes_on = Arc::new(AtomicBool::new(true));
        let thread = |_| {
            let goes_on = Arc::clone(&goes_on);
            std::thread::spawn(move || {
                let (mut well, mut failed) = (0, Vec::new());
                while goes_on.load(Ordering::Relaxed) {
                    match one(to) {
                        Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => well += 1,
                        Ok(answer) => failed.push(answer),
                        Err(error) => failed.push(error.to_string()),
                    }
                }
                (well, failed)
            })
        };
        let threads = (0..threads).map(thread).collect();
        Self { goes_on, threads }
    }

    fn end(self) -> (u32, Vec<String>) {
        self.goes_on.store(false, Ordering::Relaxed);
        self.threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .fold((0, Vec::new()), |sum, one| (sum.0 + one.0, [sum.1, one.1].concat()))
    }
}

fn one(to: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(to)?;
    stream.write_all(format!("GET / HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n\r\n").as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn three_upgrades_under_load_with_a_connection_for_each_request_fail_none() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("kb");
    let (upstream, _thread) = upstream(|| ());
    // Nobody reads its standard error meanwhile: records of access would fill it.
    let environment = [
        ("KEYBOUND_NGINX_WORKER_PROCESSES", "2"),
        ("KEYBOUND_STATUS_LISTEN", "127.0.0.1:0"),
        ("KEYBOUND_PROXY_ACCESS_LOG", "off"),
        ("KEYBOUND_ADMIN_ACCESS_LOG", "off"),
    ];
    let mut first = Gateway::start(&prefix, &environment);
    let successor = Successor(prefix.clone());
    let (proxy, admin, status) = (first.proxy[0], first.admin[0], first.status[0]);
    let form = &[("content-type", "application/x-www-form-urlencoded")][..];
    let post = |path: &str, body: &str| request(admin, "POST", path, form, body).status;
    assert_eq!(post("/services", &format!("name=api&url=http://{upstream}")), 201);
    assert_eq!(post("/services/api/routes", "paths[]=/"), 201);

    let load = Load::start(proxy, 4);
    let mut last = first.pid();
    for number in 0..3 {
        let (code, text) = command("upgrade", &prefix, &[]);
        let pid = successor.pid();
        assert_eq!(
            (code, text),
            (Some(0), format!("Keybound upgraded (process {last} handed over to process {pid})\n"))
        );
        assert_ne!(pid, last);
        last = pid;
        assert_eq!(post("/services", &format!("name=of-{number}&url=http://{upstream}")), 201);
        assert_eq!(request(status, "GET", "/status/ready", &[], "").status, 200);
    }
    let (well, failed) = load.end();
    assert_eq!(failed, Vec::<String>::new());
    assert!(well > 0);
    assert_eq!(first.exit_code(), Some(0), "the first one ended after what it had begun");
    for name in ["of-0", "of-1", "of-2"] {
        assert_eq!(request(admin, "GET", &format!("/services/{name}"), &[], "").status, 200, "{name}");
    }
    assert_eq!(command("stop", &prefix, &[]), (Some(0), format!("Keybound stopped (process {last})\n")));
    assert!(TcpStream::connect(proxy).is_err(), "no socket was left open");
}

#[test]
fn a_new_process_that_cannot_start_leaves_the_old_one_serving_and_the_log_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("kb");
    let file = folder.path().join("kong.yml");
    let text = "_format_version: \"3.0\"\nservices:\n- name: api\n  url: http://127.0.0.1:1\n";
    std::fs::write(&file, text).unwrap();
    let path = file.display().to_string();
    let environment = [("KEYBOUND_DATABASE", "off"), ("KEYBOUND_DECLARATIVE_CONFIG", path.as_str())];
    let mut gateway = Gateway::start(&prefix, &environment);
    std::fs::write(&file, text.replace("name", "nmae")).unwrap();
    gateway.signal("USR2");
    let record = gateway.wait_for("the new process did not take over: this one goes on");
    let cause = record["cause"].as_str().unwrap();
    assert!(cause.starts_with(&path) && cause.contains("nmae"), "{cause}");
    assert_eq!(request(gateway.admin[0], "GET", "/services/api", &[], "").status, 200);
    assert_eq!(gateway.get("/").status, 404);
    let pid = gateway.pid();
    assert_eq!(
        command("health", &prefix, &[]).1.lines().next(),
        Some(&*format!("keybound.......running (process {pid})"))
    );

    std::fs::write(&file, text).unwrap();
    let successor = Successor(prefix.clone());
    assert_eq!(command("upgrade", &prefix, &[]).0, Some(0), "the next time it can");
    assert_ne!(successor.pid(), pid);
    assert_eq!(gateway.exit_code(), Some(0));
}

#[test]
fn the_command_says_why_the_new_process_did_not_take_over_each_time_anew() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("kb");
    let file = folder.path().join("keybound.conf");
    std::fs::write(&file, "").unwrap();
    let mut gateway = Gateway::start_with(&["-c", &file.display().to_string()], &prefix, &[]);
    let pid = gateway.pid();
    // With the cause, not with the end of the time: this one was told.
    for wrong in ["bogus_setting", "another_setting", "bogus_setting"] {
        std::fs::write(&file, format!("{wrong}=1\n")).unwrap();
        let (code, text) = command("upgrade", &prefix, &["--timeout", "600"]);
        let begin = format!("keybound: process {pid} goes on, the new one did not take over: ");
        assert!(code == Some(1) && text.starts_with(&begin), "{code:?} {text}");
        assert_eq!(text.matches("_setting: unknown setting").count(), 1, "{text}");
        assert!(text.contains(wrong), "{text}");
    }
    std::fs::write(&file, "").unwrap();
    let successor = Successor(prefix.clone());
    assert_eq!(command("upgrade", &prefix, &[]).0, Some(0), "what was in order then failed no more");
    assert_ne!(successor.pid(), pid);
    assert_eq!(gateway.exit_code(), Some(0));
    assert!(!prefix.join("pids/keybound.upgrade").exists());
}

#[test]
fn a_configuration_that_came_by_the_admin_api_without_a_database_goes_over() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("kb");
    let mut gateway = Gateway::start(&prefix, &[("KEYBOUND_DATABASE", "off")]);
    let successor = Successor(prefix.clone());
    let admin = gateway.admin[0];
    let text = "_format_version: \"3.0\"\nservices:\n- name: api\n  url: http://127.0.0.1:1\n";
    let body = serde_json::json!({ "config": text }).to_string();
    let fields = [("content-type", "application/json")];
    assert_eq!(request(admin, "POST", "/config", &fields, &body).status, 201);
    for _ in 0..2 {
        let before = successor.pid();
        assert_eq!(command("upgrade", &prefix, &[]).0, Some(0));
        assert_ne!(successor.pid(), before);
        assert_eq!(request(admin, "GET", "/services/api", &[], "").status, 200);
    }
    assert_eq!(gateway.exit_code(), Some(0));
}

#[test]
fn taking_over_needs_somebody_to_take_over_from() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().display().to_string();
    let output = finished(&["start", "--take-over"], &[("KEYBOUND_PREFIX", &prefix)]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(error_lines(&output)[0].starts_with("keybound: --take-over: "), "{output:?}");
}

#[test]
fn a_socket_of_the_service_manager_is_served_and_it_is_told_when() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, notify) = (TcpListener::bind("127.0.0.1:0").unwrap(), folder.path().join("notify"));
    let address = listener.local_addr().unwrap();
    let told = UnixDatagram::bind(&notify).unwrap();
    let prefix = folder.path().join("kb");
    let stray = TcpListener::bind("127.0.0.1:0").unwrap();
    // The number 3 is where a service manager begins. `exec` keeps the process id that LISTEN_PID names.
    let script = "LISTEN_PID=$$ exec \"$1\" start";
    let command = |socket: TcpListener| {
        let mut command = std::process::Command::new("sh");
        command.args([
            "-c",
            &format!("exec 3<&0 0</dev/null; {script}"),
            "sh",
            env!("CARGO_BIN_EXE_keybound"),
        ]);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command
            .stdin(std::os::fd::OwnedFd::from(socket))
            .env("LISTEN_FDS", "1")
            .env("NOTIFY_SOCKET", &notify);
        command.env("KEYBOUND_PREFIX", &prefix).env("KEYBOUND_PROXY_LISTEN", address.to_string());
        command.env("KEYBOUND_ADMIN_LISTEN", "off").env("KEYBOUND_STATUS_LISTEN", "off");
        command.env("KEYBOUND_NGINX_WORKER_PROCESSES", "2");
        command
    };
    let output =
        command(stray.try_clone().unwrap()).env("KEYBOUND_PROXY_LISTEN", "127.0.0.1:0").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let cause = format!(
        "{} is named by none of proxy_listen, admin_listen, status_listen",
        stray.local_addr().unwrap()
    );
    assert!(error_lines(&output).iter().any(|line| line.ends_with(&cause)), "{output:?}");

    // Somebody who came before the process was there waits.
    let early = std::thread::spawn(move || one(address));
    let mut child =
        command(listener.try_clone().unwrap()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let hear = || {
        let mut buffer = [0; 64];
        let length = told.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    assert_eq!(hear(), "READY=1");
    assert!(early.join().unwrap().unwrap().starts_with("HTTP/1.1 404 "));
    command_on(&prefix, "reload");
    assert_eq!((hear(), hear()), ("RELOADING=1".to_owned(), "READY=1".to_owned()));
    command_on(&prefix, "stop");
    assert_eq!(hear(), "STOPPING=1");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(TcpStream::connect(address).is_ok(), "the socket is the service manager's");
}

fn command_on(prefix: &Path, name: &str) {
    assert_eq!(command(name, prefix, &[]).0, Some(0), "{name}");
}
