use std::fmt;

use percent_encoding::percent_decode_str;

/// A reference to a secret, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The backend (`env`), or the prefix of a vault entity.
    pub vault: String,
    /// What is asked for.
    pub resource: String,
    /// The member, when the secret is a JSON object.
    pub key: Option<String>,
    /// The version: 1 is the secret in force, 2 the one before it.
    pub version: Option<u32>,
    /// Settings of the backend that hold for this reference only.
    pub options: Vec<(String, String)>,
}

/// Why a reference cannot be read, in Kong's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceFault {
    /// It has no vault.
    #[error("reference url is missing host [{0}]")]
    NoVault(String),
    /// It has nothing after the vault.
    #[error("reference url is missing path [{0}]")]
    NoPath(String),
    /// It has an empty part.
    #[error("reference url has invalid path [{0}]")]
    BadPath(String),
    /// Its version is no number.
    #[error("reference url has invalid version [{0}]")]
    BadVersion(String),
}

/// Whether text has the form of a reference: `{vault://…}`.
#[must_use]
pub fn is_reference(text: &str) -> bool {
    inner(text).is_some()
}

fn inner(text: &str) -> Option<&str> {
    text.strip_prefix("{vault://")?.strip_suffix('}')
}

impl Reference {
    /// Takes a reference apart. Text that [`is_reference`] does not know has no vault.
    ///
    /// # Errors
    /// [`ReferenceFault`]
    pub fn parse(text: &str) -> Result<Self, ReferenceFault> {
        let said = || text.to_owned();
        let rest = inner(text).ok_or_else(|| ReferenceFault::NoVault(said()))?;
        let (rest, version) = match rest.split_once('#') {
            Some((rest, version)) => {
                (rest, Some(version.parse().map_err(|_| ReferenceFault::BadVersion(said()))?))
            }
            None => (rest, None),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (vault, path) = rest.split_once('/').unwrap_or((rest, ""));
        if vault.is_empty() {
            return Err(ReferenceFault::NoVault(said()));
        }
        if path.is_empty() {
            return Err(ReferenceFault::NoPath(said()));
        }
        let (resource, key) = match path.split_once('/') {
            Some((resource, key)) => (resource, Some(key)),
            None => (path, None),
        };
        let bad = || ReferenceFault::BadPath(said());
        if resource.is_empty() || key.is_some_and(|key| key.is_empty() || key.contains('/')) {
            return Err(bad());
        }
        let decode = |text: &str| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| bad());
        let options = form_urlencoded::parse(query.as_bytes());
        Ok(Self {
            vault: vault.to_owned(),
            resource: decode(resource)?,
            key: key.map(decode).transpose()?,
            version,
            options: options.map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
        })
    }

    /// A setting of the backend that this reference brings.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{vault://{}/{}", self.vault, self.resource)?;
        match &self.key {
            Some(key) => write!(f, "/{key}}}"),
            None => f.write_str("}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_vault_resource_and_key() {
        let found = Reference::parse("{vault://env/my-secret/pass%20word?prefix=X_#2}").unwrap();
        assert_eq!((found.vault.as_str(), found.resource.as_str()), ("env", "my-secret"));
        assert_eq!((found.key.as_deref(), found.version), (Some("pass word"), Some(2)));
        assert_eq!(found.option("prefix"), Some("X_"));
    }

    #[test]
    fn broken_references_say_what_is_missing() {
        let cases = [
            ("{vault://}", "reference url is missing host [{vault://}]"),
            ("{vault://env}", "reference url is missing path [{vault://env}]"),
            ("{vault://env/}", "reference url is missing path [{vault://env/}]"),
            ("{vault://env/a/}", "reference url has invalid path [{vault://env/a/}]"),
            ("{vault://env/a/b/c}", "reference url has invalid path [{vault://env/a/b/c}]"),
            ("{vault://env/a#x}", "reference url has invalid version [{vault://env/a#x}]"),
        ];
        for (text, expected) in cases {
            assert_eq!(Reference::parse(text).unwrap_err().to_string(), expected);
        }
        assert!(!is_reference("vault://env/a") && !is_reference("{vault://env/a"));
    }
}
