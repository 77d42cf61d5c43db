//! Signed introspection answers (RFC 9701): what is demanded of the envelope.

use keybound_oidc::{AnswerForm, ClientCredentials, IntrospectionSettings, Introspector, TokenFault};
use serde_json::{Value, json};

use crate::mock::Reply;
use crate::setup::{NOW, Setup, introspect, provider_code, token_fault};
use crate::signer::Signer;

const PATH: &str = "/introspect";
const JWT: &str = "application/token-introspection+jwt";

fn introspector(setup: &Setup, form: AnswerForm, verify_signature: bool) -> Introspector {
    let client = ClientCredentials::new("gateway".to_owned(), None, None).unwrap();
    setup.introspector(IntrospectionSettings {
        clients: vec![client],
        form,
        verify_signature,
        ..Default::default()
    })
}

fn reply(text: String) -> Reply {
    Reply::Plain(200, vec![("content-type", format!("{JWT}; charset=utf-8"))], text.into_bytes())
}

fn envelope(setup: &Setup, changes: Value) -> Value {
    let mut claims = json!({
        "iss": setup.mock.url(""), "aud": "gateway", "iat": NOW,
        "token_introspection": {"active": true, "sub": "john"},
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn signed(setup: &Setup, header: Value, changes: Value) -> String {
    let mut typed = json!({"typ": "token-introspection+jwt"});
    typed.as_object_mut().unwrap().extend(header.as_object().unwrap().clone());
    setup.key.token_with(typed, &envelope(setup, changes))
}

#[tokio::test]
async fn the_claims_inside_a_good_envelope_speak_for_the_token() {
    for form in [AnswerForm::Jwt, AnswerForm::TokenIntrospectionJwt] {
        let setup = Setup::new().await;
        let text = signed(&setup, json!({}), json!({"aud": ["other", "gateway"]}));
        setup.mock.reply(PATH, reply(format!("{text}\n")));
        let token = introspect(&introspector(&setup, form, true), "t").await.unwrap();
        assert_eq!(token.claims["sub"], "john");
        assert_eq!(token.signed_answer.as_deref(), Some(text.as_str()), "for whoever checks it again");
        assert_eq!(setup.mock.last(PATH).header("accept"), Some(form.media_type()));

        setup
            .mock
            .reply(PATH, reply(signed(&setup, json!({}), json!({"token_introspection": {"active": false}}))));
        assert_eq!(
            token_fault(introspect(&introspector(&setup, form, true), "t").await),
            TokenFault::Inactive
        );
    }
}

#[tokio::test]
async fn an_unsigned_answer_is_refused_where_a_signed_one_was_asked_for() {
    let setup = Setup::new().await;
    let plain = json!({"active": true});
    for answer in [
        Reply::json(&plain),
        Reply::Plain(200, vec![("content-type", JWT.to_owned())], plain.to_string().into_bytes()),
        Reply::Plain(200, vec![], signed(&setup, json!({}), json!({})).into_bytes()),
    ] {
        setup.mock.reply(PATH, answer);
        let introspector = introspector(&setup, AnswerForm::TokenIntrospectionJwt, true);
        assert_eq!(provider_code(introspect(&introspector, "t").await), "provider_malformed");
    }
}

#[tokio::test]
async fn an_answer_of_another_type_for_somebody_else_or_unsigned_says_nothing_of_the_token() {
    let setup = Setup::new().await;
    for (header, changes) in [
        (json!({"typ": "JWT"}), json!({})),
        (json!({"typ": "at+jwt"}), json!({})),
        (json!({"typ": null}), json!({})),
        (json!({"alg": "none"}), json!({})),
        (json!({"alg": "HS256"}), json!({})),
        (json!({}), json!({"aud": null})),
        (json!({}), json!({"aud": "other"})),
        (json!({}), json!({"aud": ["other"]})),
    ] {
        let text = signed(&setup, header, changes);
        setup.mock.reply(PATH, reply(text.clone()));
        let introspector = introspector(&setup, AnswerForm::TokenIntrospectionJwt, true);
        assert_eq!(token_fault(introspect(&introspector, "t").await), TokenFault::Inactive, "{text}");
    }
}

#[tokio::test]
async fn every_other_part_of_the_envelope_is_checked_and_a_fault_there_is_not_the_tokens() {
    let setup = Setup::new().await;
    let mut headers = vec![signed(&setup, json!({"crit": ["x"]}), json!({}))];
    headers.extend(
        [
            json!({"iss": null}),
            json!({"iss": "https://other.test"}),
            json!({"iat": null}),
            json!({"iat": "now"}),
            json!({"iat": NOW + 60}),
            json!({"exp": NOW - 60}),
            json!({"token_introspection": null}),
            json!({"token_introspection": "active"}),
            json!({"token_introspection": [true], "active": true}),
        ]
        .map(|changes| signed(&setup, json!({}), changes)),
    );
    let foreign =
        Signer::new("k1").token_with(json!({"typ": "token-introspection+jwt"}), &envelope(&setup, json!({})));
    headers.push(foreign);
    headers.push("a.b.c.d.e".to_owned());
    for text in headers {
        setup.mock.reply(PATH, reply(text.clone()));
        let introspector = introspector(&setup, AnswerForm::TokenIntrospectionJwt, true);
        assert_eq!(provider_code(introspect(&introspector, "t").await), "provider_malformed", "{text}");
    }
}

#[tokio::test]
async fn only_the_signature_can_be_ignored() {
    let setup = Setup::new().await;
    let foreign = Signer::new("k1");
    let typed = json!({"typ": "token-introspection+jwt"});
    let introspector = introspector(&setup, AnswerForm::TokenIntrospectionJwt, false);
    setup
        .mock
        .reply(PATH, reply(foreign.token_with(typed.clone(), &envelope(&setup, json!({"aud": "other"})))));
    assert_eq!(token_fault(introspect(&introspector, "t").await), TokenFault::Inactive);
    setup.mock.reply(PATH, reply(foreign.token_with(typed, &envelope(&setup, json!({})))));
    // Another token: that the first one is not active is remembered.
    introspect(&introspector, "u").await.unwrap();
}

#[tokio::test]
async fn a_clock_of_the_provider_that_is_a_little_ahead_does_not_matter() {
    let setup = Setup::new().await;
    setup.mock.reply(PATH, reply(signed(&setup, json!({}), json!({"iat": NOW + 5}))));
    introspect(&introspector(&setup, AnswerForm::Jwt, true), "t").await.unwrap();
}
