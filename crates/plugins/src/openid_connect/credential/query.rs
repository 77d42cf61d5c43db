use std::borrow::Cow;

use super::PARAMETER;
use crate::fault::CredentialFault;
use crate::identity::parameter;

/// The token in a query (RFC 6750 §2.3); an empty one counts as none.
///
/// # Errors
/// [`CredentialFault::Ambiguous`] when the parameter is there twice.
pub(super) fn token(query: &str) -> Result<Option<Cow<'_, str>>, CredentialFault> {
    let mut found = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name == PARAMETER && !value.is_empty() && found.replace(value).is_some() {
            return Err(CredentialFault::Ambiguous);
        }
    }
    Ok(found)
}

/// The same query, or the same form, without the token; every other parameter keeps its bytes. `None` when nothing is left.
pub(in crate::openid_connect) fn without_token(query: &str) -> Option<String> {
    parameter::without(query, PARAMETER)
}
