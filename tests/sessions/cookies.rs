use keybound_suites::{Seen, Stage};
use serde_json::json;

use crate::{begun, cookies, sessions, with};

fn plain(more: serde_json::Value) -> Stage {
    let mut config = sessions(json!({ "proof_of_possession_dpop": "off" }));
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Stage::start(config)
}

#[test]
fn a_cookie_is_safe_by_default_and_its_answer_is_kept_by_nobody() {
    let stage = Stage::start(sessions(json!({})));
    let answer = stage.send(&stage.good());
    let [line] = answer.all("set-cookie")[..] else { panic!("{answer:?}") };
    assert!(line.ends_with("; Path=/; SameSite=Lax; HttpOnly"), "{line}");
    assert_eq!(answer.all("cache-control"), ["no-store"]);
    let payload = stage.client.token.split('.').nth(1).unwrap();
    assert!(!line.contains(payload), "sealed, not only encoded");
}

#[test]
fn a_large_token_takes_several_cookies_that_work_together() {
    let stage = plain(json!({}));
    let token = stage.provider.token(json!({ "pad": "x".repeat(5000) }));
    let answer =
        stage.send(&stage.bare("GET", Stage::PATH).field("Authorization", &format!("Bearer {token}")));
    assert_eq!(answer.all("set-cookie").len(), 3, "{answer:?}");
    assert!(answer.all("set-cookie").iter().all(|line| line.len() <= 4096));
    let session = cookies(&answer);
    let seen = stage.forwarded("three cookies", &with(&stage, &session), &token);
    assert_eq!(seen.all("cookie"), Vec::<&str>::new());
    // HTTP/2 clients send pairs one by one, and so may others.
    let mut apart = stage.bare("GET", Stage::PATH);
    for pair in session.split("; ") {
        apart = apart.field("Cookie", pair);
    }
    stage.forwarded("a line for each", &apart, &token);
    let torn = session.split("; ").take(2).collect::<Vec<_>>().join("; ");
    assert_eq!(stage.send(&with(&stage, &torn)).status, 401);

    let token = stage.provider.token(json!({ "pad": "x".repeat(9500) }));
    let answer =
        stage.send(&stage.bare("GET", Stage::PATH).field("Authorization", &format!("Bearer {token}")));
    assert_eq!((answer.status, answer.all("set-cookie").len()), (200, 0), "{answer:?}");
    assert!(
        stage.gateway.log_with("a session is too large to keep").contains("a session is too large to keep")
    );
}

#[test]
fn whatever_stands_in_the_cookie_the_gateway_answers_and_lives_on() {
    let mut stage = plain(json!({}));
    let answer = stage.send(
        &stage
            .bare("GET", Stage::PATH)
            .field("Authorization", &format!("Bearer {}", stage.provider.token(json!({})))),
    );
    let session = cookies(&answer);
    let before = stage.upstream.requests();
    let cut = &session[..session.len() / 2];
    for cookie in [
        "session=",
        "session",
        "=",
        ";;;;",
        "session=1",
        "session=4AAAA",
        "session=\"1AAAA\"",
        "session=9AAAA",
        "session=1\u{e9}",
        cut,
        &format!("{session}AAAA"),
        &format!("session=1{}", "A".repeat(7000)),
        &format!("{session}; {cut}"),
    ] {
        let answer = stage.send(&with(&stage, cookie));
        assert_eq!(answer.status, 401, "{cookie}: {answer:?}");
        assert_eq!(answer.all("set-cookie"), Vec::<&str>::new(), "{cookie}");
    }
    assert_eq!(stage.upstream.requests(), before);
    assert!(stage.gateway.alive());
    assert_eq!(Seen::of(&stage.send(&with(&stage, &session))).all("cookie"), Vec::<&str>::new());
}

#[test]
fn a_session_serves_many_requests_of_one_connection() {
    let stage = Stage::start(sessions(json!({})));
    let session = begun(&stage);
    let request = |last: bool| {
        let request =
            with(&stage, &session).field("DPoP", &stage.client.proof("GET", &stage.url(Stage::PATH)));
        if last { request.bytes() } else { request.field("Connection", "keep-alive").bytes() }
    };
    let all: Vec<u8> = (0..20).flat_map(|number| request(number == 19)).collect();
    let answers = stage.send_all(&all, 20);
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 20);
}

#[test]
fn what_cannot_be_is_refused_by_the_admin_api() {
    let stage = Stage::start(sessions(json!({})));
    for (field, value) in [
        ("session_cookie_name", json!("a;b")),
        ("session_cookie_same_site", json!("Loose")),
        ("session_idling_timeout", json!(-1)),
        ("session_storage", json!("memcached")),
        ("authorization_cookie_name", json!("x")),
        ("auth_methods", json!(["session"])),
    ] {
        let mut config = sessions(json!({ "issuer": stage.provider.issuer }));
        config[field] = value.clone();
        let plugin = json!({ "name": "openid-connect", "config": config });
        let answer = stage.gateway.admin.post("/plugins", &plugin);
        assert_eq!(answer.status, 400, "{field} {value}: {answer:?}");
        assert!(answer.body.contains(field), "{field}: {answer:?}");
    }
}
