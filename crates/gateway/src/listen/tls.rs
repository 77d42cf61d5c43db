use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;

use crate::settings::ServerIdentity;

/// TLS 1.2 and 1.3 with this certificate; HTTP/2 is offered by ALPN where the listener speaks it.
///
/// # Errors
/// A key that does not fit the certificate, or that cannot be read.
pub(crate) fn server_config(identity: &ServerIdentity, http2: bool) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())?;
    config.alpn_protocols =
        if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(config)
}
