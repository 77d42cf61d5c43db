//! The Unix socket between the two: first what is handed over, then words, one a line.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};

/// How many descriptors travel with one byte; the system allows 253.
const AT_ONCE: usize = 64;
/// More than any list of listeners is long.
const LONGEST: u32 = 1 << 20;

/// What is handed over: the descriptors follow, in this order.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Manifest {
    pub(super) listeners: Vec<Named>,
    pub(super) pid_file: bool,
    /// Whether a configuration that came through `/config` follows.
    pub(super) configuration: bool,
    /// How many seconds the new process has to get ready, where the moment of the change must be known before.
    pub(super) seconds: u32,
}

/// The sockets of one address.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Named {
    pub(super) setting: String,
    /// As the setting has it, port 0 included.
    pub(super) address: SocketAddr,
    pub(super) sockets: usize,
}

impl Manifest {
    fn descriptors(&self) -> usize {
        let sockets: usize = self.listeners.iter().map(|named| named.sockets).sum();
        sockets + usize::from(self.pid_file) + usize::from(self.configuration)
    }
}

pub(super) fn send(
    mut line: &UnixStream,
    manifest: &Manifest,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let text = serde_json::to_vec(manifest)?;
    let length = u32::try_from(text.len()).map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
    line.write_all(&length.to_be_bytes())?;
    line.write_all(&text)?;
    for some in descriptors.chunks(AT_ONCE) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(AT_ONCE))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(some)) {
            return Err(ErrorKind::InvalidInput.into());
        }
        sendmsg(line, &[IoSlice::new(b".")], &mut control, SendFlags::NOSIGNAL)?;
    }
    Ok(())
}

pub(super) fn receive(mut line: &UnixStream) -> io::Result<(Manifest, Vec<OwnedFd>)> {
    let mut length = [0; 4];
    line.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > LONGEST {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut text = vec![0; length as usize];
    line.read_exact(&mut text)?;
    let manifest: Manifest = serde_json::from_slice(&text)?;
    let mut descriptors = Vec::new();
    while descriptors.len() < manifest.descriptors() {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(AT_ONCE))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let read = recvmsg(line, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
        let before = descriptors.len();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(some) = message {
                descriptors.extend(some);
            }
        }
        if read.bytes == 0 || descriptors.len() == before {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((manifest, descriptors))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn more_sockets_than_one_message_carries_arrive_in_their_order() {
        let sockets: Vec<TcpListener> =
            (0..AT_ONCE + 3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports = |sockets: &[TcpListener]| -> Vec<u16> {
            sockets.iter().map(|socket| socket.local_addr().unwrap().port()).collect()
        };
        let address = "127.0.0.1:0".parse().unwrap();
        let named = Named { setting: "proxy_listen".to_owned(), address, sockets: sockets.len() };
        let manifest = Manifest { listeners: vec![named], seconds: 1, ..Manifest::default() };
        let (ours, theirs) = UnixStream::pair().unwrap();
        let descriptors: Vec<BorrowedFd<'_>> = sockets.iter().map(|socket| socket.as_fd()).collect();
        send(&ours, &manifest, &descriptors).unwrap();
        let (arrived, descriptors) = receive(&theirs).unwrap();
        assert_eq!((arrived.listeners.len(), arrived.seconds), (1, 1));
        let received: Vec<TcpListener> = descriptors.into_iter().map(TcpListener::from).collect();
        assert_eq!(ports(&received), ports(&sockets));
    }

    #[test]
    fn a_line_that_ends_early_is_a_fault() {
        let named =
            Named { setting: "proxy_listen".to_owned(), address: "127.0.0.1:0".parse().unwrap(), sockets: 1 };
        let manifest = Manifest { listeners: vec![named], ..Manifest::default() };
        let (ours, theirs) = UnixStream::pair().unwrap();
        send(&ours, &manifest, &[]).unwrap();
        drop(ours);
        assert_eq!(receive(&theirs).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}
