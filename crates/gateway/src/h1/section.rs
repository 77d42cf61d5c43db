use bytes::{Bytes, BytesMut};

/// Takes lines up to the empty one that ends them, a head or trailers, and remembers how far it looked: no byte is looked at
/// twice, however slowly they come.
#[derive(Debug, Default)]
pub(crate) struct SectionReader {
    looked: usize,
    /// Where the line begins that the end was not found of.
    line: usize,
    /// Whether a line ended without CR.
    bare: bool,
}

/// What is there of a section.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// All of it, with the empty line, and whether a line of it ended without CR.
    Whole(Bytes, bool),
    /// What has come of it came in this read.
    Begun,
    /// More of it has come, if anything.
    Open,
}

/// A section is longer than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

impl SectionReader {
    /// Takes a whole section of at most so many bytes from what was read.
    ///
    /// # Errors
    /// [`TooLong`]; what follows cannot be told from the rest of it.
    pub(crate) fn take(&mut self, input: &mut BytesMut, most: usize) -> Result<Section, TooLong> {
        let first = self.looked == 0;
        let end = self.end(input);
        if end.unwrap_or(input.len()) > most {
            return Err(TooLong);
        }
        let Some(end) = end else {
            return Ok(if first && !input.is_empty() { Section::Begun } else { Section::Open });
        };
        let bare = self.bare;
        *self = Self::default();
        // All of it is taken with its memory, which would be kept as long as the connection.
        let section = if end == input.len() { std::mem::take(input) } else { input.split_to(end) };
        Ok(Section::Whole(section.freeze(), bare))
    }

    /// Whether nothing was found of a section yet.
    pub(crate) fn is_at_start(&self) -> bool {
        self.line == 0
    }

    /// Whether a line of what was looked at ended without CR.
    pub(crate) fn has_bare_line(&self) -> bool {
        self.bare
    }

    /// The place behind the empty line.
    fn end(&mut self, input: &[u8]) -> Option<usize> {
        for at in memchr::memchr_iter(b'\n', input.get(self.looked..).unwrap_or_default()) {
            let at = self.looked + at;
            let line = input.get(self.line..at).unwrap_or_default();
            self.line = at + 1;
            let text = line.strip_suffix(b"\r");
            self.bare |= text.is_none();
            if text.unwrap_or(line).is_empty() {
                return Some(self.line);
            }
        }
        self.looked = input.len();
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_the_same_however_its_bytes_are_cut_and_what_follows_is_left() {
        let text = b"a: b\r\nc: d\r\n\r\nrest";
        for size in 1..=text.len() {
            let (mut reader, mut input) = (SectionReader::default(), BytesMut::new());
            let mut whole = None;
            for (index, piece) in text.chunks(size).enumerate() {
                input.extend_from_slice(piece);
                match reader.take(&mut input, text.len()).unwrap() {
                    Section::Whole(section, bare) => {
                        assert!(!bare && whole.is_none(), "{size}");
                        whole = Some(section);
                    }
                    state if whole.is_none() => assert_eq!(state == Section::Begun, index == 0, "{size}"),
                    _ => {}
                }
            }
            assert_eq!(whole.unwrap(), &b"a: b\r\nc: d\r\n\r\n"[..], "{size}");
            assert_eq!(input, &b"rest"[..], "{size}");
        }
    }

    #[test]
    fn nothing_is_looked_at_twice() {
        let mut reader = SectionReader::default();
        let mut input = BytesMut::from(&b"a: b\r\nc"[..]);
        assert_eq!(reader.take(&mut input, 100), Ok(Section::Begun));
        // Who looked again would see an end here.
        input[2..6].copy_from_slice(b"\r\n\r\n");
        assert_eq!(reader.take(&mut input, 100), Ok(Section::Open));
    }

    #[test]
    fn a_line_without_cr_is_told_at_once_and_in_the_end() {
        let mut reader = SectionReader::default();
        let mut input = BytesMut::from(&b"a: b\nc"[..]);
        assert_eq!(reader.take(&mut input, 100), Ok(Section::Begun));
        assert!(reader.has_bare_line());
        input.extend_from_slice(b": d\r\n\r\n");
        let whole = Section::Whole(Bytes::from_static(b"a: b\nc: d\r\n\r\n"), true);
        assert_eq!(reader.take(&mut input, 100), Ok(whole));
        assert!(!reader.has_bare_line() && reader.is_at_start());
    }

    #[test]
    fn its_length_is_bounded_whether_it_ends_or_not() {
        for (text, fits) in
            [("a: b\r\n\r\n", true), ("a: bc\r\n\r\n", false), ("a: b", true), ("abcdefghi", false)]
        {
            let taken = SectionReader::default().take(&mut BytesMut::from(text), 8);
            assert_eq!(taken.is_ok(), fits, "{text:?}");
        }
    }
}
