//! A client as configured, and what it sends.

use std::sync::Arc;

use http::HeaderValue;
use keybound_pop::algorithm::Algorithm;
use keybound_pop::sign::SigningKey;
use keybound_pop::time::UnixTime;
use serde_json::{Map, Value};

use super::assertion::{self, Named};
use super::{AuthMethod, OwnKeys, secret};
use crate::fault::Cause;
use crate::hmac::HmacAlgorithm;
use crate::provider::SettingsFault;

/// A client of the provider, as configured. Comments name the `openid-connect` plugin's fields.
#[derive(Clone, Default)]
pub struct ClientSettings {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: Option<String>,
    /// `client_auth`, or the method of the endpoint; `None`: chosen by what the metadata list.
    pub method: Option<AuthMethod>,
    /// `client_alg`: the algorithm of assertions. `None`: HS256 with a secret; with a key the key's own, RS256 for RSA.
    pub algorithm: Option<String>,
    /// `client_jwk`: the private key of assertions.
    pub jwk: Option<Map<String, Value>>,
    /// The keys of `private_key_jwt` where there is no `client_jwk`.
    pub own_keys: Option<Arc<OwnKeys>>,
    /// Whether calls that need it show a certificate (`tls_client_auth_cert_id`).
    pub has_certificate: bool,
}

/// A client of the provider, which can do what its method needs.
#[derive(Clone)]
pub struct ClientCredentials {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    pub(super) method: Option<AuthMethod>,
    pub(super) hmac: HmacAlgorithm,
    pub(super) key: Option<Arc<Named>>,
    pub(super) has_certificate: bool,
    own: Option<(Arc<OwnKeys>, Algorithm)>,
}

/// What a request carries for its client.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Authentication {
    /// `Authorization`.
    pub(crate) header: Option<HeaderValue>,
    /// Form fields.
    pub(crate) form: Vec<(String, String)>,
}

impl ClientCredentials {
    /// A client with a secret, or without.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn new(
        id: String,
        secret: Option<String>,
        method: Option<AuthMethod>,
    ) -> Result<Self, SettingsFault> {
        Self::of(ClientSettings { id, secret, method, ..ClientSettings::default() })
    }

    /// The client of these settings.
    ///
    /// # Errors
    /// [`SettingsFault`] when the method needs what is not there, or the key does not fit the algorithm.
    pub fn of(settings: ClientSettings) -> Result<Self, SettingsFault> {
        let ClientSettings { id, secret, method, algorithm, jwk, own_keys, has_certificate } = settings;
        if method.is_some_and(AuthMethod::needs_secret) && secret.is_none() {
            return Err(SettingsFault::ClientSecret);
        }
        if method.is_some_and(AuthMethod::needs_certificate) && !has_certificate {
            return Err(SettingsFault::ClientCertificate);
        }
        let named = algorithm.as_deref();
        let (hmac, asymmetric) =
            (named.and_then(HmacAlgorithm::from_name), named.and_then(Algorithm::from_name));
        let fits = match method {
            Some(AuthMethod::SecretJwt) => asymmetric.is_none(),
            Some(AuthMethod::PrivateKeyJwt) => hmac.is_none(),
            _ => true,
        };
        if !fits || (named.is_some() && hmac.is_none() && asymmetric.is_none()) {
            return Err(SettingsFault::ClientAlgorithm);
        }
        let hmac = hmac.unwrap_or(HmacAlgorithm::Hs256);
        let short = secret.as_ref().is_none_or(|secret| secret.len() < hmac.least_secret());
        if method == Some(AuthMethod::SecretJwt) && short {
            return Err(SettingsFault::ShortSecret(hmac.least_secret()));
        }
        let key = jwk.map(|jwk| Named::read(jwk, asymmetric)).transpose()?.map(Arc::new);
        let own = own_keys.map(|keys| (keys, asymmetric.unwrap_or(Algorithm::Rs256)));
        if method == Some(AuthMethod::PrivateKeyJwt) && key.is_none() {
            match &own {
                Some((keys, _)) => keys.want(),
                None => return Err(SettingsFault::ClientKey),
            }
        }
        Ok(Self { id, secret, method, hmac, key, has_certificate, own })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the metadata are needed to know the method.
    pub(crate) fn asks_metadata(&self) -> bool {
        self.method.is_none() && (self.secret.is_some() || self.key.is_some() || self.has_certificate)
    }

    /// What authenticates the client by `method` at a provider with the issuer `audience`.
    ///
    /// # Errors
    /// [`Cause::ClientKeys`] while there is no key of our own yet; or the library gave no signature.
    pub(crate) fn authenticate(
        &self,
        method: AuthMethod,
        audience: &str,
        now: UnixTime,
    ) -> Result<Authentication, Cause> {
        let bare = || Authentication { header: None, form: vec![secret::id(&self.id)] };
        Ok(match (method, &self.secret) {
            (AuthMethod::SecretBasic, Some(secret)) => {
                Authentication { header: secret::basic(&self.id, secret), form: vec![] }
            }
            (AuthMethod::SecretPost, Some(secret)) => {
                Authentication { header: None, form: secret::post(&self.id, secret) }
            }
            (AuthMethod::SecretJwt, Some(secret)) => {
                let claims = assertion::claims(&self.id, audience, now)?;
                assertion::form(&self.id, assertion::with_secret(self.hmac, secret, &claims)?)
            }
            (AuthMethod::PrivateKeyJwt, _) => {
                let claims = assertion::claims(&self.id, audience, now)?;
                let key = match (&self.key, &self.own) {
                    (Some(key), _) => Arc::clone(key),
                    (None, Some((keys, algorithm))) => keys.signing(*algorithm).ok_or(Cause::ClientKeys)?,
                    (None, None) => return Err(Cause::ClientKeys),
                };
                assertion::form(&self.id, key.assertion(&claims)?)
            }
            // A certificate speaks for the client in the handshake; RFC 8705 §2 wants the id in the form.
            _ => bare(),
        })
    }
}

impl std::fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("id", &self.id)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientSettings")
            .field("id", &self.id)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl Named {
    /// Reads `client_jwk`.
    fn read(mut jwk: Map<String, Value>, algorithm: Option<Algorithm>) -> Result<Self, SettingsFault> {
        jwk.retain(|_, value| !value.is_null());
        if jwk.contains_key("k") || jwk.get("kty").is_some_and(|kty| kty == "oct") {
            return Err(SettingsFault::SymmetricKey);
        }
        let declared = jwk.get("alg").and_then(Value::as_str).map(Algorithm::from_name);
        let algorithm = match (algorithm, declared) {
            (Some(wanted), Some(declared)) if declared != Some(wanted) => {
                return Err(SettingsFault::ClientAlgorithm);
            }
            (_, Some(None)) => return Err(SettingsFault::ClientAlgorithm),
            (wanted, declared) => wanted.or(declared.flatten()),
        };
        let rsa = jwk.get("kty").is_some_and(|kty| kty == "RSA");
        if let Some(algorithm) = algorithm.or(rsa.then_some(Algorithm::Rs256)) {
            jwk.insert("alg".to_owned(), algorithm.name().into());
        }
        let key = SigningKey::from_jwk(&jwk).map_err(|fault| SettingsFault::ClientJwk(fault.to_string()))?;
        Ok(Self::new(key, &jwk))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use keybound_pop::jws::CompactJws;
    use serde_json::json;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
    const LONG: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn client(settings: ClientSettings) -> Result<ClientCredentials, SettingsFault> {
        ClientCredentials::of(ClientSettings { id: "the client".into(), ..settings })
    }

    fn sent(client: &ClientCredentials, method: AuthMethod) -> Authentication {
        client.authenticate(method, "https://id.test", NOW).unwrap()
    }

    fn assertion(authentication: &Authentication) -> String {
        assert_eq!(authentication.header, None);
        let field = |name: &str| {
            let found = authentication.form.iter().find(|(other, _)| other == name);
            found.map(|(_, value)| value.clone()).unwrap()
        };
        assert_eq!(field("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        assert_eq!(field("client_id"), "the client");
        field("client_assertion")
    }

    fn claims(assertion: &str) -> Map<String, Value> {
        CompactJws::parse(assertion, 8192).unwrap().claims().unwrap()
    }

    #[test]
    fn id_and_secret_are_form_encoded_before_basic() {
        let method = Some(AuthMethod::SecretBasic);
        let client = ClientCredentials::new("a:b".into(), Some("p ä%+".into()), method).unwrap();
        let Authentication { header, form } = sent(&client, AuthMethod::SecretBasic);
        assert_eq!(header.unwrap(), format!("Basic {}", STANDARD.encode("a%3Ab:p+%C3%A4%25%2B")).as_str());
        assert_eq!(form, []);
    }

    #[test]
    fn a_method_that_cannot_be_done_is_refused_at_configuration() {
        let with = |method, secret: Option<&str>, algorithm: Option<&str>| {
            client(ClientSettings {
                secret: secret.map(str::to_owned),
                method: Some(method),
                algorithm: algorithm.map(str::to_owned),
                ..ClientSettings::default()
            })
            .err()
        };
        for method in [AuthMethod::SecretBasic, AuthMethod::SecretPost, AuthMethod::SecretJwt] {
            assert_eq!(with(method, None, None), Some(SettingsFault::ClientSecret), "{method:?}");
        }
        for method in [AuthMethod::Tls, AuthMethod::SelfSignedTls] {
            assert_eq!(with(method, None, None), Some(SettingsFault::ClientCertificate), "{method:?}");
        }
        assert_eq!(with(AuthMethod::PrivateKeyJwt, None, None), Some(SettingsFault::ClientKey));
        assert_eq!(with(AuthMethod::SecretJwt, Some("short"), None), Some(SettingsFault::ShortSecret(32)));
        let hs512 = with(AuthMethod::SecretJwt, Some(&LONG[..63]), Some("HS512"));
        assert_eq!(hs512, Some(SettingsFault::ShortSecret(64)));
        let es256 = with(AuthMethod::SecretJwt, Some(LONG), Some("ES256"));
        assert_eq!(es256, Some(SettingsFault::ClientAlgorithm));
        let hs256 = with(AuthMethod::PrivateKeyJwt, None, Some("HS256"));
        assert_eq!(hs256, Some(SettingsFault::ClientAlgorithm));
        assert_eq!(with(AuthMethod::None, None, None), None);
    }

    #[test]
    fn an_assertion_names_client_issuer_and_a_short_time() {
        for (name, algorithm) in [(None, "HS256"), (Some("HS384"), "HS384"), (Some("HS512"), "HS512")] {
            let client = client(ClientSettings {
                secret: Some(LONG.to_owned()),
                method: Some(AuthMethod::SecretJwt),
                algorithm: name.map(str::to_owned),
                ..ClientSettings::default()
            })
            .unwrap();
            let assertion = assertion(&sent(&client, AuthMethod::SecretJwt));
            let claims = claims(&assertion);
            for (name, value) in [
                ("iss", json!("the client")),
                ("sub", json!("the client")),
                ("aud", json!("https://id.test")),
                ("iat", json!(NOW.secs())),
                ("exp", json!(NOW.secs() + 60)),
            ] {
                assert_eq!(claims[name], value, "{name}");
            }
            let jws = CompactJws::parse(&assertion, 8192).unwrap();
            assert_eq!(jws.header().get("alg"), Some(&json!(algorithm)));
            let secrets = crate::hmac::SharedSecrets::new(vec![LONG.to_owned()]);
            let hmac = HmacAlgorithm::from_name(algorithm).unwrap();
            assert!(secrets.verify(hmac, jws.signing_input(), jws.signature()));
        }
    }

    #[test]
    fn every_assertion_has_a_jti_of_its_own() {
        let settings = ClientSettings { secret: Some(LONG.to_owned()), ..ClientSettings::default() };
        let client = client(settings).unwrap();
        let jti = || claims(&assertion(&sent(&client, AuthMethod::SecretJwt)))["jti"].clone();
        assert_ne!(jti(), jti());
        assert!(jti().as_str().unwrap().len() >= 22);
    }

    #[test]
    fn every_algorithm_of_a_private_key_signs_and_is_named() {
        for algorithm in Algorithm::ALL {
            let key = SigningKey::generate(algorithm).unwrap();
            let mut jwk = key.to_jwk();
            jwk.insert("kid".to_owned(), "k1".into());
            jwk.insert("oth".to_owned(), Value::Null);
            let client = client(ClientSettings {
                method: Some(AuthMethod::PrivateKeyJwt),
                jwk: Some(jwk),
                ..ClientSettings::default()
            })
            .unwrap();
            let assertion = assertion(&sent(&client, AuthMethod::PrivateKeyJwt));
            let jws = CompactJws::parse(&assertion, 8192).unwrap();
            assert_eq!((jws.alg(), jws.kid(), jws.typ()), (Ok(algorithm), Some("k1"), Some("JWT")));
            assert_eq!(jws.verify(&key.public()), Ok(()), "{algorithm}");
        }
    }

    #[test]
    fn a_key_that_cannot_sign_is_refused_at_configuration() {
        let ec = SigningKey::generate(Algorithm::Es256).unwrap().to_jwk();
        let with = |change: &dyn Fn(&mut Map<String, Value>), algorithm: Option<&str>| {
            let mut jwk = ec.clone();
            change(&mut jwk);
            let algorithm = algorithm.map(str::to_owned);
            client(ClientSettings { jwk: Some(jwk), algorithm, ..ClientSettings::default() }).err()
        };
        assert_eq!(with(&|_| {}, None), None);
        assert_eq!(with(&|_| {}, Some("ES256")), None);
        assert_eq!(with(&|_| {}, Some("RS256")), Some(SettingsFault::ClientAlgorithm));
        assert!(matches!(with(&|jwk| drop(jwk.remove("d")), None), Some(SettingsFault::ClientJwk(_))));
        let oct = |jwk: &mut Map<String, Value>| {
            *jwk = json!({"kty": "oct", "k": "AA"}).as_object().unwrap().clone()
        };
        assert_eq!(with(&oct, None), Some(SettingsFault::SymmetricKey));
        let other = |jwk: &mut Map<String, Value>| drop(jwk.insert("alg".into(), "ES256K".into()));
        assert_eq!(with(&other, None), Some(SettingsFault::ClientAlgorithm));
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let client = ClientCredentials::new("a".into(), Some("hidden".into()), None).unwrap();
        assert!(!format!("{client:?}").contains("hidden"));
    }
}
