//! Nonces: what they are bound to, when one is demanded, and when one is renewed.

use std::sync::Arc;

use keybound_pop::nonce::NonceKeys;
use keybound_pop::proof::NoncePolicy;
use keybound_pop::thumbprint::Thumbprint;
use keybound_pop::time::UnixTime;

use super::config::NonceConfig;
use crate::contract::Scope;
use crate::environment::Random;

/// The nonces of one instance.
pub(super) struct Nonces {
    keys: NonceKeys,
    random: Arc<dyn Random>,
    config: NonceConfig,
    /// Whether `own` is known beyond this process.
    own_is_shared: bool,
}

impl Nonces {
    /// Nonces sealed with the configured secrets, else with `own`. Where secrets are
    /// configured, `own` still opens, so that configuring them refuses nobody.
    pub(super) fn new(
        config: NonceConfig,
        own: &[u8; 32],
        own_is_shared: bool,
        random: Arc<dyn Random>,
    ) -> Result<Self, String> {
        let secrets: Vec<&[u8]> =
            config.secrets.iter().map(String::as_bytes).chain([own.as_slice()]).collect();
        let keys = NonceKeys::new(&secrets).map_err(|fault| format!("dpop_nonce_secrets: {fault}"))?;
        Ok(Self { keys, random, config, own_is_shared })
    }

    /// What a nonce for this key and this route is bound to; nothing unless configured.
    pub(super) fn context(&self, key: &Thumbprint, scope: &Scope) -> Vec<u8> {
        let mut context = Vec::new();
        if self.config.bind_key {
            context.push(b'k');
            context.extend_from_slice(key.as_bytes());
        }
        if self.config.bind_route
            && let Some((id, _)) = &scope.route
        {
            context.push(b'r');
            context.extend_from_slice(id.as_bytes());
        }
        context
    }

    /// What a proof's nonce means.
    pub(super) fn policy<'a>(&'a self, context: &'a [u8]) -> NoncePolicy<'a> {
        if self.config.required {
            NoncePolicy::Require(&self.keys, context)
        } else {
            NoncePolicy::Accept(&self.keys, context)
        }
    }

    /// A new nonce.
    pub(super) fn seal(&self, now: UnixTime, context: &[u8]) -> String {
        let mut bytes = [0; 12];
        self.random.fill(&mut bytes);
        self.keys.seal(now, context, bytes)
    }

    /// Whether a nonce of this age is renewed on the success.
    pub(super) fn is_due(&self, age: i64) -> bool {
        age > self.config.rotation
    }

    /// Whether a nonce that opens may have been sealed by another process.
    pub(super) fn outlives_process(&self) -> bool {
        self.own_is_shared || !self.config.secrets.is_empty()
    }
}

impl std::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nonces").field("keys", &self.keys).finish_non_exhaustive()
    }
}
