use super::claims::numeric_date;
use super::{Object, ProofFault, Request, Step};
use crate::base64url;
use crate::htu::Target;
use crate::json::{self, MAX_DEPTH};
use crate::jwk::PublicKey;
use crate::jws::Parts;
use crate::thumbprint::Thumbprint;
use crate::time::UnixTime;

/// Most characters of a text in an [`Explanation`].
const MAX_TEXT: usize = 256;
/// Longest proof that is read once more, in bytes.
const MAX_PROOF: usize = 64 * 1024;

/// What an operator needs to understand why a proof is refused, as far as the proof can be read.
///
/// Holds no token, nonce, `jti`, signature or key, and no query. Every text is short, in ASCII and without control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Origin and path that a proof has to name; several where the edge is known under several origins.
    pub expected_htu: Option<String>,
    /// Origin and path that the proof names.
    pub received_htu: Option<String>,
    /// Seconds by which `iat` lies after this server's clock; negative when it lies before.
    pub clock_difference: Option<i64>,
    /// The thumbprint of the proof's key.
    pub thumbprint: Option<Thumbprint>,
}

/// Explains a fault. Read once more from the proof, so that the hot path does not pay for it.
#[must_use]
pub fn explain(fault: ProofFault, fields: &[&[u8]], request: &Request<'_>, now: UnixTime) -> Explanation {
    let expected: Vec<String> = request.targets.iter().map(ToString::to_string).collect();
    let mut explanation = Explanation {
        expected_htu: (!expected.is_empty()).then(|| bounded(&expected.join(" or "))),
        ..Explanation::default()
    };
    // A field that is not one proof of bearable length is not decoded for the log either.
    let ([field], false) = (fields, fault.step() == Step::Field) else { return explanation };
    let Some(parts) = std::str::from_utf8(field).ok().and_then(|text| Parts::split(text, MAX_PROOF).ok())
    else {
        return explanation;
    };
    if let Some(claims) = object(parts.payload) {
        explanation.received_htu = claims.get("htu").map(|htu| {
            let target = htu.as_str().and_then(|htu| Target::parse(htu).ok());
            // A claim that is no URL is not repeated.
            target.map_or_else(|| "not a URL".to_owned(), |target| bounded(&target.to_string()))
        });
        let iat = claims.get("iat").and_then(numeric_date);
        explanation.clock_difference = iat.map(|iat| iat.saturating_sub(now.secs()));
    }
    // A key that was found in order once is cheap to read again; of any other there is no thumbprint.
    if fault.step() > Step::Header {
        let key =
            object(parts.header).and_then(|header| PublicKey::from_jwk(header.get("jwk")?.as_object()?).ok());
        explanation.thumbprint = key.map(|key| key.thumbprint());
    }
    explanation
}

impl Explanation {
    /// The one sentence of it that is about this fault, if any is.
    #[must_use]
    pub fn sentence(&self, fault: ProofFault, request: &Request<'_>) -> Option<String> {
        match fault {
            ProofFault::HtuMismatch(_) | ProofFault::AmbiguousPath => {
                let expected = self.expected_htu.as_deref().unwrap_or_default();
                let received = self.received_htu.as_deref().unwrap_or("not a URL");
                Some(format!("expected htu {expected}, received {received}"))
            }
            ProofFault::HtmMismatch => Some(format!("expected htm {}", bounded(request.method))),
            ProofFault::TooOld
            | ProofFault::TooNew
            | ProofFault::Expired
            | ProofFault::NotYetValid
            | ProofFault::Cold => {
                let ahead = self.clock_difference?;
                let side = if ahead > 0 { "after" } else { "before" };
                Some(format!("iat is {} s {side} this server's clock", ahead.unsigned_abs()))
            }
            _ => None,
        }
    }
}

/// The sentence of [`explain`] that is about this fault.
#[must_use]
pub fn detail(fault: ProofFault, fields: &[&[u8]], request: &Request<'_>, now: UnixTime) -> Option<String> {
    explain(fault, fields, request, now).sentence(fault, request)
}

fn object(part: &str) -> Option<Object> {
    json::parse_object(&base64url::decode(part).ok()?, MAX_DEPTH).ok()
}

/// The text in as many visible ASCII characters as a log line bears.
fn bounded(text: &str) -> String {
    let mut characters = text.chars();
    let mut short: String =
        characters.by_ref().take(MAX_TEXT).map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
    if characters.next().is_some() {
        short.push_str("...");
    }
    short
}
