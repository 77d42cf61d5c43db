use super::{Environment, Reference};

/// The variable that a resource of the backend `env` is: prefix and resource in upper case, with `_` in place of `-`.
/// The version before the one in force has `_PREVIOUS` at its end.
pub(super) fn variable(reference: &Reference, prefix: Option<&str>) -> String {
    let prefix = reference.option("prefix").or(prefix).unwrap_or_default();
    let mut name = format!("{prefix}{}", reference.resource.replace('-', "_")).to_ascii_uppercase();
    if reference.version == Some(2) {
        name.push_str("_PREVIOUS");
    }
    name
}

pub(super) fn value(
    reference: &Reference,
    prefix: Option<&str>,
    environment: Environment<'_>,
) -> Option<String> {
    environment(&variable(reference, prefix))
}
