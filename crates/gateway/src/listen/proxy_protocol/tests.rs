use proptest::prelude::*;
use rstest::rstest;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::*;

/// A header of version 2: its two bytes of kind, and what stands behind the length.
fn v2(kind: u8, protocol: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [SIGNATURE_V2, &[kind, protocol], &length, body].concat()
}

const V4: [u8; 12] = [192, 0, 2, 7, 198, 51, 100, 1, 0x30, 0x39, 0x01, 0xbb];

fn v6() -> Vec<u8> {
    let (from, to) = ("2001:db8::7".parse::<Ipv6Addr>().unwrap(), "2001:db8::1".parse::<Ipv6Addr>().unwrap());
    [&from.octets()[..], &to.octets()[..], &[0x30, 0x39, 0x01, 0xbb]].concat()
}

fn whole(bytes: &[u8], source: Option<&str>) {
    let source = source.map(|text| text.parse().unwrap());
    let followed = [bytes, b"GET / HTTP/1.1\r\n"].concat();
    assert_eq!(read(&followed), Ok(Verdict::Whole { length: bytes.len(), source }));
    for cut in 0..bytes.len() {
        assert_eq!(read(&bytes[..cut]), Ok(Verdict::More), "{cut}");
    }
}

#[rstest]
#[case("PROXY TCP4 192.0.2.7 198.51.100.1 12345 443\r\n", Some("192.0.2.7:12345"))]
#[case("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n", Some("0.0.0.0:0"))]
#[case("PROXY TCP6 2001:db8::7 2001:db8::1 12345 443\r\n", Some("[2001:db8::7]:12345"))]
#[case(
    "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
    Some("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535")
)]
#[case("PROXY UNKNOWN\r\n", None)]
#[case("PROXY UNKNOWN whatever it says 1 2 3\r\n", None)]
fn a_line_of_version_1_is_read_and_nothing_behind_it(#[case] line: &str, #[case] source: Option<&str>) {
    whole(line.as_bytes(), source);
}

#[test]
fn a_header_of_version_2_is_read_and_nothing_behind_it() {
    whole(&v2(0x21, 0x11, &V4), Some("192.0.2.7:12345"));
    whole(&v2(0x21, 0x21, &v6()), Some("[2001:db8::7]:12345"));
}

#[test]
fn extensions_are_passed_over() {
    let extensions = [&V4[..], &[0x04, 0, 3, 1, 2, 3], &[0x20, 0xff, 0xff]].concat();
    whole(&v2(0x21, 0x11, &extensions), Some("192.0.2.7:12345"));
    let longest = [&V4[..], &vec![7; LONGEST_V2 - FIXED_V2 - V4.len()]].concat();
    let longest = v2(0x21, 0x11, &longest);
    let source = Some("192.0.2.7:12345".parse().unwrap());
    assert_eq!(read(&longest), Ok(Verdict::Whole { length: LONGEST_V2, source }));
}

#[rstest]
#[case::local(0x20, 0x00, vec![])]
#[case::local_with_addresses(0x20, 0x11, V4.to_vec())]
#[case::local_too_short_for_its_family(0x20, 0x11, vec![1, 2])]
#[case::unspecified(0x21, 0x00, vec![])]
#[case::unspecified_with_bytes(0x21, 0x00, vec![1, 2, 3])]
#[case::unix(0x21, 0x31, vec![0; 216])]
#[case::datagrams(0x21, 0x12, V4.to_vec())]
fn what_has_no_address_of_the_internet_leaves_the_connections_own(
    #[case] kind: u8,
    #[case] protocol: u8,
    #[case] body: Vec<u8>,
) {
    whole(&v2(kind, protocol, &body), None);
}

#[rstest]
#[case("GET / HTTP/1.1\r\n", ProxyFault::Signature)]
#[case("proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n", ProxyFault::Signature)]
#[case("PROXY\tTCP4 192.0.2.7 198.51.100.1 1 2\r\n", ProxyFault::Signature)]
#[case("\r\n\r\nGET / HTTP/1.1\r\n", ProxyFault::Signature)]
#[case(" PROXY UNKNOWN\r\n", ProxyFault::Signature)]
#[case("PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n", ProxyFault::LineEnd)]
#[case("PROXY TCP4 192.0.2.7\r198.51.100.1 1 2\r\n", ProxyFault::LineEnd)]
#[case("PROXY UNKNOWN\r\r\n", ProxyFault::LineEnd)]
#[case("PROXY \r\n", ProxyFault::Family)]
#[case("PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n", ProxyFault::Family)]
#[case("PROXY tcp4 192.0.2.7 198.51.100.1 1 2\r\n", ProxyFault::Family)]
#[case("PROXY UNKNOWNS\r\n", ProxyFault::Family)]
#[case("PROXY TCP4\r\n", ProxyFault::Parts)]
#[case("PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n", ProxyFault::Parts)]
#[case("PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n", ProxyFault::Parts)]
#[case("PROXY TCP4 192.0.2.7 198.51.100.1 1 2 \r\n", ProxyFault::Parts)]
#[case("PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n", ProxyFault::Parts)]
#[case("PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n", ProxyFault::Address)]
#[case("PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n", ProxyFault::Address)]
#[case("PROXY TCP4 192.0.2.07 198.51.100.1 1 2\r\n", ProxyFault::Address)]
#[case("PROXY TCP4 192.0.2 198.51.100.1 1 2\r\n", ProxyFault::Address)]
#[case("PROXY TCP4 192.0.2.7 nobody 1 2\r\n", ProxyFault::Address)]
#[case("PROXY TCP6 [::1] ::1 1 2\r\n", ProxyFault::Address)]
#[case("PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", ProxyFault::Address)]
#[case("PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n", ProxyFault::Port)]
#[case("PROXY TCP4 192.0.2.7 198.51.100.1 1 -2\r\n", ProxyFault::Port)]
#[case("PROXY TCP4 192.0.2.7 198.51.100.1 +1 2\r\n", ProxyFault::Port)]
#[case("PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n", ProxyFault::Port)]
#[case("PROXY TCP4 192.0.2.7 198.51.100.1 1 x\r\n", ProxyFault::Port)]
fn a_malformed_line_of_version_1_is_refused(#[case] line: &str, #[case] fault: ProxyFault) {
    assert_eq!(read(line.as_bytes()), Err(fault), "{line:?}");
}

#[test]
fn a_line_that_is_no_text_is_refused() {
    assert_eq!(read(b"PROXY TCP4 \xff\xfe 198.51.100.1 1 2\r\n"), Err(ProxyFault::Parts));
}

#[test]
fn a_line_of_more_than_107_bytes_is_refused_before_it_ends() {
    let longest = format!("PROXY UNKNOWN {}\r\n", "x".repeat(91));
    assert_eq!(longest.len(), LONGEST_V1);
    whole(longest.as_bytes(), None);
    let longer = format!("PROXY UNKNOWN {}", "x".repeat(93));
    assert_eq!(longer.len(), LONGEST_V1);
    assert_eq!(read(longer.as_bytes()), Err(ProxyFault::LineTooLong));
    let ends_late = format!("PROXY UNKNOWN {}\r\n", "x".repeat(92));
    assert_eq!(read(ends_late.as_bytes()), Err(ProxyFault::LineTooLong));
}

#[rstest]
#[case::version_1(0x11, 0x11, 12, ProxyFault::Version)]
#[case::version_3(0x31, 0x11, 12, ProxyFault::Version)]
#[case::command_2(0x22, 0x11, 12, ProxyFault::Command)]
#[case::command_15(0x2f, 0x11, 12, ProxyFault::Command)]
#[case::family_4(0x21, 0x41, 12, ProxyFault::Protocol)]
#[case::family_15_of_local(0x20, 0xf0, 0, ProxyFault::Protocol)]
#[case::transport_3(0x21, 0x13, 12, ProxyFault::Protocol)]
#[case::no_address(0x21, 0x11, 0, ProxyFault::TooShort)]
#[case::half_an_address(0x21, 0x11, 11, ProxyFault::TooShort)]
#[case::half_an_address_of_version_6(0x21, 0x21, 35, ProxyFault::TooShort)]
#[case::half_a_path(0x21, 0x31, 215, ProxyFault::TooShort)]
#[case::too_long(0x21, 0x11, LONGEST_V2 - FIXED_V2 + 1, ProxyFault::TooLong)]
#[case::as_long_as_can_be(0x21, 0x11, 65535, ProxyFault::TooLong)]
fn a_malformed_header_of_version_2_is_refused_before_its_body_comes(
    #[case] kind: u8,
    #[case] protocol: u8,
    #[case] length: usize,
    #[case] fault: ProxyFault,
) {
    let header = v2(kind, protocol, &vec![0; length]);
    assert_eq!(read(&header), Err(fault));
    assert_eq!(read(&header[..FIXED_V2]), Err(fault));
}

#[test]
fn every_byte_of_the_signature_counts() {
    let header = v2(0x21, 0x11, &V4);
    for place in 0..SIGNATURE_V2.len() {
        let mut other = header.clone();
        other[place] ^= 0x20;
        assert_eq!(read(&other), Err(ProxyFault::Signature), "{place}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic_and_a_whole_header_is_within_its_bounds(
        start in prop::sample::select(vec![&b""[..], NAME_V1, b"PROXY TCP4 ", SIGNATURE_V2, b"\r\n\r\n\0\r\nQUIT\n\x21\x11"]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [start, &rest].concat();
        if let Ok(Verdict::Whole { length, .. }) = read(&bytes) {
            prop_assert!(length <= bytes.len() && length <= LONGEST_V2);
        }
    }
}

/// Writes pieces into one end of a connection, each after the other end's buffer was seen to take the one before.
async fn received(pieces: &[&[u8]]) -> (Result<Option<SocketAddr>, NoHeader>, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    client.set_nodelay(true).unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let write = async {
        for piece in pieces {
            client.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        client.shutdown().await.unwrap();
    };
    let (found, ()) = tokio::join!(receive(&mut stream), write);
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    (found, rest)
}

#[tokio::test]
async fn the_header_is_taken_off_the_connection_however_it_is_cut_and_the_rest_stays() {
    let line = b"PROXY TCP4 192.0.2.7 198.51.100.1 12345 443\r\n".to_vec();
    let extensions = [&V4[..], &vec![9; 3000]].concat();
    for header in [line, v2(0x21, 0x11, &V4), v2(0x21, 0x11, &extensions)] {
        let (found, rest) = received(&[&header, b"rest"]).await;
        assert_eq!((found.unwrap(), &rest[..]), (Some("192.0.2.7:12345".parse().unwrap()), &b"rest"[..]));
        let together = [&header[..], b"rest"].concat();
        let (found, rest) = received(&[&together]).await;
        assert_eq!((found.unwrap(), &rest[..]), (Some("192.0.2.7:12345".parse().unwrap()), &b"rest"[..]));
        let pieces: Vec<&[u8]> = header.chunks(header.len().div_ceil(40)).collect();
        let (found, rest) = received(&pieces).await;
        assert_eq!((found.unwrap(), &rest[..]), (Some("192.0.2.7:12345".parse().unwrap()), &b""[..]));
    }
}

#[tokio::test]
async fn a_connection_that_ends_within_its_header_brings_none() {
    for header in [&b""[..], b"PROXY TCP4 192.0.2.7", SIGNATURE_V2] {
        assert!(matches!(received(&[header]).await.0, Err(NoHeader::Broken(_))));
    }
}
