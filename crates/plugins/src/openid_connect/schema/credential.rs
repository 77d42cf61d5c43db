//! Where a credential is looked for, what is done with it, and what a refusal says.

use keybound_model::schema::{Type, array, integer, set, string};
use serde_json::json;

use super::kinds::{METHODS, places, strings, switch, url};

pub(super) fn fields() -> Vec<(&'static str, Type)> {
    vec![
        (
            "auth_methods",
            set(string().one_of(METHODS))
                .default(json!(METHODS))
                .doc("The ways in which a request may be authenticated. Only bearer and introspection, and session beside them, are available yet, so the field must be set."),
        ),
        (
            "bearer_token_param_type",
            set(string().one_of(["body", "cookie", "header", "query"]))
                .default(json!(["header", "query", "body"]))
                .doc("The places where an access token is looked for. A bound token counts only in the Authorization field."),
        ),
        (
            "bearer_token_header_name",
            string().len_min(1).check("field_name", field_name).doc("The only header field to take the access token from; null: Authorization, Access-Token and X-Access-Token."),
        ),
        ("bearer_token_cookie_name", string().doc("The cookie to take the access token from, when the places name cookie.")),
        (
            "access_token_max_length",
            integer().default(16_384).between(512, 1_048_576).doc("Bytes of the longest access token that is looked at."),
        ),
        ("hide_credentials", switch(true).doc("Remove the credential that was used before the request is forwarded.")),
        ("run_on_preflight", switch(true).doc("Demand a token of CORS preflight requests too.")),
        (
            "upstream_access_token_header",
            string()
                .default("authorization:bearer")
                .check("token_field", token_field)
                .doc("The header field that carries the access token to the upstream; with the suffix :bearer after the word Bearer. null: none."),
        ),
        ("realm", string().default("keybound").check("realm", quotable).doc("The realm named in challenges.")),
        ("expose_error_code", switch(true).doc("Say in the challenge which error it was. The error use_dpop_nonce is always said, because a client has to act on it.")),
        ("display_errors", switch(false).doc("Add error, error_description and code to the body of a refusal.")),
        ("unauthorized_error_message", string().default("Unauthorized").doc("The message in the body of a 401.")),
        ("forbidden_error_message", string().default("Forbidden").doc("The message in the body of a 403.")),
        ("unauthorized_redirect_uri", array(url()).doc("Redirect there with 302 in place of a 401; the first of them. A demand for a nonce is never redirected.")),
        ("forbidden_redirect_uri", array(url()).doc("Redirect there with 302 in place of a 403; the first of them.")),
        ("unexpected_redirect_uri", array(url()).doc("Redirect there with 302 in place of a 500 or 503; the first of them.")),
        ("unauthorized_destroy_session", switch(true).doc("End the session with a 401 that says that the session or its token is good for nothing any more.")),
        ("forbidden_destroy_session", switch(true).doc("End the session with a 403.")),
        ("anonymous", string().doc("The consumer, by id or name, that a caller without a good token becomes in place of a 401. Never where a key or a proof is at fault.")),
        ("id_token_param_name", string().comes_with("ID tokens that clients present").doc("The parameter that holds an ID token.")),
        ("id_token_param_type", places().comes_with("ID tokens that clients present").doc("The places where an ID token is looked for.")),
        ("refresh_token_param_name", string().comes_with("the refresh token grant").doc("The parameter that holds a refresh token.")),
        ("refresh_token_param_type", places().comes_with("the refresh token grant").doc("The places where a refresh token is looked for.")),
        ("password_param_type", places().comes_with("the password grant").doc("The places where a user name and password are looked for.")),
        ("client_credentials_param_type", places().comes_with("the client credentials grant").doc("The places where client credentials are looked for.")),
        ("jwt_session_claim", string().default("sid").doc("The claim that the cookie of jwt_session_cookie must equal.")),
        ("jwt_session_cookie", string().doc("A cookie without which no token counts: its value must equal the claim of jwt_session_claim.")),
        ("search_user_info", switch(false).comes_with("the userinfo endpoint").doc("Look for claims at the userinfo endpoint too.")),
        ("resolve_distributed_claims", switch(false).comes_with("distributed claims").doc("Fetch distributed claims.")),
        ("consumer_by", set(string().one_of(["id", "username", "custom_id"])).default(json!(["username", "custom_id"])).doc("The fields of a consumer that the claim is compared with, in this order.")),
        ("consumer_claims", array(strings()).doc("The paths of the claims that name the consumer, in this order. Without a consumer the answer is 403.")),
        ("consumer_groups_claim", strings().doc("The path of the claim that names consumer groups; they replace those of the consumer. Without one the answer is 403.")),
        ("consumer_groups_optional", switch(false).doc("Go on when consumer_groups_claim names none.")),
        ("consumer_optional", switch(false).doc("Go on when consumer_claims name none.")),
        ("by_username_ignore_case", switch(false).doc("Compare user names without regard to the case of ASCII letters; a name that several consumers have then is nobody's.")),
        ("credential_claim", strings().default(json!(["sub"])).doc("The path of the claim that identifies the credential: for X-Credential-Identifier, and for limits where there is no consumer.")),
        ("authenticated_groups_claim", strings().doc("The path of the claim that names the groups for acl and X-Authenticated-Groups.")),
    ]
}

/// The name of a header field (RFC 9110 §5.1).
fn field_name(value: &serde_json::Value) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    let valid = http::HeaderName::from_bytes(text.as_bytes()).is_ok();
    if valid { Ok(()) } else { Err(format!("bad header name '{text}'")) }
}

/// `name` or `name:bearer`.
fn token_field(value: &serde_json::Value) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    match text.split_once(':') {
        None => field_name(value),
        Some((name, suffix)) if suffix.eq_ignore_ascii_case("bearer") => field_name(&json!(name)),
        Some((_, suffix)) => Err(format!("expected 'bearer' after the colon, not '{suffix}'")),
    }
}

/// Text that a quoted string can hold as it is.
fn quotable(value: &serde_json::Value) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    let holds = text.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\');
    if holds { Ok(()) } else { Err("must be printable ASCII without quotes and backslashes".to_owned()) }
}
