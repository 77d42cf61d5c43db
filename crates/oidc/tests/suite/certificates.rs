//! What asking about revocation costs, and what those who are asked may do to us.

use std::time::Duration;

use futures_util::future::join_all;
use keybound_oidc::{
    Authorities, CertificateFault, CertificateVerifier, RevocationMode, RevocationSettings, TrustRoots,
};
use keybound_pop::time::UnixTime;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint, IsCa, Issuer,
    KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber, date_time_ymd,
};

use crate::mock::{Mock, Reply};
use crate::setup::{NOW, http};

struct Ca {
    pem: String,
    der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    fn new() -> Self {
        let mut params = CertificateParams::new(vec!["ca.test".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().to_vec(), issuer: Issuer::new(params, key) }
    }

    fn client(&self, serial: u64, list: &str) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from(serial));
        params.crl_distribution_points.push(CrlDistributionPoint { uris: vec![list.to_owned()] });
        let key = KeyPair::generate().unwrap();
        params.signed_by(&key, &self.issuer).unwrap().der().to_vec()
    }

    /// A list on which 7 is.
    fn list(&self) -> Reply {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(7),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(2100, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Reply::Plain(200, vec![], params.signed_by(&self.issuer).unwrap().der().to_vec())
    }

    fn verifier(&self, mode: RevocationMode, timeout: Duration) -> CertificateVerifier {
        let settings = RevocationSettings { mode, timeout, keep: Duration::from_secs(60) };
        let authorities = Authorities::new([self.pem.as_str()], false).unwrap();
        CertificateVerifier::new(authorities, &settings, Some(http(TrustRoots::empty(), true, timeout)))
    }

    fn strict(&self) -> CertificateVerifier {
        self.verifier(RevocationMode::Strict, Duration::from_secs(30))
    }
}

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_secs(NOW + seconds)
}

#[tokio::test]
async fn requests_that_wait_for_the_same_answer_share_the_call() {
    let (ca, mock) = (Ca::new(), Mock::start().await);
    mock.reply("/list", ca.list());
    let url = mock.url("/list");
    let verifier = ca.strict();
    let chain = [ca.client(8, &url)];
    let all = join_all((0..50).map(|_| verifier.verify(&chain, at(0)))).await;
    assert!(all.iter().all(|result| result.as_ref().is_ok_and(|trusted| *trusted.authorities == [0])));
    // Another certificate of the same list, and the same one with others beside it.
    assert_eq!(verifier.verify(&[ca.client(7, &url)], at(0)).await, Err(CertificateFault::Revoked));
    let longer = [chain[0].clone(), ca.der.clone(), ca.client(9, &url)];
    assert!(verifier.verify(&longer, at(0)).await.is_ok());
    assert_eq!(mock.count("/list"), 1);
}

#[tokio::test]
async fn nobody_is_asked_for_a_certificate_of_somebody_else() {
    let (ca, stranger, mock) = (Ca::new(), Ca::new(), Mock::start().await);
    mock.reply("/list", stranger.list());
    let chain = [stranger.client(8, &mock.url("/list")), stranger.der.clone()];
    assert_eq!(ca.strict().verify(&chain, at(0)).await, Err(CertificateFault::Untrusted));
    assert_eq!(mock.count("/list"), 0);
    for place in ["file:///etc/passwd", "ftp://ca.test/list", "ldap://ca.test/x", "http://a:b@ca.test/list"] {
        let chain = [ca.client(8, place)];
        assert_eq!(
            ca.strict().verify(&chain, at(0)).await,
            Err(CertificateFault::RevocationUnnamed),
            "{place}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_not_asked_for_again_at_once() {
    let (ca, other, mock) = (Ca::new(), Ca::new(), Mock::start().await);
    for (path, reply) in [
        ("/endless", Reply::Endless),
        ("/redirect", Reply::status(302).with("location", "/list")),
        ("/garbage", Reply::Garbage),
        ("/broken", Reply::Broken),
        ("/missing", Reply::status(404)),
        ("/text", Reply::Plain(200, vec![], b"<html>".to_vec())),
        ("/forged", other.list()),
    ] {
        mock.reply(path, reply);
        let verifier = ca.strict();
        let chain = [ca.client(8, &mock.url(path))];
        for seconds in [0, 4] {
            let result = verifier.verify(&chain, at(seconds)).await;
            assert_eq!(result, Err(CertificateFault::RevocationUnknown), "{path}");
        }
        assert_eq!(mock.count(path), 1, "{path}");
        mock.reply(path, ca.list());
        // The forged list is well-formed: it stays as long as any.
        if path != "/forged" {
            assert!(verifier.verify(&chain, at(5)).await.is_ok(), "{path}");
        }
        let lenient = ca.verifier(RevocationMode::IgnoreCaError, Duration::from_secs(30));
        assert!(lenient.verify(&chain, at(0)).await.is_ok(), "{path}");
    }
    assert_eq!(mock.count("/list"), 0);
}

#[tokio::test]
async fn nobody_waits_longer_than_the_time_set() {
    let (ca, mock) = (Ca::new(), Mock::start().await);
    mock.reply("/hang", Reply::Hang);
    let chain = [ca.client(8, &mock.url("/hang"))];
    let short = Duration::from_millis(50);
    let strict = ca.verifier(RevocationMode::Strict, short).verify(&chain, at(0)).await;
    assert_eq!(strict, Err(CertificateFault::RevocationUnknown));
    assert!(ca.verifier(RevocationMode::IgnoreCaError, short).verify(&chain, at(0)).await.is_ok());
}

#[tokio::test]
async fn what_was_found_out_ends_with_its_time_and_with_the_certificate() {
    let (ca, mock) = (Ca::new(), Mock::start().await);
    mock.reply("/list", ca.list());
    let verifier = ca.strict();
    let chain = [ca.client(8, &mock.url("/list"))];
    assert!(verifier.verify(&chain, at(0)).await.is_ok());
    // rcgen's certificates end in the year 4096.
    let end = 70_000_000_000 - NOW;
    assert_eq!(verifier.verify(&chain, at(end)).await, Err(CertificateFault::Expired));
}
