//! The gateway under load.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::http;
use crate::fault::Fault;
use crate::run;

/// Where the configuration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Database {
    Sqlite,
    Off,
}

impl Database {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Off => "off",
        }
    }
}

/// A process that is ended when this is dropped.
pub(super) struct Gateway {
    child: Child,
    pub(super) proxy: SocketAddr,
    pub(super) admin: SocketAddr,
    upstream: SocketAddr,
    /// The declarative file, without a database.
    file: Option<PathBuf>,
    log: PathBuf,
}

impl Gateway {
    pub(super) fn start(
        program: &Path,
        folder: &Path,
        database: Database,
        upstream: SocketAddr,
    ) -> Result<Self, Fault> {
        let [proxy, admin] = free_addresses()?;
        let prefix = folder.join(database.name());
        fs::create_dir_all(&prefix).map_err(Fault::with(prefix.display().to_string()))?;
        let log = prefix.join("log");
        let file = (database == Database::Off).then(|| prefix.join("kong.yml"));
        let mut command = Command::new(program);
        command.arg("start").stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(&log).map_err(Fault::with(log.display().to_string()))?);
        for (name, value) in [
            ("PREFIX", prefix.display().to_string()),
            ("DATABASE", database.name().to_owned()),
            ("PROXY_LISTEN", proxy.to_string()),
            ("ADMIN_LISTEN", admin.to_string()),
            ("STATUS_LISTEN", "off".to_owned()),
            ("PROXY_ACCESS_LOG", "off".to_owned()),
            ("ADMIN_ACCESS_LOG", "off".to_owned()),
        ] {
            command.env(format!("KEYBOUND_{name}"), value);
        }
        if let Some(file) = &file {
            write(file, 0, upstream)?;
            command.env("KEYBOUND_DECLARATIVE_CONFIG", file);
        }
        let child = command.spawn().map_err(Fault::with(program.display().to_string()))?;
        let mut gateway = Self { child, proxy, admin, upstream, file, log };
        gateway.wait_until_ready()?;
        if database == Database::Sqlite {
            gateway.configure()?;
        }
        Ok(gateway)
    }

    /// Has the configuration read again; without a database it is another one than before.
    pub(super) fn reload(&self, number: u64) -> Result<(), Fault> {
        if let Some(file) = &self.file {
            write(file, number, self.upstream)?;
        }
        run::output(Command::new("kill").args(["-HUP", &self.child.id().to_string()])).map(drop)
    }

    /// What the log says went wrong.
    pub(super) fn faults(&self) -> Result<Vec<String>, Fault> {
        let log = fs::read_to_string(&self.log).map_err(Fault::with(self.log.display().to_string()))?;
        Ok(log.lines().filter(|line| line.contains("\"ERROR\"")).map(str::to_owned).collect())
    }

    fn configure(&self) -> Result<(), Fault> {
        let url = format!("{{\"url\":\"http://{}/\"}}", self.upstream);
        for name in ["plain", "bound"] {
            http::send(self.admin, "PUT", &format!("/services/{name}"), &url)?;
            let route = format!("{{\"paths\":[\"/{name}\"]}}");
            http::send(self.admin, "PUT", &format!("/services/{name}/routes/{name}"), &route)?;
        }
        let plugin = format!(
            "{{\"name\":\"openid-connect\",\"config\":{{\"issuer\":\"http://{}\",\"auth_methods\":[\"bearer\"],\"proof_of_possession_dpop\":\"strict\"}}}}",
            self.upstream
        );
        http::send(self.admin, "POST", "/routes/bound/plugins", &plugin)
    }

    fn wait_until_ready(&mut self) -> Result<(), Fault> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            if log.lines().any(|line| line.contains("\"message\":\"ready\"")) {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(Fault::new(format!("the gateway ended ({status}):\n{log}")));
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Err(Fault::new(format!("the gateway was not ready within a minute: {}", self.log.display())))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = run::output(Command::new("kill").arg(self.child.id().to_string()));
        let _ = self.child.wait();
    }
}

/// A declarative file: the routes under load, and another one that differs from number to number.
fn write(file: &Path, number: u64, upstream: SocketAddr) -> Result<(), Fault> {
    let route = |name: &str, more: &str| {
        format!(
            "- name: {name}\n  url: http://{upstream}/\n  tags: [ of-{number} ]\n  routes:\n  - name: {name}\n    paths: [ /{name} ]\n{more}"
        )
    };
    let plugin = format!(
        "    plugins:\n    - name: openid-connect\n      config:\n        issuer: http://{upstream}\n        auth_methods: [ bearer ]\n        proof_of_possession_dpop: strict\n"
    );
    let text = format!(
        "_format_version: \"3.0\"\nservices:\n{}{}{}",
        route("plain", ""),
        route("bound", &plugin),
        route(&format!("churn-{number}"), "")
    );
    let draft = file.with_extension("new");
    fs::write(&draft, text)
        .and_then(|()| fs::rename(&draft, file))
        .map_err(Fault::with(file.display().to_string()))
}

fn free_addresses() -> Result<[SocketAddr; 2], Fault> {
    let bind = || TcpListener::bind("127.0.0.1:0").map_err(Fault::with("no free port"));
    // Both at once, so that they differ.
    let (one, other) = (bind()?, bind()?);
    let address = |listener: TcpListener| listener.local_addr().map_err(Fault::with("no free port"));
    Ok([address(one)?, address(other)?])
}
