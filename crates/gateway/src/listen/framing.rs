//! Follows the framing of an HTTP/1 connection beside hyper, and stricter than it.
//!
//! hyper takes what has only one sensible reading: a line that ends with a bare LF, a length beside a coding (it keeps the
//! coding and drops the length without telling), one length twice. Somebody in front of the gateway may read such a request
//! otherwise, and where two readers differ, a request can be hidden in another. So every head is looked at here too, and
//! bodies are followed as far as it takes to know where the next head begins.

/// Where the reader is in what a client sends.
#[derive(Debug)]
pub(crate) struct FramingWatch {
    part: Part,
    /// The start of a line that was cut between two reads.
    line: [u8; LINE],
    len: usize,
    last: u8,
    head: HeadFacts,
}

/// What was read of heads in one go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Heads {
    /// How many were completed.
    pub(crate) complete: u64,
    /// How many of them came before the first that is in doubt.
    pub(crate) before_doubt: Option<u64>,
    /// Whether the reader is within a head.
    pub(crate) within: bool,
}

/// A body whose chunks or trailers are not as they must be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// How many of the bytes came before the line that is not.
    pub(crate) at: usize,
}

/// A line without its LF.
struct Line<'a> {
    bytes: &'a [u8],
    /// Whether there may be more of it than was kept.
    cut: bool,
    ends_with_cr: bool,
}

/// The longest line whose value counts, with room for any length and white space within reason.
const LINE: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Head,
    /// So many bytes of a body or a chunk are left; whether a chunk's end follows.
    Data(u64, bool),
    ChunkSize,
    ChunkEnd,
    Trailers,
    /// What follows can not be told; hyper ends the connection, or this does.
    Lost,
}

#[derive(Debug, Clone, Copy, Default)]
struct HeadFacts {
    any_byte: bool,
    any_line: bool,
    length: Option<u64>,
    coding: bool,
    doubt: bool,
}

impl FramingWatch {
    pub(crate) const fn new() -> Self {
        Self { part: Part::Head, line: [0; LINE], len: 0, last: 0, head: HeadFacts::NEW }
    }

    /// Takes the next bytes of a connection. With [`Broken`], the end of a body is in doubt; the heads before it count.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> (Heads, Option<Broken>) {
        let mut heads = Heads::default();
        let mut broken = None;
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.part {
                Part::Lost => break,
                Part::Data(left, chunk) => {
                    let taken = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    rest = rest.get(taken..).unwrap_or_default();
                    let left = left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
                    self.part = match (left, chunk) {
                        (0, true) => Part::ChunkEnd,
                        (0, false) => Part::Head,
                        _ => Part::Data(left, chunk),
                    };
                }
                Part::Head | Part::ChunkSize | Part::ChunkEnd | Part::Trailers => {
                    self.head.any_byte = true;
                    let Some(end) = memchr::memchr(b'\n', rest) else {
                        self.extend(rest);
                        break;
                    };
                    let at = bytes.len() - rest.len();
                    let (line, after) = rest.split_at(end);
                    rest = after.get(1..).unwrap_or_default();
                    if !self.line(line, &mut heads) {
                        broken = Some(Broken { at });
                    }
                }
            }
        }
        heads.within = self.part == Part::Head && self.head.any_byte;
        (heads, broken)
    }

    /// One line is whole; whether what it is part of is in order, or a head.
    fn line(&mut self, end: &[u8], heads: &mut Heads) -> bool {
        if self.len == 0 && self.last == 0 {
            return self
                .whole(Line { bytes: end, cut: false, ends_with_cr: end.last() == Some(&b'\r') }, heads);
        }
        self.extend(end);
        let (line, len, last) = (self.line, self.len, self.last);
        (self.len, self.last) = (0, 0);
        let bytes = line.get(..len).unwrap_or_default();
        self.whole(Line { bytes, cut: len == LINE, ends_with_cr: last == b'\r' }, heads)
    }

    fn extend(&mut self, bytes: &[u8]) {
        let taken = bytes.len().min(LINE - self.len);
        if let (Some(free), Some(bytes)) = (self.line.get_mut(self.len..self.len + taken), bytes.get(..taken))
        {
            free.copy_from_slice(bytes);
            self.len += taken;
        }
        if let Some(last) = bytes.last() {
            self.last = *last;
        }
    }

    fn whole(&mut self, line: Line<'_>, heads: &mut Heads) -> bool {
        let text = line.text();
        if self.part == Part::Head {
            if self.head.take(&line) {
                if self.head.is_in_doubt() {
                    heads.before_doubt.get_or_insert(heads.complete);
                }
                heads.complete += 1;
                self.part = self.head.followed_by();
                self.head = HeadFacts::NEW;
            }
            return true;
        }
        self.part = match self.part {
            _ if !line.ends_with_cr => Part::Lost,
            Part::ChunkSize => match chunk_size(text) {
                Some(0) => Part::Trailers,
                Some(size) => Part::Data(size, true),
                None => Part::Lost,
            },
            Part::ChunkEnd if text.is_empty() => Part::ChunkSize,
            Part::Trailers if text.is_empty() => {
                self.head = HeadFacts::NEW;
                Part::Head
            }
            Part::Trailers => Part::Trailers,
            _ => Part::Lost,
        };
        self.part != Part::Lost
    }
}

impl Line<'_> {
    fn text(&self) -> &[u8] {
        self.bytes.strip_suffix(b"\r").unwrap_or(self.bytes)
    }
}

impl HeadFacts {
    const NEW: Self = Self { any_byte: false, any_line: false, length: None, coding: false, doubt: false };

    /// Takes a line; whether it ends the head.
    fn take(&mut self, whole: &Line<'_>) -> bool {
        self.doubt |= !whole.ends_with_cr;
        let line = whole.text();
        if line.is_empty() {
            // Empty lines before a request are nothing (RFC 9112 §2.2).
            return self.any_line;
        }
        if !std::mem::replace(&mut self.any_line, true) {
            return false;
        }
        if let Some(value) = value_of(line, b"content-length:") {
            match (length(value), self.length) {
                (Some(length), None) if !whole.cut => self.length = Some(length),
                _ => self.doubt = true,
            }
        } else if let Some(value) = value_of(line, b"transfer-encoding:") {
            self.doubt |= self.coding || whole.cut || !value.eq_ignore_ascii_case(b"chunked");
            self.coding = true;
        }
        false
    }

    fn is_in_doubt(&self) -> bool {
        self.doubt || (self.length.is_some() && self.coding)
    }

    fn followed_by(&self) -> Part {
        match (self.is_in_doubt(), self.coding, self.length) {
            (true, ..) => Part::Lost,
            (_, true, _) => Part::ChunkSize,
            (_, _, Some(length)) if length > 0 => Part::Data(length, false),
            _ => Part::Head,
        }
    }
}

/// The value of a field line, when it has that name.
fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let start = line.get(..name.len())?;
    start.eq_ignore_ascii_case(name).then(|| line.get(name.len()..).unwrap_or_default().trim_ascii())
}

/// Digits and nothing else.
fn length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Hexadecimal digits, and after them nothing but extensions (RFC 9112 §7.1).
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    // No size needs more, and of a line that came in pieces only the beginning is here.
    if digits > 16 {
        return None;
    }
    let (size, after) = line.split_at(digits);
    if !after.is_empty() && after.trim_ascii_start().first() != Some(&b';') {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAR: &str = "\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nX: content-length: 5\r\n\r\n\
                         3;a=b\r\nabc\r\nA \t;x\r\n0123456789\r\n0\r\nX: y\r\n\r\n\
                         POST / HTTP/1.1\r\nContent-Length: \t 4 \r\n\r\nab\n\nGET / HTTP/1.1\r\n\r\n";

    /// All of it in pieces of one size; with how much of it was read before something broken.
    fn in_pieces(text: &str, size: usize) -> Result<Heads, usize> {
        let mut watch = FramingWatch::new();
        let mut all = Heads::default();
        for (number, part) in text.as_bytes().chunks(size).enumerate() {
            let (heads, broken) = watch.feed(part);
            if let Some(Broken { at }) = broken {
                return Err(number * size + at);
            }
            if let (None, Some(before)) = (all.before_doubt, heads.before_doubt) {
                all.before_doubt = Some(all.complete + before);
            }
            all.complete += heads.complete;
            all.within = heads.within;
        }
        Ok(all)
    }

    #[test]
    fn clear_framing_is_followed_however_the_bytes_are_cut() {
        for size in 1..CLEAR.len() {
            let heads = Heads { complete: 3, before_doubt: None, within: false };
            assert_eq!(in_pieces(CLEAR, size), Ok(heads), "{size}");
        }
    }

    #[test]
    fn doubt_is_found_also_behind_another_request_however_the_bytes_are_cut() {
        for head in [
            "POST / HTTP/1.1\r\ncontent-LENGTH: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\ncontent-LENGTH: 4\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 4, 4\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: +4\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: \x0bchunked\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\n",
            "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        ] {
            for before in ["", "GET / HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na\r\n"]
            {
                let text = format!("{before}{head}");
                for size in 1..text.len() {
                    let found = in_pieces(&text, size).unwrap();
                    let whole = u64::from(!before.is_empty());
                    assert_eq!(
                        (found.before_doubt, found.complete),
                        (Some(whole), whole + 1),
                        "{text:?} {size}"
                    );
                }
            }
        }
    }

    #[test]
    fn broken_chunks_are_found_however_the_bytes_are_cut() {
        for body in [
            "x\r\n",
            "\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            " 1\r\n",
            "1 \r\n",
            "1 x\r\n",
            "1\n",
            "1;x\n",
            "1\r\na0\r\n",
            "1\r\na\n",
            "1\r\nab\r\n",
            "fffffffffffffffff\r\n",
            "0\r\nX: y\n\r\n",
            "0\r\nX: y\r\n\n",
            "0\n",
        ] {
            let text = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
            let head = text.len() - body.len();
            for size in 1..text.len() {
                let at = in_pieces(&text, size).unwrap_err();
                assert!((head..text.len()).contains(&at), "{body:?} {size}: {at}");
            }
        }
    }

    #[test]
    fn a_length_that_is_cut_off_with_what_was_kept_is_no_length() {
        let line = format!("Content-Length:{}12\r\n\r\n", " ".repeat(LINE - 16));
        let found = in_pieces(&format!("POST / HTTP/1.1\r\n{line}"), 1).unwrap();
        assert_eq!(found.before_doubt, Some(0));
    }

    #[test]
    fn a_head_is_under_way_from_its_first_byte() {
        let mut watch = FramingWatch::new();
        for (bytes, within) in
            [("G", true), ("ET / HTTP/1.1\r\nContent-Length: 1\r\n\r\n", false), ("a", false), ("\r", true)]
        {
            assert_eq!(watch.feed(bytes.as_bytes()).0.within, within, "{bytes:?}");
        }
    }
}
