//! Any bytes as a field with a client's certificate: the first byte chooses the format, a line feed parts the fields.

use keybound_pop::certificate::{Format, HeaderFault, MAX_CHAIN, MAX_FIELD, read};
use keybound_pop::thumbprint;

const FORMATS: [Format; 4] = [Format::UrlEncoded, Format::Base64Encoded, Format::Rfc9440, Format::Xfcc];

/// What is read is bounded and made of whole DER elements, has one thumbprint, and two lines are never one.
pub fn run(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else { return };
    let format = FORMATS[usize::from(*choice) % FORMATS.len()];
    let mut lines = text.split(|byte| *byte == b'\n');
    let line = lines.next().unwrap_or_default();
    let rest: Vec<&[u8]> = lines.collect();
    let found = read(format, &[line], &rest);
    assert_eq!(found, read(format, &[line], &rest), "the same twice");
    assert_eq!(read(format, &[line, line], &rest), Err(HeaderFault::Repeated));
    let Ok(Some(chain)) = found else { return };
    assert!((1..=MAX_CHAIN).contains(&chain.len()));
    assert!(chain.iter().map(Vec::len).sum::<usize>() <= MAX_FIELD);
    for der in &chain {
        assert_eq!(der.first(), Some(&0x30));
    }
    if format != Format::Rfc9440 {
        assert_eq!(
            read(format, &[line], &[]),
            Ok(Some(chain.clone())),
            "the other field is not of this format"
        );
    }
    let again = format!(":{}:", base64(&chain[0]));
    let same = read(Format::Rfc9440, &[again.as_bytes()], &[]).expect("its own spelling").expect("one");
    assert_eq!(thumbprint::certificate(&same[0]), thumbprint::certificate(&chain[0]));
}

/// Standard base64 with padding, written here so that the encoder is not the reader's.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let whole =
            group.iter().fold(0_u32, |whole, byte| whole << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(whole >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}
