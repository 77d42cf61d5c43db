//! Any bytes as a client's certificate, as an answer about one, and as a list of revoked ones.

use std::sync::LazyLock;

use keybound_model::x509;
use keybound_oidc::fuzzing::{certificate_path, is_revocation_list, ocsp_is_good, revocation_places};
use keybound_oidc::{Authorities, Subject};
use keybound_pop::time::UnixTime;

/// Within the time of the authority below.
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

const AUTHORITY: &str = include_str!("authority.pem");
const CLIENT: &str = include_str!("client.pem");

static DER: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    [CLIENT, AUTHORITY].map(|pem| x509::certificates(pem).expect("a certificate").remove(0).der)
});
static AUTHORITIES: LazyLock<Authorities> =
    LazyLock::new(|| Authorities::new([AUTHORITY], false).expect("an authority"));

/// No certificate but the one that the authority signed has a way to it, no answer that nobody signed says that it is good, and no
/// certificate sends us anywhere but to http and https.
pub fn run(data: &[u8]) {
    let [client, authority] = &*DER;
    for chain in [vec![data.to_vec()], vec![data.to_vec(), client.clone(), authority.clone()]] {
        let path = certificate_path(&AUTHORITIES, &chain, NOW);
        if data != client.as_slice() && data != authority.as_slice() {
            assert!(path.is_err(), "a certificate that nobody signed");
        } else if data == client.as_slice() {
            assert_eq!(path.expect("signed"), [client.clone(), authority.clone()]);
        }
    }
    let chain = [client.clone(), data.to_vec()];
    assert!(certificate_path(&AUTHORITIES, &chain, NOW).is_ok(), "what stands beside it does not matter");
    let places = revocation_places(data);
    assert!(places.len() <= 4);
    for place in places {
        assert!(matches!(place.scheme(), "http" | "https") && place.username().is_empty(), "{place}");
    }
    assert_eq!(ocsp_is_good(data, client, authority, NOW), None, "an answer that nobody signed");
    let _ = is_revocation_list(data);
    let subject = Subject::of(data);
    assert_eq!(subject.is_ok(), Subject::of(data).is_ok(), "the same twice");
    if let Ok(subject) = subject {
        assert!(subject.distinguished_name.len() <= 16 * data.len() + 64);
        let names: usize = subject.alternative_names.iter().map(String::len).sum();
        assert!(names <= 16 * data.len() + 64);
    }
}
