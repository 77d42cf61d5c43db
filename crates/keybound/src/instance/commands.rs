use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::InstanceFault;
use super::attempt::Attempt;
use super::pidfile::{Found, find, path};

/// How long a process may take to end once it was told to end at once, and once it was killed.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How often is looked whether it ended.
const LOOK: Duration = Duration::from_millis(20);

/// Stops the one in the prefix (SIGTERM): requests in flight finish, as long as the timeout lets them. Says what happened.
///
/// # Errors
/// [`InstanceFault`]
pub async fn stop(prefix: &Path, timeout: Duration) -> Result<String, InstanceFault> {
    let pid = running(prefix)?;
    let ended = end(prefix, pid, Signal::TERM, timeout).await?;
    Ok(match ended {
        Ended::InTime => format!("Keybound stopped (process {pid})\n"),
        late => forced(pid, timeout, late),
    })
}

/// Stops the one in the prefix gracefully (SIGQUIT): after the timeout it is stopped forcefully. Says what happened.
///
/// # Errors
/// [`InstanceFault`]
pub async fn quit(prefix: &Path, timeout: Duration) -> Result<String, InstanceFault> {
    let pid = running(prefix)?;
    let ended = end(prefix, pid, Signal::QUIT, timeout).await?;
    Ok(match ended {
        Ended::InTime => format!("Keybound stopped gracefully (process {pid})\n"),
        late => forced(pid, timeout, late),
    })
}

/// As [`stop`], and no fault when nobody runs.
///
/// # Errors
/// [`InstanceFault`]
pub async fn stop_if_running(prefix: &Path, timeout: Duration) -> Result<Option<String>, InstanceFault> {
    match find(prefix)? {
        Found::Process(_) => stop(prefix, timeout).await.map(Some),
        Found::Nobody | Found::Stale => Ok(None),
    }
}

/// Lets the one in the prefix read its configuration again (SIGHUP).
///
/// # Errors
/// [`InstanceFault`]
pub fn reload(prefix: &Path) -> Result<String, InstanceFault> {
    let pid = running(prefix)?;
    send(prefix, pid, Signal::HUP)?;
    Ok(format!(
        "Keybound reloads (process {pid} was told to read its configuration again; its log says how it went)\n"
    ))
}

/// Lets the one in the prefix hand over to the binary that stands in its place now (SIGUSR2), and waits until that serves. Says
/// what happened.
///
/// # Errors
/// [`InstanceFault`]; [`InstanceFault::Refused`] with the cause as soon as it gave up.
pub async fn upgrade(prefix: &Path, timeout: Duration) -> Result<String, InstanceFault> {
    let pid = running(prefix)?;
    // What began before says nothing of what is asked for now.
    let before = Attempt::last(prefix, pid);
    if before.as_ref().is_some_and(Attempt::is_open) {
        return Err(InstanceFault::Upgrading { pid });
    }
    send(prefix, pid, Signal::USR2)?;
    let refused = || {
        let cause = Attempt::last(prefix, pid)?.failed_after(before.as_ref())?;
        Some(InstanceFault::Refused { pid, cause })
    };
    if !gone_unless(refused, prefix, pid, timeout).await? {
        return Err(InstanceFault::NotUpgraded { pid, timeout });
    }
    let new = running(prefix)?;
    Ok(format!("Keybound upgraded (process {pid} handed over to process {new})\n"))
}

/// Says what runs in the prefix.
///
/// # Errors
/// [`InstanceFault::NotRunning`] and [`InstanceFault::Stale`] when nothing does.
pub fn health(prefix: &Path) -> Result<String, InstanceFault> {
    let pid = running(prefix)?;
    Ok(format!("keybound.......running (process {pid})\n\nKeybound is healthy at {}\n", prefix.display()))
}

/// How a process came to its end.
enum Ended {
    InTime,
    BySecondSignal,
    Killed,
}

fn forced(pid: u32, timeout: Duration, ended: Ended) -> String {
    let how = if matches!(ended, Ended::Killed) { ", it had to be killed" } else { "" };
    format!("Timeout after {} s, Keybound stopped forcefully (process {pid}{how})\n", timeout.as_secs())
}

fn running(prefix: &Path) -> Result<u32, InstanceFault> {
    match find(prefix)? {
        Found::Process(pid) => Ok(pid),
        Found::Nobody => Err(InstanceFault::NotRunning { prefix: prefix.to_owned() }),
        Found::Stale => Err(InstanceFault::Stale { prefix: prefix.to_owned(), path: path(prefix) }),
    }
}

/// Sends a signal and waits; after the timeout the same again, which ends it at once, and at last the one that no process
/// can catch.
async fn end(prefix: &Path, pid: u32, first: Signal, timeout: Duration) -> Result<Ended, InstanceFault> {
    send(prefix, pid, first)?;
    if gone(prefix, pid, timeout).await? {
        return Ok(Ended::InTime);
    }
    send(prefix, pid, Signal::TERM)?;
    if gone(prefix, pid, AT_ONCE).await? {
        return Ok(Ended::BySecondSignal);
    }
    send(prefix, pid, Signal::KILL)?;
    if gone(prefix, pid, AT_ONCE).await? {
        return Ok(Ended::Killed);
    }
    Err(InstanceFault::Stuck { pid, timeout })
}

/// Sends a signal when this process still is the one in the prefix.
fn send(prefix: &Path, pid: u32, signal: Signal) -> Result<(), InstanceFault> {
    if find(prefix)? != Found::Process(pid) {
        // It ended in between: for a stop that is all that was wanted, and the wait sees it.
        return Ok(());
    }
    let fault = |cause| InstanceFault::Signal { pid, cause };
    let target = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let target = target.ok_or_else(|| fault(io::ErrorKind::InvalidInput.into()))?;
    match kill_process(target, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(errno) => Err(fault(errno.into())),
    }
}

/// Waits until another process or none runs in the prefix; false when the time is over.
async fn gone(prefix: &Path, pid: u32, within: Duration) -> Result<bool, InstanceFault> {
    gone_unless(|| None, prefix, pid, within).await
}

/// The same, unless it is not worth waiting any longer.
async fn gone_unless(
    hopeless: impl Fn() -> Option<InstanceFault>,
    prefix: &Path,
    pid: u32,
    within: Duration,
) -> Result<bool, InstanceFault> {
    let until = Instant::now() + within;
    while find(prefix)? == Found::Process(pid) {
        if let Some(fault) = hopeless() {
            return Err(fault);
        }
        if Instant::now() >= until {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::{Attempts, PidFile};
    use super::*;

    #[tokio::test]
    async fn an_upgrade_is_not_asked_for_while_another_is_under_way() {
        let folder = tempfile::tempdir().unwrap();
        let _held = PidFile::hold(folder.path()).await.unwrap();
        Attempts::of(folder.path()).begin();
        // The signal would end this process.
        let fault = upgrade(folder.path(), Duration::ZERO).await.unwrap_err();
        assert!(matches!(fault, InstanceFault::Upgrading { pid } if pid == std::process::id()), "{fault}");
    }
}
