use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::EndEntityCert;

/// The algorithms that certificates may be signed with.
pub(super) fn algorithms() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    aws_lc_rs::default_provider().signature_verification_algorithms.all
}

/// Whether the key of `signer` made the signature. `algorithm` is an AlgorithmIdentifier without its outer tag.
pub(super) fn is_by(signer: &CertificateDer<'_>, algorithm: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(signer) = EndEntityCert::try_from(signer) else { return false };
    algorithms()
        .iter()
        .filter(|known| known.signature_alg_id().as_ref() == algorithm)
        .any(|known| signer.verify_signature(*known, message, signature).is_ok())
}
