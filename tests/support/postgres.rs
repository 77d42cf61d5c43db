use std::fs::{self, File, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use super::debian;

/// The user's name and password, and the database.
pub const POSTGRES_USER: &str = "keybound";
/// The password of [`POSTGRES_USER`].
pub const POSTGRES_PASSWORD: &str = "correct horse";

/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// A PostgreSQL server on a free port, its data in a folder of its own below `target/`. It ends with this process, whatever
/// happens to it.
#[derive(Debug)]
pub struct PostgresServer {
    /// Its port on 127.0.0.1.
    pub port: u16,
    folder: PathBuf,
    running: Mutex<Option<Child>>,
}

impl PostgresServer {
    /// The server of this test binary, started at first use.
    ///
    /// # Panics
    /// When PostgreSQL can be neither found nor installed, or does not start.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server of its own.
    ///
    /// # Panics
    /// When PostgreSQL can be neither found nor installed, or does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// A server of its own that takes connections over TLS only, with this certificate and key in PEM.
    ///
    /// # Panics
    /// When PostgreSQL can be neither found nor installed, or does not start.
    #[must_use]
    pub fn start_with_tls(certificate: &str, key: &str) -> Self {
        Self::start_with(|data| {
            fs::write(data.join("server.crt"), certificate).expect("a certificate");
            fs::write(data.join("server.key"), key).expect("a key");
            fs::set_permissions(data.join("server.key"), Permissions::from_mode(0o600)).expect("a mode");
            let settings = fs::read_to_string(data.join("postgresql.conf")).expect("settings");
            fs::write(data.join("postgresql.conf"), settings + "\nssl = on\n").expect("settings");
            let rules = fs::read_to_string(data.join("pg_hba.conf")).expect("rules");
            let rules: Vec<String> =
                rules.lines().map(|line| line.replacen("host ", "hostssl ", 1)).collect();
            fs::write(data.join("pg_hba.conf"), rules.join("\n") + "\n").expect("rules");
        })
    }

    fn start_with(prepare: impl FnOnce(&Path)) -> Self {
        let programs = programs();
        let folder = folder();
        let password = folder.join("password");
        fs::write(&password, POSTGRES_PASSWORD).expect("a password file");
        hand_over(&folder);
        let mut init = as_server(&programs.join("initdb"));
        init.args([
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ])
        .arg(format!("--username={POSTGRES_USER}"))
        .arg(format!("--pwfile={}", password.display()))
        .arg("-D")
        .arg(folder.join("data"));
        let made = init.current_dir(&folder).output().expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        prepare(&folder.join("data"));
        hand_over(&folder);
        let server = Self { port: free_port(), folder, running: Mutex::new(None) };
        server.resume();
        server
    }

    /// Starts it again on the same port, with the data it had.
    ///
    /// # Panics
    /// When it does not become ready.
    pub fn resume(&self) {
        let mut command = as_server(&programs().join("postgres"));
        command
            .arg("-D")
            .arg(self.folder.join("data"))
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"])
            .args(["-c", "max_connections=200", "-c", "log_min_messages=log", "-c", "lc_messages=C"])
            .args(["-p", &self.port.to_string()])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = spawn(command);
        let said = until_ready(&mut child, &self.folder.join("log"));
        if let Err(said) = said {
            let _ = child.kill();
            panic!("PostgreSQL did not become ready:\n{said}");
        }
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
    }

    /// Ends it at once, as a crash would: connections break, nobody is told.
    ///
    /// # Panics
    /// When it does not end.
    pub fn kill(&self) {
        let child = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = child {
            // SIGQUIT is the server's own way to drop everything; after SIGKILL its children would linger.
            signal("QUIT", child.id());
            child.wait().expect("PostgreSQL ends");
        }
    }

    /// Stops or resumes all of its processes, as if the network were cut in between.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn freeze(&self, frozen: bool) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let id = running.as_ref().map(Child::id).expect("it runs");
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let name = if frozen { "STOP" } else { "CONT" };
        for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
            signal(name, child);
        }
        signal(name, id);
    }

    /// The settings of Keybound that lead to a schema of it.
    #[must_use]
    pub fn settings(&self, schema: &str) -> Vec<(&'static str, String)> {
        vec![
            ("database", "postgres".to_owned()),
            ("pg_host", "127.0.0.1".to_owned()),
            ("pg_port", self.port.to_string()),
            ("pg_user", POSTGRES_USER.to_owned()),
            ("pg_password", POSTGRES_PASSWORD.to_owned()),
            ("pg_database", "postgres".to_owned()),
            ("pg_schema", schema.to_owned()),
        ]
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
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
    receiver.recv().expect("the thread answers").expect("PostgreSQL starts")
}

fn until_ready(child: &mut Child, log: &Path) -> Result<(), String> {
    let stderr = child.stderr.take().expect("piped");
    let mut file = File::options().append(true).create(true).open(log).expect("a log file");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let _ = writeln!(file, "{line}");
            let _ = sender.send(line);
        }
    });
    let mut said = String::new();
    loop {
        match receiver.recv_timeout(PATIENCE) {
            Ok(line) if line.contains("ready to accept connections") => return Ok(()),
            Ok(line) => said += &(line + "\n"),
            Err(_) => return Err(said),
        }
    }
}

/// A program that runs as a user that PostgreSQL accepts, and ends with this process.
fn as_server(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    }
    command.arg(program).env("LC_ALL", "C");
    command
}

fn is_root() -> bool {
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| said(Command::new("id").arg("-u")).0.trim() == "0")
}

/// Gives a folder to the server's user.
fn hand_over(folder: &Path) {
    if is_root() {
        let (said, status) = said(Command::new("chown").args(["-R", "postgres:postgres"]).arg(folder));
        assert!(status.success(), "chown: {said}");
    }
}

/// The folder of the server's programs; installed first when it is not there.
fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| debian::installed("postgresql", find))
}

fn find() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").is_file() && bin.join("postgres").is_file())
        .collect();
    versions.sort();
    versions.pop().map(|(_, bin)| bin)
}

fn said(command: &mut Command) -> (String, ExitStatus) {
    let done = command.stdin(Stdio::null()).output().expect("the program runs");
    (String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned(), done.status)
}

fn signal(name: &str, process: u32) {
    let _ = said(Command::new("kill").arg(format!("-{name}")).arg(process.to_string()));
}

/// A port that was free a moment ago: PostgreSQL cannot be told to choose one.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// A folder for one server. Those of processes that are gone are removed: a server that is shared has nobody to do it.
fn folder() -> PathBuf {
    static NUMBER: Mutex<u32> = Mutex::new(0);
    let mut number = NUMBER.lock().unwrap_or_else(PoisonError::into_inner);
    *number += 1;
    let lab = debian::lab();
    for entry in fs::read_dir(&lab).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix("postgres-").and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let folder = lab.join(format!("postgres-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    folder
}
