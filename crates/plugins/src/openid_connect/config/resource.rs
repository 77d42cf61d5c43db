//! `protected_resource_metadata` and `protected_resource_identifier`.

use keybound_pop::binding::Mode;

use super::Possession;
use super::fields::Fields;
use crate::openid_connect::resource_metadata::{Identifier, ResourceConfig};

/// What is published; `None` when nothing is.
///
/// # Errors
/// The field, and what is wrong with it.
pub(super) fn resource(
    fields: Fields<'_>,
    possession: &Possession,
) -> Result<Option<ResourceConfig>, String> {
    if !fields.flag("protected_resource_metadata") {
        return Ok(None);
    }
    let configured =
        fields.text("protected_resource_identifier").map(|text| ("protected_resource_identifier", text));
    let named =
        configured.or_else(|| Some(("dpop_public_origins", fields.list("dpop_public_origins").next()?)));
    let identifier = named
        .map(|(field, text)| Identifier::parse(text).map_err(|fault| format!("{field}: {fault}")))
        .transpose()?;
    let mut scopes: Vec<String> = Vec::new();
    for word in fields.list("scopes_required").flat_map(str::split_ascii_whitespace) {
        if !scopes.iter().any(|known| known == word) {
            scopes.push(word.to_owned());
        }
    }
    let policy = &possession.policy;
    let is_strict = policy.dpop == Mode::Strict || policy.mtls == Mode::Strict;
    // A bound token counts only in the Authorization field.
    let only_header = is_strict && !possession.report_only;
    let places = ["header", "body", "query"].into_iter();
    let places = places.filter(|place| match *place {
        "header" => true,
        place => !only_header && fields.has("bearer_token_param_type", place),
    });
    Ok(Some(ResourceConfig {
        identifier,
        issuers: fields.strings("issuers_allowed"),
        scopes,
        places: places.collect(),
        dpop: (policy.dpop != Mode::Off).then_some(possession.proof.algorithms),
        dpop_required: policy.dpop == Mode::Strict && !possession.report_only,
        certificates: policy.mtls != Mode::Off,
    }))
}
