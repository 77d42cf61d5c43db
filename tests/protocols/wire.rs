//! One side of a connection, read as far as the test wants it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A connection, and what was read of it and not asked for yet.
pub(crate) struct Wire<S> {
    pub(crate) stream: S,
    pending: Vec<u8>,
}

/// A client's connection.
pub(crate) fn connect(address: SocketAddr) -> Wire<TcpStream> {
    Wire::new(patient(TcpStream::connect(address).expect("the gateway listens")))
}

/// The gateway's connection to an upstream that a test plays.
pub(crate) fn accept(listener: &TcpListener) -> Wire<TcpStream> {
    Wire::new(patient(listener.accept().expect("a connection").0))
}

fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    stream.set_nodelay(true).expect("no delay");
    stream
}

impl<S: Read + Write> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, pending: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("written");
        self.stream.flush().expect("written");
    }

    /// The next head, in lower case, with the empty line that ends it.
    pub(crate) fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.pending.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.pending.drain(..end + 4).collect();
                return String::from_utf8(head).expect("text").to_ascii_lowercase();
            }
            assert!(self.more(), "the connection ended within a head: {:?}", self.pending);
        }
    }

    /// The next bytes, so many.
    pub(crate) fn exactly(&mut self, count: usize) -> Vec<u8> {
        while self.pending.len() < count {
            assert!(self.more(), "the connection ended early: {:?}", String::from_utf8_lossy(&self.pending));
        }
        self.pending.drain(..count).collect()
    }

    /// The next bytes, which must be these.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) {
        let found = self.exactly(text.len());
        assert_eq!(String::from_utf8_lossy(&found), text);
    }

    /// Everything up to the end.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.more() {}
        std::mem::take(&mut self.pending)
    }

    /// Forgets what was read and not asked for; how much it was.
    pub(crate) fn take_pending(&mut self) -> usize {
        std::mem::take(&mut self.pending).len()
    }

    /// Reads once; whether anything came.
    fn more(&mut self) -> bool {
        let mut buffer = vec![0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.pending.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                panic!("nothing came for half a minute")
            }
            // A reset ends a connection as well.
            Err(_) => false,
        }
    }
}
