use http::header::{self, HeaderMap};
use http::{StatusCode, Version};

/// What is wrong with the framing of a response, if anything is: hyper takes the coding where there is a length too, takes a
/// coding that it does not know for the end of the connection, and one length twice for one. A reader behind the gateway
/// could find another end of the response, and with it a response that nobody sent.
pub(crate) fn doubt(status: StatusCode, version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let (coding, length) = (codings.next(), lengths.next());
    if coding.is_none() && length.is_none() {
        return None;
    }
    if lengths.next().is_some() {
        return Some("it has more than one length");
    }
    let coding = coding?;
    if length.is_some() {
        return Some("it has a length beside a coding");
    }
    if version != Version::HTTP_11 || status.is_informational() || status == StatusCode::NO_CONTENT {
        return Some("it has a coding where there can be none");
    }
    let chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    (codings.next().is_some() || !chunked).then_some("it has another coding than chunked")
}

#[cfg(test)]
mod tests {
    use http::header::{HeaderName, HeaderValue};

    use super::*;

    fn found(version: Version, status: u16, fields: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        doubt(StatusCode::from_u16(status).unwrap(), version, &headers).is_some()
    }

    #[test]
    fn one_length_or_one_coding_is_clear_and_all_else_is_not() {
        let chunked = ("transfer-encoding", "Chunked");
        let length = ("content-length", "2");
        for (fields, doubt) in [
            (&[][..], false),
            (&[length][..], false),
            (&[chunked][..], false),
            (&[length, length][..], true),
            (&[length, chunked][..], true),
            (&[chunked, chunked][..], true),
            (&[("transfer-encoding", "gzip, chunked")][..], true),
            (&[("transfer-encoding", "chunked, gzip")][..], true),
            (&[("transfer-encoding", "identity")][..], true),
        ] {
            assert_eq!(found(Version::HTTP_11, 200, fields), doubt, "{fields:?}");
        }
        assert!(found(Version::HTTP_10, 200, &[chunked]));
        assert!(found(Version::HTTP_11, 204, &[chunked]));
    }
}
