//! Whose keys lie at `extra_jwks_uris`.

use reqwest::Url;

/// The extra key sets of each issuer.
///
/// The configuration lists extra key sets and allowed issuers side by side and does not say which belong together. An
/// issuer's keys must never verify another issuer's tokens, so each set gets one owner:
/// 1. With no other issuer allowed, all belong to the configured one.
/// 2. A set below an issuer's URL belongs to that issuer, the longest such URL first.
/// 3. Of the rest, when the configured issuer has no key set of its own, all belong to it.
/// 4. Otherwise, when exactly one other issuer is allowed, they belong to that one.
/// 5. Otherwise nobody owns them, and they verify nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ownership {
    /// The configured issuer's extra sets.
    pub(crate) primary: Vec<Url>,
    /// The extra sets of each other issuer, in the order in which they are allowed.
    pub(crate) others: Vec<Vec<Url>>,
    /// Sets without owner.
    pub(crate) ownerless: Vec<Url>,
}

impl Ownership {
    /// Assigns `extras`; `keyed` says that the configured issuer has a key set of its own.
    pub(crate) fn assign(primary: &str, keyed: bool, others: &[&str], extras: &[Url]) -> Self {
        let mut owners = Self { primary: vec![], others: vec![vec![]; others.len()], ownerless: vec![] };
        for extra in extras {
            let below = others
                .iter()
                .enumerate()
                .map(|(index, issuer)| (Some(index), *issuer))
                .chain([(None, primary)])
                .filter(|(_, issuer)| is_below(extra, issuer))
                .max_by_key(|(_, issuer)| issuer.len())
                .map(|(owner, _)| owner);
            let owner = match below {
                _ if others.is_empty() => None,
                Some(owner) => owner,
                None if !keyed => None,
                None if others.len() == 1 => Some(0),
                None => {
                    owners.ownerless.push(extra.clone());
                    continue;
                }
            };
            match owner.and_then(|index| owners.others.get_mut(index)) {
                Some(sets) => sets.push(extra.clone()),
                None => owners.primary.push(extra.clone()),
            }
        }
        owners
    }
}

fn is_below(url: &Url, issuer: &str) -> bool {
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    url.as_str().strip_prefix(issuer).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "https://id.test/realms/a";
    const B: &str = "https://id.test/realms/ab";
    const C: &str = "https://other.test";

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn without_other_issuers_all_belong_to_the_configured_one() {
        let owners = Ownership::assign(A, true, &[], &[url("https://cdn.test/keys")]);
        assert_eq!(owners.primary, [url("https://cdn.test/keys")]);
    }

    #[test]
    fn a_set_below_an_issuer_belongs_to_it_alone() {
        let (a, b) = (url("https://id.test/realms/a/certs"), url("https://id.test/realms/ab/certs"));
        let owners = Ownership::assign(A, true, &[B, C], &[a.clone(), b.clone()]);
        assert_eq!(owners.primary, [a]);
        assert_eq!(owners.others, [vec![b], vec![]]);
        assert_eq!(owners.ownerless, []);
    }

    #[test]
    fn a_set_elsewhere_belongs_to_the_only_other_issuer() {
        let owners = Ownership::assign(A, true, &[C], &[url("https://cdn.test/keys")]);
        assert_eq!(owners.others, [vec![url("https://cdn.test/keys")]]);
        assert_eq!(owners.primary, []);
    }

    #[test]
    fn a_set_elsewhere_belongs_to_nobody_when_two_could_claim_it() {
        let owners = Ownership::assign(A, true, &[B, C], &[url("https://cdn.test/keys")]);
        assert_eq!(owners.ownerless, [url("https://cdn.test/keys")]);
        assert_eq!(owners.others, [vec![], vec![]]);
    }

    #[test]
    fn a_pseudo_issuer_without_keys_of_its_own_owns_what_lies_elsewhere() {
        let owners = Ownership::assign(A, false, &[B, C], &[url("https://cdn.test/keys")]);
        assert_eq!(owners.primary, [url("https://cdn.test/keys")]);
    }
}
