//! HTTPS by hand: which certificate the server shows, and what it answers.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// What a client trusts and shows.
#[derive(Default)]
pub(crate) struct Client {
    pub(crate) trusted: Vec<CertificateDer<'static>>,
    pub(crate) identity: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    pub(crate) versions: Option<&'static rustls::SupportedProtocolVersion>,
    pub(crate) alpn: Vec<Vec<u8>>,
}

/// What came over a connection.
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) version: rustls::ProtocolVersion,
    pub(crate) alpn: Option<Vec<u8>>,
}

impl Client {
    /// What it speaks.
    pub(crate) fn config(&self) -> ClientConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        for certificate in &self.trusted {
            roots.add(certificate.clone()).unwrap();
        }
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = match self.versions {
            Some(version) => builder.with_protocol_versions(&[version]).unwrap(),
            None => builder.with_safe_default_protocol_versions().unwrap(),
        };
        let builder = builder.with_root_certificates(roots);
        let mut config = match &self.identity {
            Some((certificate, key)) => {
                builder.with_client_auth_cert(vec![certificate.clone()], key.clone_key()).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.alpn.clone();
        config
    }
}

/// A GET to localhost that closes the connection.
pub(crate) fn get(to: SocketAddr, client: &Client, path: &str) -> io::Result<Answer> {
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(client.config()), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(to)?);
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut received = Vec::new();
    match stream.read_to_end(&mut received) {
        // A server may close without saying so once it has answered.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof || received.is_empty() => {
            return Err(error);
        }
        _ => {}
    }
    Ok(Answer {
        text: String::from_utf8_lossy(&received).into_owned(),
        version: stream.conn.protocol_version().unwrap(),
        alpn: stream.conn.alpn_protocol().map(<[u8]>::to_vec),
    })
}
