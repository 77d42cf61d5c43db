//! A program that serves while the suites run.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::fault::Fault;

/// Ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a program, its output in `log`.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Result<Self, Fault> {
        let output = File::create(&log).map_err(Fault::with(log.display().to_string()))?;
        let errors = output.try_clone().map_err(Fault::with(log.display().to_string()))?;
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn();
        Ok(Self { child: child.map_err(Fault::with(program))?, log })
    }

    /// Waits until its log tells what is looked for.
    pub(crate) fn told<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> Result<T, Fault> {
        let log = self.log.clone();
        self.awaited(|| find(&fs::read_to_string(&log).ok()?))
    }

    /// Waits until it takes connections there.
    pub(crate) fn accepting(&mut self, address: SocketAddr) -> Result<(), Fault> {
        self.awaited(|| TcpStream::connect(address).ok().map(drop))
    }

    fn awaited<T>(&mut self, mut look: impl FnMut() -> Option<T>) -> Result<T, Fault> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            if let Some(found) = look() {
                return Ok(found);
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.fault(&format!("ended ({status}) before it was ready")));
            }
            pause();
        }
        Err(self.fault("was not ready within a minute"))
    }

    fn fault(&self, what: &str) -> Fault {
        Fault::new(format!("a server {what}: {}", self.log.display()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago, for programs that cannot be told to choose one.
pub(crate) fn free_address() -> Result<SocketAddr, Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Fault::with("no free port"))?;
    listener.local_addr().map_err(Fault::with("no free port"))
}

/// The content of a file below a folder is made anew by every run.
pub(crate) fn write(file: &Path, text: &str) -> Result<(), Fault> {
    fs::write(file, text).map_err(Fault::with(file.display().to_string()))
}

#[allow(clippy::disallowed_methods, reason = "another program's start can only be polled")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}
