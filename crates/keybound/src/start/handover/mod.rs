//! The listening sockets go over from one process to the next, so that nobody is refused while the binary is exchanged.
//!
//! The process that runs starts the new one with one end of a Unix socket as its standard input, and sends what it holds through
//! the other: the listening sockets themselves, the pid file with its lock, and a configuration that came through `/config`. The
//! new one builds everything on that, says that it is ready, and waits. Then the old one accepts no more, finishes the writes of
//! the Admin API, and gives the word: connections that came in between waited in the sockets, which were open all the time.
//! Whatever goes wrong before that word ends the new process, and the old one goes on.
//!
//! Only one of the two accepts at a time. Records of used proofs in memory do not go over: where an instance needs them, the
//! change happens at a whole second that was agreed on before, and the new process treats proofs that were made before it as after
//! a start.

mod giver;
mod heir;
mod line;
mod service_manager;

use std::fs::File;
use std::net::{SocketAddr, TcpListener};

pub(crate) use giver::Heritage;
pub use heir::Heir;
pub(super) use service_manager::{Told, inherited as of_service_manager, tell};

use crate::settings::ListenSet;

/// What a process is given at its start, beside settings. Nothing, usually.
#[derive(Debug, Default)]
pub(super) struct Inheritance {
    pub(super) sockets: Sockets,
    /// The pid file of the process before, whose lock comes with it.
    pub(super) pid: Option<File>,
    /// The declarative configuration that was loaded through `/config`.
    pub(super) configuration: Option<String>,
    /// How many seconds it has to get ready.
    pub(super) seconds: Option<u32>,
}

/// Listening sockets that somebody else bound.
#[derive(Debug, Default)]
pub(super) struct Sockets(Vec<Bound>);

/// Those of one address.
#[derive(Debug)]
struct Bound {
    /// The setting that names the address; `None`: any.
    setting: Option<String>,
    address: SocketAddr,
    sockets: Vec<TcpListener>,
}

impl Sockets {
    /// Takes those of one address of a setting; empty when there are none. An address that is there twice, as port 0 may be, is
    /// taken in order.
    pub(super) fn take(&mut self, setting: &str, address: SocketAddr) -> Vec<TcpListener> {
        let is = |bound: &Bound| {
            bound.address == address && bound.setting.as_deref().is_none_or(|named| named == setting)
        };
        let place = self.0.iter().position(is);
        place.map(|place| self.0.remove(place).sockets).unwrap_or_default()
    }

    /// Takes those of every address of a setting, in its order.
    pub(super) fn take_all(&mut self, setting: &str, listens: &ListenSet) -> Vec<Vec<TcpListener>> {
        listens.0.iter().map(|listen| self.take(setting, listen.address)).collect()
    }

    /// The addresses that nobody took.
    pub(super) fn left(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|bound| bound.address).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_go_to_the_setting_and_the_address_that_they_were_bound_for() {
        let socket = || TcpListener::bind("127.0.0.1:0").unwrap();
        let port =
            |sockets: &[TcpListener]| sockets.first().map(|socket| socket.local_addr().unwrap().port());
        let free: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let (first, second, admin) = (socket(), socket(), socket());
        let ports = [&first, &second, &admin].map(|socket| socket.local_addr().unwrap().port());
        let bound = |setting: &str, socket| Bound {
            setting: Some(setting.to_owned()),
            address: free,
            sockets: vec![socket],
        };
        let mut sockets = Sockets(vec![
            bound("admin_listen", admin),
            bound("proxy_listen", first),
            bound("proxy_listen", second),
        ]);
        assert!(sockets.take("status_listen", free).is_empty());
        assert!(sockets.take("proxy_listen", "127.0.0.1:1".parse().unwrap()).is_empty());
        assert_eq!(port(&sockets.take("proxy_listen", free)), Some(ports[0]));
        assert_eq!(port(&sockets.take("proxy_listen", free)), Some(ports[1]));
        assert_eq!(sockets.left(), [free]);
        assert_eq!(port(&sockets.take("admin_listen", free)), Some(ports[2]));
    }
}
