use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use super::BindFault;
use crate::settings::Listener;

/// The sockets of one listener, and the address they have: one for each worker, or those that another process bound.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) listener: Listener,
    pub(crate) addr: SocketAddr,
    pub(crate) sockets: Vec<TcpListener>,
}

impl Sockets {
    /// Those that one of the workers accepts on. Every socket is somebody's, because connections wait in each of them, and
    /// every worker has one: shared when there are fewer sockets than workers.
    pub(crate) fn of_worker(&self, number: usize, workers: usize) -> impl Iterator<Item = &TcpListener> {
        let count = self.sockets.len();
        (number..count.max(workers))
            .step_by(workers.max(1))
            .filter_map(move |place| self.sockets.get(place.checked_rem(count)?))
    }
}

/// Binds and listens, all or nothing; sockets that listen already are taken as they are.
///
/// The kernel spreads connections over the workers' sockets (`SO_REUSEPORT`). Because that option would also let a
/// second process share the port unnoticed, the port is first bound once without it.
///
/// # Errors
/// [`BindFault::Address`] names the address and the system's reason.
pub(crate) fn bind(
    listener: Listener,
    workers: usize,
    inherited: Vec<TcpListener>,
) -> Result<Sockets, BindFault> {
    let fault = |cause: io::Error| BindFault::Address { addr: listener.addr, cause };
    if let Some(first) = inherited.first() {
        let addr = first.local_addr().map_err(fault)?;
        inherited.iter().try_for_each(|socket| socket.set_nonblocking(true)).map_err(fault)?;
        return Ok(Sockets { listener, addr, sockets: inherited });
    }
    if listener.addr.port() != 0 {
        let probe = socket(&listener.addr).map_err(fault)?;
        probe.bind(&listener.addr.into()).map_err(fault)?;
    }
    let mut addr = listener.addr;
    let mut sockets = Vec::with_capacity(workers);
    for _ in 0..workers {
        let socket = listening(&addr, listener.backlog).map_err(fault)?;
        addr = socket.local_addr().map_err(fault)?;
        sockets.push(socket);
    }
    Ok(Sockets { listener, addr, sockets })
}

fn listening(addr: &SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = socket(addr)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&(*addr).into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

fn socket(addr: &SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(*addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(sockets: usize, workers: usize) -> Vec<usize> {
        let bound = || TcpListener::bind("127.0.0.1:0").unwrap();
        let inherited: Vec<TcpListener> = (0..sockets).map(|_| bound()).collect();
        let ports: Vec<u16> = inherited.iter().map(|socket| socket.local_addr().unwrap().port()).collect();
        let sockets = bind(Listener::plain(([127, 0, 0, 1], 0).into()), workers, inherited).unwrap();
        let mut accepted_on = vec![0; ports.len()];
        for number in 0..workers {
            let mut some = false;
            for socket in sockets.of_worker(number, workers) {
                let port = socket.local_addr().unwrap().port();
                accepted_on[ports.iter().position(|known| *known == port).unwrap()] += 1;
                some = true;
            }
            assert!(some, "worker {number} has a socket");
        }
        accepted_on
    }

    #[test]
    fn every_socket_that_was_taken_over_is_accepted_on_however_many_workers_there_are() {
        assert_eq!(shares(2, 2), [1, 1]);
        assert_eq!(shares(3, 2), [1, 1, 1]);
        assert_eq!(shares(1, 3), [3]);
        assert_eq!(shares(2, 3), [2, 1]);
    }
}
