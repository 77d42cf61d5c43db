//! Any bytes as what a client sends on a connection; the first byte says in what pieces it comes.

use keybound_gateway::fuzzing::framing;

/// A line as long as this may be kept only in part when it comes in pieces, and is in doubt then.
const LONG: usize = 60;

/// However the bytes are cut, the same is found, and of the first head it is what a slow and plain reader finds.
pub fn run(data: &[u8]) {
    let Some((size, bytes)) = data.split_first() else { return };
    let whole = framing(bytes, bytes.len());
    let cut = framing(bytes, usize::from(*size).max(1));
    if bytes.split(|byte| *byte == b'\n').all(|line| line.len() < LONG) {
        assert_eq!(whole, cut);
    } else if cut.before_doubt.is_none() && !cut.broken {
        assert_eq!(whole, cut, "in pieces it is never clearer than at once");
    }
    match first_head(bytes) {
        None => assert_eq!((whole.complete, whole.broken), (0, false)),
        Some(doubt) => assert_eq!((whole.complete > 0, whole.before_doubt == Some(0)), (true, doubt)),
    }
}

/// Whether the first head can be read in two ways; `None` when it does not end.
fn first_head(bytes: &[u8]) -> Option<bool> {
    let ended = bytes.iter().rposition(|byte| *byte == b'\n')? + 1;
    let (mut doubt, mut lengths, mut codings, mut any) = (false, 0, 0, false);
    for line in bytes[..ended].split_inclusive(|byte| *byte == b'\n') {
        let line = &line[..line.len() - 1];
        doubt |= !line.ends_with(b"\r");
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            if any {
                return Some(doubt || lengths + codings > 1);
            }
            continue;
        }
        if !std::mem::replace(&mut any, true) {
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
