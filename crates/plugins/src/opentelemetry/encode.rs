//! OTLP's messages (opentelemetry-proto v1: `ExportTraceServiceRequest` and what is in it), as protobuf writes them.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::contract::Attribute;

/// A message that is being written.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

/// How a field's bytes are laid out.
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH: u64 = 2;
const FIXED32: u64 = 5;

impl Message {
    fn key(&mut self, field: u64, layout: u64) {
        self.varint((field << 3) | layout);
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// A number; zero is what it is without it.
    pub(super) fn number(&mut self, field: u64, number: u64) {
        if number != 0 {
            self.key(field, VARINT);
            self.varint(number);
        }
    }

    pub(super) fn fixed64(&mut self, field: u64, number: u64) {
        self.key(field, FIXED64);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn fixed32(&mut self, field: u64, number: u32) {
        self.key(field, FIXED32);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, LENGTH);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    pub(super) fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }

    /// `KeyValue`.
    pub(super) fn attribute(&mut self, field: u64, key: &str, value: &Attribute) {
        let mut any = Self::default();
        match value {
            Attribute::Text(text) => any.text(1, text),
            Attribute::Number(number) => {
                // Also zero: without it the value would be none.
                any.key(3, VARINT);
                any.varint(number.cast_unsigned());
            }
        }
        let mut pair = Self::default();
        pair.text(1, key);
        pair.message(2, &any);
        self.message(field, &pair);
    }

    pub(super) fn done(self) -> Bytes {
        self.0.into()
    }
}

/// `Resource`.
pub(super) fn resource(attributes: &BTreeMap<String, String>) -> Bytes {
    let mut resource = Message::default();
    for (key, value) in attributes {
        resource.attribute(1, key, &Attribute::from(value.clone()));
    }
    resource.done()
}

/// `ExportTraceServiceRequest`, of entries that are spans of `ScopeSpans` already.
pub(super) fn message(resource: &[u8], entries: &[Bytes]) -> Bytes {
    let mut name = Message::default();
    name.text(1, "keybound");
    name.text(2, env!("CARGO_PKG_VERSION"));
    let mut scope = Message::default();
    scope.message(1, &name);
    entries.iter().for_each(|entry| scope.0.extend_from_slice(entry));
    let mut spans = Message::default();
    spans.bytes(1, resource);
    spans.message(2, &scope);
    let mut whole = Message::default();
    whole.message(1, &spans);
    whole.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_laid_out_as_the_specification_has_it() {
        let mut message = Message::default();
        message.number(1, 150);
        message.number(2, 0);
        message.text(2, "testing");
        message.fixed32(3, 1);
        message.attribute(9, "k", &Attribute::Number(0));
        // The first two are the examples of protobuf's own page on its encoding.
        assert_eq!(
            message.done(),
            [
                &[0x08, 0x96, 0x01][..],
                b"\x12\x07testing",
                &[0x1d, 1, 0, 0, 0],
                &[0x4a, 7, 0x0a, 1, b'k', 0x12, 2, 0x18, 0],
            ]
            .concat()
        );
    }
}
