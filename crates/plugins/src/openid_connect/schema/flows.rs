//! The flows in which Keybound gets tokens itself: authorization code, password, client credentials, refresh, userinfo,
//! token exchange, logout. They come later: every field must be left at its default.

use keybound_model::schema::{Type, array, boolean, integer, record, set, string};
use serde_json::json;

use super::kinds::{METHODS, endpoint_auth, strings, switch, url};

pub(super) fn fields() -> Vec<(&'static str, Type)> {
    let parts = [
        ("the authorization code flow", authorization()),
        ("the grants of the token endpoint", tokens()),
        ("the refresh token grant", refresh()),
        ("the userinfo endpoint", userinfo()),
        ("login", login()),
        ("logout", logout()),
        ("token exchange", exchange()),
        ("the lookup of principals", principals()),
    ];
    let later = |(flow, fields): (&'static str, Vec<(&'static str, Type)>)| {
        fields.into_iter().map(move |(name, ty)| (name, ty.comes_with(flow)))
    };
    parts.into_iter().flat_map(later).collect()
}

fn authorization() -> Vec<(&'static str, Type)> {
    vec![
        ("audience", strings().doc("Audiences asked for.")),
        ("scopes", strings().default(json!(["openid"])).referenceable().doc("Scopes asked for.")),
        (
            "authorization_endpoint",
            url().doc("The authorization endpoint, in place of the one in the metadata."),
        ),
        ("authorization_query_args_client", strings().doc("Parameters of the client that are sent along.")),
        ("authorization_query_args_names", strings().doc("Names of parameters that are sent along.")),
        ("authorization_query_args_values", strings().doc("Values of those parameters.")),
        (
            "pushed_authorization_request_endpoint",
            url().doc("The endpoint for pushed authorization requests."),
        ),
        (
            "pushed_authorization_request_endpoint_auth_method",
            endpoint_auth().doc("How the client authenticates there."),
        ),
        ("redirect_uri", array(url()).doc("Where the provider sends the user back to.")),
        (
            "response_mode",
            string()
                .one_of([
                    "query",
                    "form_post",
                    "fragment",
                    "query.jwt",
                    "form_post.jwt",
                    "fragment.jwt",
                    "jwt",
                ])
                .default("query")
                .doc("How the provider answers."),
        ),
        ("response_type", strings().default(json!(["code"])).doc("What the provider answers with.")),
        ("require_proof_key_for_code_exchange", boolean().doc("Use PKCE; null: as the metadata says.")),
        (
            "require_pushed_authorization_requests",
            boolean().doc("Push authorization requests; null: as the metadata says."),
        ),
        (
            "require_signed_request_object",
            boolean().doc("Sign authorization requests; null: as the metadata says."),
        ),
        ("preserve_query_args", switch(false).doc("Keep the query of the first request.")),
        ("verify_nonce", switch(true).doc("Verify the nonce of the ID token.")),
    ]
}

fn tokens() -> Vec<(&'static str, Type)> {
    let grants =
        || set(string().one_of(["password", "client_credentials", "authorization_code", "refresh_token"]));
    vec![
        ("token_endpoint", url().doc("The token endpoint, in place of the one in the metadata.")),
        ("token_endpoint_auth_method", endpoint_auth().doc("How the client authenticates there.")),
        ("mtls_token_endpoint", url().doc("The token endpoint for clients with a certificate.")),
        ("token_headers_client", strings().doc("Header fields of the client that are sent along.")),
        (
            "token_headers_grants",
            grants().doc("Grants after which header fields of the answer are passed on."),
        ),
        ("token_headers_names", strings().doc("Names of header fields that are sent along.")),
        ("token_headers_values", strings().doc("Values of those fields.")),
        ("token_headers_prefix", string().doc("The prefix of header fields that are passed on.")),
        ("token_headers_replay", strings().doc("Header fields of the answer that are passed on.")),
        ("token_post_args_client", strings().doc("Parameters of the client that are sent along.")),
        ("token_post_args_names", strings().doc("Names of parameters that are sent along.")),
        ("token_post_args_values", strings().doc("Values of those parameters.")),
    ]
}

fn refresh() -> Vec<(&'static str, Type)> {
    vec![("refresh_tokens", switch(true).doc("Refresh access tokens near their end."))]
}

fn userinfo() -> Vec<(&'static str, Type)> {
    vec![
        ("userinfo_endpoint", url().doc("The userinfo endpoint, in place of the one in the metadata.")),
        (
            "userinfo_accept",
            string()
                .one_of(["application/json", "application/jwt"])
                .default("application/json")
                .doc("The form of answer to ask for."),
        ),
        ("userinfo_headers_client", strings().doc("Header fields of the client that are sent along.")),
        ("userinfo_headers_names", strings().doc("Names of header fields that are sent along.")),
        ("userinfo_headers_values", strings().doc("Values of those fields.")),
        ("userinfo_query_args_client", strings().doc("Parameters of the client that are sent along.")),
        ("userinfo_query_args_names", strings().doc("Names of parameters that are sent along.")),
        ("userinfo_query_args_values", strings().doc("Values of those parameters.")),
    ]
}

fn login() -> Vec<(&'static str, Type)> {
    vec![
        (
            "login_action",
            string()
                .one_of(["upstream", "response", "redirect"])
                .default("upstream")
                .doc("What follows a login."),
        ),
        (
            "login_methods",
            set(string().one_of(METHODS))
                .default(json!(["authorization_code"]))
                .doc("Methods that count as a login."),
        ),
        (
            "login_redirect_mode",
            string()
                .one_of(["query", "fragment"])
                .default("fragment")
                .doc("Where tokens stand in the redirect after a login."),
        ),
        ("login_redirect_uri", array(url().referenceable()).doc("Where a login leads.")),
        (
            "login_tokens",
            set(string().one_of(["id_token", "access_token", "refresh_token", "tokens", "introspection"]))
                .default(json!(["id_token"]))
                .doc("Tokens that a login hands out."),
        ),
    ]
}

fn logout() -> Vec<(&'static str, Type)> {
    vec![
        (
            "logout_methods",
            set(string().one_of(["POST", "GET", "DELETE"]))
                .default(json!(["POST", "DELETE"]))
                .doc("Methods of a logout request."),
        ),
        ("logout_post_arg", string().doc("The body parameter that asks for a logout.")),
        ("logout_query_arg", string().doc("The query parameter that asks for a logout.")),
        ("logout_uri_suffix", string().doc("The end of a path that asks for a logout.")),
        ("logout_redirect_uri", array(url().referenceable()).doc("Where a logout leads.")),
        ("logout_revoke", switch(false).doc("Revoke tokens with a logout.")),
        ("logout_revoke_access_token", switch(true).doc("Revoke the access token then.")),
        ("logout_revoke_refresh_token", switch(true).doc("Revoke the refresh token then.")),
        (
            "end_session_endpoint",
            url().doc("The provider's logout endpoint, in place of the one in the metadata."),
        ),
        ("revocation_endpoint", url().doc("The revocation endpoint, in place of the one in the metadata.")),
        ("revocation_endpoint_auth_method", endpoint_auth().doc("How the client authenticates there.")),
        (
            "revocation_token_param_name",
            string().default("token").doc("The parameter that carries the token there."),
        ),
        ("mtls_revocation_endpoint", url().doc("The revocation endpoint for clients with a certificate.")),
    ]
}

fn exchange() -> Vec<(&'static str, Type)> {
    let conditions = record([
        ("has_audience", strings()),
        ("has_scopes", strings()),
        ("missing_audience", strings()),
        ("missing_scopes", strings()),
    ]);
    let issuers = record([
        ("issuer", string().required()),
        ("jwks_uri", string()),
        ("verify_signature", switch(false)),
        ("conditions", conditions),
    ]);
    let request = record([
        ("audience", strings()),
        ("empty_audience", switch(false)),
        ("scopes", strings()),
        ("empty_scopes", switch(false)),
    ]);
    let cache = record([("enabled", switch(true)), ("ttl", integer())]);
    vec![
        (
            "token_exchange",
            record([
                ("subject_token_issuers", array(issuers).required().len_min(1)),
                ("request", request),
                ("cache", cache),
            ])
            .doc("Exchange tokens of other issuers (RFC 8693)."),
        ),
        ("token_exchange_endpoint", url().doc("The endpoint that exchanges any token.")),
    ]
}

fn principals() -> Vec<(&'static str, Type)> {
    let principals = record([
        ("enabled", switch(false)),
        ("directory", string().default("default")),
        ("principal_by", string().len_min(1)),
        ("principal_claim", array(string()).len_min(1)),
        ("match_consumer", switch(true)),
        ("match_consumer_groups", switch(true)),
        ("error_on_miss", switch(true)),
    ]);
    vec![("principals", principals.required().doc("Look the subject up in a directory."))]
}
