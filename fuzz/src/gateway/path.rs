//! Any line as the path of a request target, and a second as what a route matched and a service's path.

use http::Uri;
use keybound_gateway::fuzzing::{forward_target, normal_path, replaced_target};
use keybound_pop::htu;

/// The normal form is its own; it names what `htu` would compare; routes match what is forwarded; and nothing climbs out.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (raw, base) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(chosen) = replaced_target(raw, None) {
        climbs_nowhere(chosen.path());
    }
    // What hyper hands on as a path.
    let Ok(uri) = Uri::try_from(raw) else { return };
    if uri.authority().is_some() || !raw.starts_with('/') {
        return;
    }
    let path = normal_path(uri.path());
    assert_eq!(path, normal_path(uri.path()), "the same twice");
    let Ok(path) = path else { return };
    climbs_nowhere(&path.escaped);
    let again = normal_path(&path.escaped).expect("a normal form is a path");
    assert_eq!((&again.escaped, &again.decoded), (&path.escaped, &path.decoded), "its own normal form");
    assert!(!again.had_empty_segments);
    assert!(path.escaped.is_ascii());
    if !path.had_empty_segments
        && let Ok(compared) = htu::normal_path(uri.path())
    {
        assert_eq!(
            htu::normal_path(&path.escaped).as_ref(),
            Ok(&compared),
            "what was checked is what is forwarded"
        );
    }
    for taken in 0..=path.matching().len() {
        if path.matching().is_char_boundary(taken) {
            assert!(path.escaped.starts_with(path.escaped_prefix(taken)));
        }
    }
    let base = match normal_path(base) {
        Ok(base) => base.escaped,
        Err(_) => "/base".to_owned(),
    };
    let whole = forward_target(&base, &path, false, None, uri.query(), &uri).expect("a target");
    assert!(whole.path().ends_with(&path.escaped) || path.escaped == "/", "{whole} {path:?}");
    // A route may end within a segment.
    let taken = path.matching().find('a').map_or(1, |at| at + 1);
    let stripped = forward_target(&base, &path, true, Some(taken), uri.query(), &uri).expect("a target");
    for target in [whole, stripped] {
        assert_eq!(target.query(), uri.query());
        climbs_nowhere(target.path());
        assert!(target.path().starts_with(base.trim_end_matches('/')), "{target} {base}");
    }
}

fn climbs_nowhere(path: &str) {
    assert!(path.starts_with('/'), "{path}");
    assert!(!path.split('/').any(|segment| matches!(segment, "." | "..")), "{path}");
    let decoded = path.replace("%2E", ".").replace("%2e", ".").replace("%2F", "/").replace("%2f", "/");
    assert!(!decoded.split(['/', '\\']).any(|segment| matches!(segment, "." | "..")), "{path}");
    assert!(path.bytes().all(|byte| byte > b' ' && byte != 0x7f && byte != b'\\'), "{path}");
}
