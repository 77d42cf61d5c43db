use std::io::Write as _;

use http::HeaderMap;

/// Room for the end of a head.
const END: usize = 2;

/// Writes fields as lines of a head or of trailers; without the empty line at their end.
pub(crate) fn fields(output: &mut Vec<u8>, fields: &HeaderMap) {
    let length =
        |(name, value): (&http::HeaderName, &http::HeaderValue)| name.as_str().len() + value.len() + 4;
    output.reserve(fields.iter().map(length).sum::<usize>() + END);
    for (name, value) in fields {
        field(output, name.as_str(), value.as_bytes());
    }
}

/// Writes one line of a head.
pub(crate) fn field(output: &mut Vec<u8>, name: &str, value: &[u8]) {
    output.extend_from_slice(name.as_bytes());
    output.extend_from_slice(b": ");
    output.extend_from_slice(value);
    output.extend_from_slice(b"\r\n");
}

/// What stands before a chunk of so many bytes; not of none, which would be the last.
pub(crate) fn chunk_start(output: &mut Vec<u8>, length: usize) {
    // Nothing goes wrong with memory.
    let _ = write!(output, "{length:x}\r\n");
}

/// What stands behind a chunk.
pub(crate) fn chunk_end(output: &mut Vec<u8>) {
    output.extend_from_slice(b"\r\n");
}

/// The end of a body in chunks, with its trailers.
pub(crate) fn last_chunk(output: &mut Vec<u8>, trailers: Option<&HeaderMap>) {
    output.extend_from_slice(b"0\r\n");
    if let Some(trailers) = trailers {
        fields(output, trailers);
    }
    output.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn sizes_are_hexadecimal_without_zeros_in_front() {
        for (length, size) in [
            (1, "1\r\n"),
            (10, "a\r\n"),
            (16, "10\r\n"),
            (255, "ff\r\n"),
            (4096, "1000\r\n"),
            (65_535, "ffff\r\n"),
        ] {
            let mut output = Vec::new();
            chunk_start(&mut output, length);
            assert_eq!(String::from_utf8(output).unwrap(), size);
        }
        let mut output = Vec::new();
        chunk_start(&mut output, usize::MAX);
        assert_eq!(usize::from_str_radix(String::from_utf8(output).unwrap().trim(), 16), Ok(usize::MAX));
    }

    #[test]
    fn a_body_ends_with_its_trailers_and_every_value_of_a_name_has_its_line() {
        let mut trailers = HeaderMap::new();
        trailers.append("x-sum", HeaderValue::from_static("1"));
        trailers.append("x-sum", HeaderValue::from_static(""));
        let mut output = Vec::new();
        last_chunk(&mut output, Some(&trailers));
        last_chunk(&mut output, None);
        assert_eq!(String::from_utf8(output).unwrap(), "0\r\nx-sum: 1\r\nx-sum: \r\n\r\n0\r\n\r\n");
    }
}
