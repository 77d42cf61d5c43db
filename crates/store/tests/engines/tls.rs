//! TLS to PostgreSQL: `pg_ssl`, `pg_ssl_required` and `pg_ssl_verify`.

use keybound_store::config::StoreFault;
use keybound_store::postgres::{PostgresStore, PostgresTls};
use keybound_suites::PostgresServer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::lab::options;

/// An authority of its own, and a server with a certificate for this name by it.
fn server_for(name: &str) -> (PostgresServer, Vec<u8>) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    (PostgresServer::start_with_tls(&own.pem(), &key.serialize_pem()), issuer.pem().into_bytes())
}

async fn opened(server: &PostgresServer, tls: PostgresTls) -> Result<(), StoreFault> {
    let options = keybound_store::postgres::PostgresOptions { tls, ..options(server, "tls") };
    PostgresStore::open(options, None).await.map(drop)
}

#[tokio::test]
async fn a_server_is_spoken_to_over_tls_and_checked_when_asked_to() {
    let (server, authority) = server_for("127.0.0.1");
    let refused = opened(&server, PostgresTls::Off).await.unwrap_err().to_string();
    assert!(refused.contains("no encryption"), "{refused}");
    for tls in
        [PostgresTls::Preferred, PostgresTls::Required, PostgresTls::Verified { authorities: authority }]
    {
        assert_eq!(opened(&server, tls.clone()).await, Ok(()), "{tls:?}");
    }
    let strangers = PostgresTls::Verified { authorities: Vec::new() };
    let refused = opened(&server, strangers).await.unwrap_err().to_string();
    assert!(refused.contains("certificate"), "{refused}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let (server, authority) = server_for("other.test");
    let refused = opened(&server, PostgresTls::Verified { authorities: authority }).await.unwrap_err();
    assert!(refused.to_string().contains("certificate"), "{refused}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_when_tls_is_insisted_on() {
    let server = PostgresServer::shared();
    assert_eq!(opened(server, PostgresTls::Preferred).await, Ok(()));
    for tls in [PostgresTls::Required, PostgresTls::Verified { authorities: Vec::new() }] {
        let refused = opened(server, tls.clone()).await.unwrap_err();
        assert!(refused.to_string().contains("does not support TLS"), "{tls:?}: {refused}");
    }
}
