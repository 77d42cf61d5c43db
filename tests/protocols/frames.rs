//! Frames of WebSocket (RFC 6455 §5.2).

use std::io::{Read, Write};

use crate::wire::Wire;

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// Which side writes: a client masks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub(crate) fn write<S: Read + Write>(wire: &mut Wire<S>, side: Side, kind: u8, payload: &[u8]) {
    let masked = if side == Side::Client { 0x80 } else { 0 };
    let mut frame = vec![0x80 | kind];
    match payload.len() {
        short @ 0..=125 => frame.push(masked | short as u8),
        middle @ 126..=0xffff => {
            frame.push(masked | 126);
            frame.extend((middle as u16).to_be_bytes());
        }
        long => {
            frame.push(masked | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    match side {
        Side::Server => frame.extend(payload),
        Side::Client => {
            frame.extend(MASK);
            frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        }
    }
    wire.send(frame);
}

/// The next frame from that side, which must be masked as its side says: kind and payload.
pub(crate) fn read<S: Read + Write>(wire: &mut Wire<S>, from: Side) -> (u8, Vec<u8>) {
    let head = wire.exactly(2);
    assert_eq!(head[0] & 0xf0, 0x80, "one whole frame");
    assert_eq!(head[1] & 0x80 != 0, from == Side::Client, "masked by clients only");
    let length = match head[1] & 0x7f {
        126 => u64::from(u16::from_be_bytes(wire.exactly(2).try_into().unwrap())),
        127 => u64::from_be_bytes(wire.exactly(8).try_into().unwrap()),
        short => u64::from(short),
    };
    let mask = if from == Side::Client { wire.exactly(4) } else { vec![0; 4] };
    let payload = wire.exactly(usize::try_from(length).unwrap());
    let plain = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    (head[0] & 0xf, plain.collect())
}
