use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// Bytes that have the outer form of a certificate.
fn der(fill: u8) -> Vec<u8> {
    let mut der = vec![0x30, 0x82, 0x01, 0x00];
    der.extend(std::iter::repeat_n(fill, 256));
    der
}

fn pem(fill: u8) -> String {
    let digits = STANDARD.encode(der(fill));
    let lines: Vec<&str> =
        digits.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn item(fill: u8) -> String {
    format!(":{}:", STANDARD.encode(der(fill)))
}

fn read_one(format: Format, field: &str) -> Result<Option<Vec<Vec<u8>>>, HeaderFault> {
    read(format, &[field.as_bytes()], &[])
}

#[test]
fn each_format_is_read() {
    for (format, field) in [
        (Format::UrlEncoded, escaped(&pem(0xff))),
        (Format::UrlEncoded, escaped(&pem(0xff)).replace("%2F", "/").replace("%2B", "+")),
        (Format::UrlEncoded, escaped(&pem(0xff)).replace("%2F", "%2f").replace("%0A", "%0a")),
        (Format::Base64Encoded, STANDARD.encode(der(0xff))),
        (Format::Rfc9440, item(0xff)),
        (Format::Rfc9440, item(0xff).replace('=', "")),
        (Format::Xfcc, format!("Hash=00;Cert=\"{}\";Subject=\"CN=a,O=\\\"b;c\\\"\"", escaped(&pem(0xff)))),
        (Format::Xfcc, format!("by=x;cert={}", escaped(&pem(0xff)))),
    ] {
        assert_eq!(read_one(format, &field), Ok(Some(vec![der(0xff)])), "{field}");
    }
}

#[test]
fn no_field_and_an_empty_one_mean_that_the_client_showed_none() {
    for format in [Format::UrlEncoded, Format::Base64Encoded, Format::Rfc9440, Format::Xfcc] {
        assert_eq!(read(format, &[], &[]), Ok(None));
        assert_eq!(read_one(format, " "), Ok(None));
    }
    assert_eq!(read_one(Format::Xfcc, "By=spiffe://a;Hash=00"), Ok(None));
}

#[test]
fn a_field_that_is_there_twice_is_refused() {
    let field = STANDARD.encode(der(1));
    let lines = [field.as_bytes(), field.as_bytes()];
    assert_eq!(read(Format::Base64Encoded, &lines, &[]), Err(HeaderFault::Repeated));
}

#[test]
fn of_several_elements_the_nearest_proxy_s_counts() {
    let element = |fill| format!("Cert=\"{}\"", escaped(&pem(fill)));
    let field = format!("{},{}", element(1), element(2));
    assert_eq!(read_one(Format::Xfcc, &field), Ok(Some(vec![der(2)])));
    let field = format!("{},By=proxy", element(1));
    assert_eq!(read_one(Format::Xfcc, &field), Ok(None), "what the client claimed of itself");
    // A quote that the client left open would swallow what the proxy added.
    let field = format!("Subject=\"x,{}", element(2));
    assert_eq!(read_one(Format::Xfcc, &field), Err(HeaderFault::Malformed));
}

#[test]
fn chains_come_with_the_client_s_certificate_first() {
    let rest = [item(2), format!("{} , {}", item(3), item(4))];
    let rest: Vec<&[u8]> = rest.iter().map(String::as_bytes).collect();
    let chain = read(Format::Rfc9440, &[item(1).as_bytes()], &rest);
    assert_eq!(chain, Ok(Some(vec![der(1), der(2), der(3), der(4)])));
    let both = escaped(&format!("{}{}", pem(1), pem(2)));
    let field = format!("Cert={};Chain=\"{both}\"", escaped(&pem(1)));
    assert_eq!(read_one(Format::Xfcc, &field), Ok(Some(vec![der(1), der(2)])));
    assert_eq!(read_one(Format::Xfcc, &format!("Chain=\"{both}\"")), Ok(Some(vec![der(1), der(2)])));
    let field = format!("Cert={};Chain=\"{both}\"", escaped(&pem(3)));
    assert_eq!(read_one(Format::Xfcc, &field), Err(HeaderFault::Malformed));
}

#[test]
fn what_is_not_one_certificate_in_the_format_is_refused() {
    let two = escaped(&format!("{}{}", pem(1), pem(2)));
    let long = "A".repeat(MAX_FIELD + 1);
    let many: Vec<String> = (0..8).map(item).collect();
    for (format, field, fault) in [
        (Format::UrlEncoded, two.as_str(), HeaderFault::Many),
        (Format::UrlEncoded, pem(1).trim_end_matches('\n').split_at(40).0, HeaderFault::Malformed),
        (Format::UrlEncoded, "%2", HeaderFault::Malformed),
        (Format::UrlEncoded, "%ff", HeaderFault::Malformed),
        (Format::UrlEncoded, "(null)", HeaderFault::Malformed),
        (Format::UrlEncoded, long.as_str(), HeaderFault::TooLong),
        (Format::Base64Encoded, "MIIB", HeaderFault::Malformed),
        (Format::Base64Encoded, "MAA=", HeaderFault::Malformed),
        (Format::Base64Encoded, "MA A", HeaderFault::Malformed),
        (Format::Rfc9440, "MIIB", HeaderFault::Malformed),
        (Format::Rfc9440, ":MIIB", HeaderFault::Malformed),
        (Format::Xfcc, "Cert", HeaderFault::Malformed),
        (Format::Xfcc, "Cert=\"", HeaderFault::Malformed),
        (Format::Xfcc, "Cert=", HeaderFault::Malformed),
    ] {
        assert_eq!(read_one(format, field), Err(fault), "{field}");
    }
    let twice = format!("Cert={0};Cert={0}", escaped(&pem(1)));
    assert_eq!(read_one(Format::Xfcc, &twice), Err(HeaderFault::Malformed));
    let behind = escaped(&format!("{}x", pem(1)));
    assert_eq!(read_one(Format::UrlEncoded, &behind), Err(HeaderFault::Malformed));
    let rest: Vec<&[u8]> = many.iter().map(String::as_bytes).collect();
    assert_eq!(read(Format::Rfc9440, &[item(9).as_bytes()], &rest), Err(HeaderFault::TooLong));
    let mut trailing = der(1);
    trailing.push(0);
    assert_eq!(read_one(Format::Base64Encoded, &STANDARD.encode(trailing)), Err(HeaderFault::Malformed));
}
