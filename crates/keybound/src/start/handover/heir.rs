//! The new process's side.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::net::TcpListener;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use keybound_pop::time::{Clock as _, UnixTime};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::line::{self, Manifest};
use super::{Bound, Inheritance, Sockets};
use crate::clock::SystemClock;
use crate::start::StartFault;

/// How long the process before may take to send what it holds.
const TO_SEND: Duration = Duration::from_secs(10);
/// And to give the word, after the moment that was agreed on.
const TO_GIVE_THE_WORD: Duration = Duration::from_secs(30);

/// A process that takes the place of the one that started it.
#[derive(Debug)]
pub struct Heir {
    line: UnixStream,
}

impl Heir {
    /// Speaks to the process that started this one, through standard input.
    ///
    /// # Errors
    /// When nobody is there.
    pub fn on_standard_input() -> io::Result<Self> {
        let line = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        // Fails for what is no Unix socket.
        line.peer_addr()?;
        Ok(Self { line })
    }

    /// Tells the process before why this one will not take its place.
    pub fn refuse(&self, lines: &[String]) {
        // A process that is not there any more does not need to know.
        let _ = (&self.line).write_all(format!("failed {}\n", lines.join("; ")).as_bytes());
    }

    pub(in crate::start) fn receive(&self) -> Result<Inheritance, StartFault> {
        let fault = |error: io::Error| StartFault::System {
            what: "what the process before hands over",
            cause: error.to_string(),
        };
        self.line.set_read_timeout(Some(TO_SEND)).map_err(fault)?;
        let (manifest, descriptors) = line::receive(&self.line).map_err(fault)?;
        let Manifest { listeners, pid_file, configuration, seconds } = manifest;
        let mut descriptors = descriptors.into_iter();
        let bound = listeners.into_iter().map(|named| Bound {
            setting: Some(named.setting),
            address: named.address,
            sockets: descriptors.by_ref().take(named.sockets).map(TcpListener::from).collect(),
        });
        let sockets = Sockets(bound.collect());
        let pid = if pid_file { descriptors.next().map(File::from) } else { None };
        let text = if configuration { descriptors.next().map(File::from) } else { None };
        let configuration = text.map(read).transpose().map_err(fault)?;
        Ok(Inheritance { sockets, pid, configuration, seconds: Some(seconds) })
    }

    /// Says that everything is ready to serve, at the earliest at `opens`, and waits for the word.
    pub(in crate::start) async fn ready(&self, opens: Option<UnixTime>) -> Result<(), StartFault> {
        let fault = |cause: String| StartFault::System { what: "taking over", cause };
        let broken = |error: io::Error| fault(error.to_string());
        let word = match opens {
            Some(opens) if SystemClock.now() >= opens => {
                (&self.line).write_all(b"late\n").map_err(broken)?;
                return Err(fault("was not ready in time; it is tried again with more".to_owned()));
            }
            Some(opens) => format!("ready {}\n", opens.secs()),
            None => "ready\n".to_owned(),
        };
        (&self.line).write_all(word.as_bytes()).map_err(broken)?;
        let line = self.line.try_clone().map_err(broken)?;
        line.set_nonblocking(true).map_err(broken)?;
        let mut lines = BufReader::new(tokio::net::UnixStream::from_std(line).map_err(broken)?).lines();
        let wait = opens.map_or(Duration::ZERO, until) + TO_GIVE_THE_WORD;
        match tokio::time::timeout(wait, lines.next_line()).await {
            Ok(Ok(Some(word))) if word == "go" => Ok(()),
            Ok(Ok(_)) => Err(fault("the process before ended, or thought better of it".to_owned())),
            Ok(Err(error)) => Err(broken(error)),
            Err(_) => Err(fault("the process before did not give the word".to_owned())),
        }
    }
}

fn read(mut file: File) -> io::Result<String> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// How long it is until then.
pub(super) fn until(moment: UnixTime) -> Duration {
    let seconds = Duration::from_secs(u64::try_from(moment.secs()).unwrap_or_default());
    seconds.saturating_sub(SystemClock.since_epoch())
}
