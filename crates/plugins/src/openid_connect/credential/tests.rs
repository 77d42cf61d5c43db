use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::{Method, Version};
use keybound_pop::htu::{Host, Scheme as UrlScheme};

use super::*;
use crate::contract::{Connection, Public, RequestPath};

fn places() -> Places {
    Places { header: true, query: true, body: true, cookie: None, field: None, max_length: 16_384 }
}

fn head(fields: &[(&str, &str)], query: Option<&str>) -> Head {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    Head {
        method: Method::GET,
        version: Version::HTTP_11,
        path: RequestPath { escaped: "/".to_owned(), decoded: None, had_empty_segments: false },
        query: query.map(str::to_owned),
        headers,
        public: Public { scheme: UrlScheme::Http, host: Host::V4(Ipv4Addr::LOCALHOST), port: None },
        client_ip: address.ip(),
        connection: Arc::new(Connection { peer: address, local: address, trusted: false, tls: None }),
        request_id: String::new(),
        websocket: false,
    }
}

fn authorization(value: &str) -> Result<Option<(Scheme, String)>, CredentialFault> {
    let found = find(&head(&[("authorization", value)], None), &places())?;
    Ok(found.map(|credential| (credential.scheme, credential.token().to_owned())))
}

#[test]
fn the_scheme_has_no_case_and_any_number_of_spaces_follow() {
    for (value, scheme) in [
        ("DPoP abc", Scheme::Dpop),
        ("dpop abc", Scheme::Dpop),
        ("DPOP abc", Scheme::Dpop),
        ("Bearer abc", Scheme::Bearer),
        ("bearer   abc", Scheme::Bearer),
    ] {
        assert_eq!(authorization(value), Ok(Some((scheme, "abc".to_owned()))), "{value}");
    }
}

#[test]
fn what_is_not_exactly_one_token_is_malformed() {
    for value in [
        "DPoP",
        "DPoP ",
        "DPoP abc def",
        "DPoP\tabc",
        "DPoP abc,",
        "DPoP abc, Bearer def",
        "Bearer a\u{e4}",
        "Bearer a\"b",
        "Bearer =",
        "Bearer a=b",
        "DPoP abc ",
    ] {
        assert_eq!(authorization(value), Err(CredentialFault::Malformed), "{value}");
    }
}

#[test]
fn other_schemes_and_nothing_are_no_credential() {
    for value in ["Basic abc", "", "Bearerabc", "DPoPx abc", "Digest a=b, c=d"] {
        assert_eq!(authorization(value), Ok(None), "{value}");
    }
}

#[test]
fn two_authorization_lines_are_refused_in_any_order() {
    for (first, second) in [("DPoP a", "Bearer b"), ("Bearer b", "DPoP a"), ("Basic a", "Bearer b")] {
        let head = head(&[("authorization", first), ("authorization", second)], None);
        assert_eq!(find(&head, &places()).unwrap_err(), CredentialFault::Repeated);
    }
}

#[test]
fn a_token_in_two_places_is_ambiguous() {
    let token = ("authorization", "Bearer a");
    assert_eq!(
        find(&head(&[token], Some("access_token=b")), &places()).unwrap_err(),
        CredentialFault::Ambiguous
    );
    let twice = head(&[token, ("x-access-token", "a")], None);
    assert_eq!(find(&twice, &places()).unwrap_err(), CredentialFault::Ambiguous);
    let query = head(&[], Some("access_token=a&access_token=a"));
    assert_eq!(find(&query, &places()).unwrap_err(), CredentialFault::Ambiguous);
}

#[test]
fn each_place_is_looked_at_only_where_the_configuration_says() {
    let request = head(&[("cookie", "a=b; at=tok")], Some("x=1&access%5Ftoken=tok"));
    let query = find(&request, &places()).unwrap().unwrap();
    assert_eq!((query.place.clone(), query.token()), (Place::Query, "tok"));
    let only_cookie = Places { query: false, cookie: Some("at".to_owned()), ..places() };
    let cookie = find(&request, &only_cookie).unwrap().unwrap();
    assert_eq!((cookie.place.clone(), cookie.token()), (Place::Cookie, "tok"));
    let nothing = Places { header: false, query: false, ..places() };
    assert!(find(&request, &nothing).unwrap().is_none());
}

#[test]
fn a_field_of_its_own_is_the_only_one_looked_at() {
    let places = Places { field: Some(HeaderName::from_static("x-token")), ..places() };
    let request = head(&[("authorization", "Bearer a"), ("x-token", "Bearer b")], None);
    let found = find(&request, &places).unwrap().unwrap();
    assert_eq!((found.place.clone(), found.token()), (Place::Field(HeaderName::from_static("x-token")), "b"));
    let bare = head(&[("x-token", "b")], None);
    assert_eq!(find(&bare, &places).unwrap().unwrap().token(), "b");
    assert!(find(&head(&[("authorization", "Bearer a")], None), &places).unwrap().is_none());
}

#[test]
fn an_underscore_is_not_a_hyphen() {
    assert!(
        find(&head(&[("access_token", "a"), ("x_access_token", "a")], None), &places()).unwrap().is_none()
    );
}

#[test]
fn a_cookie_leaves_its_line_without_touching_the_others() {
    let without = |line: &'static str| cookies_without(&HeaderValue::from_static(line), "at");
    assert_eq!(without("a=1; at=x; b=2").unwrap(), "a=1; b=2");
    assert_eq!(without("at=x"), None);
    assert_eq!(without("sat=1; ata=2").unwrap(), "sat=1; ata=2");
}

#[test]
fn a_query_keeps_its_other_parameters_byte_for_byte() {
    assert_eq!(query_without_token("a=%7e&access_token=t&&b=+"), Some("a=%7e&&b=+".to_owned()));
    assert_eq!(query_without_token("access%5Ftoken=t"), None);
}
