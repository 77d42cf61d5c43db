//! What is kept of the keys of proofs, over all instances.

use std::sync::{Arc, OnceLock};

use keybound_oidc::Tally;
use keybound_pop::algorithm::Algorithm;
use keybound_pop::jwk::{PreparedKey, Preparer};
use keybound_pop::proof::{KeyCache, ProofHeader};
use keybound_pop::thumbprint::Thumbprint;
use moka::sync::Cache;

use crate::metrics::ProofKeyFigures;

/// Bytes of proof headers that are kept.
const HEADERS: u64 = 32 * 1024 * 1024;
/// Bytes of prepared keys that are kept: some four hundred of those that come back most often.
const PREPARED: u64 = 64 * 1024 * 1024;
/// A key is prepared when it has been used so often. Preparing costs as much as two dozen signature checks, on the request that
/// happens to be the last of these; a client that has many keys can not make it cost more than a fifth of its own requests.
const USES: u32 = 128;

/// Proof headers that were checked, by their text, and keys that were made ready to verify for less.
pub(super) struct ProofKeys {
    headers: Cache<Arc<str>, Arc<ProofHeader>>,
    prepared: Cache<Thumbprint, Arc<PreparedKey>>,
    preparer: OnceLock<Preparer>,
    lookups: Tally<2>,
    signatures: Tally<{ Algorithm::ALL.len() }>,
}

impl ProofKeys {
    pub(super) fn new() -> Self {
        // A parsed key takes about a kilobyte beside its text; of RSA, its modulus some six times over.
        let header = |segment: &Arc<str>, header: &Arc<ProofHeader>| {
            size(segment.len() + 1024 + header.key().modulus_bits().unwrap_or(0) / 8 * 6)
        };
        let prepared = |_: &Thumbprint, key: &Arc<PreparedKey>| size(key.size());
        Self {
            headers: Cache::builder().max_capacity(HEADERS).weigher(header).build(),
            prepared: Cache::builder().max_capacity(PREPARED).weigher(prepared).build(),
            preparer: OnceLock::new(),
            lookups: Tally::default(),
            signatures: Tally::default(),
        }
    }

    /// What was found since the process started, and what is kept.
    pub(super) fn figures(&self) -> ProofKeyFigures {
        let [hits, misses] = self.lookups.sums();
        ProofKeyFigures {
            hits,
            misses,
            headers: self.headers.entry_count(),
            header_bytes: self.headers.weighted_size(),
            prepared: self.prepared.entry_count(),
            prepared_bytes: self.prepared.weighted_size(),
            signatures: self.signatures.sums(),
        }
    }
}

fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl KeyCache for ProofKeys {
    fn find(&self, segment: &str) -> Option<Arc<ProofHeader>> {
        let found = self.headers.get(segment);
        self.lookups.count(usize::from(found.is_none()));
        found
    }

    fn keep(&self, segment: &str, header: &Arc<ProofHeader>) {
        self.headers.insert(segment.into(), Arc::clone(header));
    }

    fn prepared(&self, header: &ProofHeader) -> Option<Arc<PreparedKey>> {
        // Asked for once for each signature that is checked.
        self.signatures.count(header.algorithm() as usize);
        if !header.key().is_preparable() {
            return None;
        }
        if let Some(prepared) = self.prepared.get(header.thumbprint()) {
            return Some(prepared);
        }
        if !header.count_use().is_multiple_of(USES) {
            return None;
        }
        let prepared = Arc::new(self.preparer.get_or_init(Preparer::new).prepare(header.key())?);
        self.prepared.insert(*header.thumbprint(), Arc::clone(&prepared));
        Some(prepared)
    }
}

#[cfg(test)]
mod tests {
    use keybound_pop::algorithm::AlgorithmSet;
    use keybound_pop::base64url;
    use serde_json::json;

    use super::*;

    /// The key of RFC 9449 §4.1.
    fn header() -> ProofHeader {
        let header = json!({
            "typ": "dpop+jwt",
            "alg": "ES256",
            "jwk": {
                "kty": "EC",
                "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
                "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
                "crv": "P-256",
            },
        });
        ProofHeader::parse(&base64url::encode(header.to_string().as_bytes()), AlgorithmSet::ALL).unwrap()
    }

    #[test]
    fn a_key_is_prepared_when_it_comes_back_and_stays_so() {
        let keys = ProofKeys::new();
        let first = header();
        for _ in 1..USES {
            assert!(keys.prepared(&first).is_none());
        }
        let prepared = keys.prepared(&first).unwrap();
        assert_eq!(prepared.key(), first.key());
        assert!(keys.prepared(&header()).is_some(), "for every header with this key");
    }
}
