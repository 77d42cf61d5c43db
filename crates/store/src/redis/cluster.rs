//! Which node of a cluster has which keys.

use redis::Value;

use super::settings::Address;

/// How many slots a cluster has.
const SLOTS: u16 = 16_384;

/// The nodes by the slots that they have.
#[derive(Debug, Default)]
pub(super) struct SlotMap {
    /// First slot, last slot, node; by the first slot.
    ranges: Vec<(u16, u16, Address)>,
}

impl SlotMap {
    /// Reads the answer to `CLUSTER SLOTS`. A node that does not know its own name has that of the one that was asked.
    pub(super) fn read(answer: Value, asked: &Address) -> Option<Self> {
        let Value::Array(rows) = answer else { return None };
        let mut ranges: Vec<_> = rows.into_iter().filter_map(|row| range(row, asked)).collect();
        ranges.sort_by_key(|(first, ..)| *first);
        (!ranges.is_empty()).then_some(Self { ranges })
    }

    pub(super) fn node(&self, slot: u16) -> Option<&Address> {
        let after = self.ranges.partition_point(|(first, ..)| *first <= slot);
        let (_, last, node) = self.ranges.get(after.checked_sub(1)?)?;
        (slot <= *last).then_some(node)
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &Address> {
        self.ranges.iter().map(|(_, _, node)| node)
    }
}

fn range(row: Value, asked: &Address) -> Option<(u16, u16, Address)> {
    let Value::Array(row) = row else { return None };
    let mut row = row.into_iter();
    let (Some(Value::Int(first)), Some(Value::Int(last)), Some(Value::Array(master))) =
        (row.next(), row.next(), row.next())
    else {
        return None;
    };
    let mut master = master.into_iter();
    let host = match master.next()? {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok()?,
        Value::SimpleString(text) => text,
        _ => String::new(),
    };
    let host = if host.is_empty() || host == "?" { asked.host.clone() } else { host };
    let Some(Value::Int(port)) = master.next() else { return None };
    Some((
        u16::try_from(first).ok()?,
        u16::try_from(last).ok()?,
        Address { host, port: u16::try_from(port).ok()? },
    ))
}

/// The node that `MOVED` or `ASK` names.
pub(super) fn redirected(to: &str, from: &Address) -> Option<Address> {
    let (host, port) = to.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = if host.is_empty() { from.host.as_str() } else { host };
    Some(Address::new(host, port.parse().ok()?))
}

/// The slot of a key: of what stands in its first braces, if something does.
pub(super) fn slot(key: &[u8]) -> u16 {
    let tag = key.iter().position(|byte| *byte == b'{').and_then(|start| {
        let rest = key.get(start.saturating_add(1)..)?;
        let end = rest.iter().position(|byte| *byte == b'}')?;
        rest.get(..end).filter(|tag| !tag.is_empty())
    });
    crc16(tag.unwrap_or(key)) % SLOTS
}

/// CRC-16/XMODEM, as the specification of Redis clusters has it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(slot(b"{user1000}.following"), slot(b"{user1000}.followers"));
        assert_eq!(slot(b"foo{{bar}}zap"), slot(b"{bar"));
        assert_eq!(slot(b"foo{}{bar}"), crc16(b"foo{}{bar}") % SLOTS);
        assert_eq!(slot(b"foo"), 12182);
    }

    #[test]
    fn a_map_names_the_node_of_a_slot_and_no_other() {
        let row = |first, last, host: &str, port| {
            let node = Value::Array(vec![Value::BulkString(host.into()), Value::Int(port)]);
            Value::Array(vec![Value::Int(first), Value::Int(last), node])
        };
        let asked = Address::new("seed", 1);
        let answer = Value::Array(vec![row(10, 20, "b", 7), row(0, 9, "", 6)]);
        let map = SlotMap::read(answer, &asked).unwrap();
        assert_eq!(map.node(0), Some(&Address::new("seed", 6)));
        assert_eq!(map.node(20), Some(&Address::new("b", 7)));
        assert_eq!(map.node(21), None);
    }

    #[test]
    fn a_redirection_names_a_node() {
        let from = Address::new("a", 1);
        assert_eq!(redirected("10.0.0.1:7000", &from), Some(Address::new("10.0.0.1", 7000)));
        assert_eq!(redirected(":7000", &from), Some(Address::new("a", 7000)));
        assert_eq!(redirected("[::1]:7000", &from), Some(Address::new("::1", 7000)));
        assert_eq!(redirected("nothing", &from), None);
    }
}
