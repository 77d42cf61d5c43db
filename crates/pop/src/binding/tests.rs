use super::*;

fn print(byte: u8) -> Thumbprint {
    Thumbprint::from([byte; 32])
}

const MODES: [Mode; 3] = [Mode::Off, Mode::Optional, Mode::Strict];
const LEFTOVERS: [Leftover; 2] = [Leftover::Accept, Leftover::Refuse];

fn policy(dpop: Mode, mtls: Mode) -> Policy {
    Policy { dpop, mtls, bound_tokens: Leftover::Refuse, unbound_tokens: Leftover::Accept }
}

fn presented(scheme: Scheme, proof_present: bool, certificate: Option<u8>) -> Presented {
    Presented { scheme, in_authorization: true, proof_present, certificate: certificate.map(print) }
}

fn bound(jkt: Option<u8>, x5t: Option<u8>) -> Confirmation {
    Confirmation { jkt: jkt.map(print), x5t_s256: x5t.map(print) }
}

#[test]
fn each_row_of_the_dpop_table() {
    use BindingFault as F;
    use Decision as D;
    use Scheme::{Bearer, Dpop};
    for proof in [false, true] {
        let unasked = if proof { D::ForwardDroppingProof } else { D::Forward };
        for (mode, scheme, jkt, expected) in [
            (Mode::Strict, Dpop, Some(1), Ok(D::CheckProof(print(1)))),
            (Mode::Strict, Dpop, None, Err(F::NotBoundToDpop)),
            (Mode::Strict, Bearer, Some(1), Err(F::DpopRequired)),
            (Mode::Strict, Bearer, None, Err(F::DpopRequired)),
            (Mode::Optional, Dpop, Some(1), Ok(D::CheckProof(print(1)))),
            (Mode::Optional, Dpop, None, Err(F::NotBoundToDpop)),
            (Mode::Optional, Bearer, Some(1), Err(F::Downgrade)),
            (Mode::Optional, Bearer, None, Ok(unasked)),
            (Mode::Off, Bearer, Some(1), Err(F::DpopUnchecked)),
            (Mode::Off, Bearer, None, Ok(unasked)),
            (Mode::Off, Dpop, Some(1), Err(F::SchemeNotOffered)),
            (Mode::Off, Dpop, None, Err(F::SchemeNotOffered)),
        ] {
            let got = decide(&policy(mode, Mode::Off), &presented(scheme, proof, None), &bound(jkt, None));
            assert_eq!(got, expected, "{mode:?} {scheme:?} jkt {jkt:?} proof {proof}");
        }
    }
}

#[test]
fn each_row_of_the_certificate_table() {
    use BindingFault as F;
    for (mode, x5t, shown, expected) in [
        (Mode::Strict, Some(2), Some(2), Ok(Decision::Forward)),
        (Mode::Strict, Some(2), Some(3), Err(F::CertificateMismatch)),
        (Mode::Strict, Some(2), None, Err(F::CertificateMissing)),
        (Mode::Strict, None, Some(2), Err(F::CertificateBindingRequired)),
        (Mode::Strict, None, None, Err(F::CertificateBindingRequired)),
        (Mode::Optional, Some(2), Some(2), Ok(Decision::Forward)),
        (Mode::Optional, Some(2), Some(3), Err(F::CertificateMismatch)),
        (Mode::Optional, Some(2), None, Err(F::CertificateMissing)),
        (Mode::Optional, None, None, Ok(Decision::Forward)),
        (Mode::Off, Some(2), Some(2), Err(F::CertificateUnchecked)),
        (Mode::Off, Some(2), None, Err(F::CertificateUnchecked)),
        (Mode::Off, None, Some(2), Ok(Decision::Forward)),
    ] {
        let got =
            decide(&policy(Mode::Off, mode), &presented(Scheme::Bearer, false, shown), &bound(None, x5t));
        assert_eq!(got, expected, "{mode:?} x5t {x5t:?} shown {shown:?}");
    }
}

#[test]
fn over_every_input_nothing_passes_without_the_key_that_the_token_names() {
    for dpop in MODES {
        for mtls in MODES {
            for bound_tokens in LEFTOVERS {
                for unbound_tokens in LEFTOVERS {
                    for scheme in [Scheme::Bearer, Scheme::Dpop] {
                        for in_authorization in [false, true] {
                            for proof_present in [false, true] {
                                for certificate in [None, Some(2), Some(3)] {
                                    for jkt in [None, Some(1)] {
                                        for x5t in [None, Some(2)] {
                                            let policy = Policy { dpop, mtls, bound_tokens, unbound_tokens };
                                            let shown = Presented {
                                                scheme,
                                                in_authorization,
                                                proof_present,
                                                certificate: certificate.map(print),
                                            };
                                            holds(&policy, &shown, &bound(jkt, x5t));
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn holds(policy: &Policy, shown: &Presented, token: &Confirmation) {
    let got = decide(policy, shown, token);
    let Ok(decision) = got else { return };
    let case = format!("{policy:?} {shown:?} {token:?} → {decision:?}");
    let accept_unchecked = policy.bound_tokens == Leftover::Accept;
    if token.jkt.is_some() && !(policy.dpop == Mode::Off && accept_unchecked) {
        assert_eq!(decision, Decision::CheckProof(print(1)), "{case}");
        assert_eq!(shown.scheme, Scheme::Dpop, "{case}");
    }
    if token.x5t_s256.is_some() && !(policy.mtls == Mode::Off && accept_unchecked) {
        assert_eq!(shown.certificate, token.x5t_s256, "{case}");
    }
    if policy.dpop == Mode::Strict {
        assert!(matches!(decision, Decision::CheckProof(_)), "{case}");
    }
    if policy.mtls == Mode::Strict {
        assert!(token.x5t_s256.is_some(), "{case}");
    }
    if shown.scheme == Scheme::Dpop {
        assert!(matches!(decision, Decision::CheckProof(_)), "{case}");
    }
    if !token.is_unbound() {
        assert!(shown.in_authorization, "{case}");
    }
    if token.is_unbound() && policy.unbound_tokens == Leftover::Refuse {
        assert_eq!((policy.dpop, policy.mtls), (Mode::Off, Mode::Off), "{case}");
    }
}

#[test]
fn both_optional_and_unbound_refused_takes_a_token_bound_either_way() {
    let policy = Policy {
        dpop: Mode::Optional,
        mtls: Mode::Optional,
        bound_tokens: Leftover::Refuse,
        unbound_tokens: Leftover::Refuse,
    };
    let bearer = presented(Scheme::Bearer, false, Some(2));
    assert_eq!(decide(&policy, &bearer, &bound(None, Some(2))), Ok(Decision::Forward));
    assert_eq!(decide(&policy, &bearer, &bound(None, None)), Err(BindingFault::Unbound));
    let dpop = presented(Scheme::Dpop, true, None);
    assert_eq!(decide(&policy, &dpop, &bound(Some(1), None)), Ok(Decision::CheckProof(print(1))));
    assert_eq!(decide(&policy, &dpop, &bound(Some(1), Some(2))), Err(BindingFault::CertificateMissing));
}
