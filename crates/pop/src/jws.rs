//! Compact JWS (RFC 7515 §7.1), read strictly.

use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::json::{self, JsonFault, MAX_DEPTH};
use crate::jwk::{PublicKey, SignatureFault};

/// Why a text is not a compact JWS that can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum JwsFault {
    /// Longer than allowed; nothing was decoded.
    #[error("longer than allowed")]
    TooLong,
    /// Not three parts, or an empty one.
    #[error("not three non-empty parts")]
    Parts,
    /// A part is not canonical unpadded base64url.
    #[error("a part is not canonical base64url")]
    Base64,
    /// The header is not one unambiguous JSON object.
    #[error("the header is not an unambiguous JSON object")]
    Header,
    /// The payload is not one unambiguous JSON object.
    #[error("the payload is not an unambiguous JSON object")]
    Payload,
    /// `crit` or `b64` is there: extensions we do not know must be refused (RFC 7515 §4.1.11, RFC 7797 §6).
    #[error("the header demands an extension")]
    Critical,
    /// `zip` is there: it belongs to JWE only.
    #[error("the header asks for compression")]
    Compressed,
    /// `alg` is missing, not a string, `none`, symmetric or unknown.
    #[error("alg is not an asymmetric signature algorithm")]
    Algorithm,
}

/// A compact JWS whose form is in order and whose signature nobody has checked yet.
#[derive(Debug)]
pub struct CompactJws<'a> {
    text: &'a str,
    header_end: usize,
    payload_end: usize,
    header: Map<String, Value>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// The three parts of a compact JWS, not yet decoded.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The protected header.
    pub header: &'a str,
    /// The payload.
    pub payload: &'a str,
    /// The signature.
    pub signature: &'a str,
    /// Header and payload with the dot between them: what is signed.
    pub signing_input: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits a text of at most `max_len` bytes into three non-empty parts.
    ///
    /// # Errors
    /// [`JwsFault::TooLong`], then [`JwsFault::Parts`].
    pub fn split(text: &'a str, max_len: usize) -> Result<Self, JwsFault> {
        if text.len() > max_len {
            return Err(JwsFault::TooLong);
        }
        let (signing_input, signature) = text.rsplit_once('.').ok_or(JwsFault::Parts)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsFault::Parts)?;
        if header.is_empty() || payload.is_empty() || signature.is_empty() || payload.contains('.') {
            return Err(JwsFault::Parts);
        }
        Ok(Self { header, payload, signature, signing_input })
    }
}

/// Decodes and checks a protected header: base64url, JSON, then `crit`, `b64` and `zip`.
///
/// # Errors
/// [`JwsFault::Base64`], [`JwsFault::Header`], [`JwsFault::Critical`], [`JwsFault::Compressed`].
pub fn parse_header(segment: &str) -> Result<Map<String, Value>, JwsFault> {
    let bytes = base64url::decode(segment).map_err(|_| JwsFault::Base64)?;
    let header = json::parse_object(&bytes, MAX_DEPTH).map_err(|_| JwsFault::Header)?;
    if header.contains_key("crit") || header.contains_key("b64") {
        return Err(JwsFault::Critical);
    }
    if header.contains_key("zip") {
        return Err(JwsFault::Compressed);
    }
    Ok(header)
}

/// The asymmetric algorithm that a header names.
///
/// # Errors
/// [`JwsFault::Algorithm`].
pub fn algorithm_of(header: &Map<String, Value>) -> Result<Algorithm, JwsFault> {
    header.get("alg").and_then(Value::as_str).and_then(Algorithm::from_name).ok_or(JwsFault::Algorithm)
}

impl<'a> CompactJws<'a> {
    /// Reads a compact JWS of at most `max_len` bytes.
    ///
    /// In order: length (before any decoding), three non-empty parts, base64url of each part, the header's JSON, `crit`,
    /// `b64`, `zip`. Not checked here: `alg`, `typ`, the payload's JSON, the signature.
    ///
    /// # Errors
    /// See [`JwsFault`].
    pub fn parse(text: &'a str, max_len: usize) -> Result<Self, JwsFault> {
        let parts = Parts::split(text, max_len)?;
        let header = parse_header(parts.header)?;
        let payload = base64url::decode(parts.payload).map_err(|_| JwsFault::Base64)?;
        let signature = base64url::decode(parts.signature).map_err(|_| JwsFault::Base64)?;
        Ok(Self {
            text,
            header_end: parts.header.len(),
            payload_end: parts.signing_input.len(),
            header,
            payload,
            signature,
        })
    }

    /// The protected header.
    #[must_use]
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The header's `alg`.
    ///
    /// # Errors
    /// [`JwsFault::Algorithm`].
    pub fn alg(&self) -> Result<Algorithm, JwsFault> {
        algorithm_of(&self.header)
    }

    /// The header's `kid`, when it is a string.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// The header's `typ`, when it is a string.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.header.get("typ").and_then(Value::as_str)
    }

    /// The decoded payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload as a claims set.
    ///
    /// # Errors
    /// [`JwsFault::Payload`].
    pub fn claims(&self) -> Result<Map<String, Value>, JwsFault> {
        json::parse_object(&self.payload, MAX_DEPTH).map_err(|_: JsonFault| JwsFault::Payload)
    }

    /// The header as it stands in the text.
    #[must_use]
    pub fn header_segment(&self) -> &'a str {
        self.text.get(..self.header_end).unwrap_or_default()
    }

    /// What is signed.
    #[must_use]
    pub fn signing_input(&self) -> &'a [u8] {
        self.text.as_bytes().get(..self.payload_end).unwrap_or_default()
    }

    /// The decoded signature.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Verifies the signature with the header's own `alg`.
    ///
    /// # Errors
    /// [`SignatureFault`] when it does not verify, or `alg` is none that the key serves.
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureFault> {
        let algorithm = self.alg().map_err(|_| SignatureFault)?;
        key.verify(algorithm, self.signing_input(), &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<JwsFault> {
        CompactJws::parse(text, 8192).err()
    }

    #[test]
    fn only_three_non_empty_parts_are_a_compact_jws() {
        for text in ["", "foo", "a.b", "a.b.", ".a.b", "a..b", "a.b.c.d", "a.b.c.", "a.b.c.d.e", ".."] {
            assert_eq!(fault(text), Some(JwsFault::Parts), "{text}");
        }
    }

    #[test]
    fn each_part_is_canonical_base64url() {
        for text in ["e30.e30.QQ==", "e30.e30.Q+", "e30.e3 0.QQ", "e3%30.e30.QQ", "e30.e31.QQ", "e30=.e30.QQ"]
        {
            assert_eq!(fault(text), Some(JwsFault::Base64), "{text}");
        }
    }

    #[test]
    fn extensions_and_compression_are_refused_in_any_form() {
        for (header, expected) in [
            (r#"{"crit":["b64"],"b64":false}"#, JwsFault::Critical),
            (r#"{"crit":[]}"#, JwsFault::Critical),
            (r#"{"crit":null}"#, JwsFault::Critical),
            (r#"{"b64":true}"#, JwsFault::Critical),
            (r#"{"zip":"DEF"}"#, JwsFault::Compressed),
            ("[]", JwsFault::Header),
            (r#"{"alg":1,"alg":2}"#, JwsFault::Header),
        ] {
            let text = format!("{}.e30.QQ", base64url::encode(header.as_bytes()));
            assert_eq!(fault(&text), Some(expected), "{header}");
        }
    }

    #[test]
    fn length_is_checked_before_anything_is_decoded() {
        assert_eq!(CompactJws::parse("!!!!!!!!!", 8).err(), Some(JwsFault::TooLong));
    }
}
