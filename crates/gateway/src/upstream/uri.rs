use std::borrow::Cow;

use http::Uri;
use http::uri::PathAndQuery;
use keybound_plugins::contract::RequestPath;

use crate::head::path::{escape, normal_form};

/// The request target for the upstream: Kong's `v0` joining of the service's path, and of the request's path with or
/// without what the route matched. The query stays as it came; a bare question mark stays too.
///
/// `taken` is the length of what the route's path matched, in the matching form of the path. `received` is the target
/// as the client sent it: when nothing changed, its text is used again instead of a copy.
///
/// `None` when the result is no request target; a path in normal form and an escaped base do not lead there.
pub(crate) fn forward_target(
    base: &str,
    path: &RequestPath,
    strip: bool,
    taken: Option<usize>,
    query: Option<&str>,
    received: &Uri,
) -> Option<PathAndQuery> {
    let rest = if strip { stripped(path, taken.unwrap_or(1)) } else { Cow::Borrowed("") };
    let pieces =
        if strip { join_stripped(base, &rest, &path.escaped) } else { join_whole(base, &path.escaped) };
    if let Some(same) = received.path_and_query()
        && is_concatenation(same.path(), pieces)
        && same.query() == query
    {
        return Some(same.clone());
    }
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    let mut text = String::with_capacity(length + query.map_or(0, |query| query.len() + 1));
    text.extend(pieces);
    if let Some(query) = query {
        text.push('?');
        text.push_str(query);
    }
    PathAndQuery::from_maybe_shared(bytes::Bytes::from(text)).ok()
}

/// The request target for a path that a plugin chose. It is put in normal form, so that it cannot climb out of where the
/// configuration put it; `None` when it has none.
pub(crate) fn replaced_target(path: &str, query: Option<&str>) -> Option<PathAndQuery> {
    let rooted = if path.starts_with('/') { Cow::Borrowed(path) } else { Cow::Owned(format!("/{path}")) };
    let normal = normal_form(&escape(rooted.as_bytes())).ok()?.escaped;
    let text = match query {
        Some(query) => format!("{normal}?{query}"),
        None => normal,
    };
    PathAndQuery::from_maybe_shared(bytes::Bytes::from(text)).ok()
}

/// What is left of the path after the matched part, without a dot segment that the cut may have laid bare.
fn stripped(path: &RequestPath, taken: usize) -> Cow<'_, str> {
    let rest = path.matching().get(taken..).unwrap_or_default();
    let rest = without_dots(rest);
    if path.decoded.is_none() { Cow::Borrowed(rest) } else { Cow::Owned(escape(rest.as_bytes())) }
}

/// The rest without its first part where that is a dot segment to some reader: one that decodes `%2F`, or cuts parameters off.
/// The parts behind it are none, or the path would have been refused.
fn without_dots(rest: &str) -> &str {
    if !rest.starts_with('.') {
        return rest;
    }
    let ends = ["/", "%2F"].iter().filter_map(|end| rest.find(end).map(|at| (at, at + end.len())));
    let (end, next) = ends.min().unwrap_or((rest.len(), rest.len()));
    let name = rest.get(..end).and_then(|part| part.split(';').next());
    if matches!(name, Some("." | "..")) { rest.get(next..).unwrap_or_default() } else { rest }
}

fn join_stripped<'a>(base: &'a str, rest: &'a str, path: &str) -> [&'a str; 3] {
    let closed = path.ends_with('/');
    match (base.strip_suffix('/'), rest.is_empty(), rest.starts_with('/')) {
        (Some(""), true, _) => ["/", "", ""],
        (Some(_), true, _) if closed => [base, "", ""],
        (Some(open), true, _) => [open, "", ""],
        (Some(open), false, true) => [open, rest, ""],
        (Some(_), false, false) => [base, rest, ""],
        (None, true, _) if closed && path.len() > 1 => [base, "/", ""],
        (None, true, _) => [base, "", ""],
        (None, false, true) => [base, rest, ""],
        (None, false, false) => [base, "/", rest],
    }
}

fn join_whole<'a>(base: &'a str, path: &'a str) -> [&'a str; 3] {
    match base.strip_suffix('/') {
        Some(open) => [open, path, ""],
        None if path == "/" => [base, "", ""],
        None => [base, path, ""],
    }
}

fn is_concatenation(whole: &str, pieces: [&str; 3]) -> bool {
    let rest = pieces.iter().try_fold(whole, |rest, piece| rest.strip_prefix(piece));
    rest.is_some_and(str::is_empty)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::head::path::normal_form;

    fn target(base: &str, route: Option<&str>, strip: bool, request: &str) -> String {
        let received: Uri = request.parse().unwrap();
        let path = normal_form(received.path()).unwrap();
        let taken = route.map(str::len);
        let target = forward_target(base, &path, strip, taken, received.query(), &received).unwrap();
        target.as_str().to_owned()
    }

    /// Base, route, request path, with `strip_path`, without.
    #[rstest]
    #[case("/", "/", "/", "/", "/")]
    #[case("/", "/", "/route", "/route", "/route")]
    #[case("/", "/", "/route/", "/route/", "/route/")]
    #[case("/", "/route", "/route", "/", "/route")]
    #[case("/", "/route", "/route/", "/", "/route/")]
    #[case("/", "/route", "/routereq", "/req", "/routereq")]
    #[case("/", "/route/", "/route/req", "/req", "/route/req")]
    #[case("/s", "/r", "/r/x", "/s/x", "/s/r/x")]
    #[case("/s", "/r", "/r", "/s", "/s/r")]
    #[case("/s", "/r", "/r/", "/s/", "/s/r/")]
    #[case("/s", "/r", "/rx", "/s/x", "/s/rx")]
    #[case("/s", "/", "/", "/s", "/s")]
    #[case("/s", "/", "/x", "/s/x", "/s/x")]
    #[case("/s", "/", "/x/", "/s/x/", "/s/x/")]
    #[case("/s", "/r/", "/r/", "/s/", "/s/r/")]
    #[case("/s/", "/", "/", "/s/", "/s/")]
    #[case("/s/", "/r", "/r", "/s", "/s/r")]
    #[case("/s/", "/r", "/r/", "/s/", "/s/r/")]
    #[case("/s/", "/r", "/r/x", "/s/x", "/s/r/x")]
    #[case("/s/", "/r", "/rx", "/s/x", "/s/rx")]
    #[case("/s/", "/r/", "/r/x", "/s/x", "/s/r/x")]
    fn the_paths_are_joined_as_kong_joins_them(
        #[case] base: &str,
        #[case] route: &str,
        #[case] request: &str,
        #[case] with_strip: &str,
        #[case] without: &str,
    ) {
        assert_eq!(target(base, Some(route), true, request), with_strip, "strip");
        assert_eq!(target(base, Some(route), false, request), without, "no strip");
    }

    #[rstest]
    #[case("/r", "/r../x", "/s/x")]
    #[case("/r", "/r./x", "/s/x")]
    #[case("/r", "/r..", "/s")]
    #[case("/r", "/r...", "/s/...")]
    #[case("/r", "/r..%2Fx", "/s/x")]
    #[case("/r", "/r..%2f%2Fx/y", "/s/%2Fx/y")]
    #[case("/r", "/r.;a=b/x", "/s/x")]
    #[case("/r", "/r..;a=b", "/s")]
    #[case("/r", "/r.a%2F.b/x", "/s/.a%2F.b/x")]
    fn a_dot_segment_that_the_cut_lays_bare_is_dropped(
        #[case] route: &str,
        #[case] request: &str,
        #[case] want: &str,
    ) {
        assert_eq!(target("/s", Some(route), true, request), want);
    }

    #[test]
    fn a_route_without_paths_strips_nothing() {
        assert_eq!(target("/s", None, true, "/a/b"), "/s/a/b");
        assert_eq!(target("/", None, true, "/a/b"), "/a/b");
        assert_eq!(target("/", None, true, "/"), "/");
    }

    #[test]
    fn the_query_is_kept_byte_for_byte_even_when_it_is_empty() {
        assert_eq!(target("/s", Some("/r"), true, "/r/x?a=%2F&b='!"), "/s/x?a=%2F&b='!");
        assert_eq!(target("/s", Some("/r"), true, "/r/x?"), "/s/x?");
        assert_eq!(target("/", Some("/r"), false, "/r/x?"), "/r/x?");
    }

    #[test]
    fn the_normal_form_is_what_goes_upstream() {
        assert_eq!(target("/", Some("/r"), false, "/r/../a%20b//c%2fd?x=/../y"), "/a%20b/c%2Fd?x=/../y");
        assert_eq!(target("/", Some("/r é"), true, "/r%20%C3%A9/%22q"), "/%22q");
    }

    #[test]
    fn an_unchanged_target_is_used_again_without_a_copy() {
        let received = Uri::from_static("/a/b?c");
        let path = normal_form("/a/b").unwrap();
        let target = forward_target("/", &path, false, None, Some("c"), &received).unwrap();
        assert_eq!(target.as_str().as_ptr(), received.path_and_query().unwrap().as_str().as_ptr());
    }
}
