use super::stage::Stage;

/// Commands for a shell: a key, a token bound to it, a request that passes, and one that does not.
pub(super) fn commands(stage: &Stage) -> String {
    let program = std::env::current_exe()
        .map_or_else(|_| "keybound".to_owned(), |path| quoted(&path.to_string_lossy()));
    let issuer = stage.provider.issuer();
    let shop = &stage.credentials.shop;
    let proxy = format!("http://{}", stage.proxy);
    format!(
        r#"
  # a key of your own
  {program} dpop key > key.json

  # a token bound to it
  TOKEN=$(curl -s {issuer}/token -u {name}:{secret} -d grant_type=client_credentials \
    -H "DPoP: $({program} dpop proof --key key.json --method POST --url {issuer}/token)" \
    | sed 's/.*"access_token":"\([^"]*\)".*/\1/')

  # through the gateway: once with a new proof, once without
  curl -si {proxy}/orders -H "Authorization: DPoP $TOKEN" \
    -H "DPoP: $({program} dpop proof --key key.json --method GET --url {proxy}/orders --token "$TOKEN")"
  curl -si {proxy}/orders -H "Authorization: Bearer $TOKEN"

  # what a proof says, and which check it would fail
  {program} dpop inspect --method GET --url {proxy}/prices --token "$TOKEN" \
    "$({program} dpop proof --key key.json --method GET --url {proxy}/orders --token "$TOKEN")"

  # what is configured
  curl -s http://{admin}/services/demo
"#,
        name = shop.name,
        secret = shop.secret,
        admin = stage.admin,
    )
}

fn quoted(path: &str) -> String {
    let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte));
    if plain { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}
