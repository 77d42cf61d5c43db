//! Introspection: the request, what answers mean, what is kept, how often the provider is called.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keybound_oidc::{
    AuthMethod, CacheTimes, ClientCredentials, Fault, IntrospectionSettings, Introspector, RequestExtras,
    Requirement, Source, TokenFault, TokenPolicy,
};
use keybound_pop::confirmation::ConfirmationFault;
use keybound_pop::thumbprint::{Thumbprint, token_hash};
use serde_json::{Value, json};

use crate::mock::Reply;
use crate::setup::{METADATA, NOW, Setup, introspect, provider_code, token_fault};

const PATH: &str = "/introspect";

async fn with_answer(answer: &Value) -> (Setup, Introspector) {
    let setup = Setup::new().await;
    setup.mock.json(PATH, answer);
    let introspector = setup.introspector(IntrospectionSettings::default());
    (setup, introspector)
}

fn active(changes: Value) -> Value {
    let mut answer = json!({"active": true, "sub": "john", "exp": NOW + 300});
    for (name, value) in changes.as_object().unwrap() {
        answer[name] = value.clone();
    }
    answer
}

fn client(method: Option<AuthMethod>) -> Vec<ClientCredentials> {
    vec![ClientCredentials::new("the client".to_owned(), Some("s:1".to_owned()), method).unwrap()]
}

#[tokio::test]
async fn an_active_token_is_described_with_its_confirmation_at_the_top_level() {
    let jkt = Thumbprint::of(b"key");
    let answer = active(json!({"cnf": {"jkt": jkt.encode()}, "token_type": "DPoP"}));
    let (setup, introspector) = with_answer(&answer).await;
    let token = introspect(&introspector, "opaque").await.unwrap();
    assert_eq!(token.confirmation.jkt, Some(jkt));
    assert_eq!(token.source, Source::Introspection);
    assert_eq!(*token.issuer, *setup.mock.url(""));
    assert_eq!(token.expires.unwrap().secs(), NOW + 300);
    assert_eq!(token.claims["sub"], "john");
}

#[tokio::test]
async fn the_request_carries_token_hint_and_client() {
    let (setup, _) = with_answer(&active(json!({}))).await;
    let settings = IntrospectionSettings { clients: client(None), ..Default::default() };
    introspect(&setup.introspector(settings.clone()), "a+b&c").await.unwrap();
    let asked = setup.mock.last(PATH);
    assert_eq!(asked.body, "token=a%2Bb%26c&token_type_hint=access_token");
    assert_eq!(
        asked.header("authorization").unwrap(),
        format!("Basic {}", STANDARD.encode("the+client:s%3A1"))
    );
    assert_eq!(asked.header("accept"), Some("application/json"));
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));

    let settings = IntrospectionSettings {
        clients: client(Some(AuthMethod::SecretPost)),
        token_param_name: "tok".to_owned(),
        hint: None,
        headers: vec![("x-a".parse().unwrap(), "1".parse().unwrap())],
        post_args: vec![("realm".to_owned(), "one".to_owned())],
        ..settings
    };
    let extras = RequestExtras {
        headers: vec![("x-b".parse().unwrap(), "2".parse().unwrap())],
        post_args: vec![("region".to_owned(), "eu".to_owned())],
        client: 0,
    };
    setup.introspector(settings).introspect("t", &token_hash(b"t"), &extras).await.unwrap();
    let asked = setup.mock.last(PATH);
    assert_eq!(asked.body, "tok=t&client_id=the+client&client_secret=s%3A1&realm=one&region=eu");
    assert_eq!(asked.header("authorization"), None);
    assert_eq!((asked.header("x-a"), asked.header("x-b")), (Some("1"), Some("2")));
}

#[tokio::test]
async fn metadata_choose_the_method_only_where_basic_is_not_offered() {
    for (listed, basic) in [
        (json!(["private_key_jwt", "client_secret_post", "client_secret_basic"]), true),
        (json!(["private_key_jwt", "client_secret_post"]), false),
        (json!(["private_key_jwt"]), true),
    ] {
        let (setup, _) = with_answer(&active(json!({}))).await;
        setup.mock.json(
            METADATA,
            &json!({
                "issuer": setup.mock.url(""),
                "introspection_endpoint": setup.mock.url(PATH),
                "introspection_endpoint_auth_methods_supported": listed,
            }),
        );
        let settings = IntrospectionSettings { clients: client(None), ..Default::default() };
        introspect(&setup.introspector(settings), "t").await.unwrap();
        let asked = setup.mock.last(PATH);
        assert_eq!(asked.header("authorization").is_some(), basic, "{listed}");
        assert_eq!(asked.field("client_secret").is_none(), basic, "{listed}");
    }
}

#[tokio::test]
async fn an_endpoint_of_the_configuration_needs_no_metadata() {
    let mut setup = Setup::new().await;
    setup.mock.reply(METADATA, Reply::status(500));
    setup.mock.json("/elsewhere", &active(json!({"iss": setup.mock.url("")})));
    setup.settings.introspection_endpoint = Some(setup.mock.url("/elsewhere"));
    introspect(&setup.introspector(IntrospectionSettings::default()), "t").await.unwrap();
}

#[tokio::test]
async fn answers_that_refuse_the_token_are_the_tokens_fault() {
    for (answer, fault) in [
        (json!({"active": false}), TokenFault::Inactive),
        (json!({}), TokenFault::Inactive),
        (active(json!({"active": "true"})), TokenFault::Inactive),
        (active(json!({"active": 1})), TokenFault::Inactive),
        (active(json!({"exp": NOW})), TokenFault::Expired),
        (active(json!({"exp": "soon"})), TokenFault::ClaimType("exp")),
        (active(json!({"nbf": NOW + 1})), TokenFault::NotYetValid),
        (active(json!({"iat": NOW + 1})), TokenFault::IssuedInFuture),
        (active(json!({"iss": "https://other.test"})), TokenFault::Issuer),
        (active(json!({"iss": 1})), TokenFault::ClaimType("iss")),
        (active(json!({"typ": "Refresh"})), TokenFault::Kind),
        (active(json!({"cnf": "{}"})), TokenFault::Confirmation(ConfirmationFault::NotAnObject)),
    ] {
        let (_, introspector) = with_answer(&answer).await;
        assert_eq!(token_fault(introspect(&introspector, "t").await), fault, "{answer}");
    }
}

#[tokio::test]
async fn without_the_check_of_active_the_other_claims_decide() {
    let (setup, _) = with_answer(&json!({"sub": "john"})).await;
    let settings = IntrospectionSettings { check_active: false, ..Default::default() };
    introspect(&setup.introspector(settings), "t").await.unwrap();
}

#[tokio::test]
async fn the_audience_is_demanded_where_the_policy_has_one() {
    let (setup, _) = with_answer(&active(json!({"aud": "other"}))).await;
    let audience = Requirement::on_values(vec!["aud".to_owned()], &["api".to_owned()]);
    let policy = TokenPolicy { audience: Some(audience), ..TokenPolicy::default() };
    let introspector = Introspector::new(setup.provider(), IntrospectionSettings::default(), policy);
    assert_eq!(token_fault(introspect(&introspector, "t").await), TokenFault::Audience);
}

#[tokio::test]
async fn a_provider_that_refuses_us_or_fails_is_never_the_tokens_fault() {
    let error =
        |status, error: &str| Reply::Plain(status, vec![], json!({"error": error}).to_string().into_bytes());
    for (reply, code, retry_after) in [
        (error(401, "invalid_client"), "provider_credentials", 5),
        (error(400, "invalid_client"), "provider_credentials", 5),
        (Reply::status(403), "provider_credentials", 5),
        (error(400, "invalid_request"), "provider_status", 5),
        (Reply::status(429).with("retry-after", "42"), "provider_rate_limited", 42),
        (Reply::status(500), "provider_status", 5),
        (Reply::status(503).with("retry-after", "7"), "provider_status", 7),
        (Reply::status(302).with("location", "/login"), "provider_redirect", 5),
        (Reply::status(204), "provider_status", 5),
        (Reply::Plain(200, vec![], b"active".to_vec()), "provider_malformed", 5),
        (Reply::Plain(200, vec![], br#"{"active":false,"active":true}"#.to_vec()), "provider_malformed", 5),
        (Reply::json(&json!([true])), "provider_malformed", 5),
        (Reply::Endless, "provider_answer_too_large", 5),
        (Reply::Garbage, "provider_broken_answer", 5),
    ] {
        let setup = Setup::new().await;
        setup.mock.reply(PATH, reply);
        let introspector = setup.introspector(IntrospectionSettings::default());
        let fault = introspect(&introspector, "t").await.unwrap_err();
        assert_eq!((fault.code(), fault.retry_after()), (code, Some(retry_after)));
        // It is not kept: the provider recovers at once.
        setup.mock.json(PATH, &active(json!({})));
        introspect(&introspector, "t").await.unwrap();
    }
}

#[tokio::test]
async fn a_token_type_that_cannot_be_introspected_is_the_tokens_fault() {
    let setup = Setup::new().await;
    setup.mock.reply(PATH, Reply::Plain(400, vec![], br#"{"error":"unsupported_token_type"}"#.to_vec()));
    let introspector = setup.introspector(IntrospectionSettings::default());
    assert_eq!(token_fault(introspect(&introspector, "a.b.c").await), TokenFault::NotIntrospectable);
}

#[tokio::test]
async fn a_provider_without_introspection_is_at_fault() {
    let setup = Setup::new().await;
    setup.mock.json(METADATA, &json!({"issuer": setup.mock.url("")}));
    let introspector = setup.introspector(IntrospectionSettings::default());
    assert_eq!(provider_code(introspect(&introspector, "t").await), "provider_endpoint");
}

#[tokio::test]
async fn fifty_requests_at_once_with_one_token_are_one_call() {
    for cache in [Some(CacheTimes::default()), None] {
        let (setup, _) = with_answer(&active(json!({}))).await;
        let introspector = setup.introspector(IntrospectionSettings { cache, ..Default::default() });
        setup.mock.shut();
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let introspector = introspector.clone();
                tokio::spawn(async move { introspect(&introspector, "t").await.is_ok() })
            })
            .collect();
        // Every request joined before the first answer: they run before the socket is polled again.
        setup.mock.until(METADATA, 1).await;
        setup.mock.open();
        for task in tasks {
            assert!(task.await.unwrap());
        }
        assert_eq!(setup.mock.count(PATH), 1);
    }
}

#[tokio::test]
async fn a_request_that_is_given_up_does_not_end_the_call_that_others_share() {
    let (setup, introspector) = with_answer(&active(json!({}))).await;
    setup.mock.shut();
    let first = {
        let introspector = introspector.clone();
        tokio::spawn(async move { introspect(&introspector, "t").await })
    };
    setup.mock.until(METADATA, 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    setup.mock.open();
    introspect(&introspector, "t").await.unwrap();
    assert_eq!(setup.mock.count(PATH), 1);
}

#[tokio::test]
async fn an_answer_is_kept_no_longer_than_exp_and_the_maximum() {
    for (max, last) in [(None, 299), (Some(Duration::from_secs(60)), 59)] {
        let (setup, _) = with_answer(&active(json!({}))).await;
        let cache = Some(CacheTimes { max, ..Default::default() });
        let introspector = setup.introspector(IntrospectionSettings { cache, ..Default::default() });
        introspect(&introspector, "t").await.unwrap();
        setup.clock.set(NOW + last);
        introspect(&introspector, "t").await.unwrap();
        assert_eq!(setup.mock.count(PATH), 1);
        setup.clock.set(NOW + last + 1);
        setup.mock.json(PATH, &json!({"active": false}));
        assert_eq!(token_fault(introspect(&introspector, "t").await), TokenFault::Inactive);
    }
}

#[tokio::test]
async fn without_a_cache_each_request_asks() {
    let (setup, _) = with_answer(&active(json!({}))).await;
    let introspector = setup.introspector(IntrospectionSettings { cache: None, ..Default::default() });
    introspect(&introspector, "t").await.unwrap();
    setup.mock.json(PATH, &json!({"active": false}));
    assert_eq!(token_fault(introspect(&introspector, "t").await), TokenFault::Inactive);
}

#[tokio::test]
async fn a_refusal_is_kept_briefly() {
    let (setup, introspector) = with_answer(&json!({"active": false})).await;
    for (advance, calls) in [(0, 1), (4, 1), (1, 2)] {
        setup.clock.advance(advance);
        assert_eq!(token_fault(introspect(&introspector, "t").await), TokenFault::Inactive);
        assert_eq!(setup.mock.count(PATH), calls);
    }
}

#[tokio::test]
async fn an_older_answer_holds_while_the_provider_fails_where_that_is_configured() {
    let (setup, _) = with_answer(&active(json!({}))).await;
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let cache = Some(CacheTimes { max: seconds(10), resurrect: seconds(20), ..Default::default() });
    let introspector = setup.introspector(IntrospectionSettings { cache, ..Default::default() });
    introspect(&introspector, "t").await.unwrap();
    setup.mock.reply(PATH, Reply::status(500));
    setup.clock.set(NOW + 29);
    introspect(&introspector, "t").await.unwrap();
    assert_eq!(setup.mock.count(PATH), 2);
    setup.clock.set(NOW + 30);
    assert_eq!(provider_code(introspect(&introspector, "t").await), "provider_status");
}

#[tokio::test]
async fn calls_beyond_the_rate_are_told_when_to_come_back_and_known_tokens_are_not() {
    let (setup, _) = with_answer(&active(json!({}))).await;
    let introspector =
        setup.introspector(IntrospectionSettings { max_rate: Some(2.0), ..Default::default() });
    introspect(&introspector, "a").await.unwrap();
    introspect(&introspector, "b").await.unwrap();
    let fault = introspect(&introspector, "c").await.unwrap_err();
    assert_eq!(fault, Fault::TooMany { retry_after: 1 });
    introspect(&introspector, "a").await.unwrap();
    setup.clock.advance(1);
    introspect(&introspector, "c").await.unwrap();
    assert_eq!(setup.mock.count(PATH), 3);
}

#[tokio::test]
async fn answers_are_kept_apart_by_what_the_request_adds() {
    let (setup, introspector) = with_answer(&active(json!({}))).await;
    let introspector = Arc::new(introspector);
    for tenant in ["one", "two", "one"] {
        let extras = RequestExtras {
            headers: vec![("x-tenant".parse().unwrap(), tenant.parse().unwrap())],
            ..RequestExtras::default()
        };
        introspector.introspect("t", &token_hash(b"t"), &extras).await.unwrap();
    }
    assert_eq!(setup.mock.count(PATH), 2);
}
