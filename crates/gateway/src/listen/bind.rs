use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use super::BindFault;
use crate::settings::Listener;

/// The sockets of one listener, one for each worker, and the address they have.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) listener: Listener,
    pub(crate) addr: SocketAddr,
    pub(crate) sockets: Vec<TcpListener>,
}

/// Binds and listens, all or nothing.
///
/// The kernel spreads connections over the workers' sockets (`SO_REUSEPORT`). Because that option would also let a
/// second process share the port unnoticed, the port is first bound once without it.
///
/// # Errors
/// [`BindFault::Address`] names the address and the system's reason.
pub(crate) fn bind(listener: Listener, workers: usize) -> Result<Sockets, BindFault> {
    let fault = |cause: io::Error| BindFault::Address { addr: listener.addr, cause };
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
