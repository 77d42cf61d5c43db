use bytes::{Bytes, BytesMut};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Extensions, StatusCode, Version};
use hyper::ext::ReasonPhrase;

use super::answer::{self, AnswerHead, Asked, Framed, Size};
use super::body::Decoder;
use super::head::{BadHead, HeadBounds, HeadReader, Length, RequestHead};
use crate::fuzzing::{End, Framing, framing};
use crate::h1::Piece;

const BOUNDS: HeadBounds = HeadBounds { bytes: 8192, fields: 100 };

const TALK: &str = "\r\nPOST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nX: content-length: 5\r\n\r\n\
                    3;a=b\r\nabc\r\nA \t;x\r\n0123456789\r\n0\r\nX: y\r\n\r\n\
                    PUT /b HTTP/1.1\r\nContent-Length: \t 4 \r\n\r\nab\n\nGET /c HTTP/1.0\r\n\r\n";

fn read(text: &str) -> Result<Option<RequestHead>, BadHead> {
    HeadReader::default().read(&mut BytesMut::from(text), BOUNDS)
}

fn whole(text: &str) -> RequestHead {
    read(text).unwrap().unwrap()
}

/// Feeds a head in pieces of one size.
fn in_pieces(text: &str, size: usize) -> Result<Option<RequestHead>, BadHead> {
    let (mut reader, mut input) = (HeadReader::default(), BytesMut::new());
    for piece in text.as_bytes().chunks(size) {
        input.extend_from_slice(piece);
        if let Some(head) = reader.read(&mut input, BOUNDS)? {
            return Ok(Some(head));
        }
    }
    Ok(None)
}

#[test]
fn a_conversation_is_the_same_however_its_bytes_are_cut() {
    let expected = Framing {
        heads: ["POST", "PUT", "GET"].map(str::to_owned).to_vec(),
        content: b"abc0123456789ab\n\n".to_vec(),
        end: End::Open,
    };
    for size in 1..=TALK.len() {
        assert_eq!(framing(TALK.as_bytes(), size), expected, "{size}");
    }
}

#[test]
fn two_cuts_anywhere_change_nothing() {
    let bytes = TALK.as_bytes();
    let expected = framing(bytes, bytes.len());
    for first in 0..bytes.len() {
        for second in (first..bytes.len()).step_by(7) {
            let (mut reader, mut input, mut body) = (HeadReader::default(), BytesMut::new(), None);
            let (mut heads, mut content) = (Vec::new(), Vec::new());
            for piece in [&bytes[..first], &bytes[first..second], &bytes[second..]] {
                input.extend_from_slice(piece);
                loop {
                    let Some(decoder) = &mut body else {
                        let Some(head) = reader.read(&mut input, BOUNDS).unwrap() else { break };
                        body = Decoder::of(head.length);
                        heads.push(head.parts.method.to_string());
                        continue;
                    };
                    match Decoder::next(decoder, &mut input).unwrap() {
                        Some(Piece::Data(data)) => content.extend_from_slice(&data),
                        Some(Piece::Trailers(_) | Piece::End) => {}
                        None => break,
                    }
                    if decoder.is_over() {
                        body = None;
                    }
                }
            }
            assert_eq!((&heads, &content), (&expected.heads, &expected.content), "{first} {second}");
        }
    }
}

#[test]
fn doubt_is_found_also_behind_another_request_however_the_bytes_are_cut() {
    for head in [
        "POST / HTTP/1.1\r\ncontent-LENGTH: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\ncontent-LENGTH: 4\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 4, 4\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: +4\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
    ] {
        for before in ["", "GET / HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na\r\n"] {
            let text = format!("{before}{head}0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
            for size in 1..text.len() {
                let found = framing(text.as_bytes(), size);
                let heads = 1 + usize::from(!before.is_empty());
                assert_eq!((found.heads.len(), found.end), (heads, End::InDoubt), "{text:?} {size}");
            }
        }
    }
}

#[test]
fn a_head_in_doubt_has_no_body_to_be_read() {
    let head = whole("POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n");
    assert_eq!((head.in_doubt, head.length), (true, Length::Nothing));
    // The fields are as they came, for whoever says what is wrong.
    assert_eq!(head.parts.headers.get_all("content-length").iter().count(), 2);
}

#[test]
fn what_is_no_head_is_refused_however_the_bytes_are_cut() {
    for text in [
        "\nGET / HTTP/1.1\r\n\r\n",
        "\r\n\nGET / HTTP/1.1\r\n\r\n",
        "\rGET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "GET / HTTP/1.2\r\n\r\n",
        "GET /\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n",
        "G(T / HTTP/1.1\r\n\r\n",
        "GET /\0 HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nX : a\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\n X: a\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\0\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nX\r\n\r\n",
        "GET / HTTP/1.1\r\n: a\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\r\n\r\n",
    ] {
        for size in 1..=text.len() {
            assert_eq!(in_pieces(text, size).unwrap_err(), BadHead::Malformed, "{text:?} {size}");
        }
    }
}

#[test]
fn what_cannot_become_a_head_is_refused_before_its_end() {
    for text in ["\u{16}\u{3}\u{1}", " GET", "GET / HTTP/2", "GET / HTTP/1.1\r\nX : "] {
        assert_eq!(read(text).unwrap_err(), BadHead::Malformed, "{text:?}");
    }
    for text in ["", "\r", "\r\n", "\r\n\r", "G", "GET / HTTP/1.1\r\nX: "] {
        assert!(read(text).unwrap().is_none(), "{text:?}");
    }
}

#[test]
fn heads_are_bounded_in_bytes_and_fields_whether_they_end_or_not() {
    let long = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(8192));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: a\r\n".repeat(101));
    for text in [&long, &format!("{long}\r\n\r\n"), &many] {
        for size in [1, 100, 100_000] {
            assert_eq!(in_pieces(text, size).unwrap_err(), BadHead::TooLarge);
        }
    }
    let fields = |most: usize| {
        let bounds = HeadBounds { fields: most, ..BOUNDS };
        HeadReader::default().read(&mut BytesMut::from(&many[..]), bounds)
    };
    assert_eq!(fields(10).unwrap_err(), BadHead::TooLarge);
    assert_eq!(fields(101).unwrap().unwrap().parts.headers.len(), 101);
    let target = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(70_000));
    let wide = HeadBounds { bytes: 100_000, fields: 100 };
    let read = HeadReader::default().read(&mut BytesMut::from(&target[..]), wide);
    assert_eq!(read.unwrap_err(), BadHead::TargetTooLong);
}

#[test]
fn empty_lines_before_a_head_take_up_nothing() {
    let (mut reader, mut input) = (HeadReader::default(), BytesMut::new());
    for _ in 0..10_000 {
        for byte in [b"\r", b"\n"] {
            input.extend_from_slice(byte);
            assert!(reader.read(&mut input, BOUNDS).unwrap().is_none());
            assert!(input.len() < 2);
        }
    }
    input.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
    assert!(reader.read(&mut input, BOUNDS).unwrap().is_some());
}

#[test]
fn what_the_client_says_of_the_connection_counts() {
    for (text, keeps) in [
        ("GET / HTTP/1.1\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nConnection: keep-alive, Close\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nConnection: not-close\r\n\r\n", true),
        ("GET / HTTP/1.0\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true),
        ("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false),
    ] {
        assert_eq!(whole(text).keeps, keeps, "{text:?}");
    }
    for (text, expects) in [
        ("POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n", true),
        ("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", false),
        ("POST / HTTP/1.1\r\nExpect: something\r\nContent-Length: 1\r\n\r\n", false),
        ("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", false),
    ] {
        assert_eq!(whole(text).expects, expects, "{text:?}");
    }
}

#[test]
fn a_sized_body_takes_its_bytes_and_not_one_more() {
    let mut decoder = Decoder::of(Length::Known(3)).unwrap();
    let mut input = BytesMut::from("ab");
    assert_eq!(decoder.next(&mut input), Ok(Some(Piece::Data(Bytes::from_static(b"ab")))));
    assert_eq!((decoder.next(&mut input), decoder.wanted()), (Ok(None), 1));
    input.extend_from_slice(b"cGET");
    assert_eq!(decoder.next(&mut input), Ok(Some(Piece::Data(Bytes::from_static(b"c")))));
    assert!(decoder.is_over());
    assert_eq!((decoder.next(&mut input), &input[..]), (Ok(Some(Piece::End)), &b"GET"[..]));
}

fn head(version: Version, head_only: bool, keeps: bool) -> Asked {
    Asked { version, head_only, keeps }
}

fn fields(list: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    list.iter().map(pair).fold(HeaderMap::new(), |mut fields, (name, value)| {
        fields.append(name, value);
        fields
    })
}

fn written(
    status: u16,
    list: &[(&'static str, &'static str)],
    size: Size,
    asked: Asked,
) -> (String, Framed, bool) {
    let mut output = Vec::new();
    let head = AnswerHead {
        status: StatusCode::from_u16(status).unwrap(),
        headers: &fields(list),
        extensions: &Extensions::new(),
        size,
    };
    let (framed, keeps) = answer::write(&mut output, head, asked, b"Sun, 06 Nov 1994 08:49:37 GMT");
    let text = String::from_utf8(output).unwrap();
    let (head, end) = text.split_at(text.len() - 4);
    assert_eq!(end, "\r\n\r\n");
    (head.replace("date: Sun, 06 Nov 1994 08:49:37 GMT", "date").replace("\r\n", "|"), framed, keeps)
}

#[test]
fn the_end_of_an_answer_is_told_in_the_way_that_its_reader_knows() {
    let (new, old) = (head(Version::HTTP_11, false, true), head(Version::HTTP_10, false, true));
    let question = head(Version::HTTP_11, true, true);
    let length = ("content-length", "77");
    for (status, list, size, asked, expected) in [
        (200, &[][..], Size::Known(5), new, "HTTP/1.1 200 OK|content-length: 5|date"),
        (200, &[length][..], Size::Known(77), new, "HTTP/1.1 200 OK|content-length: 77|date"),
        (200, &[length, length][..], Size::Known(77), new, "HTTP/1.1 200 OK|content-length: 77|date"),
        // What is sent is what is told.
        (200, &[length][..], Size::Known(5), new, "HTTP/1.1 200 OK|content-length: 5|date"),
        (200, &[length][..], Size::Nothing, new, "HTTP/1.1 200 OK|content-length: 0|date"),
        (200, &[][..], Size::Unknown, new, "HTTP/1.1 200 OK|transfer-encoding: chunked|date"),
        (200, &[length][..], Size::Unknown, new, "HTTP/1.1 200 OK|transfer-encoding: chunked|date"),
        (
            200,
            &[("transfer-encoding", "gzip")][..],
            Size::Unknown,
            new,
            "HTTP/1.1 200 OK|transfer-encoding: chunked|date",
        ),
        (200, &[][..], Size::Unknown, old, "HTTP/1.0 200 OK|date"),
        (200, &[][..], Size::Known(1), old, "HTTP/1.0 200 OK|connection: keep-alive|content-length: 1|date"),
        (204, &[length][..], Size::Nothing, new, "HTTP/1.1 204 No Content|date"),
        (304, &[][..], Size::Unknown, new, "HTTP/1.1 304 Not Modified|date"),
        (200, &[length][..], Size::Nothing, question, "HTTP/1.1 200 OK|content-length: 77|date"),
        (200, &[][..], Size::Nothing, question, "HTTP/1.1 200 OK|date"),
        (200, &[][..], Size::Known(7), question, "HTTP/1.1 200 OK|content-length: 7|date"),
        (200, &[("date", "then")][..], Size::Nothing, question, "HTTP/1.1 200 OK|date: then"),
        (299, &[][..], Size::Nothing, new, "HTTP/1.1 299 <none>|content-length: 0|date"),
    ] {
        let (text, framed, keeps) = written(status, list, size, asked);
        assert_eq!(text, expected);
        let (none, chunked) = (matches!(framed, Framed::Nothing), matches!(framed, Framed::Chunked(_)));
        assert_eq!(chunked, text.contains("chunked"), "{text}");
        assert_eq!(none, asked.head_only || matches!(status, 204 | 304) || size == Size::Nothing, "{text}");
        assert_eq!(keeps, !matches!(framed, Framed::UntilClose), "{text}");
    }
}

#[test]
fn whether_another_request_may_follow_is_said_once() {
    let (new, last) = (head(Version::HTTP_11, false, true), head(Version::HTTP_11, false, false));
    let old = head(Version::HTTP_10, false, false);
    let close = ("connection", "close");
    let upgrade = ("connection", "Upgrade");
    for (status, list, asked, expected) in [
        (200, &[][..], new, (None, true)),
        (200, &[][..], last, (Some("close"), false)),
        (200, &[close][..], new, (Some("close"), false)),
        (200, &[close][..], last, (Some("close"), false)),
        (200, &[close][..], old, (Some("close"), false)),
        (200, &[][..], old, (None, false)),
        (426, &[upgrade][..], new, (Some("Upgrade"), true)),
        (426, &[upgrade, ("connection", "x")][..], last, (Some("Upgrade, x, close"), false)),
        (101, &[upgrade][..], new, (Some("Upgrade"), false)),
        (101, &[upgrade][..], last, (Some("Upgrade"), false)),
    ] {
        let (text, _, keeps) = written(status, list, Size::Nothing, asked);
        let said: Vec<&str> = text.split('|').filter_map(|line| line.strip_prefix("connection: ")).collect();
        assert_eq!((said.first().copied(), keeps), expected, "{text}");
        assert!(said.len() < 2, "{text}");
    }
}

#[test]
fn a_reason_of_the_upstreams_own_is_passed_on() {
    let mut extensions = Extensions::new();
    extensions.insert(ReasonPhrase::from_static(b"Fine"));
    let mut output = Vec::new();
    let head = AnswerHead {
        status: StatusCode::OK,
        headers: &HeaderMap::new(),
        extensions: &extensions,
        size: Size::Nothing,
    };
    answer::write(&mut output, head, self::head(Version::HTTP_11, false, true), &[b'x'; 29]);
    assert!(output.starts_with(b"HTTP/1.1 200 Fine\r\n"));
}

#[test]
fn only_trailers_that_were_announced_are_sent_and_none_that_belong_into_a_head() {
    let asked = head(Version::HTTP_11, false, true);
    let list = [("trailer", "X-Sum, content-type"), ("trailer", "x-other")];
    let (text, framed, _) = written(200, &list, Size::Unknown, asked);
    assert!(text.contains("|trailer: X-Sum, content-type|trailer: x-other|"), "{text}");
    let Framed::Chunked(names) = framed else { panic!("{framed:?}") };
    let mut trailers = fields(&[("x-sum", "1"), ("content-type", "a/b"), ("x-more", "1")]);
    answer::keep_announced(&mut trailers, &names);
    assert_eq!(trailers, fields(&[("x-sum", "1")]));
    // Where there are no chunks there are no trailers.
    let (text, ..) = written(200, &list, Size::Known(1), asked);
    assert!(!text.contains("trailer"), "{text}");
}

/// How much the future of a function takes.
fn size_of_future<A, B, C, D, E, F, T>(_: fn(A, B, C, D, E, F) -> T) -> usize {
    size_of::<T>()
}

#[test]
fn a_connection_that_waits_carries_little_more_than_its_socket() {
    let (task, shared) = (size_of_future(crate::listen::connection::serve), super::Wire::size());
    assert!(task <= 1024 && shared <= 256, "{task} and {shared} bytes");
}
