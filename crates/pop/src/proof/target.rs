use aws_lc_rs::constant_time;

use super::claims::Claims;
use super::{ProofFault, Request};
use crate::htu::{self, HtuFault};

/// `htm`: case-sensitive, byte for byte (RFC 9110 §9.1). Fields that override the method play no part.
pub(super) fn method(claims: &Claims, request: &Request<'_>) -> Result<(), ProofFault> {
    if claims.htm == request.method { Ok(()) } else { Err(ProofFault::HtmMismatch) }
}

/// `htu`: one of the URLs that the request can be known under.
pub(super) fn url(claims: &Claims, request: &Request<'_>) -> Result<(), ProofFault> {
    if request.ambiguous_path {
        return Err(ProofFault::AmbiguousPath);
    }
    let mut last = HtuFault::AuthorityMismatch;
    for target in request.targets {
        match htu::compare(&claims.htu, target, request.websocket) {
            Ok(()) => return Ok(()),
            Err(fault) => last = fault,
        }
    }
    Err(ProofFault::HtuMismatch(last))
}

/// `ath`, in constant time.
pub(super) fn token(claims: &Claims, request: &Request<'_>) -> Result<(), ProofFault> {
    constant_time::verify_slices_are_equal(&claims.ath, request.token_hash)
        .map_err(|_| ProofFault::AthMismatch)
}
