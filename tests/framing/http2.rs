//! HTTP/2 from the client, frame by frame, HTTP/1.1 to the upstream: what cannot be said in one must not come out of the other.

use std::sync::OnceLock;

use keybound_suites::Gateway;

use crate::recorder::Recorder;
use crate::scene::{Scene, Socket, kept};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

fn gateway() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    kept(&GATEWAY, &[("proxy_listen", "127.0.0.1:0 http2, 127.0.0.1:0 http2 ssl")])
}

fn scene(name: &str) -> Scene {
    Scene::on(gateway(), name, Recorder::start())
}

/// A connection that speaks in frames.
pub(crate) struct Frames {
    socket: Socket,
}

/// What became of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// An answer with this status.
    Answered(u16),
    /// The stream was reset with this code.
    Reset(u32),
    /// The connection was ended, with this code if any was said.
    Closed(Option<u32>),
}

type Fields<'a> = Vec<(&'a [u8], &'a [u8])>;

impl Frames {
    /// Connects; `settings` are those of the client: pairs of number and value.
    pub(crate) fn open(scene: &Scene, settings: &[(u16, u32)]) -> Self {
        let mut socket = Socket::to(scene.gateway.plain);
        socket.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let payload: Vec<u8> = settings
            .iter()
            .flat_map(|(number, value)| [&number.to_be_bytes()[..], &value.to_be_bytes()].concat())
            .collect();
        socket.write(&frame(SETTINGS, 0, 0, &payload));
        Self { socket }
    }

    pub(crate) fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.socket.write(&frame(kind, flags, stream, payload));
    }

    /// The next frame: kind, flags, stream, payload. `None` when the connection is closed.
    pub(crate) fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let head = self.socket.exactly(9)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let payload = self.socket.exactly(length)?;
        if (head[3], head[4]) == (PING, 0) {
            self.send(PING, 1, 0, &payload);
        }
        Some((head[3], head[4], stream, payload))
    }

    /// What becomes of a stream.
    pub(crate) fn fate(&mut self, stream: u32) -> Fate {
        let mut last = None;
        while let Some((kind, _, of, payload)) = self.next() {
            let code = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
            match kind {
                HEADERS if of == stream => return Fate::Answered(status(&payload)),
                RST_STREAM if of == stream => return Fate::Reset(code(0)),
                GOAWAY => last = Some(code(4)),
                _ => {}
            }
        }
        Fate::Closed(last)
    }
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[length[1], length[2], length[3], kind, flags], &stream.to_be_bytes()[..], payload].concat()
}

/// Fields as a block, none of them compressed (RFC 7541 §6.2.2).
pub(crate) fn block(fields: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            match text.len().checked_sub(127) {
                None => block.push(text.len() as u8),
                Some(mut rest) => {
                    block.push(127);
                    while rest >= 128 {
                        block.push((rest % 128) as u8 | 128);
                        rest /= 128;
                    }
                    block.push(rest as u8);
                }
            }
            block.extend(*text);
        }
    }
    block
}

/// The status that a block begins with (RFC 7541, appendices A and B).
fn status(block: &[u8]) -> u16 {
    match block[0] {
        at @ 0x88..=0x8e => [200, 204, 206, 304, 400, 404, 500][usize::from(at - 0x88)],
        _ => {
            let length = usize::from(block[1] & 0x7f);
            let text = &block[2..2 + length];
            if block[1] & 0x80 == 0 {
                return std::str::from_utf8(text).unwrap().parse().unwrap();
            }
            let bits: String = text.iter().map(|byte| format!("{byte:08b}")).collect();
            let (mut rest, mut number) = (&bits[..], 0);
            for _ in 0..3 {
                let length = if rest.starts_with("000") { 5 } else { 6 };
                let code = u16::from_str_radix(&rest[..length], 2).unwrap();
                number = number * 10 + if length == 5 { code } else { code - 0b011_001 + 3 };
                rest = &rest[length..];
            }
            number
        }
    }
}

/// A good request's fields, with others in place of some or behind them.
pub(crate) fn fields<'a>(
    path: &'a str,
    method: &'a str,
    changed: &[(&'a str, Option<&'a str>)],
    more: &[(&'a [u8], &'a [u8])],
) -> Fields<'a> {
    let good = [(":method", method), (":scheme", "http"), (":authority", "a.test"), (":path", path)];
    let mut fields: Fields<'a> = good
        .iter()
        .filter_map(|(name, value)| {
            let value = match changed.iter().find(|(of, _)| of == name) {
                Some((_, other)) => (*other)?,
                None => value,
            };
            Some((name.as_bytes(), value.as_bytes()))
        })
        .collect();
    fields.extend(more);
    fields
}

/// One request with these fields and, where there is one, this body.
fn send(scene: &Scene, fields: &[(&[u8], &[u8])], body: Option<&[u8]>) -> Fate {
    let mut frames = Frames::open(scene, &[]);
    let end = if body.is_none() { END_STREAM } else { 0 };
    frames.send(HEADERS, END_HEADERS | end, 1, &block(fields));
    if let Some(body) = body {
        frames.send(DATA, END_STREAM, 1, body);
    }
    frames.fate(1)
}

/// Nobody saw anything; what was sent was refused by the protocol or with 400.
#[track_caller]
fn refused(scene: &Scene, name: &str, fields: &[(&[u8], &[u8])], body: Option<&[u8]>) {
    let fate = send(scene, fields, body);
    let protocol = matches!(fate, Fate::Reset(1) | Fate::Closed(Some(1 | 9)));
    assert!(protocol || matches!(fate, Fate::Answered(400 | 405)), "{name}: {fate:?}");
    let path = format!("{}/sentinel", scene.path());
    assert_eq!(send(scene, &self::fields(&path, "GET", &[], &[]), None), Fate::Answered(200), "{name}");
    let seen = scene.upstream.take();
    assert_eq!(seen.iter().map(|raw| raw.line()).collect::<Vec<_>>(), ["GET /sentinel HTTP/1.1"], "{name}");
}

#[test]
fn what_http2_cannot_say_reaches_nobody() {
    let scene = scene("h2");
    let path = format!("{}/x", scene.path());
    let with = |more: &[(&'static str, &'static str)]| -> Vec<(&'static [u8], &'static [u8])> {
        more.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect()
    };
    for (name, more) in [
        ("a coding", &[("transfer-encoding", "chunked")][..]),
        ("connection", &[("connection", "close")]),
        ("a nomination", &[("connection", "authorization"), ("authorization", "DPoP x")]),
        ("keep-alive", &[("keep-alive", "5")]),
        ("proxy-connection", &[("proxy-connection", "close")]),
        ("upgrade", &[("upgrade", "websocket")]),
        ("te", &[("te", "gzip")]),
        ("te with more", &[("te", "trailers, gzip")]),
        ("a name in capitals", &[("X-Upper", "1")]),
        ("a coding in capitals", &[("Transfer-Encoding", "chunked")]),
        ("LF in a value", &[("x", "a\nhost: b.test")]),
        ("CR LF in a value", &[("x", "a\r\nhost: b.test")]),
        ("CR in a value", &[("x", "a\rb")]),
        ("NUL in a value", &[("x", "a\0b")]),
        ("LF in a name", &[("x\nhost", "b.test")]),
        ("CR LF in a name", &[("x: y\r\nhost", "b.test")]),
        ("NUL in a name", &[("x\0", "a")]),
        ("a space in a name", &[("x y", "a")]),
        ("a colon in a name", &[("x:y", "a")]),
        ("an empty name", &[("", "a")]),
        ("a pseudo field twice", &[(":path", "/other")]),
        ("a method twice", &[(":method", "POST")]),
        ("an authority twice", &[(":authority", "b.test")]),
        ("a pseudo field behind others", &[("x", "y"), (":authority", "b.test")]),
        ("an unknown pseudo field", &[(":secret", "x")]),
        ("a pseudo field of answers", &[(":status", "200")]),
        ("a host that is another", &[("host", "b.test")]),
        ("two hosts", &[("host", "a.test"), ("host", "b.test")]),
        ("a length of another body", &[("content-length", "5")]),
        ("a length that is none", &[("content-length", "x")]),
        ("a signed length", &[("content-length", "+0")]),
        ("lengths that differ", &[("content-length", "0"), ("content-length", "5")]),
        ("a list of lengths", &[("content-length", "0, 0")]),
    ] {
        refused(&scene, name, &fields(&path, "GET", &[], &with(more)), None);
    }
}

#[test]
fn pseudo_fields_that_name_no_target_reach_nobody() {
    let scene = scene("h2-pseudo");
    let good = format!("{}/x", scene.path());
    let p = scene.path();
    let (spaced, line, fragment, hidden, rootless) = (
        format!("{p}/x y"),
        format!("{p}/x HTTP/1.1\r\nHost: b.test\r\n\r\nGET /"),
        format!("{p}/..%2fx"),
        format!("{p}/x\\..\\y"),
        p[1..].to_owned(),
    );
    for (name, changed) in [
        ("no method", &[(":method", None)][..]),
        ("an empty method", &[(":method", Some(""))]),
        ("a method with a space", &[(":method", Some("GET /evil"))]),
        ("a method with CR LF", &[(":method", Some("GET / HTTP/1.1\r\nHost: b.test\r\n\r\nGET"))]),
        ("CONNECT", &[(":method", Some("CONNECT"))]),
        ("CONNECT as it is written", &[(":method", Some("CONNECT")), (":scheme", None), (":path", None)]),
        ("TRACE", &[(":method", Some("TRACE"))]),
        ("no path", &[(":path", None)]),
        ("an empty path", &[(":path", Some(""))]),
        ("an asterisk", &[(":path", Some("*"))]),
        ("a path without a slash", &[(":path", Some(&rootless))]),
        ("an absolute URL for a path", &[(":path", Some("http://b.test/x"))]),
        ("a path with a space", &[(":path", Some(&spaced))]),
        ("a path with CR LF", &[(":path", Some(&line))]),
        ("a path with a NUL", &[(":path", Some("/x\0"))]),
        ("a path with hidden dots", &[(":path", Some(&fragment))]),
        ("a path with a backslash", &[(":path", Some(&hidden))]),
        ("no scheme", &[(":scheme", None)]),
        ("another scheme", &[(":scheme", Some("ftp"))]),
        ("a scheme with a host", &[(":scheme", Some("http://b.test/?"))]),
        ("no authority and no host", &[(":authority", None)]),
        ("an empty authority", &[(":authority", Some(""))]),
        ("an authority with userinfo", &[(":authority", Some("user@a.test"))]),
        ("an authority with a path", &[(":authority", Some("a.test/x"))]),
        ("an authority with a space", &[(":authority", Some("a.test b.test"))]),
        ("an authority with CR LF", &[(":authority", Some("a.test\r\nX: y"))]),
        ("a port too high", &[(":authority", Some("a.test:99999"))]),
    ] {
        refused(&scene, name, &fields(&good, "GET", changed, &[]), None);
    }
}

#[test]
fn a_body_of_another_length_than_was_said_is_never_whole() {
    let scene = scene("h2-lengths");
    let path = format!("{}/x", scene.path());
    for (name, length, body) in [
        ("shorter", "5", &b"abc"[..]),
        ("longer", "2", b"abc"),
        ("none", "5", b""),
        ("some where none was said", "0", b"abc"),
    ] {
        refused(
            &scene,
            name,
            &fields(&path, "POST", &[], &[(b"content-length", length.as_bytes())]),
            Some(body),
        );
    }
}

#[test]
fn what_is_clear_arrives_as_one_request_of_http_1_1() {
    let scene = scene("h2-clear");
    let path = format!("{}/x", scene.path());
    let inner = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";
    for (name, more, content, framing) in [
        ("a body without a length", &[][..], &inner[..], "chunked"),
        ("a body with its length", &[(&b"content-length"[..], &b"45"[..])], &inner[..], "45"),
    ] {
        assert_eq!(inner.len(), 45);
        let fate = send(&scene, &fields(&path, "POST", &[], more), Some(content));
        assert_eq!(fate, Fate::Answered(200), "{name}");
        let seen = scene.upstream.take();
        let [raw] = &seen[..] else { panic!("{name}: {seen:?}") };
        raw.is_plain();
        assert_eq!((raw.line(), raw.content().as_bytes()), ("POST /x HTTP/1.1", content), "{name}");
        assert_eq!([raw.all("content-length"), raw.all("transfer-encoding")].concat(), [framing], "{name}");
    }
    let crumbs: &[(&[u8], &[u8])] =
        &[(b"cookie", b"a=1"), (b"x", b"y"), (b"cookie", b"b=2"), (b"host", b"a.test"), (b"te", b"trailers")];
    assert_eq!(send(&scene, &fields(&path, "GET", &[], crumbs), None), Fate::Answered(200));
    let seen = scene.upstream.take();
    seen[0].is_plain();
    assert_eq!(seen[0].all("cookie"), ["a=1; b=2"]);
    let host: &[(&[u8], &[u8])] = &[(b"host", b"inner.test")];
    let fate = send(&scene, &fields(&path, "GET", &[(":authority", None)], host), None);
    assert_eq!(fate, Fate::Answered(200), "a host without an authority");
    assert_eq!(scene.upstream.take()[0].all("x-forwarded-host"), ["inner.test"]);
    let outside = fields(&path, "GET", &[(":scheme", Some("https"))], &[]);
    assert_eq!(send(&scene, &outside, None), Fate::Answered(200), "the scheme of the outside");
    assert_eq!(scene.upstream.take()[0].all("x-forwarded-proto"), ["http"], "and it is not believed");
}

#[test]
fn trailers_of_http2_carry_neither_framing_nor_credentials() {
    let scene = scene("h2-trailers");
    let path = format!("{}/x", scene.path());
    let mut frames = Frames::open(&scene, &[]);
    // HTTP/1.1 has room only for those that were announced.
    let announced: &[(&[u8], &[u8])] = &[(b"te", b"trailers"), (b"trailer", b"x-sum")];
    frames.send(HEADERS, END_HEADERS, 1, &block(&fields(&path, "POST", &[], announced)));
    frames.send(DATA, 0, 1, b"abc");
    let trailers: &[(&[u8], &[u8])] = &[
        (b"x-sum", b"1"),
        (b"authorization", b"DPoP x"),
        (b"content-length", b"9"),
        (b"host", b"b.test"),
        (b"x-consumer-id", b"root"),
    ];
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &block(trailers));
    assert_eq!(frames.fate(1), Fate::Answered(200));
    let seen = scene.upstream.take();
    assert_eq!(String::from_utf8_lossy(&seen[0].body), "3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n");
    let mut frames = Frames::open(&scene, &[]);
    frames.send(HEADERS, END_HEADERS, 1, &block(&fields(&path, "POST", &[], &[])));
    frames.send(DATA, 0, 1, b"abc");
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &block(&[(b":path", b"/other")]));
    // The library leaves pseudo fields of trailers out instead of resetting the stream: nothing of them goes on.
    assert_eq!(frames.fate(1), Fate::Answered(200));
    let seen = scene.upstream.take();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].line(), &seen[0].body[..]), ("POST /x HTTP/1.1", &b"3\r\nabc\r\n0\r\n\r\n"[..]));
}

#[test]
fn floods_of_frames_end_their_connection_or_cost_it_nothing() {
    let scene = scene("h2-floods");
    let path = format!("{}/x", scene.path());
    let good = block(&fields(&path, "GET", &[], &[]));

    // Streams that are reset in the same breath (CVE-2023-44487).
    let mut frames = Frames::open(&scene, &[]);
    let flood: Vec<u8> = (0..2000)
        .flat_map(|number| {
            let stream = number * 2 + 1;
            [
                frame(HEADERS, END_HEADERS | END_STREAM, stream, &good),
                frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]),
            ]
            .concat()
        })
        .collect();
    frames.socket.write(&flood);
    assert_eq!(frames.fate(u32::MAX), Fate::Closed(Some(11)), "enhance your calm");

    // A head without an end (CVE-2024-27316).
    let mut frames = Frames::open(&scene, &[]);
    frames.send(HEADERS, 0, 1, &good);
    let more = block(&[(b"x", &[b'a'; 4000])]);
    let flood: Vec<u8> = (0..1000).flat_map(|_| frame(CONTINUATION, 0, 1, &more)).collect();
    frames.socket.write(&flood);
    assert!(matches!(frames.fate(1), Fate::Closed(_) | Fate::Reset(_)), "continuations");

    // Empty continuations.
    let mut frames = Frames::open(&scene, &[]);
    frames.send(HEADERS, 0, 1, &good);
    let flood: Vec<u8> = (0..100_000).flat_map(|_| frame(CONTINUATION, 0, 1, &[])).collect();
    frames.socket.write(&flood);
    assert!(matches!(frames.fate(1), Fate::Closed(_)), "empty continuations");

    // More fields than fit: refused, and the connection lives on.
    let mut frames = Frames::open(&scene, &[]);
    let large: Vec<(&[u8], &[u8])> = (0..40).map(|_| (&b"x"[..], &[b'a'; 2000][..])).collect();
    let head = block(&fields(&path, "GET", &[], &large));
    let (first, rest) = head.split_at(16_000);
    frames.send(HEADERS, END_STREAM, 1, first);
    for (at, part) in rest.chunks(16_000).enumerate() {
        let end = if (at + 1) * 16_000 >= rest.len() { END_HEADERS } else { 0 };
        frames.send(CONTINUATION, end, 1, part);
    }
    assert_eq!(frames.fate(1), Fate::Answered(431));
    frames.send(HEADERS, END_HEADERS | END_STREAM, 3, &good);
    assert_eq!(frames.fate(3), Fate::Answered(200));

    // Small fields, too many of them.
    let mut frames = Frames::open(&scene, &[]);
    let many: Vec<(&[u8], &[u8])> = (0..101).map(|_| (&b"x"[..], &b"y"[..])).collect();
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &block(&fields(&path, "GET", &[], &many)));
    assert_eq!(frames.fate(1), Fate::Answered(400));

    // Pings and settings are answered one by one, and a request between them as well.
    let mut frames = Frames::open(&scene, &[]);
    let flood: Vec<u8> =
        (0..2000).flat_map(|_| [frame(PING, 0, 0, &[0; 8]), frame(SETTINGS, 0, 0, &[])].concat()).collect();
    frames.socket.write(&flood);
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &good);
    let fate = frames.fate(1);
    assert!(matches!(fate, Fate::Answered(200) | Fate::Closed(_)), "{fate:?}");
}

#[test]
fn streams_beyond_their_number_are_refused_while_the_others_go_on() {
    let held = Recorder::answering(|raw| {
        // The first hundred and more never get an answer.
        if raw.line().contains(" /held ") {
            return Some(Vec::new());
        }
        Some(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec())
    });
    let scene = Scene::on(gateway(), "h2-streams", held);
    let path = format!("{}/held", scene.path());
    let head = block(&fields(&path, "GET", &[], &[]));
    let mut frames = Frames::open(&scene, &[]);
    // The bound holds from when the client has heard of it.
    while !matches!(frames.next(), Some((SETTINGS, 0, ..))) {}
    frames.send(SETTINGS, 1, 0, &[]);
    for number in 0..129 {
        frames.send(HEADERS, END_HEADERS | END_STREAM, number * 2 + 1, &head);
    }
    assert_eq!(frames.fate(257), Fate::Reset(7), "refused, and safe to send again");
}
