use bytes::{Buf as _, Bytes, BytesMut};
use http::HeaderMap;

use super::due::due;
use super::fields::{MAX_FIELDS, fields};
use super::section::{Section, SectionReader, TooLong};

/// Takes the chunked coding off a body (RFC 9112 §7.1), and takes nothing but what has one reading: lines end with CRLF, a size is
/// one to sixteen hexadecimal digits, and white space stands only before an extension.
#[derive(Debug)]
pub(crate) struct Chunks {
    part: Part,
    /// Bytes of extensions so far.
    extensions: usize,
    trailers: SectionReader,
}

/// What a body is made of.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece {
    /// A part of the content; never empty.
    Data(Bytes),
    Trailers(HeaderMap),
    /// Its end; the only thing that follows trailers.
    End,
}

/// Why the rest of a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BrokenChunk {
    #[error("the size of a chunk is not one")]
    Size,
    #[error("a chunk does not end where it should")]
    End,
    #[error("the extensions of chunks are too long")]
    Extensions,
    #[error("the trailers are not in order")]
    Trailers,
    #[error("the trailers are too long")]
    TrailersLength,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Size,
    /// So many bytes of a chunk are left.
    Data(u64),
    DataEnd,
    Trailers,
    End,
}

/// The longest line with a size, and the most bytes of extensions in all: nobody needs them.
const LONGEST_LINE: usize = 4 * 1024;
const MOST_EXTENSIONS: usize = 16 * 1024;
/// The most bytes of trailers.
const LONGEST_TRAILERS: usize = 16 * 1024;

impl Chunks {
    pub(crate) fn new() -> Self {
        Self { part: Part::Size, extensions: 0, trailers: SectionReader::default() }
    }

    /// Takes the next piece from what was read; `None`: that needs more.
    ///
    /// # Errors
    /// [`BrokenChunk`]; nothing after it can be read.
    pub(crate) fn next(&mut self, input: &mut BytesMut) -> Result<Option<Piece>, BrokenChunk> {
        loop {
            match self.part {
                Part::Size => match self.size(input)? {
                    None => return Ok(None),
                    Some(0) => self.part = Part::Trailers,
                    Some(size) => self.part = Part::Data(size),
                },
                Part::Data(_) if input.is_empty() => return Ok(None),
                Part::Data(mut left) => {
                    let taken = due(&mut left, input.len());
                    self.part = if left == 0 { Part::DataEnd } else { Part::Data(left) };
                    return Ok(Some(Piece::Data(input.split_to(taken).freeze())));
                }
                Part::DataEnd => match crlf(input) {
                    Some(true) => {
                        input.advance(2);
                        self.part = Part::Size;
                    }
                    Some(false) => return Err(BrokenChunk::End),
                    None => return Ok(None),
                },
                Part::Trailers => return self.trailers(input),
                Part::End => return Ok(Some(Piece::End)),
            }
        }
    }

    /// How many bytes of the chunk that is being read are still to come.
    pub(crate) fn wanted(&self) -> u64 {
        if let Part::Data(left) = self.part { left } else { 0 }
    }

    /// Whether nothing is left but to say so.
    pub(crate) fn is_over(&self) -> bool {
        self.part == Part::End
    }

    fn size(&mut self, input: &mut BytesMut) -> Result<Option<u64>, BrokenChunk> {
        let Some(end) = memchr::memchr(b'\n', input) else {
            // What is no size needs no whole line to be told from one.
            let digits = input.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            let whole = digits == input.len();
            return match () {
                () if digits > 16 || (digits == 0 && !whole) => Err(BrokenChunk::Size),
                () if input.len() > LONGEST_LINE => Err(BrokenChunk::Extensions),
                () => Ok(None),
            };
        };
        if end > LONGEST_LINE {
            return Err(BrokenChunk::Extensions);
        }
        let line = input.split_to(end + 1);
        let line = line.strip_suffix(b"\r\n").ok_or(BrokenChunk::Size)?;
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (size, extension) = line.split_at(digits);
        self.extensions = self.extensions.saturating_add(extension.len());
        if self.extensions > MOST_EXTENSIONS {
            return Err(BrokenChunk::Extensions);
        }
        let begins = extension.trim_ascii_start().first().is_none_or(|byte| *byte == b';');
        let blank = !extension.is_empty() && extension.trim_ascii_start().is_empty();
        let control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
        if size.is_empty() || size.len() > 16 || !begins || blank || extension.iter().any(control) {
            return Err(BrokenChunk::Size);
        }
        let size = size.iter().fold(0, |size: u64, digit| {
            (size << 4) | u64::from(char::from(*digit).to_digit(16).unwrap_or_default())
        });
        Ok(Some(size))
    }

    fn trailers(&mut self, input: &mut BytesMut) -> Result<Option<Piece>, BrokenChunk> {
        let taken =
            self.trailers.take(input, LONGEST_TRAILERS).map_err(|TooLong| BrokenChunk::TrailersLength)?;
        let block = match taken {
            Section::Whole(block, false) => block,
            Section::Begun | Section::Open if !self.trailers.has_bare_line() => return Ok(None),
            _ => return Err(BrokenChunk::Trailers),
        };
        self.part = Part::End;
        if &block[..] == b"\r\n" {
            return Ok(Some(Piece::End));
        }
        parse(&block).map(|trailers| Some(Piece::Trailers(trailers)))
    }
}

/// Whether what comes first is the end of a line; `None`: that cannot be told yet.
fn crlf(input: &[u8]) -> Option<bool> {
    match input {
        [] | [b'\r'] => None,
        [b'\r', b'\n', ..] => Some(true),
        _ => Some(false),
    }
}

fn parse(block: &Bytes) -> Result<HeaderMap, BrokenChunk> {
    let mut parsed = [httparse::EMPTY_HEADER; MAX_FIELDS];
    match httparse::parse_headers(block, &mut parsed) {
        Ok(httparse::Status::Complete((length, parsed))) if length == block.len() => {
            fields(parsed, block, 0).ok_or(BrokenChunk::Trailers)
        }
        _ => Err(BrokenChunk::Trailers),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// The content, the trailers and what follows, read in pieces of one size.
    fn in_pieces(body: &[u8], size: usize) -> Result<(Vec<u8>, HeaderMap, Vec<u8>), BrokenChunk> {
        let (mut chunks, mut input) = (Chunks::new(), BytesMut::new());
        let (mut content, mut trailers, mut ended) = (Vec::new(), HeaderMap::new(), false);
        for piece in body.chunks(size) {
            input.extend_from_slice(piece);
            while let Some(piece) = chunks.next(&mut input)? {
                match piece {
                    Piece::Data(data) => content.extend_from_slice(&data),
                    Piece::Trailers(fields) => trailers = fields,
                    Piece::End => {
                        ended = true;
                        break;
                    }
                }
            }
        }
        assert_eq!(ended, chunks.is_over());
        if ended { Ok((content, trailers, input.to_vec())) } else { Err(BrokenChunk::End) }
    }

    #[test]
    fn a_body_is_the_same_however_its_bytes_are_cut() {
        let body = b"3;a=b\r\nabc\r\nA \t;x=\"y\"\r\n0123456789\r\n000000000000000a\r\n0123456789\r\n0\r\nX-Sum: y\r\nB: c\r\n\r\nGET";
        for size in 1..body.len() {
            let (content, trailers, rest) = in_pieces(body, size).unwrap();
            assert_eq!(content, b"abc01234567890123456789", "{size}");
            assert_eq!(trailers.get("x-sum"), Some(&HeaderValue::from_static("y")));
            assert_eq!(trailers.len(), 2);
            // What was not handed over yet when the body ended is not lost either.
            assert!(b"GET".starts_with(&rest[..]), "{size}");
        }
        let (content, trailers, rest) = in_pieces(b"0\r\n\r\nGET", 100).unwrap();
        assert_eq!((content.len(), trailers.len(), &rest[..]), (0, 0, &b"GET"[..]));
    }

    #[test]
    fn what_has_another_reading_is_refused_however_its_bytes_are_cut() {
        for (body, fault) in [
            ("x\r\n", BrokenChunk::Size),
            ("\r\n", BrokenChunk::Size),
            ("-1\r\n", BrokenChunk::Size),
            ("+1\r\n", BrokenChunk::Size),
            ("0x1\r\n", BrokenChunk::Size),
            (" 1\r\n", BrokenChunk::Size),
            ("1 \r\n", BrokenChunk::Size),
            ("1\t\r\n", BrokenChunk::Size),
            ("1 x\r\n", BrokenChunk::Size),
            ("1\n", BrokenChunk::Size),
            ("1;x\n", BrokenChunk::Size),
            ("1;x\ry\r\n", BrokenChunk::Size),
            ("1;x\0\r\n", BrokenChunk::Size),
            ("00000000000000001\r\na\r\n", BrokenChunk::Size),
            ("fffffffffffffffff\r\n", BrokenChunk::Size),
            ("1\r\na0\r\n", BrokenChunk::End),
            ("1\r\na\n0\r\n", BrokenChunk::End),
            ("1\r\nab\r\n", BrokenChunk::End),
            ("0\n\r\n", BrokenChunk::Size),
            ("0\r\n\n\r\n", BrokenChunk::Trailers),
            ("0\r\nX: y\n\r\n", BrokenChunk::Trailers),
            ("0\r\nX: y\r\n\n", BrokenChunk::Trailers),
            ("0\r\nX : y\r\n\r\n", BrokenChunk::Trailers),
            ("0\r\nX: y\r\n z\r\n\r\n", BrokenChunk::Trailers),
            ("0\r\nno colon\r\n\r\n", BrokenChunk::Trailers),
            ("0\r\nX: a\0b\r\n\r\n", BrokenChunk::Trailers),
        ] {
            for size in 1..=body.len() {
                assert_eq!(in_pieces(body.as_bytes(), size).unwrap_err(), fault, "{body:?} {size}");
            }
        }
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let long = format!("1;{}", "x".repeat(LONGEST_LINE));
        assert_eq!(in_pieces(long.as_bytes(), 1000), Err(BrokenChunk::Extensions));
        assert_eq!(in_pieces(format!("{long}\r\na\r\n").as_bytes(), 100_000), Err(BrokenChunk::Extensions));
        let many = format!("1;{}\r\na\r\n", "x".repeat(1000)).repeat(17);
        assert_eq!(in_pieces(many.as_bytes(), 1000), Err(BrokenChunk::Extensions));
        let trailers = format!("0\r\n{}", "X: y\r\n".repeat(LONGEST_TRAILERS / 6 + 1));
        assert_eq!(in_pieces(trailers.as_bytes(), 1000), Err(BrokenChunk::TrailersLength));
        let endless = format!("0\r\nX: {}", "y".repeat(LONGEST_TRAILERS));
        assert_eq!(in_pieces(endless.as_bytes(), 1000), Err(BrokenChunk::TrailersLength));
        let fields = format!("0\r\n{}\r\n", "X: y\r\n".repeat(MAX_FIELDS + 1));
        assert_eq!(in_pieces(fields.as_bytes(), 1000), Err(BrokenChunk::Trailers));
    }

    #[test]
    fn what_is_no_size_is_refused_without_waiting_for_its_line() {
        for start in ["x", "\r", ";", "0123456789abcdef0"] {
            let mut input = BytesMut::from(start);
            assert_eq!(Chunks::new().next(&mut input), Err(BrokenChunk::Size), "{start}");
        }
    }
}
