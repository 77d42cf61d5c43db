//! The PROXY protocol, versions 1 and 2: what a load balancer that passes bytes on says of the client before them.
//!
//! [`read`] is bytes in, verdict out. [`receive`] takes the header off a connection and not a byte more.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// The longest header of version 1, with its line's end.
const LONGEST_V1: usize = 107;
/// The longest header of version 2 that is taken: nginx's bound. The form itself allows for 64 KiB.
const LONGEST_V2: usize = 4096;
/// How a header of version 1 begins.
const NAME_V1: &[u8] = b"PROXY ";
/// How a header of version 2 begins.
const SIGNATURE_V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// The part of a header of version 2 that is always there.
const FIXED_V2: usize = 16;

/// What the bytes so far come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They may become a header.
    More,
    /// They begin with a whole one.
    Whole {
        /// Its bytes; what follows is the client's.
        length: usize,
        /// The client's address; `None` when the header speaks of the connection itself, or of something that has no
        /// address of the internet.
        source: Option<SocketAddr>,
    },
}

/// Why bytes are no header; the connection is closed without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProxyFault {
    /// They begin as neither version does.
    #[error("they do not begin as the PROXY protocol does")]
    Signature,
    /// The line of version 1 does not end in time.
    #[error("version 1: the line is longer than 107 bytes")]
    LineTooLong,
    /// The line of version 1 ends with a bare line feed, or has a carriage return elsewhere.
    #[error("version 1: the line does not end with CR LF")]
    LineEnd,
    /// Neither TCP4, TCP6 nor UNKNOWN.
    #[error("version 1: the family is neither TCP4, TCP6 nor UNKNOWN")]
    Family,
    /// Not two addresses and two ports with single spaces between.
    #[error("version 1: there are not two addresses and two ports")]
    Parts,
    /// An address that is none of the family.
    #[error("version 1: an address is not one of the family")]
    Address,
    /// A port that is no number of 0 to 65535 without leading zeros.
    #[error("version 1: a port is not a number of 0 to 65535")]
    Port,
    /// The version is not 2.
    #[error("version 2: the version is not 2")]
    Version,
    /// Neither LOCAL nor PROXY.
    #[error("version 2: the command is neither LOCAL nor PROXY")]
    Command,
    /// A family or a transport that the form does not know.
    #[error("version 2: the family or the transport is not a known one")]
    Protocol,
    /// The header announces more than is taken.
    #[error("version 2: the header is longer than 4096 bytes")]
    TooLong,
    /// The header is too short for its addresses.
    #[error("version 2: the header is too short for its addresses")]
    TooShort,
}

/// Why a connection brought no header.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoHeader {
    /// Its bytes are none.
    #[error("{0}")]
    Malformed(#[from] ProxyFault),
    /// It broke or ended first.
    #[error("{0}")]
    Broken(#[from] io::Error),
}

/// Reads a header at the start of `bytes`.
///
/// # Errors
/// [`ProxyFault`], as soon as it shows: no byte that comes later could make it a header.
pub(crate) fn read(bytes: &[u8]) -> Result<Verdict, ProxyFault> {
    if begins_as(bytes, NAME_V1) {
        read_v1(bytes)
    } else if begins_as(bytes, SIGNATURE_V2) {
        read_v2(bytes)
    } else {
        Err(ProxyFault::Signature)
    }
}

/// Takes the header off the stream, and leaves everything behind it there. The caller bounds the time.
///
/// # Errors
/// [`NoHeader`]
pub(crate) async fn receive(stream: &mut TcpStream) -> Result<Option<SocketAddr>, NoHeader> {
    let mut header = Vec::with_capacity(LONGEST_V1);
    let mut waiting = [0_u8; 512];
    loop {
        let seen = stream.peek(&mut waiting).await?;
        if seen == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let before = header.len();
        header.extend_from_slice(waiting.get(..seen).unwrap_or_default());
        let verdict = read(&header)?;
        // Bytes of an unfinished header all belong to it.
        let take = match &verdict {
            Verdict::More => seen,
            Verdict::Whole { length, .. } => length.saturating_sub(before),
        };
        stream.read_exact(waiting.get_mut(..take).unwrap_or_default()).await?;
        if let Verdict::Whole { source, .. } = verdict {
            return Ok(source);
        }
    }
}

fn begins_as(bytes: &[u8], start: &[u8]) -> bool {
    bytes.iter().zip(start).all(|(one, other)| one == other)
}

fn read_v1(bytes: &[u8]) -> Result<Verdict, ProxyFault> {
    let within = bytes.get(..LONGEST_V1).unwrap_or(bytes);
    let Some(end) = within.iter().position(|&byte| byte == b'\n') else {
        return if bytes.len() < LONGEST_V1 { Ok(Verdict::More) } else { Err(ProxyFault::LineTooLong) };
    };
    let line = within.get(..end).and_then(|line| line.strip_suffix(b"\r")).ok_or(ProxyFault::LineEnd)?;
    if line.contains(&b'\r') {
        return Err(ProxyFault::LineEnd);
    }
    let length = end + 1;
    let line = std::str::from_utf8(line.get(NAME_V1.len()..).unwrap_or_default());
    let line = line.map_err(|_| ProxyFault::Parts)?;
    let (family, rest) = line.split_once(' ').unwrap_or((line, ""));
    let address: fn(&str) -> Option<IpAddr> = match family {
        // What follows may be anything and says nothing.
        "UNKNOWN" => return Ok(Verdict::Whole { length, source: None }),
        "TCP4" => |text| text.parse().map(IpAddr::V4).ok(),
        "TCP6" => |text| text.parse().map(IpAddr::V6).ok(),
        _ => return Err(ProxyFault::Family),
    };
    let mut parts = rest.split(' ');
    let (Some(from), Some(to), Some(from_port), Some(to_port), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(ProxyFault::Parts);
    };
    let (from, _) = (address(from).ok_or(ProxyFault::Address)?, address(to).ok_or(ProxyFault::Address)?);
    let (port, _) = (port(from_port)?, port(to_port)?);
    Ok(Verdict::Whole { length, source: Some(SocketAddr::new(from, port)) })
}

fn port(text: &str) -> Result<u16, ProxyFault> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain).ok_or(ProxyFault::Port)
}

fn read_v2(bytes: &[u8]) -> Result<Verdict, ProxyFault> {
    let Some(&kind) = bytes.get(SIGNATURE_V2.len()) else { return Ok(Verdict::More) };
    if kind >> 4 != 2 {
        return Err(ProxyFault::Version);
    }
    let speaks_of_client = match kind & 0xf {
        0 => false,
        1 => true,
        _ => return Err(ProxyFault::Command),
    };
    let Some(&protocol) = bytes.get(13) else { return Ok(Verdict::More) };
    let (family, transport) = (protocol >> 4, protocol & 0xf);
    if family > 3 || transport > 2 {
        return Err(ProxyFault::Protocol);
    }
    let (Some(&high), Some(&low)) = (bytes.get(14), bytes.get(15)) else { return Ok(Verdict::More) };
    let behind = usize::from(u16::from_be_bytes([high, low]));
    let length = FIXED_V2 + behind;
    if length > LONGEST_V2 {
        return Err(ProxyFault::TooLong);
    }
    let addresses = match family {
        _ if !speaks_of_client => 0,
        1 => 12,
        2 => 36,
        3 => 216,
        _ => 0,
    };
    if behind < addresses {
        return Err(ProxyFault::TooShort);
    }
    let Some(body) = bytes.get(FIXED_V2..length) else { return Ok(Verdict::More) };
    // The rest is extensions, which nothing here asks for. Datagrams do not come over TCP.
    let source = match (speaks_of_client, family, transport) {
        (true, 1, 1) => address_v4(body),
        (true, 2, 1) => address_v6(body),
        _ => None,
    };
    Ok(Verdict::Whole { length, source })
}

fn address_v4(body: &[u8]) -> Option<SocketAddr> {
    let address: [u8; 4] = body.get(..4)?.try_into().ok()?;
    let port: [u8; 2] = body.get(8..10)?.try_into().ok()?;
    Some(SocketAddr::new(Ipv4Addr::from(address).into(), u16::from_be_bytes(port)))
}

fn address_v6(body: &[u8]) -> Option<SocketAddr> {
    let address: [u8; 16] = body.get(..16)?.try_into().ok()?;
    let port: [u8; 2] = body.get(32..34)?.try_into().ok()?;
    Some(SocketAddr::new(Ipv6Addr::from(address).into(), u16::from_be_bytes(port)))
}

#[cfg(test)]
mod tests;
