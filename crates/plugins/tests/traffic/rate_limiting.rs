use keybound_plugins::contract::{Chain, Form};
use serde_json::json;

use crate::support::{Call, NOW, World, one, refused};

async fn is_limited(chain: &Chain, call: Call) -> bool {
    matches!(call.through(chain).await, crate::support::Outcome::Ended(_))
}

#[tokio::test]
async fn requests_within_the_limit_pass_and_say_what_remains() {
    let world = World::new();
    world.clock.set(NOW + 15);
    let chain = world.chain("rate-limiting", json!({"minute": 3, "hour": 10}));
    let (_, _, response, _) = Call::get("/").through(&chain).await.passed();
    for (name, value) in [
        ("x-ratelimit-limit-minute", "3"),
        ("x-ratelimit-remaining-minute", "2"),
        ("x-ratelimit-limit-hour", "10"),
        ("x-ratelimit-remaining-hour", "9"),
        ("ratelimit-limit", "3"),
        ("ratelimit-remaining", "2"),
        ("ratelimit-reset", "45"),
    ] {
        assert_eq!(one(&response, name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn the_request_beyond_the_limit_is_429_until_the_window_ends() {
    let world = World::new();
    let chain = world.chain("rate-limiting", json!({"minute": 2}));
    for _ in 0..2 {
        Call::get("/").through(&chain).await.passed();
    }
    let ended = Call::get("/").through(&chain).await.ended();
    assert_eq!((ended.status.as_u16(), ended.body.as_str()), (429, "API rate limit exceeded"));
    assert_eq!(ended.fault, Some(("rate_limited", Form::Gateway)));
    assert_eq!(one(&ended.headers, "retry-after"), Some("60"));
    assert_eq!(one(&ended.headers, "x-ratelimit-remaining-minute"), Some("0"));
    world.clock.set(NOW + 59);
    assert!(is_limited(&chain, Call::get("/")).await);
    world.clock.set(NOW + 60);
    assert!(!is_limited(&chain, Call::get("/")).await);
}

#[tokio::test]
async fn a_request_that_one_window_refuses_is_counted_in_none() {
    let world = World::new();
    let chain = world.chain("rate-limiting", json!({"second": 1, "minute": 2}));
    assert!(!is_limited(&chain, Call::get("/")).await);
    for _ in 0..5 {
        assert!(is_limited(&chain, Call::get("/")).await);
    }
    world.clock.set(NOW + 1);
    assert!(!is_limited(&chain, Call::get("/")).await);
    world.clock.set(NOW + 2);
    assert!(is_limited(&chain, Call::get("/")).await);
}

#[tokio::test]
async fn callers_are_told_apart_by_what_is_configured() {
    let world = World::new();
    let by_header =
        world.chain("rate-limiting", json!({"day": 1, "limit_by": "header", "header_name": "x-key"}));
    let keyed = |key: &str| Call::get("/").header("x-key", key);
    assert!(!is_limited(&by_header, keyed("a")).await);
    assert!(is_limited(&by_header, keyed("a")).await);
    assert!(!is_limited(&by_header, keyed("b")).await);
    let long = "x".repeat(5000);
    assert!(!is_limited(&by_header, keyed(&long)).await);
    assert!(is_limited(&by_header, keyed(&long)).await);
    // Without the field the address counts; a field that looks like one does not count as one.
    assert!(!is_limited(&by_header, keyed("127.0.0.1")).await);
    assert!(!is_limited(&by_header, Call::get("/")).await);
    assert!(is_limited(&by_header, Call::get("/")).await);

    let by_path = World::new().chain("rate-limiting", json!({"day": 1, "limit_by": "path", "path": "/a"}));
    assert!(!is_limited(&by_path, Call::get("/a")).await);
    assert!(is_limited(&by_path, Call::get("/a").from("192.0.2.1")).await);
    assert!(!is_limited(&by_path, Call::get("/b")).await);

    let by_ip = World::new().chain("rate-limiting", json!({"day": 1, "limit_by": "ip"}));
    assert!(!is_limited(&by_ip, Call::get("/").from("192.0.2.1")).await);
    assert!(is_limited(&by_ip, Call::get("/").from("192.0.2.1")).await);
    assert!(!is_limited(&by_ip, Call::get("/").from("192.0.2.2")).await);

    let by_credential = World::new().chain("rate-limiting", json!({"day": 1, "limit_by": "credential"}));
    let with = |credential: &str| {
        let mut call = Call::get("/");
        call.notes.identity.credential = Some(credential.to_owned());
        call
    };
    assert!(!is_limited(&by_credential, with("a")).await);
    assert!(is_limited(&by_credential, with("a")).await);
    assert!(!is_limited(&by_credential, with("b")).await);
}

#[tokio::test]
async fn what_is_counted_survives_a_change_of_the_configuration() {
    let world = World::new();
    let chain = world.chain("rate-limiting", json!({"day": 1}));
    assert!(!is_limited(&chain, Call::get("/")).await);
    let changed =
        world.chain("rate-limiting", json!({"day": 1, "error_code": 503, "error_message": "Later"}));
    let ended = Call::get("/").through(&changed).await.ended();
    assert_eq!((ended.status.as_u16(), ended.body.as_str()), (503, "Later"));
}

#[tokio::test]
async fn hidden_limits_are_not_told() {
    let chain = World::new().chain("rate-limiting", json!({"day": 1, "hide_client_headers": true}));
    let (_, _, response, _) = Call::get("/").through(&chain).await.passed();
    assert!(response.is_empty());
    let ended = Call::get("/").through(&chain).await.ended();
    assert!(ended.headers.is_empty(), "{:?}", ended.headers);
}

#[tokio::test]
async fn a_redis_that_is_down_lets_requests_through_only_where_that_is_configured() {
    let world = World::new();
    let redis = |tolerant: bool| json!({"day": 1, "policy": "redis", "redis": {"host": "r.example"}, "fault_tolerant": tolerant});
    let tolerant = world.chain("rate-limiting", redis(true));
    for _ in 0..3 {
        let (_, _, response, _) = Call::get("/").through(&tolerant).await.passed();
        assert!(response.is_empty());
    }
    let ended = Call::get("/").through(&world.chain("rate-limiting", redis(false))).await.ended();
    assert_eq!((ended.status.as_u16(), ended.body.as_str()), (500, "An unexpected error occurred"));
    assert_eq!(ended.fault, Some(("counters_unreachable", Form::Gateway)));
}

#[tokio::test]
async fn what_is_wrong_or_not_supported_is_refused_by_name() {
    for (config, text) in [
        (
            json!({}),
            "at least one of these fields must be non-empty: 'config.second', 'config.minute', 'config.hour', 'config.day', 'config.month', 'config.year'",
        ),
        (
            json!({"second": 10, "hour": 5}),
            "schema violation (config: The limit for hour(5.0) cannot be lower than the limit for second(10.0))",
        ),
        (json!({"day": 0}), "value must be greater than 0"),
        (json!({"day": 1, "policy": "cluster"}), "'cluster' is not supported by Keybound yet"),
        (json!({"day": 1, "sync_rate": 5}), "'sync_rate' is not supported by Keybound yet"),
        (json!({"day": 1, "redis": {"timeout": 1.5}}), "expected an integer"),
        (json!({"day": 1, "policy": "redis"}), "given value of field 'config.policy'; config.redis: {"),
        (json!({"day": 1, "policy": "redis"}), "host = \"required field missing\""),
        (
            json!({"day": 1, "limit_by": "header"}),
            "given value of field 'config.limit_by'; config.header_name: required field missing",
        ),
        (
            json!({"day": 1, "limit_by": "path"}),
            "given value of field 'config.limit_by'; config.path: required field missing",
        ),
    ] {
        let fault = refused("rate-limiting", config);
        assert!(fault.contains(text), "{fault}");
    }
}

#[tokio::test]
async fn the_old_names_of_the_redis_are_taken() {
    let config = json!({"day": 1, "policy": "redis", "redis_host": "r.example", "redis_port": 6380, "redis_timeout": 100});
    Call::get("/").through(&World::new().chain("rate-limiting", config)).await.passed();
}
