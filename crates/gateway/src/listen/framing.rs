/// Watches the bytes of a request's head for both `Content-Length` and `Transfer-Encoding`: hyper keeps the coding,
/// drops the length and closes the connection afterwards (RFC 9112 §6.1), without telling that there were two.
#[derive(Debug)]
pub(crate) struct FramingWatch {
    /// The start of the current line, as long as the longer of the two names.
    line: [u8; 18],
    len: usize,
    any_line: bool,
    length: bool,
    coding: bool,
}

impl FramingWatch {
    pub(crate) const fn new() -> Self {
        Self { line: [0; 18], len: 0, any_line: false, length: false, coding: false }
    }

    /// Takes the next bytes of a head. At its end says whether it had both, and is new again.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Option<bool> {
        let mut rest = bytes;
        loop {
            let end = memchr::memchr(b'\n', rest);
            self.extend(rest.get(..end.unwrap_or(rest.len())).unwrap_or_default());
            rest = rest.get(end? + 1..).unwrap_or_default();
            if self.end_line() {
                let both = self.length && self.coding;
                *self = Self::new();
                return Some(both);
            }
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let taken = bytes.len().min(self.line.len() - self.len);
        if let (Some(free), Some(bytes)) = (self.line.get_mut(self.len..self.len + taken), bytes.get(..taken))
        {
            free.copy_from_slice(bytes);
            self.len += taken;
        }
    }

    /// Whether the line that ends here ends the head.
    fn end_line(&mut self) -> bool {
        let line = self.line.get(..self.len).unwrap_or_default();
        let begins =
            |name: &[u8]| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        let empty = matches!(line, b"" | b"\r");
        self.length |= begins(b"content-length:");
        self.coding |= begins(b"transfer-encoding:");
        let ends = empty && self.any_line;
        self.any_line |= !empty;
        self.len = 0;
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &str =
        "\r\nPOST / HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 4\r\nTransfer-Encoding: chunked\r\n\r\n";
    const ONE: &str = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX: content-length: 5\r\n\r\n";

    #[test]
    fn both_are_seen_however_the_bytes_are_cut() {
        for size in 1..BOTH.len() {
            let mut watch = FramingWatch::new();
            let found: Vec<bool> = BOTH.as_bytes().chunks(size).filter_map(|part| watch.feed(part)).collect();
            assert_eq!(found, [true], "{size}");
        }
    }

    #[test]
    fn one_alone_is_no_doubt_and_nothing_carries_over_to_the_next_head() {
        let mut watch = FramingWatch::new();
        assert_eq!(watch.feed(ONE.as_bytes()), Some(false));
        assert_eq!(watch.feed(b"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), Some(false));
        assert_eq!(watch.feed(b"GET / HTTP/1.1\r\n"), None);
    }
}
