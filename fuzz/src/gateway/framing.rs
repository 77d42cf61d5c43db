//! Any bytes as what a client sends on a connection; the first byte says in what pieces it comes.

use keybound_gateway::fuzzing::{End, framing};

/// However the bytes are cut, the same is found, and of the first head it is what a slow and plain reader finds.
pub fn run(data: &[u8]) {
    let Some((size, bytes)) = data.split_first() else { return };
    let whole = framing(bytes, bytes.len());
    let cut = framing(bytes, usize::from(*size).max(1));
    // What is no head is found at the latest when the head ends, and may be found before.
    if (whole.end, cut.end) == (End::NoHead, End::Open) {
        assert_eq!((&whole.heads, &whole.content), (&cut.heads, &cut.content));
    } else {
        assert_eq!(whole, cut);
    }
    match first_head(bytes) {
        None => assert!(whole.heads.is_empty() && matches!(whole.end, End::Open | End::NoHead), "{whole:?}"),
        Some(_) if whole.end == End::NoHead && whole.heads.is_empty() => {}
        Some(doubt) => {
            assert!(!whole.heads.is_empty(), "{whole:?}");
            assert_eq!(whole.heads.len() == 1 && whole.end == End::InDoubt, doubt, "{whole:?}");
        }
    }
}

/// Whether the first head can be read in two ways; `None` when it does not end.
fn first_head(bytes: &[u8]) -> Option<bool> {
    let ended = bytes.iter().rposition(|byte| *byte == b'\n')? + 1;
    let (mut doubt, mut lengths, mut codings, mut any, mut old) = (false, 0, 0, false, false);
    for line in bytes[..ended].split_inclusive(|byte| *byte == b'\n') {
        let line = &line[..line.len() - 1];
        doubt |= !line.ends_with(b"\r");
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            if any {
                return Some(doubt || lengths + codings > 1 || (old && codings > 0));
            }
            continue;
        }
        if !std::mem::replace(&mut any, true) {
            old = line.ends_with(b" HTTP/1.0");
            continue;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let value = std::str::from_utf8(line[colon + 1..].trim_ascii()).unwrap_or("?");
        match line[..colon].to_ascii_lowercase().as_slice() {
            b"content-length" => {
                lengths += 1;
                doubt |= !value.bytes().all(|byte| byte.is_ascii_digit()) || value.parse::<u64>().is_err();
            }
            b"transfer-encoding" => {
                codings += 1;
                doubt |= !value.eq_ignore_ascii_case("chunked");
            }
            _ => {}
        }
    }
    None
}
