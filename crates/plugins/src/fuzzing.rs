//! What the fuzz targets reach of this crate: its parsers of what strangers send, which nobody else calls from outside.

use http::{HeaderMap, HeaderName};

pub use crate::hmac_auth::{SignatureParts, signature_of as hmac_signature};
pub use crate::openid_connect::fuzzing::*;
pub use crate::opentelemetry::fuzzing::*;
pub use crate::request_transformer::{edited_body, edited_query};

/// User name and password of a field of `basic-auth`.
#[must_use]
pub fn basic_auth(headers: &HeaderMap, name: &HeaderName) -> Option<(String, Vec<u8>)> {
    crate::basic_auth::read_field(headers, name)
}

/// The boundary of a form of several parts, its parts by name and content, and the body without those of one name.
#[must_use]
pub fn multipart(headers: &HeaderMap, body: &[u8], wanted: &str) -> Option<Multipart> {
    use crate::identity::multipart;

    let boundary = multipart::boundary(headers)?;
    let parts = |body: &[u8]| {
        let content = |part: multipart::Part| (part.name, body.get(part.content).map(<[u8]>::to_vec));
        multipart::parts(body, &boundary).into_iter().map(content).collect()
    };
    let without = multipart::without(body, &boundary, wanted);
    let kept = without.as_deref().map(parts);
    Some(Multipart { parts: parts(body), without: without.map(|body| body.to_vec()), kept })
}

/// A part's name and its content; no content is one that lies outside of the body.
pub type Part = (Option<String>, Option<Vec<u8>>);

/// A form of several parts, read.
#[derive(Debug)]
pub struct Multipart {
    /// The parts in order.
    pub parts: Vec<Part>,
    /// The body without those of a name, where there are any.
    pub without: Option<Vec<u8>>,
    /// The parts of that.
    pub kept: Option<Vec<Part>>,
}

/// Whether the text is a token that `jwt` reads.
#[must_use]
pub fn jwt(text: &str) -> bool {
    crate::jwt::is_readable(text)
}
