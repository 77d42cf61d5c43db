//! Any bytes as the start of a connection behind a load balancer that speaks the PROXY protocol.

use keybound_gateway::fuzzing::proxy_header;

/// The longest header that is taken.
const LONGEST: usize = 4096;

/// However the bytes come, byte by byte or at once, the same header is found, and not a byte of the client belongs to it; one that
/// never ends is refused in time.
pub fn run(data: &[u8]) {
    let whole = proxy_header(data);
    let mut grown = Ok(None);
    for end in 1..=data.len() {
        grown = proxy_header(&data[..end]);
        match &grown {
            Ok(None) => {}
            Ok(Some((length, _))) => {
                assert_eq!(*length, end, "a header ends with its last byte");
                break;
            }
            Err(_) => break,
        }
    }
    if !data.is_empty() {
        match (&whole, &grown) {
            (Ok(one), Ok(other)) => assert_eq!(one, other),
            // What comes later may hide which fault shows first, never whether there is one.
            (Err(_), Err(_)) => {}
            _ => panic!("{whole:?} at once, {grown:?} byte by byte"),
        }
    }
    match whole {
        Ok(Some((length, source))) => {
            assert!(length <= data.len() && length <= LONGEST);
            let more = [&data[..length], b"GET / HTTP/1.1\r\n"].concat();
            assert_eq!(proxy_header(&more), Ok(Some((length, source))), "what follows is the client's");
        }
        Ok(None) => assert!(data.len() < LONGEST, "a header that never ends"),
        Err(fault) => assert!(!fault.is_empty()),
    }
}
