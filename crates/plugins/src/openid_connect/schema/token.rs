//! The provider, how its tokens are verified, and what their claims must say.

use keybound_model::schema::{Type, array, number, set, string};
use serde_json::json;

use super::kinds::{ALGORITHMS, claim_path, strings, switch, url};

pub(super) fn fields() -> Vec<(&'static str, Type)> {
    let mut fields = provider();
    fields.extend(claims());
    fields
}

fn provider() -> Vec<(&'static str, Type)> {
    vec![
        (
            "issuer",
            url()
                .required()
                .referenceable()
                .doc("The issuer, or the URL of its metadata document. The only field that must be given."),
        ),
        ("using_pseudo_issuer", switch(false).doc("Fetch no metadata: the endpoints are all configured.")),
        (
            "issuers_allowed",
            strings().referenceable().doc("The issuers whose tokens count; null: the one of the metadata."),
        ),
        ("jwks_endpoint", url().doc("The key set's URL, in place of the one in the metadata.")),
        ("extra_jwks_uris", array(url().referenceable()).doc("Further key sets whose keys count.")),
        (
            "rediscovery_lifetime",
            number()
                .default(30)
                .between(0, 31_536_000)
                .doc("Seconds between two fetches of metadata or keys that an unknown key asks for."),
        ),
        ("discovery_headers_names", strings().doc("Names of header fields sent when metadata is fetched.")),
        ("discovery_headers_values", strings().doc("Values of those fields.")),
        ("ssl_verify", switch(true).doc("Verify the provider's certificate.")),
        (
            "timeout",
            number()
                .default(10000)
                .between(1, 600_000)
                .doc("Milliseconds that a call to the provider may take."),
        ),
        (
            "http_version",
            number()
                .default(json!(1.1))
                .one_of([json!(1.1), json!(1.0)])
                .doc("The HTTP version of calls to the provider."),
        ),
        ("keepalive", switch(true).doc("Keep connections to the provider open.")),
        ("http_proxy", url().doc("The proxy for http calls to the provider.")),
        (
            "http_proxy_authorization",
            string().referenceable().doc("The credentials for that proxy."),
        ),
        ("https_proxy", url().doc("The proxy for https calls to the provider.")),
        (
            "https_proxy_authorization",
            string().referenceable().doc("The credentials for that proxy."),
        ),
        ("no_proxy", string().doc("Hosts that are called without a proxy.")),
        (
            "verify_parameters",
            switch(false).doc("Demand that the endpoints and the client authentication that are configured are those of the metadata: a contradiction is answered with 503."),
        ),
    ]
}

fn claims() -> Vec<(&'static str, Type)> {
    vec![
        ("verify_signature", switch(true).doc("Verify the signature of JWT access tokens.")),
        ("verify_claims", switch(true).doc("Verify the standard claims of access tokens: times and issuer.")),
        ("leeway", number().default(0).between(0, 86_400).doc("Seconds by which clocks may differ.")),
        (
            "enable_hs_signatures",
            switch(false).doc("Accept HMAC signatures of the configured issuer, made with a client secret of at least as many bytes as the hash has."),
        ),
        (
            "ignore_signature",
            set(string().one_of([
                "authorization_code",
                "client_credentials",
                "introspection",
                "password",
                "refresh_token",
                "session",
                "userinfo",
            ]))
            .default(json!([]))
            .not_yet_supported_values([
                "authorization_code",
                "client_credentials",
                "password",
                "refresh_token",
                "session",
                "userinfo",
            ])
            .doc("Where signatures are not looked at: of introspection, those of signed answers."),
        ),
        (
            "access_token_types",
            set(string().one_of(["at+jwt", "application/at+jwt", "JWT"]))
                .len_min(1)
                .doc("The types that a JWT access token may have; null: these, and none at all."),
        ),
        (
            "access_token_algorithms",
            set(string().one_of(ALGORITHMS))
                .len_min(1)
                .doc("The algorithms that may sign an access token; null: all asymmetric ones."),
        ),
        ("domains", strings().doc("The values that the claim hd may have.")),
        ("max_age", number().not_yet_supported().doc("Seconds since the user was authenticated.")),
        ("claims_forbidden", strings().doc("Claims that a token must not have.")),
        ("audience_claim", claim_path("aud").doc("The path of the audience claim.")),
        (
            "audience_required",
            strings().doc("Audiences of which the token must have one; words in one element are all needed."),
        ),
        ("scopes_claim", claim_path("scope").doc("The path of the scope claim.")),
        (
            "scopes_required",
            strings().doc("Scopes of which the token must have one; words in one element are all needed."),
        ),
        ("groups_claim", claim_path("groups").doc("The path of the groups claim.")),
        (
            "groups_required",
            strings().doc("Groups of which the token must have one; words in one element are all needed."),
        ),
        ("roles_claim", claim_path("roles").doc("The path of the roles claim.")),
        (
            "roles_required",
            strings().doc("Roles of which the token must have one; words in one element are all needed."),
        ),
    ]
}
