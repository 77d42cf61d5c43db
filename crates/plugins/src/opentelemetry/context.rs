//! The fields that carry a trace from one to the next (W3C Trace Context).

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::contract::Trace;

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The longest `tracestate` that is passed on; longer ones are dropped (§3.3.1.5).
const MAX_STATE: usize = 512;
/// Most members of one (§3.3.1.1).
const MAX_MEMBERS: usize = 32;

/// What a client says of the trace that its request is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Context {
    pub(super) trace: [u8; 16],
    pub(super) parent: [u8; 8],
    pub(super) sampled: bool,
    pub(super) state: Option<HeaderValue>,
}

/// The client's context; `None` when there is none, or none that can be read: a new trace begins then.
pub(super) fn extract(headers: &HeaderMap) -> Option<Context> {
    let mut lines = headers.get_all(TRACEPARENT).iter();
    let (line, None) = (lines.next()?, lines.next()) else { return None };
    let (trace, parent, sampled) = read(line.as_bytes())?;
    Some(Context { trace, parent, sampled, state: state(headers) })
}

/// What the upstream is told: our span is the parent of its own.
pub(super) fn value(trace: &Trace) -> HeaderValue {
    let flags = if trace.sampled { "01" } else { "00" };
    let text = format!("00-{}-{}-{flags}", hex(&trace.id), hex(&trace.span));
    // Digits and dashes are a value.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// Bytes as hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads `traceparent` (§3.2.2).
fn read(value: &[u8]) -> Option<([u8; 16], [u8; 8], bool)> {
    let mut parts = value.split(|byte| *byte == b'-');
    let [version] = digits(parts.next()?)?;
    let trace: [u8; 16] = digits(parts.next()?)?;
    let parent: [u8; 8] = digits(parts.next()?)?;
    let [flags] = digits(parts.next()?)?;
    // A later version may have more to say; this one may not.
    let ends = parts.next().is_none();
    let valid = version != 0xff && (version != 0 || ends) && trace != [0; 16] && parent != [0; 8];
    valid.then_some((trace, parent, flags & 1 == 1))
}

/// Exactly so many bytes in lower-case hex digits.
fn digits<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        for digit in pair {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            *byte = (*byte << 4) | value;
        }
    }
    Some(bytes)
}

/// `tracestate` as one line, when it is in order (§3.3.1).
fn state(headers: &HeaderMap) -> Option<HeaderValue> {
    let lines: Vec<&[u8]> = headers.get_all(TRACESTATE).iter().map(HeaderValue::as_bytes).collect();
    let whole = lines.join(&b","[..]);
    let mut members = 0;
    for member in whole.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|part| !part.is_empty()) {
        let at = member.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (member.get(..at)?, member.get(at + 1..)?);
        let is_key = |byte: &u8| {
            byte.is_ascii_lowercase()
                || byte.is_ascii_digit()
                || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@')
        };
        let is_value = |byte: &u8| matches!(byte, 0x20..=0x7e) && *byte != b'=';
        if key.is_empty() || key.len() > 256 || !key.iter().all(is_key) {
            return None;
        }
        if value.is_empty() || value.len() > 256 || !value.iter().all(is_value) {
            return None;
        }
        members += 1;
    }
    let fits = members > 0 && members <= MAX_MEMBERS && whole.len() <= MAX_STATE;
    if fits { HeaderValue::from_bytes(&whole).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(lines: &[&str], states: &[&str]) -> Option<Context> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(TRACEPARENT, HeaderValue::from_str(line).unwrap());
        }
        for line in states {
            headers.append(TRACESTATE, HeaderValue::from_str(line).unwrap());
        }
        extract(&headers)
    }

    #[test]
    fn a_context_in_order_is_taken() {
        let context = of(&[GOOD], &["a=1", "b@c=x y"]).unwrap();
        assert_eq!(hex(&context.trace), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!((hex(&context.parent).as_str(), context.sampled), ("00f067aa0ba902b7", true));
        assert_eq!(context.state.unwrap(), "a=1,b@c=x y");
        assert!(!of(&[&GOOD.replace("-01", "-02")], &[]).unwrap().sampled);
        assert!(of(&[&format!("{}-more", GOOD.replacen("00-", "01-", 1))], &[]).is_some());
    }

    #[test]
    fn a_context_out_of_order_is_none() {
        for line in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            assert_eq!(of(&[line], &[]), None, "{line}");
        }
        assert_eq!(of(&[GOOD, GOOD], &[]), None);
    }

    #[test]
    fn a_state_out_of_order_is_dropped_alone() {
        for state in ["a", "A=1", "=1", "a=", "a=1=2", &format!("a={}", "x".repeat(257)), &"a=1,".repeat(33)]
        {
            assert_eq!(of(&[GOOD], &[state]).unwrap().state, None, "{state}");
        }
    }
}
