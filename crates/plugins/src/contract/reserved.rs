use std::sync::Arc;

use http::HeaderName;

/// Names of request fields that plugins set: one that a client sends is never forwarded, in no spelling and no trailer.
#[derive(Debug, Clone, Default)]
pub struct Reserved(Arc<[String]>);

impl Reserved {
    /// These names.
    #[must_use]
    pub fn of(names: impl IntoIterator<Item = HeaderName>) -> Self {
        let mut plain: Vec<String> = names.into_iter().map(|name| folded(name.as_str())).collect();
        plain.sort_unstable();
        plain.dedup();
        Self(plain.into())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether software that reads header fields the CGI way could take this name for one of them.
    #[must_use]
    pub fn contains(&self, name: &HeaderName) -> bool {
        !self.is_empty() && self.0.binary_search(&folded(name.as_str())).is_ok()
    }
}

/// A name without anything but letters and digits, as software that folds the rest into one sign would tell it apart.
pub(crate) fn folded(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Whether a name has a sign that such software takes for `-`.
pub(crate) fn is_disguised(name: &HeaderName) -> bool {
    name.as_str().bytes().any(|byte| !byte.is_ascii_alphanumeric() && byte != b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_reserved_in_every_spelling() {
        let reserved = Reserved::of([HeaderName::from_static("x-user-id")]);
        for name in ["x-user-id", "x_user_id", "x-user_id", "x.user.id", "x-user-id_", "xuserid"] {
            assert!(reserved.contains(&HeaderName::from_static(name)), "{name}");
        }
        assert!(!reserved.contains(&HeaderName::from_static("x-user")));
        assert!(!Reserved::default().contains(&HeaderName::from_static("x-user-id")));
    }
}
