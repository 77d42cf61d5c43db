//! What systemd and its like hand over at a start, and what they are told (`sd_listen_fds(3)`, `sd_notify(3)`).

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use listenfd::ListenFd;

use super::{Bound, Sockets};
use crate::start::StartFault;

/// The variables that speak of descriptors of one process.
pub(super) const VARIABLES: [&str; 3] = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/// The listening sockets that the service manager bound: each goes to the setting that names its address.
///
/// # Errors
/// One that is no listening TCP socket.
pub(in crate::start) fn inherited() -> Result<Sockets, StartFault> {
    let mut given = ListenFd::from_env();
    let mut bound: Vec<Bound> = Vec::new();
    for number in 0..given.len() {
        let fault = |error: std::io::Error| StartFault::System {
            what: "a socket of the service manager (LISTEN_FDS)",
            cause: format!("number {number}: {error}"),
        };
        let Some(socket) = given.take_tcp_listener(number).map_err(fault)? else { continue };
        let address = socket.local_addr().map_err(fault)?;
        match bound.iter_mut().find(|bound| bound.address == address) {
            Some(bound) => bound.sockets.push(socket),
            None => bound.push(Bound { setting: None, address, sockets: vec![socket] }),
        }
    }
    Ok(Sockets(bound))
}

/// What the service manager is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::start) enum Told {
    /// Everything serves.
    Ready,
    /// The configuration is being read again.
    Reloading,
    /// Nothing more is accepted.
    Stopping,
    /// Another process took over.
    TakenOverBy(u32),
}

/// Tells the service manager, when there is one that listens. A service runs as well without.
pub(in crate::start) fn tell(told: Told) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let text = match told {
        Told::Ready => "READY=1".to_owned(),
        Told::Reloading => "RELOADING=1".to_owned(),
        Told::Stopping => "STOPPING=1".to_owned(),
        Told::TakenOverBy(pid) => format!("MAINPID={pid}"),
    };
    if let Err(error) = send(path.as_encoded_bytes(), text.as_bytes()) {
        tracing::warn!(%error, "the service manager cannot be told: {text}");
    }
}

/// One datagram to a path, or to a name without a file where it begins with `@`.
fn send(path: &[u8], text: &[u8]) -> std::io::Result<()> {
    let address = match path.split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(std::path::Path::new(std::ffi::OsStr::from_bytes(path)))?,
    };
    UnixDatagram::unbound()?.send_to_addr(text, &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_reaches_a_path_and_an_abstract_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("keybound-test-{}", std::process::id());
        let by_name =
            UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(name.as_bytes()).unwrap()).unwrap();
        let by_path = UnixDatagram::bind(&path).unwrap();
        send(path.as_os_str().as_bytes(), b"READY=1").unwrap();
        send(format!("@{name}").as_bytes(), b"STOPPING=1").unwrap();
        for (socket, expected) in [(by_path, &b"READY=1"[..]), (by_name, b"STOPPING=1")] {
            let mut buffer = [0; 64];
            let length = socket.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], expected);
        }
        assert!(send(b"/nowhere/notify", b"READY=1").is_err());
    }
}
