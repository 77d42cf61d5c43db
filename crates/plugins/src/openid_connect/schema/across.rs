//! What must hold across the fields.

use std::collections::BTreeMap;

use keybound_model::schema::EntityCheck;
use keybound_model::{Errors, Record, Violation};
use serde_json::Value;

use crate::openid_connect::config::{clients, origin, redis};

pub(super) fn checks() -> Vec<EntityCheck> {
    let custom = |name, fields, check| EntityCheck::Custom { name, fields, check };
    vec![
        custom(
            "proof_of_possession_methods",
            &[
                "auth_methods",
                "proof_of_possession_dpop",
                "proof_of_possession_mtls",
                "proof_of_possession_auth_methods_validation",
            ],
            possession_methods,
        ),
        custom("available_methods", &["auth_methods"], available_methods),
        custom(
            "introspection_client",
            &["client_id", "client_secret", "client_auth", "introspection_endpoint_auth_method"],
            client,
        ),
        custom(
            "clients",
            &[
                "client_id",
                "client_secret",
                "client_auth",
                "client_alg",
                "client_jwk",
                "introspection_endpoint_auth_method",
                "tls_client_auth_cert_id",
                "mtls_introspection_endpoint",
                "enable_hs_signatures",
            ],
            |config| clients::check(config).map_err(|(field, cause)| Errors::field(field, cause)),
        ),
        custom("verified_parameters", &["verify_parameters", "using_pseudo_issuer"], |config| {
            match flag(config, "verify_parameters") && flag(config, "using_pseudo_issuer") {
                true => Err(Errors::field(
                    "verify_parameters",
                    "there are no metadata when using_pseudo_issuer is true",
                )),
                false => Ok(()),
            }
        }),
        custom(
            "endpoints",
            &["using_pseudo_issuer", "jwks_endpoint", "extra_jwks_uris", "introspection_endpoint"],
            endpoints,
        ),
        custom("public_origins", &["dpop_public_origins"], public_origins),
        custom(
            "pairs",
            &[
                "discovery_headers_names",
                "discovery_headers_values",
                "introspection_headers_client",
                "introspection_post_args_client_headers",
                "introspection_headers_names",
                "introspection_headers_values",
                "introspection_post_args_names",
                "introspection_post_args_values",
            ],
            pairs,
        ),
        custom("replay_redis", &["dpop_replay_strategy", "redis"], replay_redis),
        custom("nonce_rotation", &["dpop_nonce_rotation", "dpop_proof_lifetime"], nonce_rotation),
    ]
}

/// The methods that a proof of possession covers.
const COVERED: [&str; 3] = ["bearer", "introspection", "session"];
/// The methods that Keybound has.
const AVAILABLE: [&str; 2] = ["bearer", "introspection"];

fn possession_methods(config: &Record) -> Result<(), Errors> {
    let on = |name| text(config, name).is_some_and(|mode| mode != "off");
    let demanded = flag(config, "proof_of_possession_auth_methods_validation");
    if !demanded || !(on("proof_of_possession_dpop") || on("proof_of_possession_mtls")) {
        return Ok(());
    }
    let outside = list(config, "auth_methods").filter(|method| !COVERED.contains(method)).collect::<Vec<_>>();
    if outside.is_empty() {
        return Ok(());
    }
    Err(Errors::field(
        "auth_methods",
        format!(
            "proof of possession covers only bearer, introspection and session, not {}; \
             set auth_methods to bearer, introspection or both",
            outside.join(", ")
        ),
    ))
}

fn available_methods(config: &Record) -> Result<(), Errors> {
    let missing =
        list(config, "auth_methods").filter(|method| !AVAILABLE.contains(method)).collect::<Vec<_>>();
    if missing.is_empty() {
        return if list(config, "auth_methods").next().is_some() {
            Ok(())
        } else {
            Err(Errors::field("auth_methods", "length must be at least 1"))
        };
    }
    Err(Errors::field(
        "auth_methods",
        format!(
            "not supported by Keybound yet: {}; set auth_methods to bearer, introspection or both",
            missing.join(", ")
        ),
    ))
}

/// Introspection needs a client, with a secret where its method sends one.
fn client(config: &Record) -> Result<(), Errors> {
    let method =
        text(config, "introspection_endpoint_auth_method").or_else(|| list(config, "client_auth").next());
    let has = |name| list(config, name).next().is_some();
    let bearer = list(config, "auth_methods").any(|method| method == "bearer");
    let introspects_all = !bearer || flag(config, "introspect_jwt_tokens");
    if introspects_all && !has("client_id") && method != Some("none") {
        return Err(Errors::field("client_id", "required for introspection"));
    }
    if has("client_id")
        && !has("client_secret")
        && matches!(method, Some("client_secret_basic" | "client_secret_post"))
    {
        return Err(Errors::field("client_secret", "required by the client's authentication method"));
    }
    Ok(())
}

/// Without metadata the endpoints must be configured.
fn endpoints(config: &Record) -> Result<(), Errors> {
    if !flag(config, "using_pseudo_issuer") {
        return Ok(());
    }
    let mut errors = Errors::new();
    let method = |name| list(config, "auth_methods").any(|method| method == name);
    let keys = text(config, "jwks_endpoint").is_some() || list(config, "extra_jwks_uris").next().is_some();
    if method("bearer") && flag(config, "verify_signature") && !keys {
        errors.add("jwks_endpoint", "required when using_pseudo_issuer is true, or extra_jwks_uris");
    }
    if method("introspection") && text(config, "introspection_endpoint").is_none() {
        errors.add("introspection_endpoint", "required when using_pseudo_issuer is true");
    }
    errors.into_result()
}

fn public_origins(config: &Record) -> Result<(), Errors> {
    let faults: BTreeMap<usize, Violation> = list(config, "dpop_public_origins")
        .enumerate()
        .filter_map(|(index, entry)| {
            Some((index + 1, Violation::Text(origin::parse(entry).err()?.to_string())))
        })
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    let mut errors = Errors::new();
    errors.add("dpop_public_origins", Violation::Items(faults));
    Err(errors)
}

fn pairs(config: &Record) -> Result<(), Errors> {
    let mut errors = Errors::new();
    for (names, values) in [
        ("discovery_headers_names", "discovery_headers_values"),
        ("introspection_headers_names", "introspection_headers_values"),
        ("introspection_post_args_names", "introspection_post_args_values"),
    ] {
        if list(config, names).count() != list(config, values).count() {
            errors.add(values, format!("must have one value for each of {names}"));
        }
    }
    for (names, values) in [
        ("discovery_headers_names", "discovery_headers_values"),
        ("introspection_headers_names", "introspection_headers_values"),
        ("introspection_headers_client", ""),
        ("introspection_post_args_client_headers", ""),
    ] {
        for (index, name) in list(config, names).enumerate() {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                errors.add(names, Violation::item(index + 1, format!("bad header name '{name}'")));
            }
        }
        for (index, value) in list(config, values).enumerate() {
            if http::HeaderValue::from_str(value).is_err() {
                errors.add(values, Violation::item(index + 1, "bad header value"));
            }
        }
    }
    errors.into_result()
}

/// A nonce that is renewed only after its end would be refused first.
fn replay_redis(config: &Record) -> Result<(), Errors> {
    if text(config, "dpop_replay_strategy") != Some("redis") {
        return Ok(());
    }
    let Some(record) = config.get("redis").and_then(Value::as_object) else { return Ok(()) };
    redis::settings(record).map(drop).map_err(|fault| Errors::field("redis", &fault))
}

fn nonce_rotation(config: &Record) -> Result<(), Errors> {
    let number = |name: &str| config.get(name).and_then(Value::as_f64);
    match (number("dpop_nonce_rotation"), number("dpop_proof_lifetime")) {
        (Some(rotation), Some(lifetime)) if rotation > lifetime => {
            Err(Errors::field("dpop_nonce_rotation", "must not be greater than dpop_proof_lifetime"))
        }
        _ => Ok(()),
    }
}

fn text<'a>(config: &'a Record, name: &str) -> Option<&'a str> {
    config.get(name).and_then(Value::as_str)
}

fn flag(config: &Record, name: &str) -> bool {
    config.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn list<'a>(config: &'a Record, name: &str) -> impl Iterator<Item = &'a str> {
    config.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
