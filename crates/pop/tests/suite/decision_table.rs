//! The decision table, row by row as the documentation prints it, over every combination of modes, scheme, token, proof, certificate and
//! leftovers. Written a second time here, as data, so that the `match` has something to disagree with.

use keybound_pop::binding::{BindingFault, Decision, Leftover, Mode, Policy, Presented, Scheme, decide};
use keybound_pop::confirmation::Confirmation;
use keybound_pop::thumbprint::Thumbprint;

use BindingFault as F;
use Leftover::{Accept, Refuse};
use Mode::{Off, Optional, Strict};
use Scheme::{Bearer, Dpop};

const JKT: [u8; 32] = [1; 32];
const CERTIFICATE: [u8; 32] = [2; 32];
const OTHER: [u8; 32] = [3; 32];

/// What one half of the table says.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Says {
    Pass,
    Proof,
    No(BindingFault),
}

/// mode, scheme, the token has `jkt`, bound tokens → answer.
type DpopRow = (Mode, Scheme, bool, Leftover, Says);

const DPOP: [DpopRow; 24] = [
    (Strict, Dpop, true, Accept, Says::Proof),
    (Strict, Dpop, true, Refuse, Says::Proof),
    (Strict, Dpop, false, Accept, Says::No(F::NotBoundToDpop)),
    (Strict, Dpop, false, Refuse, Says::No(F::NotBoundToDpop)),
    (Strict, Bearer, true, Accept, Says::No(F::DpopRequired)),
    (Strict, Bearer, true, Refuse, Says::No(F::DpopRequired)),
    (Strict, Bearer, false, Accept, Says::No(F::DpopRequired)),
    (Strict, Bearer, false, Refuse, Says::No(F::DpopRequired)),
    (Optional, Dpop, true, Accept, Says::Proof),
    (Optional, Dpop, true, Refuse, Says::Proof),
    (Optional, Dpop, false, Accept, Says::No(F::NotBoundToDpop)),
    (Optional, Dpop, false, Refuse, Says::No(F::NotBoundToDpop)),
    (Optional, Bearer, true, Accept, Says::No(F::Downgrade)),
    (Optional, Bearer, true, Refuse, Says::No(F::Downgrade)),
    (Optional, Bearer, false, Accept, Says::Pass),
    (Optional, Bearer, false, Refuse, Says::Pass),
    (Off, Dpop, true, Accept, Says::No(F::SchemeNotOffered)),
    (Off, Dpop, true, Refuse, Says::No(F::SchemeNotOffered)),
    (Off, Dpop, false, Accept, Says::No(F::SchemeNotOffered)),
    (Off, Dpop, false, Refuse, Says::No(F::SchemeNotOffered)),
    (Off, Bearer, true, Accept, Says::Pass),
    (Off, Bearer, true, Refuse, Says::No(F::DpopUnchecked)),
    (Off, Bearer, false, Accept, Says::Pass),
    (Off, Bearer, false, Refuse, Says::Pass),
];

/// The connection's certificate, seen from the token.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shown {
    None,
    Right,
    Wrong,
}

/// mode, the token has `x5t#S256`, certificate, bound tokens → answer.
fn certificate(mode: Mode, bound: bool, shown: Shown, leftover: Leftover) -> Says {
    match (mode, bound, shown, leftover) {
        (Strict | Optional, true, Shown::Right, _) => Says::Pass,
        (Strict | Optional, true, Shown::None, _) => Says::No(F::CertificateMissing),
        (Strict | Optional, true, Shown::Wrong, _) => Says::No(F::CertificateMismatch),
        (Strict, false, _, _) => Says::No(F::CertificateBindingRequired),
        (Off, true, _, Refuse) => Says::No(F::CertificateUnchecked),
        (Off, true, _, Accept) | (Off | Optional, false, _, _) => Says::Pass,
    }
}

#[test]
fn the_first_half_has_a_row_for_every_combination_and_no_two_for_one() {
    for (at, row) in DPOP.iter().enumerate() {
        let same = |other: &&DpopRow| (other.0, other.1, other.2, other.3) == (row.0, row.1, row.2, row.3);
        assert_eq!(DPOP.iter().position(|other| same(&other)), Some(at));
    }
    assert_eq!(DPOP.len(), 3 * 2 * 2 * 2);
}

#[test]
fn every_combination_is_decided_as_the_table_says() {
    let mut decided = 0;
    for (dpop, scheme, has_jkt, bound_tokens, by_dpop) in DPOP {
        for mtls in [Off, Optional, Strict] {
            for has_x5t in [false, true] {
                for shown in [Shown::None, Shown::Right, Shown::Wrong] {
                    for unbound_tokens in [Accept, Refuse] {
                        for (proof_present, in_authorization) in
                            [(false, true), (true, true), (false, false), (true, false)]
                        {
                            let policy = Policy { dpop, mtls, bound_tokens, unbound_tokens };
                            let presented = Presented {
                                scheme,
                                in_authorization,
                                proof_present,
                                certificate: match shown {
                                    Shown::None => None,
                                    Shown::Right => Some(Thumbprint::from(CERTIFICATE)),
                                    Shown::Wrong => Some(Thumbprint::from(OTHER)),
                                },
                            };
                            let token = Confirmation {
                                jkt: has_jkt.then(|| Thumbprint::from(JKT)),
                                x5t_s256: has_x5t.then(|| Thumbprint::from(CERTIFICATE)),
                            };
                            let by_certificate = certificate(mtls, has_x5t, shown, bound_tokens);
                            let expected = expected(&policy, &presented, &token, by_dpop, by_certificate);
                            assert_eq!(
                                decide(&policy, &presented, &token),
                                expected,
                                "{policy:?} {presented:?} {token:?}"
                            );
                            decided += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(decided, 24 * 3 * 2 * 3 * 2 * 4);
}

/// The halves put together: the scheme first, then the place of a bound token, then the halves, then the rule for unbound tokens.
fn expected(
    policy: &Policy,
    presented: &Presented,
    token: &Confirmation,
    by_dpop: Says,
    by_certificate: Says,
) -> Result<Decision, BindingFault> {
    if let Says::No(fault @ (F::SchemeNotOffered | F::DpopRequired)) = by_dpop {
        return Err(fault);
    }
    let unbound = token.jkt.is_none() && token.x5t_s256.is_none();
    if !unbound && !presented.in_authorization {
        return Err(F::Misplaced);
    }
    for half in [by_dpop, by_certificate] {
        if let Says::No(fault) = half {
            return Err(fault);
        }
    }
    if unbound && policy.unbound_tokens == Refuse && (policy.dpop != Off || policy.mtls != Off) {
        return Err(F::Unbound);
    }
    Ok(match by_dpop {
        Says::Proof => Decision::CheckProof(Thumbprint::from(JKT)),
        _ if presented.proof_present => Decision::ForwardDroppingProof,
        _ => Decision::Forward,
    })
}

#[test]
fn every_refusal_is_invalid_token_but_that_of_a_scheme_that_is_not_offered() {
    for fault in BindingFault::ALL {
        let expected = (fault != F::SchemeNotOffered).then_some("invalid_token");
        assert_eq!(fault.error(), expected, "{fault:?}");
    }
}
