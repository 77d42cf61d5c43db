use keybound_suites::{RedisServer, Stage};
use serde_json::{Value, json};

use crate::{begun, cookies, sessions, with};

fn stored(redis: &RedisServer, more: Value) -> Value {
    let mut config = sessions(json!({
        "session_storage": "redis",
        "redis": {
            "host": "127.0.0.1", "port": redis.port, "prefix": "suite",
            "connect_timeout": 300, "send_timeout": 300, "read_timeout": 300,
        },
    }));
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

#[test]
fn a_session_in_a_real_redis_is_sealed_ends_by_itself_and_needs_its_proof() {
    let redis = RedisServer::start();
    let stage = Stage::start(stored(
        &redis,
        json!({ "session_idling_timeout": 300, "session_store_metadata": true }),
    ));
    let session = begun(&stage);
    assert!(session.len() < 140, "{session}");
    let keys: Vec<String> = redis.command(&["keys", "suite:*"]).lines().map(str::to_owned).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    for key in &keys {
        let left: i64 = redis.command(&["ttl", key]).parse().unwrap();
        assert!((200..=300).contains(&left), "{key}: {left}");
    }
    let key = keys.iter().find(|key| !key.contains(":subject:")).unwrap();
    assert!(keys.iter().any(|key| key.starts_with("suite:subject:default:suite:")), "{keys:?}");
    let value = redis.command(&["get", key]);
    assert!(!value.contains("suite") && !value.contains(&stage.client.token[..30]));

    let proof = stage.client.proof("GET", &stage.url(Stage::PATH));
    stage.forwarded("proved", &with(&stage, &session).field("DPoP", &proof), &stage.client.token);
    stage.refused(
        "replayed",
        &with(&stage, &session).field("DPoP", &proof),
        "invalid_dpop_proof",
        "proof_replayed",
    );
    stage.refused("unproved", &with(&stage, &session), "invalid_dpop_proof", "proof_missing");

    redis.command(&["del", key]);
    let answer = stage.refused("deleted", &with(&stage, &session), "invalid_token", "session_expired");
    assert!(answer.all("set-cookie")[0].starts_with("session=; Max-Age=0"), "{answer:?}");
}

#[test]
fn a_redis_that_is_gone_or_silent_lets_no_session_pass_and_comes_back() {
    let redis = RedisServer::start();
    let stage = Stage::start(stored(&redis, json!({})));
    let session = begun(&stage);
    let proved = || with(&stage, &session).field("DPoP", &stage.client.proof("GET", &stage.url(Stage::PATH)));
    let unavailable = |name: &str| {
        let before = stage.upstream.requests();
        let answer = stage.send(&proved());
        assert_eq!(answer.status, 503, "{name}: {answer:?}");
        assert!(answer.challenges().is_empty(), "{name}: {answer:?}");
        assert_eq!(answer.all("retry-after").len(), 1, "{name}: {answer:?}");
        assert_eq!(answer.all("set-cookie"), Vec::<&str>::new(), "{name}: {answer:?}");
        assert_eq!(stage.upstream.requests(), before, "{name}");
    };
    redis.freeze(true);
    unavailable("silent");
    redis.freeze(false);
    redis.kill();
    unavailable("gone");
    // With its token a client goes on, without a session.
    let token = stage.provider.client();
    let fresh = stage
        .bare("GET", Stage::PATH)
        .field("Authorization", &format!("DPoP {}", token.token))
        .field("DPoP", &token.proof("GET", &stage.url(Stage::PATH)));
    let answer = stage.send(&fresh);
    assert_eq!((answer.status, answer.all("set-cookie").len()), (200, 0), "{answer:?}");

    redis.resume();
    // Its memory is empty, so the session is over; a new one begins as soon as the gateway has found the Redis again.
    let answer = until(|| Some(stage.send(&proved())).filter(|answer| answer.status != 503));
    assert_eq!(answer.status, 401, "{answer:?}");
    let again = stage.provider.client();
    let proof = || again.proof("GET", &stage.url(Stage::PATH));
    let session = until(|| {
        let fresh = stage.bare("GET", Stage::PATH).field("Authorization", &format!("DPoP {}", again.token));
        let answer = stage.send(&fresh.field("DPoP", &proof()));
        assert_eq!(answer.status, 200, "{answer:?}");
        Some(cookies(&answer)).filter(|cookies| !cookies.is_empty())
    });
    let request = || with(&stage, &session).field("DPoP", &proof());
    let answer = until(|| Some(stage.send(&request())).filter(|answer| answer.status != 503));
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Tries again until something comes of it: each worker of the gateway looks for the Redis by itself.
fn until<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    (0..30_000).find_map(|_| attempt()).unwrap()
}
