use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use super::debian;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Redis on a free port, its data in a folder of its own below `target/`. It keeps nothing on disk unless it is told to,
/// and ends with this process, whatever happens to it.
#[derive(Debug)]
pub struct RedisServer {
    /// Its port on 127.0.0.1.
    pub port: u16,
    folder: PathBuf,
    arguments: Vec<String>,
    login: Vec<String>,
    running: Mutex<Option<Child>>,
}

/// Three servers that are a cluster.
#[derive(Debug)]
pub struct RedisCluster {
    /// Its nodes.
    pub nodes: Vec<RedisServer>,
}

/// A master, a replica, and a sentinel that watches them under the name `lab`.
#[derive(Debug)]
pub struct RedisGroup {
    /// The one that takes writes at first.
    pub master: RedisServer,
    /// The other.
    pub replica: RedisServer,
    /// The sentinel.
    pub sentinel: RedisServer,
}

impl RedisServer {
    /// A server that anybody may use.
    ///
    /// # Panics
    /// When Redis can be neither found nor installed, or does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[], &[])
    }

    /// A server with further arguments; `login` are those with which `redis-cli` gets in.
    ///
    /// # Panics
    /// When Redis can be neither found nor installed, or does not start.
    #[must_use]
    pub fn start_with(arguments: &[&str], login: &[&str]) -> Self {
        let (arguments, login) = (owned(arguments), owned(login));
        // Another process may take the port before the server does.
        for _ in 0..10 {
            let server = Self {
                port: free_port(),
                folder: folder(),
                arguments: arguments.clone(),
                login: login.clone(),
                running: Mutex::new(None),
            };
            if server.try_resume() {
                return server;
            }
        }
        panic!("redis-server does not start with {arguments:?}");
    }

    /// A server that speaks TLS only, with this certificate and key in PEM.
    ///
    /// # Panics
    /// When Redis can be neither found nor installed, or does not start.
    #[must_use]
    pub fn start_with_tls(certificate: &str, key: &str, arguments: &[&str]) -> Self {
        let place = folder();
        fs::write(place.join("server.crt"), certificate).expect("a certificate");
        fs::write(place.join("server.key"), key).expect("a key");
        let (certificate, key) = (place.join("server.crt"), place.join("server.key"));
        let mut all = vec!["--tls-auth-clients", "no", "--tls-cert-file", text(&certificate)];
        all.extend(["--tls-key-file", text(&key), "--tls-ca-cert-file", text(&certificate)]);
        all.extend(arguments);
        Self::start_with(&all, &["--tls", "--insecure"])
    }

    /// Its Unix socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("redis.sock")
    }

    /// Starts it again on the same port, with what it kept.
    ///
    /// # Panics
    /// When it does not become ready.
    pub fn resume(&self) {
        assert!(self.try_resume(), "redis-server does not start again on port {}", self.port);
    }

    fn try_resume(&self) -> bool {
        let program = debian::installed("redis-server", || debian::program("redis-server"));
        let port = self.port.to_string();
        let tls = self.arguments.iter().any(|argument| argument == "--tls-cert-file");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(program);
        if self.arguments.iter().any(|argument| argument == "--sentinel") {
            command.arg(self.folder.join("sentinel.conf")).args(["--port", &port]);
        } else if tls {
            command.args(["--port", "0", "--tls-port", &port]);
        } else {
            command.args(["--port", &port]);
        }
        command.args(["--bind", "127.0.0.1", "--dir", text(&self.folder)]);
        if !self.arguments.iter().any(|argument| argument == "--sentinel") {
            command.args(["--save", "", "--appendonly", "no", "--unixsocket", text(&self.socket())]);
        }
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = spawn(command);
        let ready = until_ready(&mut child);
        if !ready {
            let _ = child.kill();
            let _ = child.wait();
            return false;
        }
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        true
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&self) {
        let child = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops it or lets it go on, as if the network were cut in between.
    ///
    /// # Panics
    /// When it does not run.
    pub fn freeze(&self, frozen: bool) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let id = running.as_ref().map(Child::id).expect("it runs");
        let name = if frozen { "-STOP" } else { "-CONT" };
        let _ = Command::new("kill").arg(name).arg(id.to_string()).output();
    }

    /// What `redis-cli` says to a command.
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn command(&self, words: &[&str]) -> String {
        let mut cli = Command::new("redis-cli");
        cli.args(["-p", &self.port.to_string(), "--no-auth-warning"]).args(&self.login).args(words);
        let done = cli.stdin(Stdio::null()).output().expect("redis-cli runs");
        String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).trim().to_owned()
    }
}

impl RedisCluster {
    /// Three masters, each with a third of the slots.
    ///
    /// # Panics
    /// When Redis can be neither found nor installed, or does not become a cluster.
    #[must_use]
    pub fn start() -> Self {
        let node = |_| {
            let bus = free_port().to_string();
            RedisServer::start_with(&["--cluster-enabled", "yes", "--cluster-port", &bus], &[])
        };
        let nodes: Vec<_> = (0..3).map(node).collect();
        let addresses: Vec<_> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        let mut cli = Command::new("redis-cli");
        cli.args(["--cluster", "create"]).args(&addresses).arg("--cluster-yes").stdin(Stdio::null());
        let made = cli.output().expect("redis-cli runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        for node in &nodes {
            until(|| node.command(&["cluster", "info"]).contains("cluster_state:ok"));
        }
        Self { nodes }
    }
}

impl RedisGroup {
    /// A group whose replica follows its master.
    ///
    /// # Panics
    /// When Redis can be neither found nor installed, or does not start.
    #[must_use]
    pub fn start() -> Self {
        let master = RedisServer::start();
        let port = master.port.to_string();
        let replica = RedisServer::start_with(&["--replicaof", "127.0.0.1", &port], &[]);
        until(|| replica.command(&["info", "replication"]).contains("master_link_status:up"));
        let place = folder();
        let config = format!(
            "sentinel monitor lab 127.0.0.1 {port} 1\nsentinel down-after-milliseconds lab 500\n\
             sentinel failover-timeout lab 2000\n"
        );
        let sentinel = RedisServer {
            port: free_port(),
            folder: place.clone(),
            arguments: owned(&["--sentinel"]),
            login: Vec::new(),
            running: Mutex::new(None),
        };
        fs::write(place.join("sentinel.conf"), config).expect("a configuration");
        sentinel.resume();
        until(|| sentinel.command(&["sentinel", "replicas", "lab"]).contains("slave"));
        Self { master, replica, sentinel }
    }

    /// Waits until the sentinel made the replica the master.
    pub fn until_failed_over(&self) {
        let port = self.replica.port.to_string();
        until(|| self.sentinel.command(&["sentinel", "get-master-addr-by-name", "lab"]).contains(&port));
        until(|| self.replica.command(&["role"]).starts_with("master"));
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Looks again until it holds.
fn until(holds: impl Fn() -> bool) {
    let (_keep, never) = mpsc::channel::<()>();
    for _ in 0..600 {
        if holds() {
            return;
        }
        let _ = never.recv_timeout(Duration::from_millis(100));
    }
    panic!("the Redis servers do not get there");
}

/// Starts a child from a thread that never ends: the child is to end with the process, and Linux means the thread.
fn spawn(mut command: Command) -> Child {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let _ = sender.send(command.spawn());
        loop {
            thread::park();
        }
    });
    receiver.recv().expect("the thread answers").expect("Redis starts")
}

fn until_ready(child: &mut Child) -> bool {
    let stdout = child.stdout.take().expect("piped");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    loop {
        match receiver.recv_timeout(PATIENCE) {
            Ok(line) if line.contains("Ready to accept connections") || line.contains("Sentinel ID is") => {
                return true;
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A port that was free a moment ago: Redis cannot be told to choose one.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// A folder for one server, with a path short enough for a Unix socket.
fn folder() -> PathBuf {
    static NUMBER: Mutex<u32> = Mutex::new(0);
    let mut number = NUMBER.lock().unwrap_or_else(PoisonError::into_inner);
    *number += 1;
    let own = format!("keybound-redis-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(own);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}
