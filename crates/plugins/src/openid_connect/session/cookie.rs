//! The cookies of a session: read from a request, written to a response, taken out of what is forwarded.
//!
//! A value that is too long for one cookie goes on in further ones, `session2` to `session4`. The first begins with the number
//! of them: a longer session's left-over cookies are thus not read as part of a shorter one.

use std::fmt::Write as _;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use keybound_pop::base64url;

/// Most cookies that one session takes. More would, beside a token, be more than is accepted of a request's head.
pub(super) const MAX_COOKIES: usize = 4;
/// Most that it takes where a remembered login comes along.
pub(super) const MAX_COOKIES_OF_TWO: usize = 2;
/// Bytes of a cookie's name and value: browsers keep 4096.
const LONGEST: usize = 4000;

/// What a cookie is set with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) path: String,
    pub(super) domain: Option<String>,
    /// `None` leaves it to the client.
    pub(super) same_site: Option<&'static str>,
    pub(super) http_only: bool,
    /// `None`: as the request came.
    pub(super) secure: Option<bool>,
    /// How many cookies one value may take.
    pub(super) most: usize,
}

/// The cookies of one name, and of that name with a number, that a request has.
#[derive(Debug, Default)]
pub(super) struct Jar {
    values: [Option<Vec<u8>>; MAX_COOKIES],
    ambiguous: bool,
}

/// What a request's cookies are together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There is none, or it is no value of ours.
    Nothing,
    /// There are two of one name with different values.
    Ambiguous,
    /// The bytes.
    Sealed(Vec<u8>),
}

/// A session that does not fit into the cookies it may take.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

impl Jar {
    /// The cookies of this name in a request (RFC 6265 §4.2.1).
    pub(super) fn of(headers: &HeaderMap, name: &str) -> Self {
        let mut jar = Self::default();
        for line in headers.get_all(COOKIE) {
            for pair in line.as_bytes().split(|byte| *byte == b';') {
                let Some((of, value)) = split(pair) else { continue };
                let Some(slot) = place(of, name).and_then(|place| jar.values.get_mut(place)) else {
                    continue;
                };
                match slot {
                    Some(known) if known != value => jar.ambiguous = true,
                    Some(_) => {}
                    None => *slot = Some(value.to_vec()),
                }
            }
        }
        jar
    }

    /// The value that they carry together.
    pub(super) fn found(&self) -> Found {
        let mut values = self.values.iter();
        let Some(Some(first)) = values.next() else { return Found::Nothing };
        let Some((count, start)) = first.split_first() else { return Found::Nothing };
        let count = usize::from(count.wrapping_sub(b'0'));
        if count == 0 || count > MAX_COOKIES {
            return Found::Nothing;
        }
        if self.ambiguous {
            return Found::Ambiguous;
        }
        let mut text = start.to_vec();
        for value in values.take(count - 1) {
            let Some(value) = value else { return Found::Nothing };
            text.extend_from_slice(value);
        }
        let text = std::str::from_utf8(&text).ok();
        text.and_then(|text| base64url::decode(text).ok()).map_or(Found::Nothing, Found::Sealed)
    }

    /// `Set-Cookie` for a new value, and for the end of those cookies of the request that it does not use. `lives` is in
    /// seconds; without it the client keeps the cookie until it ends itself.
    pub(super) fn set(
        &self,
        name: &str,
        sealed: &[u8],
        attributes: &Attributes,
        secure: bool,
        lives: Option<u64>,
    ) -> Result<Vec<HeaderValue>, TooLarge> {
        let text = base64url::encode(sealed);
        let longest = LONGEST.saturating_sub(name.len() + 2).max(1);
        let mut parts = text.as_bytes().chunks(longest);
        let count = parts.len().max(1);
        if count > attributes.most.min(MAX_COOKIES) {
            return Err(TooLarge);
        }
        let mut lines = Vec::with_capacity(count);
        for place in 0..count {
            let part = parts.next().unwrap_or_default();
            let mut line = numbered(name, place).into_bytes();
            line.push(b'=');
            if place == 0 {
                line.extend_from_slice(count.to_string().as_bytes());
            }
            line.extend_from_slice(part);
            let end = lives.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
            line.extend_from_slice(end.as_bytes());
            line.extend_from_slice(attributes.text(secure).as_bytes());
            lines.extend(HeaderValue::from_bytes(&line));
        }
        lines.extend(self.clear_from(count, name, attributes, secure));
        Ok(lines)
    }

    /// `Set-Cookie` that ends every one of them that the request has.
    pub(super) fn clear(&self, name: &str, attributes: &Attributes, secure: bool) -> Vec<HeaderValue> {
        self.clear_from(0, name, attributes, secure)
    }

    fn clear_from(
        &self,
        first: usize,
        name: &str,
        attributes: &Attributes,
        secure: bool,
    ) -> Vec<HeaderValue> {
        let there = self.values.iter().enumerate().skip(first).filter(|(_, value)| value.is_some());
        there
            .filter_map(|(place, _)| {
                let name = numbered(name, place);
                let end = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
                HeaderValue::try_from(format!("{name}=; {end}{}", attributes.text(secure))).ok()
            })
            .collect()
    }
}

impl Attributes {
    fn text(&self, secure: bool) -> String {
        let mut text = format!("; Path={}", self.path);
        if let Some(domain) = &self.domain {
            let _ = write!(text, "; Domain={domain}");
        }
        if let Some(same_site) = self.same_site {
            let _ = write!(text, "; SameSite={same_site}");
        }
        if self.http_only {
            text.push_str("; HttpOnly");
        }
        if self.secure.unwrap_or(secure) {
            text.push_str("; Secure");
        }
        text
    }
}

/// Takes the cookies of these names out of a request; every other pair keeps its bytes.
pub(super) fn hide(headers: &mut HeaderMap, names: &[&str]) {
    let is_ours =
        |pair: &[u8]| split(pair).is_some_and(|(of, _)| names.iter().any(|name| place(of, name).is_some()));
    let has_ours = |line: &HeaderValue| line.as_bytes().split(|byte| *byte == b';').any(is_ours);
    if !headers.get_all(COOKIE).iter().any(has_ours) {
        return;
    }
    let mut kept: Vec<HeaderValue> = Vec::new();
    for line in headers.get_all(COOKIE) {
        let pairs: Vec<&[u8]> = line
            .as_bytes()
            .split(|byte| *byte == b';')
            .filter(|pair| !is_ours(pair))
            .map(<[u8]>::trim_ascii)
            .filter(|pair| !pair.is_empty())
            .collect();
        kept.extend(
            HeaderValue::from_bytes(&pairs.join(b"; ".as_slice())).ok().filter(|line| !line.is_empty()),
        );
    }
    headers.remove(COOKIE);
    for line in kept {
        headers.append(COOKIE, line);
    }
}

/// Name and value of a pair, the value without its quotes.
fn split(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let pair = pair.trim_ascii();
    let at = pair.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (pair.get(..at)?.trim_ascii(), pair.get(at + 1..)?.trim_ascii());
    let bare = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(value);
    Some((name, bare))
}

/// Which of the cookies of `name` this is: 0 for the name itself, 1 for `name2`.
fn place(of: &[u8], name: &str) -> Option<usize> {
    match of.strip_prefix(name.as_bytes())? {
        [] => Some(0),
        [digit @ b'2'..=b'4'] => Some(usize::from(digit - b'1')),
        _ => None,
    }
}

fn numbered(name: &str, place: usize) -> String {
    if place == 0 { name.to_owned() } else { format!("{name}{}", place + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes() -> Attributes {
        Attributes {
            path: "/".to_owned(),
            domain: None,
            same_site: Some("Lax"),
            http_only: true,
            secure: None,
            most: MAX_COOKIES,
        }
    }

    fn request(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    fn sent_back(lines: &[HeaderValue]) -> String {
        let pair = |line: &HeaderValue| line.to_str().unwrap().split(';').next().unwrap().to_owned();
        lines.iter().map(pair).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_was_set_is_found_again_in_one_cookie_or_in_several() {
        for length in [0, 1, 2900, 2999, 3000, 6000, 11_900] {
            let sealed: Vec<u8> = (0..length).map(|index: usize| index as u8).collect();
            let lines = Jar::default().set("session", &sealed, &attributes(), false, None).unwrap();
            assert!(lines.iter().all(|line| line.len() < 4096));
            let jar = Jar::of(&request(&["a=b", &sent_back(&lines)]), "session");
            assert_eq!(jar.found(), Found::Sealed(sealed));
        }
    }

    #[test]
    fn what_takes_more_cookies_than_allowed_is_not_set() {
        let sealed = vec![0; 12_100];
        assert_eq!(Jar::default().set("session", &sealed, &attributes(), false, None), Err(TooLarge));
        let fewer = Attributes { most: MAX_COOKIES_OF_TWO, ..attributes() };
        assert!(Jar::default().set("session", &sealed[..5900], &fewer, false, None).is_ok());
        assert_eq!(Jar::default().set("session", &sealed[..6000], &fewer, false, None), Err(TooLarge));
    }

    #[test]
    fn a_shorter_session_ends_the_cookies_it_does_not_need() {
        let jar = Jar::of(&request(&["session=2AA; session2=BB; session4=x"]), "session");
        let lines = jar.set("session", b"abc", &attributes(), true, None).unwrap();
        assert_eq!(
            lines,
            [
                "session=1YWJj; Path=/; SameSite=Lax; HttpOnly; Secure",
                "session2=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; SameSite=Lax; HttpOnly; Secure",
                "session4=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; SameSite=Lax; HttpOnly; Secure",
            ]
        );
        let again = Jar::of(&request(&["session=1YWJj; session2=stale"]), "session");
        assert_eq!(again.found(), Found::Sealed(b"abc".to_vec()));
    }

    #[test]
    fn attributes_are_written_as_configured() {
        let other = Attributes {
            path: "/app".to_owned(),
            domain: Some("example.com".to_owned()),
            same_site: None,
            http_only: false,
            secure: Some(false),
            most: MAX_COOKIES,
        };
        let lines = Jar::default().set("s", b"abc", &other, true, Some(60)).unwrap();
        assert_eq!(lines, ["s=1YWJj; Max-Age=60; Path=/app; Domain=example.com"]);
    }

    #[test]
    fn two_values_for_one_name_are_not_chosen_between() {
        let jar = |lines: &[&str]| Jar::of(&request(lines), "session").found();
        assert_eq!(jar(&["session=1YWJj; session=1YWJk"]), Found::Ambiguous);
        assert_eq!(jar(&["session=1YWJj", "session=1YWJk"]), Found::Ambiguous);
        assert_eq!(jar(&["session=1YWJj", "session=1YWJj"]), Found::Sealed(b"abc".to_vec()));
    }

    #[test]
    fn what_is_not_of_our_form_is_nothing() {
        let jar = |lines: &[&str]| Jar::of(&request(lines), "session").found();
        for line in [
            "session=",
            "session",
            "session=0YWJj",
            "session=5YWJj",
            "session=2YWJj",
            "session=1Y*",
            "Session=1YWJj",
            "session5=1YWJj",
        ] {
            assert_eq!(jar(&[line]), Found::Nothing, "{line}");
        }
    }

    #[test]
    fn hiding_takes_these_cookies_and_no_others() {
        let mut headers =
            request(&["a=b; session=1x;session2=y ; c=\"d\"; sessions=z", "remember=1q", "session9=t"]);
        hide(&mut headers, &["session", "remember"]);
        let lines: Vec<_> = headers.get_all(COOKIE).iter().collect();
        assert_eq!(lines, ["a=b; c=\"d\"; sessions=z", "session9=t"]);
    }
}
