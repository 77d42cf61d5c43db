//! The URL that a proof names, against the one that was asked for.

use std::sync::OnceLock;

use keybound_suites::{Request, Stage};
use serde_json::json;

use crate::{route, stage};

/// A request for the guarded route whose proof names this URL; `HOST` stands for the gateway's authority.
fn htu(stage: &Stage, url: &str) -> Request {
    to(stage, Stage::PATH, url)
}

/// The same for any target below the guarded route.
fn to(stage: &Stage, target: &str, url: &str) -> Request {
    let url = url.replace("HOST", &stage.authority());
    stage.differing(json!({}), json!({ "htu": url })).target(target)
}

fn port(stage: &Stage) -> u16 {
    stage.gateway.plain.port()
}

forwarded! {
    hu_02_with_a_query: |s| htu(s, "http://HOST/guarded?a=b");
    hu_02_with_a_query_that_differs: |s| to(s, "/guarded?a=1", "http://HOST/guarded?a=2");
    hu_03_with_a_fragment: |s| htu(s, "http://HOST/guarded#f");
    hu_03_with_both: |s| htu(s, "http://HOST/guarded?a#f");
    hu_04_the_request_has_a_query: |s| to(s, "/guarded?a=b", "http://HOST/guarded");
    hu_04_the_request_has_an_empty_query: |s| to(s, "/guarded?", "http://HOST/guarded");
    hu_05_with_an_empty_query: |s| htu(s, "http://HOST/guarded?");
    hu_11_scheme_in_capitals: |s| htu(s, "HTTP://HOST/guarded");
    hu_19_escapes_of_plain_letters: |s| to(s, "/guarded/~", "http://HOST/%67uarded/%7e");
    hu_19_escapes_of_plain_letters_in_the_request: |s| to(s, "/guarded/%7E%41-%2d", "http://HOST/guarded/~A--");
    hu_20_hexadecimal_digits_in_either_case: |s| to(s, "/guarded/a%2Fb", "http://HOST/guarded/a%2fb");
    hu_20_hexadecimal_digits_of_other_letters: |s| to(s, "/guarded/%c3%a9", "http://HOST/guarded/%C3%A9");
    hu_20_letters_outside_of_ascii_as_they_are: |s| to(s, "/guarded/%C3%A9", "http://HOST/guarded/é");
    hu_20_characters_that_browsers_leave_as_they_are: |s| to(s, "/guarded/a|{b}", "http://HOST/guarded/a|{b}");
    hu_20_brackets_as_they_are: |s| to(s, "/guarded/a[0]", "http://HOST/guarded/a[0]");
    hu_24_dot_segments: |s| to(s, "/guarded/y", "http://HOST/x/../guarded/./y");
    hu_24_dot_segments_above_the_root: |s| htu(s, "http://HOST/../../guarded");
    hu_24_dot_segments_in_both: |s| to(s, "/guarded/a/./b/../c", "http://HOST/guarded/a/c");
    hu_25_encoded_dot_segments: |s| to(s, "/guarded/y", "http://HOST/x/%2e%2E/guarded/%2e/y");
    hu_15_trailing_slash_in_both: |s| to(s, "/guarded/", "http://HOST/guarded/");
    hu_21_encoded_slash_in_both: |s| to(s, "/guarded/a%2Fb", "http://HOST/guarded/a%2Fb");
    hu_21_parameters_in_both: |s| to(s, "/guarded/a;v=1", "http://HOST/guarded/a;v=1");
}

bad_proofs! {
    hu_10_port_beyond_range: |s| htu(s, "http://127.0.0.1:99999/guarded") => "proof_htu_port";
    hu_10_port_is_a_word: |s| htu(s, "http://127.0.0.1:bad/guarded") => "proof_htu_port";
    hu_10_port_with_a_sign: |s| htu(s, &format!("http://127.0.0.1:+{}/guarded", port(s))) => "proof_htu_port";
    hu_10_two_ports: |s| htu(s, &format!("http://127.0.0.1:{0}:{0}/guarded", port(s))) => "proof_htu_host";
    hu_10_another_port: |s| htu(s, "http://127.0.0.1:1/guarded") => "proof_htu_mismatch";
    hu_10_no_port: |s| htu(s, "http://127.0.0.1/guarded") => "proof_htu_mismatch";
    hu_11_https_for_http: |s| htu(s, "https://HOST/guarded") => "proof_htu_mismatch";
    hu_12_another_host: |s| htu(s, "http://other.test/guarded") => "proof_htu_mismatch";
    hu_12_a_name_for_the_address: |s| htu(s, &format!("http://localhost:{}/guarded", port(s))) => "proof_htu_mismatch";
    hu_12_a_host_below: |s| htu(s, &format!("http://127.0.0.1.evil.test:{}/guarded", port(s))) => "proof_htu_mismatch";
    hu_12_a_trailing_dot: |s| htu(s, "http://api.test./guarded") => "proof_htu_host";
    hu_12_an_empty_host: |s| htu(s, "http:///guarded") => "proof_htu_not_absolute";
    hu_12_an_empty_host_with_a_port: |s| htu(s, &format!("http://:{}/guarded", port(s))) => "proof_htu_host";
    hu_12_a_user: |s| htu(s, "http://a@HOST/guarded") => "proof_htu_userinfo";
    hu_12_a_user_and_a_password: |s| htu(s, "http://HOST@evil.test/guarded") => "proof_htu_userinfo";
    hu_12_address_in_decimal: |s| htu(s, &format!("http://2130706433:{}/guarded", port(s))) => "proof_htu_host";
    hu_12_address_in_octal: |s| htu(s, &format!("http://0177.0.0.1:{}/guarded", port(s))) => "proof_htu_host";
    hu_12_address_in_hexadecimal: |s| htu(s, &format!("http://0x7f.0.0.1:{}/guarded", port(s))) => "proof_htu_host";
    hu_12_address_cut_short: |s| htu(s, &format!("http://127.1:{}/guarded", port(s))) => "proof_htu_host";
    hu_12_address_in_full_width_digits: |s| {
        htu(s, &format!("http://１２７.0.0.1:{}/guarded", port(s)))
    } => "proof_htu_host";
    hu_12_address_mapped_into_ipv6: |s| {
        htu(s, &format!("http://[::ffff:127.0.0.1]:{}/guarded", port(s)))
    } => "proof_htu_mismatch";
    hu_12_address_with_a_zone: |s| htu(s, "http://[fe80::1%25lo]/guarded") => "proof_htu_host";
    hu_12_an_escape_in_the_host: |s| htu(s, "http://%31%32%37.0.0.1/guarded") => "proof_htu_host";
    hu_15_trailing_slash_added: |s| htu(s, "http://HOST/guarded/") => "proof_htu_mismatch";
    hu_15_trailing_slash_removed: |s| to(s, "/guarded/", "http://HOST/guarded") => "proof_htu_mismatch";
    hu_15_no_path: |s| htu(s, "http://HOST") => "proof_htu_mismatch";
    hu_15_another_path: |s| htu(s, "http://HOST/other") => "proof_htu_mismatch";
    hu_15_path_in_another_case: |s| htu(s, "http://HOST/Guarded") => "proof_htu_mismatch";
    hu_15_path_of_another_resource: |s| to(s, "/guarded/a", "http://HOST/guarded/b") => "proof_htu_mismatch";
    hu_15_path_above: |s| to(s, "/guarded/a", "http://HOST/guarded") => "proof_htu_mismatch";
    hu_17_double_slash: |s| htu(s, "http://HOST//guarded") => "proof_htu_mismatch";
    hu_17_double_slash_at_the_end: |s| to(s, "/guarded/", "http://HOST/guarded//") => "proof_htu_mismatch";
    hu_17_double_slash_in_the_request: |s| to(s, "/guarded//a", "http://HOST/guarded/a") => "proof_path_ambiguous";
    hu_17_double_slash_in_both: |s| to(s, "/guarded//a", "http://HOST/guarded//a") => "proof_path_ambiguous";
    hu_21_encoded_slash_in_the_request: |s| to(s, "/guarded/a%2Fb", "http://HOST/guarded/a/b") => "proof_htu_mismatch";
    hu_21_encoded_slash_in_the_proof: |s| to(s, "/guarded/a/b", "http://HOST/guarded/a%2Fb") => "proof_htu_mismatch";
    hu_21_parameters_differ: |s| to(s, "/guarded/a;v=1", "http://HOST/guarded/a;v=2") => "proof_htu_mismatch";
    hu_21_parameters_left_out: |s| to(s, "/guarded/a;v=1", "http://HOST/guarded/a") => "proof_htu_mismatch";
    hu_21_encoded_semicolon: |s| to(s, "/guarded/a;v=1", "http://HOST/guarded/a%3Bv=1") => "proof_htu_mismatch";
    hu_21_encoded_question_mark: |s| to(s, "/guarded?a", "http://HOST/guarded%3Fa") => "proof_htu_mismatch";
    hu_22_escaped_twice: |s| to(s, "/guarded/a%2Fb", "http://HOST/guarded/a%252Fb") => "proof_htu_mismatch";
    hu_22_escaped_twice_in_the_request: |s| to(s, "/guarded/a%252Fb", "http://HOST/guarded/a%2Fb") => "proof_htu_mismatch";
    hu_22_letter_escaped_twice: |s| to(s, "/guarded/a", "http://HOST/guarded/%2561") => "proof_htu_mismatch";
    hu_23_broken_escape: |s| htu(s, "http://HOST/guarded%GG") => "proof_htu_escape";
    hu_23_lone_percent_sign: |s| htu(s, "http://HOST/guarded%") => "proof_htu_escape";
    hu_23_half_an_escape: |s| htu(s, "http://HOST/guarded%4") => "proof_htu_escape";
    hu_23_wide_escape: |s| htu(s, "http://HOST/%u0067uarded") => "proof_htu_escape";
    hu_26_backslash_for_a_slash: |s| htu(s, "http://HOST\\guarded") => "proof_htu_character";
    hu_26_backslashes_before_the_host: |s| htu(s, "http:\\\\HOST/guarded") => "proof_htu_character";
    hu_26_backslash_in_the_query: |s| htu(s, "http://HOST/guarded?\\") => "proof_htu_character";
    hu_26_encoded_backslash: |s| htu(s, "http://HOST/%5Cguarded") => "proof_htu_mismatch";
    hu_32_ftp: |s| htu(s, "ftp://HOST/guarded") => "proof_htu_scheme";
    hu_32_ws_without_an_upgrade: |s| htu(s, "ws://HOST/guarded") => "proof_htu_scheme";
    hu_32_wss_without_an_upgrade: |s| htu(s, "wss://HOST/guarded") => "proof_htu_scheme";
    hu_32_javascript: |s| htu(s, "javascript:alert(1)") => "proof_htu_not_absolute";
    hu_32_javascript_with_slashes: |s| htu(s, "javascript://HOST/guarded") => "proof_htu_scheme";
    hu_32_urn: |s| htu(s, "urn:x:guarded") => "proof_htu_not_absolute";
    hu_32_one_slash: |s| htu(s, "http:/HOST/guarded") => "proof_htu_not_absolute";
    hu_32_three_slashes: |s| htu(s, "http:///HOST/guarded") => "proof_htu_not_absolute";
    hu_35_space_before: |s| htu(s, " http://HOST/guarded") => "proof_htu_character";
    hu_35_space_behind: |s| htu(s, "http://HOST/guarded ") => "proof_htu_character";
    hu_35_space_inside: |s| htu(s, "http://HOST/guar ded") => "proof_htu_character";
    hu_35_tab_inside: |s| htu(s, "http://HOST/guar\tded") => "proof_htu_character";
    hu_35_newline_inside: |s| htu(s, "http://HOST/guar\nded") => "proof_htu_character";
    hu_35_newline_in_the_scheme: |s| htu(s, "ht\ntp://HOST/guarded") => "proof_htu_character";
    hu_35_nul_inside: |s| htu(s, "http://HOST/guarded\0") => "proof_htu_character";
    hu_35_no_break_space: |s| htu(s, "http://HOST/guarded\u{a0}") => "proof_htu_character";
    hu_35_encoded_space: |s| htu(s, "http://HOST/guarded%20") => "proof_htu_mismatch";
}

/// A request that names its host as `host`, with a proof for `url`.
fn named(host: &str, url: &str) -> Request {
    stage().differing(json!({}), json!({ "htu": url })).without("Host").field("Host", host)
}

#[track_caller]
fn names_alike(name: &str, host: &str, url: &str) {
    stage().forwarded(name, &named(host, url), &stage().client.token);
}

#[test]
fn hu_08_an_empty_port() {
    names_alike("HU-08", "api.test", "http://api.test:/guarded");
}

#[test]
fn hu_08_the_default_port() {
    names_alike("the default port", "api.test", "http://api.test:80/guarded");
}

#[test]
fn hu_08_the_default_port_in_the_request() {
    names_alike("in the request", "api.test:80", "http://api.test/guarded");
}

#[test]
fn hu_08_the_default_port_of_the_other_scheme() {
    let request = named("api.test:443", "http://api.test/guarded");
    stage().refused("443 is not 80", &request, "invalid_dpop_proof", "proof_htu_mismatch");
}

#[test]
fn hu_12_a_name_in_any_case() {
    names_alike("in the proof", "api.test", "http://API.Test/guarded");
    names_alike("in the request", "API.test", "http://api.test/guarded");
}

#[test]
fn hu_12_a_name_in_its_own_script() {
    names_alike("A-label", "xn--bcher-kva.test", "http://bücher.test/guarded");
}

#[test]
fn hu_12_a_name_that_only_looks_alike() {
    let request = named("apple.test", "http://\u{430}pple.test/guarded");
    stage().refused("another script", &request, "invalid_dpop_proof", "proof_htu_mismatch");
}

#[test]
fn hu_12_ipv6_by_value() {
    names_alike("IPv6", "[2001:db8::1]", "http://[2001:0DB8:0:0:0:0:0:1]/guarded");
}

#[test]
fn hu_15_an_empty_path_is_a_slash() {
    let authority = edge().authority();
    for url in
        [format!("http://{authority}"), format!("http://{authority}/"), format!("http://{authority}?a")]
    {
        let request = edge().proved(&edge().client, "GET", "/", json!({}), json!({ "htu": url }));
        edge().forwarded(&url, &request, &edge().client.token);
    }
}

#[test]
fn hu_37_a_very_long_path() {
    let target = format!("{}/{}", Stage::PATH, "p".repeat(8 * 1024));
    let request = stage().by(&stage().client, "GET", &target);
    let (answer, _) = stage().traced(&request.bytes());
    assert!([200, 400, 401, 414, 431].contains(&answer.status), "{answer:?}");
    stage().forwarded("the gateway goes on", &stage().good(), &stage().client.token);
}

#[test]
fn hu_37_a_path_as_long_as_its_proof_may_be() {
    let target = format!("{}/{}", Stage::PATH, "p".repeat(4 * 1024));
    let request = stage().by(&stage().client, "GET", &target);
    stage().forwarded("4 KiB", &request, &stage().client.token);
}

fn published() -> String {
    route("my-api", json!({ "dpop_public_origins": ["https://api.example/svc2"] }))
}

fn signed_for(path: &str, url: &str) -> Request {
    stage().proved(&stage().client, "GET", path, json!({}), json!({ "htu": url }))
}

#[test]
fn hu_38_what_the_edge_took_away() {
    let request = signed_for(&published(), "https://api.example/svc2/my-api");
    stage().forwarded("HU-38", &request, &stage().client.token);
}

#[test]
fn hu_38_below_what_the_edge_took_away() {
    let request =
        signed_for(&format!("{}/a%2fb?c", published()), "https://API.example:443/svc2/my-api/a%2Fb");
    stage().forwarded("below", &request, &stage().client.token);
}

#[test]
fn hu_38_no_way_out_of_the_prefix() {
    let request = signed_for(&published(), "https://api.example/svc2/../my-api");
    stage().refused("dots", &request, "invalid_dpop_proof", "proof_htu_mismatch");
}

#[test]
fn hu_39_the_inner_url() {
    let path = published();
    let request = signed_for(&path, &stage().url(&path));
    stage().refused("HU-39", &request, "invalid_dpop_proof", "proof_htu_mismatch");
}

#[test]
fn hu_39_the_public_origin_without_its_prefix() {
    let request = signed_for(&published(), "https://api.example/my-api");
    stage().refused("no prefix", &request, "invalid_dpop_proof", "proof_htu_mismatch");
}

fn aliases() -> String {
    route("aliases", json!({ "dpop_public_origins": ["https://one.example", "https://two.example:8443"] }))
}

/// A request that came to this public host, as an edge passes it on, with a proof for `url`.
fn seen_as(host: &str, url: &str) -> Request {
    edge()
        .proved(&edge().client, "GET", "/aliases", json!({}), json!({ "htu": url }))
        .field("X-Forwarded-Proto", "https")
        .field("X-Forwarded-Host", host)
}

/// A gateway that believes its peer.
pub(crate) fn edge() -> &'static Stage {
    static EDGE: OnceLock<Stage> = OnceLock::new();
    Stage::shared(&EDGE, || {
        let stage = Stage::start_with(&[("trusted_ips", "127.0.0.1/32")], json!({}));
        let origins = json!(["https://one.example", "https://two.example:8443"]);
        stage.guard("root", "/", json!({}));
        stage.guard("aliases", "/aliases", json!({ "dpop_public_origins": origins }));
        stage
    })
}

#[test]
fn hu_40_an_alias_that_was_asked() {
    for (host, url) in [
        ("one.example", "https://one.example/aliases"),
        ("two.example:8443", "https://two.example:8443/aliases"),
    ] {
        edge().forwarded(host, &seen_as(host, url), &edge().client.token);
    }
}

#[test]
fn hu_40_an_alias_that_was_not_asked() {
    for (host, url) in [
        ("one.example", "https://two.example:8443/aliases"),
        ("two.example:8443", "https://one.example/aliases"),
    ] {
        edge().refused(host, &seen_as(host, url), "invalid_dpop_proof", "proof_htu_mismatch");
    }
}

#[test]
fn hu_40_a_host_that_is_no_alias_takes_any() {
    let path = aliases();
    for url in ["https://one.example/aliases", "https://two.example:8443/aliases"] {
        stage().forwarded(url, &signed_for(&path, url), &stage().client.token);
    }
    let request = signed_for(&path, &stage().url(&path));
    stage().refused("its own", &request, "invalid_dpop_proof", "proof_htu_mismatch");
}
