use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::admin::Admin;
use crate::secrets;

/// The built `keybound`, started on free ports in a prefix of its own, ended when it is dropped.
#[derive(Debug)]
pub struct Gateway {
    /// The plain listener.
    pub plain: SocketAddr,
    /// The TLS listener.
    pub secure: SocketAddr,
    /// The Admin API.
    pub admin: Admin,
    /// The Status API, when a setting asks for it.
    pub status: Option<SocketAddr>,
    child: Child,
    prefix: PathBuf,
    /// Reads the log to its end.
    reader: Option<thread::JoinHandle<()>>,
}

impl Gateway {
    /// Starts it with `settings` beside the usual ones, and waits for its ready line.
    ///
    /// # Panics
    /// When it does not build or does not become ready; its log is shown.
    #[must_use]
    pub fn start(settings: &[(&str, &str)]) -> Self {
        Self::try_start(settings).unwrap_or_else(|log| panic!("keybound did not become ready:\n{log}"))
    }

    /// As [`Gateway::start`], for settings that may be refused.
    ///
    /// # Errors
    /// What it wrote instead of becoming ready.
    ///
    /// # Panics
    /// When it does not build.
    pub fn try_start(settings: &[(&str, &str)]) -> Result<Self, String> {
        Self::try_start_under(&[], settings)
    }

    /// As [`Gateway::start`], by a program that becomes it: `prlimit` with a limit, `env` with a library to be loaded first.
    ///
    /// # Panics
    /// As [`Gateway::start`].
    #[must_use]
    pub fn start_under(program: &[&str], settings: &[(&str, &str)]) -> Self {
        Self::try_start_under(program, settings)
            .unwrap_or_else(|log| panic!("keybound did not become ready:\n{log}"))
    }

    fn try_start_under(program: &[&str], settings: &[(&str, &str)]) -> Result<Self, String> {
        let prefix = prefix();
        let mut command = match program {
            [] => Command::new(binary()),
            [first, more @ ..] => {
                let mut command = Command::new(first);
                command.args(more).arg(binary());
                command
            }
        };
        command.arg("start").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("KEYBOUND_") || name.starts_with("KONG_"))
        {
            command.env_remove(name);
        }
        let usual = [
            ("prefix", prefix.to_str().expect("a path")),
            ("proxy_listen", LISTEN),
            ("admin_listen", "127.0.0.1:0"),
            ("status_listen", "off"),
            // What is logged at this level must be free of secrets as well: each line is looked at.
            ("log_level", "debug"),
        ];
        for (name, value) in usual.iter().chain(settings) {
            if ["password", "secret", "store_key"].iter().any(|word| name.contains(word)) {
                secrets::register(value);
            }
            command.env(format!("KEYBOUND_{}", name.to_ascii_uppercase()), value);
        }
        let mut child = command.spawn().expect("keybound starts");
        let (lines, reader) = drain(child.stderr.take().expect("piped"), prefix.join("log"));
        let reader = Some(reader);
        match listening(&lines) {
            Ok(Ready { plain, secure, admin, status }) => {
                Ok(Self { plain, secure, admin: Admin { address: admin }, status, child, prefix, reader })
            }
            Err(log) => {
                let _ = child.kill();
                let _ = child.wait();
                let _ = std::fs::remove_dir_all(prefix);
                Err(log)
            }
        }
    }

    /// Whether the process is still there.
    ///
    /// # Panics
    /// When the system cannot say.
    pub fn alive(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// The memory that it has in use, in KiB.
    ///
    /// # Panics
    /// When the system does not say.
    #[must_use]
    pub fn resident_kib(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
    }

    /// Has it ended when the process of the tests ends, for a gateway that is kept in a static and never dropped.
    ///
    /// # Panics
    /// When there is no shell.
    pub fn end_with_this_process(&self) {
        let watch = Command::new("sh")
            .args(["-c", r#"read -r _; kill -9 "$1"; rm -rf "$2""#, "sh", &self.child.id().to_string()])
            .arg(&self.prefix)
            // Closed by the system when this process is gone.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        std::mem::forget(watch);
    }

    /// The process's id, for signals.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The folder of everything that it writes.
    #[must_use]
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// What it has logged, read again until `text` is in it: a line is written after its answer was sent.
    #[must_use]
    pub fn log_with(&self, text: &str) -> String {
        let since = Instant::now();
        loop {
            let log = self.log();
            if log.contains(text) || since.elapsed() > Duration::from_secs(20) {
                return log;
            }
            thread::yield_now();
        }
    }

    /// Sends the process a signal, by its name without `SIG`.
    ///
    /// # Panics
    /// When it is not there any more.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill runs").success(), "{name}");
    }

    /// Waits until it has logged this text, whatever it does until then; what it logged.
    ///
    /// # Panics
    /// When it does not within a minute.
    #[must_use]
    pub fn wait_for_log(&self, text: &str) -> String {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            let log = self.log();
            if log.contains(text) {
                return log;
            }
            thread::park_timeout(Duration::from_millis(5));
        }
        panic!("it does not log {text:?}:\n{}", self.log())
    }

    /// Waits for the end of the process; its exit code.
    ///
    /// # Panics
    /// When the system cannot say.
    pub fn ended(&mut self) -> Option<i32> {
        self.child.wait().expect("its end").code()
    }

    /// Ends the process that took this one's place, if one did.
    fn end_successor(&self) {
        let Ok(pid) = std::fs::read_to_string(self.prefix.join("pids/keybound.pid")) else { return };
        if pid.trim() != self.child.id().to_string() {
            let _ = Command::new("kill").args(["-KILL", pid.trim()]).status();
        }
    }

    /// Waits until its log has been read, all of which is looked at; not for ever, as another process may still hold its end.
    fn read_to_the_end(&mut self) {
        let Some(reader) = self.reader.take() else { return };
        for _ in 0..500 {
            if reader.is_finished() {
                return;
            }
            #[allow(clippy::disallowed_methods, reason = "the end of another process can only be polled")]
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Everything it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.prefix.join("log")).unwrap_or_default()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.end_successor();
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.read_to_the_end();
        for file in std::fs::read_dir(self.prefix.join("logs")).into_iter().flatten().flatten() {
            std::fs::read_to_string(file.path()).unwrap_or_default().lines().for_each(secrets::check);
        }
        let _ = std::fs::remove_dir_all(&self.prefix);
    }
}

const LISTEN: &str = "127.0.0.1:0, 127.0.0.1:0 http2 ssl";

/// The binary that this build made; built first when the suite is run by itself.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        // Not `cargo build`: what tests depend on turns features on, and all that uses those would be compiled once more.
        let built = Command::new(cargo)
            .args(["test", "--quiet", "--workspace", "--no-run", "--test", "demo"])
            .stdout(Stdio::null())
            .status();
        assert!(built.expect("cargo runs").success(), "keybound does not build");
        // Tests are in target/debug/deps, binaries one level up.
        let own = std::env::current_exe().expect("the test's path");
        own.ancestors().nth(2).expect("target/debug").join("keybound")
    })
}

fn prefix() -> PathBuf {
    static NUMBER: Mutex<u32> = Mutex::new(0);
    let mut number = NUMBER.lock().unwrap_or_else(PoisonError::into_inner);
    *number += 1;
    let folder = std::env::temp_dir().join(format!("keybound-suite-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Passes lines on, and keeps them in a file, as long as the process writes any.
fn drain(
    stderr: std::process::ChildStderr,
    file: PathBuf,
) -> (mpsc::Receiver<String>, thread::JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel();
    let mut file = std::fs::File::create(file).expect("a log file");
    let reader = thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let _ = writeln!(file, "{line}");
            secrets::check(&line);
            let _ = sender.send(line);
        }
    });
    (receiver, reader)
}

/// Where it listens.
struct Ready {
    plain: SocketAddr,
    secure: SocketAddr,
    admin: SocketAddr,
    status: Option<SocketAddr>,
}

/// Reads lines until the ready one; what was read instead, when it does not come.
fn listening(lines: &mpsc::Receiver<String>) -> Result<Ready, String> {
    let mut log = String::new();
    while let Ok(line) = lines.recv_timeout(Duration::from_secs(60)) {
        if let Some(ready) = ready(&line) {
            return Ok(ready);
        }
        log += &(line + "\n");
    }
    Err(log)
}

fn ready(line: &str) -> Option<Ready> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    if line["message"] != "ready" {
        return None;
    }
    let mut proxy = line["proxy"].as_str()?.split(", ").map(address);
    Some(Ready {
        plain: proxy.next()??,
        secure: proxy.next()??,
        admin: address(line["admin"].as_str()?)?,
        status: line["status"].as_str().and_then(address),
    })
}

fn address(url: &str) -> Option<SocketAddr> {
    url.split("://").nth(1)?.parse().ok()
}
