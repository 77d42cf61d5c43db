//! Lists of what was revoked (RFC 5280 §5).

use keybound_pop::time::UnixTime;
use rustls::pki_types::CertificateDer;
use webpki::{
    CertRevocationList, ExpirationPolicy, OwnedCertRevocationList, RevocationCheckDepth,
    RevocationOptionsBuilder, UnknownStatusPolicy,
};

use super::CertificateFault;
use super::path::{Authorities, Path};

/// A list, in DER or in PEM. `None` for what is neither, and for lists that leave out more than they say.
pub(super) fn read(bytes: &[u8]) -> Option<OwnedCertRevocationList> {
    use rustls::pki_types::CertificateRevocationListDer;
    use rustls::pki_types::pem::PemObject;
    if bytes.starts_with(b"-----") {
        let der = CertificateRevocationListDer::from_pem_slice(bytes).ok()?;
        return OwnedCertRevocationList::from_der(&der).ok();
    }
    OwnedCertRevocationList::from_der(bytes).ok()
}

/// Whether a certificate on the way is on one of the lists, each of which counts only when the certificate's issuer signed
/// it and it is in date. With `demand`, a list that counts must be there for the client's own certificate.
///
/// # Errors
/// [`CertificateFault::Revoked`], or [`CertificateFault::RevocationUnknown`] where the lists do not tell.
pub(super) fn check(
    path: &Path,
    authorities: &Authorities,
    lists: &[CertRevocationList<'static>],
    demand: bool,
    now: UnixTime,
) -> Result<(), CertificateFault> {
    let lists: Vec<&CertRevocationList<'static>> = lists.iter().collect();
    let Some((leaf, rest)) = path.certificates.split_first() else { return Ok(()) };
    let rest: Vec<Vec<u8>> = rest.iter().map(|certificate| certificate.to_vec()).collect();
    let walk = |depth, policy| {
        let options = RevocationOptionsBuilder::new(&lists)
            .map_err(|_| CertificateFault::RevocationUnknown)?
            .with_depth(depth)
            .with_status_policy(policy)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build();
        let leaf: &CertificateDer<'_> = leaf;
        authorities.walk(leaf, &rest, now, Some(options)).map(drop)
    };
    walk(RevocationCheckDepth::Chain, UnknownStatusPolicy::Allow)?;
    if demand { walk(RevocationCheckDepth::EndEntity, UnknownStatusPolicy::Deny) } else { Ok(()) }
}
