use std::net::SocketAddr;
use std::sync::Arc;

/// What is known of the connection that a request came in on.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The address of the peer of the TCP connection.
    pub peer: SocketAddr,
    /// The address the connection was accepted on.
    pub local: SocketAddr,
    /// Whether the peer is one of `trusted_ips`: its forwarding headers count.
    pub trusted: bool,
    /// What the TLS handshake told, when the listener speaks TLS.
    pub tls: Option<TlsInfo>,
}

/// What the TLS handshake told.
#[derive(Debug, Clone)]
pub struct TlsInfo {
    /// The server name the client asked for, in lower case.
    pub sni: Option<Arc<str>>,
    /// The client's certificate chain in DER, leaf first; empty when the client sent none.
    pub client_chain: Arc<[Vec<u8>]>,
}
