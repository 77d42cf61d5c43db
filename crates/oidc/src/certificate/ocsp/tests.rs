use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SigningKey,
    date_time_ymd,
};

use super::*;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
/// `ecdsa-with-SHA256`
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

struct Made {
    der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

fn made(authority: bool, signs: bool, by: Option<&Made>) -> Made {
    let mut params = CertificateParams::new(vec!["x.test".to_owned()]).unwrap();
    if authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    if signs {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
    }
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2030, 1, 1));
    let key = KeyPair::generate().unwrap();
    let certificate = match by {
        Some(by) => params.signed_by(&key, &by.issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    Made { der: certificate.der().to_vec(), issuer: Issuer::new(params, key) }
}

/// An answer: about whom, what, between which times, signed by whom, whose certificate is in it or not.
struct Answer<'a> {
    id: &'a CertId,
    status: Vec<u8>,
    this: &'a str,
    next: Option<&'a str>,
    signer: &'a Made,
    enclosed: bool,
}

impl Answer<'_> {
    fn der(&self) -> Vec<u8> {
        let time = |text: &str| element(GENERALIZED_TIME, &[text.as_bytes()]);
        // The id is the first of the only request's.
        let request = self.id.request();
        let mut reader = Reader::new(&request);
        for _ in 0..3 {
            reader = reader.open(SEQUENCE).unwrap();
        }
        let id = reader.open(SEQUENCE).unwrap().any().unwrap().whole;
        let next = self.next.map(|next| element(CONTEXT_0, &[&time(next)])).unwrap_or_default();
        let single = element(SEQUENCE, &[id, &self.status, &time(self.this), &next]);
        let responder = element(0xa2, &[&element(OCTET_STRING, &[&[7; 20]])]);
        let data = element(SEQUENCE, &[&responder, &time(self.this), &element(SEQUENCE, &[&single])]);
        let signature = self.signer.issuer.key().sign(&data).unwrap();
        let enclosed = element(CONTEXT_0, &[&element(SEQUENCE, &[&self.signer.der])]);
        let basic = element(
            SEQUENCE,
            &[
                &data,
                &element(SEQUENCE, &[&element(OBJECT_ID, &[ECDSA])]),
                &element(BIT_STRING, &[&[0], &signature]),
                if self.enclosed { &enclosed } else { &[] },
            ],
        );
        let bytes = element(SEQUENCE, &[&element(OBJECT_ID, &[BASIC]), &element(OCTET_STRING, &[&basic])]);
        element(SEQUENCE, &[&element(ENUMERATED, &[&[0]]), &element(CONTEXT_0, &[&bytes])])
    }
}

fn good() -> Vec<u8> {
    element(0x80, &[])
}

#[test]
fn an_answer_counts_when_the_issuer_or_its_delegate_signed_it() {
    let root = made(true, false, None);
    let stranger = made(true, false, None);
    let client = made(false, false, Some(&root));
    let delegate = made(false, true, Some(&root));
    let no_delegate = made(false, false, Some(&root));
    let of_stranger = made(false, true, Some(&stranger));
    let id = CertId::of(&client.der, &root.der).unwrap();
    let issuer = CertificateDer::from(root.der.as_slice());
    for (name, signer, enclosed, expected) in [
        ("the issuer", &root, false, Ok(Status::Good)),
        ("a delegate", &delegate, true, Ok(Status::Good)),
        ("a delegate that is not there", &delegate, false, Err(Useless::Signature)),
        ("a certificate that is no delegate", &no_delegate, true, Err(Useless::Signature)),
        ("the client itself", &client, true, Err(Useless::Signature)),
        ("another's delegate", &of_stranger, true, Err(Useless::Signature)),
        ("somebody else", &stranger, true, Err(Useless::Signature)),
    ] {
        let (this, next) = ("20270115080000Z", Some("20270116080000Z"));
        let answer = Answer { id: &id, status: good(), this, next, signer, enclosed }.der();
        assert_eq!(read(&answer, &id, &issuer, NOW), expected, "{name}");
    }
}

#[test]
fn an_answer_says_one_of_three_things_about_one_certificate_for_a_time() {
    let root = made(true, false, None);
    let (client, other) = (made(false, false, Some(&root)), made(false, false, Some(&root)));
    let id = CertId::of(&client.der, &root.der).unwrap();
    let another = CertId::of(&other.der, &root.der).unwrap();
    let issuer = CertificateDer::from(root.der.as_slice());
    let revoked = element(0xa1, &[&element(GENERALIZED_TIME, &[b"20270101000000Z"])]);
    let (this, next) = ("20270115080000Z", Some("20270116080000Z"));
    for (name, id_in, status, this, next, expected) in [
        ("good", &id, good(), this, next, Ok(Status::Good)),
        ("revoked", &id, revoked, this, next, Ok(Status::Revoked)),
        ("unknown", &id, element(0x82, &[]), this, next, Ok(Status::Unknown)),
        ("neither", &id, element(0x83, &[]), this, next, Err(Useless::Malformed)),
        ("another", &another, good(), this, next, Err(Useless::Other)),
        ("over", &id, good(), "20270114080000Z", Some("20270115070000Z"), Err(Useless::Stale)),
        ("to come", &id, good(), "20270115090000Z", next, Err(Useless::Stale)),
        ("without end, fresh", &id, good(), "20270115073000Z", None, Ok(Status::Good)),
        ("without end, old", &id, good(), "20270115060000Z", None, Err(Useless::Stale)),
        ("no time", &id, good(), "x", next, Err(Useless::Malformed)),
    ] {
        let answer = Answer { id: id_in, status, this, next, signer: &root, enclosed: false }.der();
        assert_eq!(read(&answer, &id, &issuer, NOW), expected, "{name}");
    }
    let refusal = element(SEQUENCE, &[&element(ENUMERATED, &[&[6]])]);
    assert_eq!(read(&refusal, &id, &issuer, NOW), Err(Useless::Refused));
    assert_eq!(read(b"<html>", &id, &issuer, NOW), Err(Useless::Malformed));
}

#[test]
fn an_answer_that_was_changed_or_cut_says_nothing() {
    let root = made(true, false, None);
    let client = made(false, false, Some(&root));
    let id = CertId::of(&client.der, &root.der).unwrap();
    let issuer = CertificateDer::from(root.der.as_slice());
    let (this, next) = ("20270115080000Z", Some("20270116080000Z"));
    let answer = Answer { id: &id, status: good(), this, next, signer: &root, enclosed: false }.der();
    for at in 0..answer.len() {
        assert!(read(&answer[..at], &id, &issuer, NOW).is_err(), "cut at {at}");
        let mut changed = answer.clone();
        changed[at] ^= 0x01;
        assert!(read(&changed, &id, &issuer, NOW).is_err(), "changed at {at}");
    }
}
