//! From the configured issuer to the URLs of its metadata.

use reqwest::Url;

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

/// Where an issuer's metadata may be, and which `issuer` they must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    /// The URLs to ask, in this order; a later one only when the earlier has nothing.
    pub(crate) urls: Vec<Url>,
    issuer: String,
    /// The issuer was derived from a metadata URL, which says nothing about a slash at its end.
    slash_unknown: bool,
}

impl Location {
    /// Reads `text`: an issuer identifier, or the URL of its metadata. For an issuer, the metadata are asked for at the
    /// place of OpenID Connect Discovery 1.0 §4 and then at that of RFC 8414 §3. `None` when it is no http or https URL
    /// without user name, query and fragment.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let url = endpoint(text)?;
        if url.query().is_some() {
            return None;
        }
        if let Some(issuer) = text.strip_suffix(OPENID).or_else(|| text.strip_suffix(OAUTH)) {
            return Some(Self { urls: vec![url], issuer: issuer.to_owned(), slash_unknown: true });
        }
        if let Some((origin, path)) = text.split_once(OAUTH)
            && path.starts_with('/')
        {
            return Some(Self { urls: vec![url], issuer: format!("{origin}{path}"), slash_unknown: true });
        }
        let base = text.strip_suffix('/').unwrap_or(text);
        let mut urls = vec![Url::parse(&format!("{base}{OPENID}")).ok()?];
        let path = url.path().strip_suffix('/').unwrap_or(url.path());
        urls.extend(url.join(&format!("{OAUTH}{path}")));
        Some(Self { urls, issuer: text.to_owned(), slash_unknown: false })
    }

    /// The issuer that the configuration means.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether the configuration leaves open if the issuer ends in a slash.
    pub(crate) fn slash_unknown(&self) -> bool {
        self.slash_unknown
    }

    /// Whether metadata that name `issuer` are the ones that were asked for: the same string, character by character
    /// (OpenID Connect Discovery 1.0 §4.3); where the configuration gave the metadata's URL, a slash at the end is free.
    pub(crate) fn expects(&self, issuer: &str) -> bool {
        issuer == self.issuer || (self.slash_unknown && issuer.strip_suffix('/') == Some(&self.issuer))
    }
}

/// An URL that can be called: http or https, no user name or password, no fragment.
pub(crate) fn endpoint(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let callable = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    callable.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(text: &str) -> Vec<String> {
        Location::of(text).unwrap().urls.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_issuer_with_a_path_is_asked_behind_and_before_its_path() {
        assert_eq!(
            urls("https://id.test/realms/one"),
            [
                "https://id.test/realms/one/.well-known/openid-configuration",
                "https://id.test/.well-known/oauth-authorization-server/realms/one",
            ]
        );
    }

    #[test]
    fn a_slash_at_the_issuers_end_is_not_doubled_but_belongs_to_the_issuer() {
        let location = Location::of("https://id.test/").unwrap();
        assert_eq!(urls("https://id.test/")[0], "https://id.test/.well-known/openid-configuration");
        assert_eq!(urls("https://id.test/")[1], "https://id.test/.well-known/oauth-authorization-server");
        assert!(location.expects("https://id.test/"));
        assert!(!location.expects("https://id.test"));
    }

    #[test]
    fn an_issuer_is_compared_character_by_character() {
        let location = Location::of("https://id.test/a").unwrap();
        for other in ["https://id.test/a/", "https://ID.test/a", "https://id.test:443/a", "http://id.test/a"]
        {
            assert!(!location.expects(other), "{other}");
        }
    }

    #[test]
    fn a_metadata_url_is_asked_as_given_and_leaves_the_last_slash_open() {
        let location = Location::of("https://id.test/a/.well-known/openid-configuration").unwrap();
        assert_eq!(location.urls.len(), 1);
        assert!(location.expects("https://id.test/a"));
        assert!(location.expects("https://id.test/a/"));
        assert!(!location.expects("https://id.test/"));
    }

    #[test]
    fn an_rfc_8414_url_gives_the_issuer_with_its_path() {
        let location = Location::of("https://id.test/.well-known/oauth-authorization-server/a").unwrap();
        assert_eq!(location.issuer(), "https://id.test/a");
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        for text in [
            "",
            "id.test",
            "file:///etc/passwd",
            "https://u:p@id.test/",
            "https://id.test/#f",
            "https://id.test/?q",
        ] {
            assert_eq!(Location::of(text), None, "{text}");
        }
    }
}
