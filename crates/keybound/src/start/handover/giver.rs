//! The old process's side.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keybound_pop::time::UnixTime;
use rustix::fs::{MemfdFlags, memfd_create};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use super::heir::until;
use super::line::{self, Manifest, Named};
use super::service_manager;

/// How many seconds the new process has, where the moment of the change must be known before; more when it was too late.
const SECONDS: [u32; 3] = [1, 10, 60];
/// How long it may take beyond that to say something.
const TO_ANSWER: Duration = Duration::from_secs(60);
/// More than a process that cannot start says.
const LONGEST: usize = 16 * 1024;

/// What a process can hand over: its listening sockets once more.
#[derive(Debug, Default)]
pub(crate) struct Heritage(Vec<(&'static str, SocketAddr, Vec<TcpListener>)>);

/// The new process, ready and waiting for the word.
pub(in crate::start) struct Ready {
    child: Started,
    line: BufReader<UnixStream>,
    opens: Option<UnixTime>,
}

/// A process that is ended when nobody needs it.
struct Started {
    process: Option<Child>,
}

impl Heritage {
    /// Adds the sockets of an address of a setting.
    pub(in crate::start) fn add(
        &mut self,
        setting: &'static str,
        address: SocketAddr,
        sockets: Vec<TcpListener>,
    ) {
        self.0.push((setting, address, sockets));
    }

    /// Starts a program and hands everything over to it; comes back when it is ready.
    ///
    /// # Errors
    /// Why it will not take the place of this process, for the log.
    pub(in crate::start) async fn offer(
        &self,
        (program, arguments): (&Path, &[OsString]),
        pid: &File,
        configuration: Option<String>,
    ) -> Result<Ready, String> {
        let text = configuration.map(held).transpose().map_err(|error| error.to_string())?;
        for seconds in SECONDS {
            let (ours, theirs) = StdStream::pair().map_err(|error| error.to_string())?;
            let child = start(program, arguments, theirs)
                .map_err(|error| format!("{}: {error}", program.display()))?;
            let mut child = Started { process: Some(child) };
            if let Err(error) = self.send(&ours, seconds, pid, text.as_ref()) {
                return Err(child.end(&format!("it did not take what was handed over ({error})")));
            }
            ours.set_nonblocking(true).map_err(|error| error.to_string())?;
            let line = UnixStream::from_std(ours).map_err(|error| error.to_string())?;
            let mut line = BufReader::new(line);
            let wait = Duration::from_secs(u64::from(seconds)) + TO_ANSWER;
            let said = match tokio::time::timeout(wait, word(&mut line)).await {
                Ok(Ok(said)) => said,
                Ok(Err(error)) => return Err(child.end(&error.to_string())),
                Err(_) => return Err(child.end("it was not ready in time")),
            };
            match said.split_once(' ').unwrap_or((said.as_str(), "")) {
                ("ready", "") => return Ok(Ready { child, line, opens: None }),
                ("ready", second) => {
                    let second = second.parse().map_err(|_| child.end("it speaks another language"))?;
                    return Ok(Ready { child, line, opens: Some(UnixTime::from_secs(second)) });
                }
                ("late", _) => drop(child),
                ("failed", cause) => return Err(child.end(cause)),
                ("", _) => return Err(child.end("it ended before it was ready")),
                _ => return Err(child.end("it speaks another language")),
            }
        }
        Err(format!(
            "it needs more than {} seconds to get ready",
            SECONDS.last().copied().unwrap_or_default()
        ))
    }

    fn send(&self, line: &StdStream, seconds: u32, pid: &File, text: Option<&File>) -> io::Result<()> {
        line.set_write_timeout(Some(TO_ANSWER))?;
        let named = |(setting, address, sockets): &(&'static str, SocketAddr, Vec<TcpListener>)| Named {
            setting: (*setting).to_owned(),
            address: *address,
            sockets: sockets.len(),
        };
        let listeners = self.0.iter().map(named).collect();
        let manifest = Manifest { listeners, pid_file: true, configuration: text.is_some(), seconds };
        let sockets = self.0.iter().flat_map(|(_, _, sockets)| sockets.iter().map(|socket| socket.as_fd()));
        let descriptors: Vec<BorrowedFd<'_>> =
            sockets.chain([pid.as_fd()]).chain(text.map(|text| text.as_fd())).collect();
        line::send(line, &manifest, &descriptors)
    }
}

impl Ready {
    /// Waits for the moment of the change, if there is one.
    pub(in crate::start) async fn moment(&self) {
        if let Some(opens) = self.opens {
            tokio::time::sleep(until(opens)).await;
        }
    }

    /// Whether the new process still waits; why not, for the log.
    pub(in crate::start) fn waits(&mut self) -> Result<(), String> {
        if self.child.ended() { Err(self.child.end("it ended while it waited")) } else { Ok(()) }
    }

    /// Gives the word: nothing is accepted here any more. Answers the new process's id.
    pub(in crate::start) async fn go(mut self) -> io::Result<u32> {
        self.line.get_mut().write_all(b"go\n").await?;
        Ok(self.child.leave())
    }
}

impl Started {
    fn ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(|process| !matches!(process.try_wait(), Ok(None)))
    }

    /// Ends it; why, with the code it ended with by itself.
    fn end(&mut self, why: &str) -> String {
        let Some(mut process) = self.process.take() else { return why.to_owned() };
        // It closed the line, so that it is about to end by itself; if not, it is made to.
        let by_itself = (0..50).find_map(|_| {
            let ended = process.try_wait().ok().flatten();
            if ended.is_none() {
                std::thread::yield_now();
            }
            ended
        });
        if let Some(status) = by_itself {
            return format!("{why} ({status})");
        }
        let _ = process.kill();
        let _ = process.wait();
        why.to_owned()
    }

    /// Leaves it to itself.
    fn leave(&mut self) -> u32 {
        self.process.take().map(|process| process.id()).unwrap_or_default()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn start(program: &Path, arguments: &[OsString], line: StdStream) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::from(OwnedFd::from(line)));
    // They speak of descriptors of this process.
    for name in service_manager::VARIABLES {
        command.env_remove(name);
    }
    command.spawn()
}

/// One line; empty when there is none.
async fn word(line: &mut BufReader<UnixStream>) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut bounded = tokio::io::AsyncReadExt::take(line, LONGEST as u64);
    bounded.read_until(b'\n', &mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

/// A text in a file that has no name.
fn held(text: String) -> io::Result<File> {
    let mut file = File::from(memfd_create("keybound-configuration", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    Ok(file)
}
