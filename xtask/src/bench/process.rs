//! A server of the comparison: started on one core, measured, ended.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::run;

/// Ticks of `/proc/<pid>/stat` in a second: the same on every Linux (`USER_HZ`).
const TICKS: f64 = 100.0;

/// Ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    /// Starts `program` on a core, or on any, its output in `log`.
    pub(crate) fn start(
        core: Option<usize>,
        program: &Path,
        log: &Path,
        prepare: impl FnOnce(&mut Command),
    ) -> Result<Child, Fault> {
        let output = File::create(log).map_err(Fault::with(log.display().to_string()))?;
        let errors = output.try_clone().map_err(Fault::with(log.display().to_string()))?;
        let mut command = match core {
            Some(core) => pinned(core, program),
            None => Command::new(program),
        };
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        prepare(&mut command);
        command.spawn().map_err(Fault::with(program.display().to_string()))
    }

    /// Waits until `address` answers; `log` is named when the server ends first.
    pub(crate) fn ready(
        mut child: Child,
        mut address: impl FnMut() -> Option<String>,
        log: &Path,
    ) -> Result<Self, Fault> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            if let Ok(Some(status)) = child.try_wait() {
                return Err(Fault::new(format!(
                    "a server ended ({status}) before it was ready: {}",
                    log.display()
                )));
            }
            if let Some(address) = address().filter(|address| TcpStream::connect(address).is_ok()) {
                return Ok(Self { child, address });
            }
            pause();
        }
        let server = Self { child, address: String::new() };
        drop(server);
        Err(Fault::new(format!("a server was not ready within a minute: {}", log.display())))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Memory that is in use, in kilobytes.
    pub(crate) fn resident(&self) -> Result<u64, Fault> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).map_err(Fault::with(path.clone()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        kilobytes.ok_or_else(|| Fault::new(format!("{path} tells no VmRSS")))
    }

    /// CPU time, user and system, of the process and its children, all their threads.
    pub(crate) fn cpu_seconds(&self) -> Result<f64, Fault> {
        let own = self.child.id();
        let mut ticks = 0.0;
        for entry in fs::read_dir("/proc").map_err(Fault::with("/proc"))?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            // A process may end while the list is read.
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            // The name, in brackets, may hold anything; the state, the parent and the rest follow it.
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
            let number =
                |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
            if pid == own || number(1) == f64::from(own) {
                ticks += number(11) + number(12);
            }
        }
        Ok(ticks / TICKS)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The standard library can only kill; nginx's workers end when their master is asked to.
        let _ = run::output(Command::new("kill").arg(self.child.id().to_string()));
        let _ = self.child.wait();
    }
}

/// A command that runs on one core only.
pub(crate) fn pinned(core: usize, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.arg("-c").arg(core.to_string()).arg(program);
    command
}

/// A port that was free a moment ago: nginx cannot be told to choose one.
pub(crate) fn free_address() -> Result<SocketAddr, Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Fault::with("no free port"))?;
    listener.local_addr().map_err(Fault::with("no free port"))
}

/// Where Debian has nginx: not on the PATH of ordinary users.
pub(crate) fn nginx() -> PathBuf {
    let debian = Path::new("/usr/sbin/nginx");
    if debian.is_file() { debian.to_owned() } else { "nginx".into() }
}

#[allow(clippy::disallowed_methods, reason = "another program's start can only be polled")]
fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}
