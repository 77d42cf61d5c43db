use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, date_time_ymd,
};

use super::*;

struct Made {
    der: Vec<u8>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn params(name: &str, authority: bool) -> CertificateParams {
    let mut params = CertificateParams::new(vec![format!("{name}.test")]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    if authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2030, 1, 1));
    params
}

fn made(params: CertificateParams, by: Option<&Made>) -> Made {
    let key = KeyPair::generate().unwrap();
    let certificate = match by {
        Some(by) => params.signed_by(&key, &by.issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    let (der, pem) = (certificate.der().to_vec(), certificate.pem());
    Made { der, pem, issuer: Issuer::new(params, key) }
}

fn authorities(of: &[&Made], partial: bool) -> Authorities {
    Authorities::new(of.iter().map(|made| made.pem.as_str()), partial).unwrap()
}

/// In the middle of 2027.
const NOW: UnixTime = UnixTime::from_secs(1_814_400_000);

fn verdict(known: &Authorities, chain: &[&Made], now: UnixTime) -> Result<Vec<usize>, CertificateFault> {
    let chain: Vec<Vec<u8>> = chain.iter().map(|made| made.der.clone()).collect();
    known.path(&chain, now).map(|path| path.authorities)
}

#[test]
fn the_way_leads_to_an_authority_that_issued_itself() {
    let root = made(params("root", true), None);
    let between = made(params("between", true), Some(&root));
    let leaf = made(params("leaf", false), Some(&between));
    let other = made(params("root", true), None);
    for (name, known, partial, chain, expected) in [
        ("sent along", vec![&root], false, vec![&leaf, &between], Ok(vec![0])),
        ("not sent along", vec![&root], false, vec![&leaf], Err(CertificateFault::Untrusted)),
        ("configured", vec![&root, &between], false, vec![&leaf], Ok(vec![0, 1])),
        ("no root", vec![&between], false, vec![&leaf], Err(CertificateFault::Untrusted)),
        ("no root, partial", vec![&between], true, vec![&leaf], Ok(vec![0])),
        (
            "another of the same name",
            vec![&other],
            false,
            vec![&leaf, &between],
            Err(CertificateFault::Untrusted),
        ),
        ("nobody", vec![], true, vec![&leaf, &between], Err(CertificateFault::Untrusted)),
        ("an authority as a client", vec![&root], false, vec![&between], Err(CertificateFault::Usage)),
        ("nothing", vec![&root], false, vec![], Err(CertificateFault::Malformed)),
    ] {
        assert_eq!(verdict(&authorities(&known, partial), &chain, NOW), expected, "{name}");
    }
    let junk = authorities(&[&root], false).path(&[vec![0x30, 0x00]], NOW).map(|path| path.authorities);
    assert_eq!(junk, Err(CertificateFault::Malformed));
}

#[test]
fn every_certificate_on_the_way_is_in_time() {
    let root = made(params("root", true), None);
    let mut short = params("short", true);
    short.not_after = date_time_ymd(2026, 1, 1);
    let short = made(short, None);
    let leaf = made(params("leaf", false), Some(&root));
    let of_short = made(params("leaf", false), Some(&short));
    let at = |seconds| UnixTime::from_secs(seconds);
    let (first, last) = (1_577_836_800, 1_893_456_000);
    let known = authorities(&[&root, &short], false);
    for (name, made, now, expected) in [
        ("the first second", &leaf, first, Ok(vec![0])),
        ("the last second", &leaf, last, Ok(vec![0])),
        ("after it", &leaf, last + 1, Err(CertificateFault::Expired)),
        ("before it", &leaf, first - 1, Err(CertificateFault::NotYetValid)),
        ("the authority is over", &of_short, NOW.secs(), Err(CertificateFault::Untrusted)),
    ] {
        assert_eq!(verdict(&known, &[made], at(now)), expected, "{name}");
    }
    let mut early = params("leaf", false);
    early.not_after = date_time_ymd(2027, 1, 1);
    let early = made(early, Some(&root));
    assert_eq!(verdict(&known, &[&early], NOW), Err(CertificateFault::Expired));
    let mut late = params("leaf", false);
    late.not_before = date_time_ymd(2029, 1, 1);
    let late = made(late, Some(&root));
    assert_eq!(verdict(&known, &[&late], NOW), Err(CertificateFault::NotYetValid));
}

#[test]
fn a_certificate_that_says_what_it_is_for_is_for_clients() {
    let root = made(params("root", true), None);
    let known = authorities(&[&root], false);
    for (usages, expected) in [
        (vec![], Ok(vec![0])),
        (vec![ExtendedKeyUsagePurpose::ClientAuth], Ok(vec![0])),
        (vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth], Ok(vec![0])),
        (vec![ExtendedKeyUsagePurpose::ServerAuth], Err(CertificateFault::Usage)),
    ] {
        let mut params = params("leaf", false);
        params.extended_key_usages = usages;
        assert_eq!(verdict(&known, &[&made(params, Some(&root))], NOW), expected);
    }
}

#[test]
fn an_authority_that_cannot_be_used_is_named() {
    let root = made(params("root", true), None);
    let fault = |pem: &str| Authorities::new([root.pem.as_str(), pem], false).map(drop).unwrap_err();
    assert_eq!(fault("nothing"), (1, AuthorityFault::Pem));
    let block = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    assert_eq!(fault(block), (1, AuthorityFault::Der));
}
