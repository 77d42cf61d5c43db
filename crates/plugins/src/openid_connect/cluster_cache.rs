//! Introspection answers in a store that nodes share (`cluster_cache_strategy`).

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use keybound_oidc::SharedAnswers;
use keybound_pop::base64url;
use keybound_store::shared::SharedStore;

use crate::environment::RootSecret;

/// What every name in the store begins with.
const PREFIX: &str = "keybound:introspection:";

/// The answers of one configuration. Who can read the store learns neither tokens nor claims from it, and who can write to it
/// can make nobody believe anything: names are keyed digests, and values are sealed (AES-256-GCM) with their name bound in, so
/// that an answer for one token is none for another. Both keys follow from the root secret and the part of the configuration
/// that decides about introspection: instances that ask differently do not share.
pub(super) struct ClusterCache {
    store: Arc<dyn SharedStore>,
    names: hmac::Key,
    seal: RandomizedNonceKey,
}

impl ClusterCache {
    /// The cache of a configuration.
    ///
    /// # Errors
    /// The library refuses the key.
    pub(super) fn new(
        store: Arc<dyn SharedStore>,
        root: &RootSecret,
        configuration: &str,
    ) -> Result<Self, String> {
        let derive = |purpose| root.derive(purpose, configuration.as_bytes());
        let seal = RandomizedNonceKey::new(&AES_256_GCM, &derive("introspection cache: values"));
        Ok(Self {
            store,
            names: hmac::Key::new(hmac::HMAC_SHA256, &derive("introspection cache: names")),
            seal: seal.map_err(|_| "cluster_cache_strategy: no key for the cache".to_owned())?,
        })
    }

    fn name(&self, key: [u8; 32]) -> String {
        format!("{PREFIX}{}", base64url::encode(hmac::sign(&self.names, &key).as_ref()))
    }

    fn sealed(&self, name: &str, mut value: Vec<u8>) -> Option<Vec<u8>> {
        let nonce = self.seal.seal_in_place_append_tag(Aad::from(name.as_bytes()), &mut value).ok()?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut value);
        Some(sealed)
    }

    fn opened(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, value) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut value = value.to_vec();
        let length = self.seal.open_in_place(nonce, Aad::from(name.as_bytes()), &mut value).ok()?.len();
        value.truncate(length);
        Some(value)
    }
}

impl SharedAnswers for ClusterCache {
    fn get(&self, key: [u8; 32]) -> BoxFuture<'_, Option<Vec<u8>>> {
        async move {
            let name = self.name(key);
            match self.store.get(&name).await {
                Ok(found) => self.opened(&name, &found?),
                Err(fault) => {
                    tracing::warn!(%fault, "the cluster cache cannot be read: the provider is asked");
                    None
                }
            }
        }
        .boxed()
    }

    fn put(&self, key: [u8; 32], value: Vec<u8>, lives: Duration) -> BoxFuture<'_, ()> {
        async move {
            let name = self.name(key);
            let Some(sealed) = self.sealed(&name, value) else { return };
            if let Err(fault) = self.store.put(&name, &sealed, lives).await {
                tracing::warn!(%fault, "the cluster cache cannot be written");
            }
        }
        .boxed()
    }
}

impl std::fmt::Debug for ClusterCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClusterCache")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use keybound_store::BoxFuture as StoreFuture;
    use keybound_store::shared::SharedFault;

    use super::*;

    /// A store whose content the test sees and changes; `None` stands for one that is out of reach.
    struct Shelf(Mutex<Option<HashMap<String, Vec<u8>>>>);

    impl Shelf {
        fn new() -> Arc<Self> {
            Arc::new(Self(Mutex::new(Some(HashMap::new()))))
        }

        fn with<T>(&self, work: impl FnOnce(&mut HashMap<String, Vec<u8>>) -> T) -> Result<T, SharedFault> {
            let mut held = self.0.lock().unwrap();
            held.as_mut().map(work).ok_or_else(|| SharedFault("gone".to_owned()))
        }
    }

    impl SharedStore for Shelf {
        fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Result<Option<Vec<u8>>, SharedFault>> {
            Box::pin(async move { self.with(|held| held.get(key).cloned()) })
        }

        fn put<'a>(
            &'a self,
            key: &'a str,
            value: &'a [u8],
            _lives: Duration,
        ) -> StoreFuture<'a, Result<(), SharedFault>> {
            Box::pin(async move { self.with(|held| drop(held.insert(key.to_owned(), value.to_vec()))) })
        }

        fn put_if_absent<'a>(
            &'a self,
            _key: &'a str,
            _value: &'a [u8],
            _lives: Duration,
        ) -> StoreFuture<'a, Result<bool, SharedFault>> {
            Box::pin(async { Ok(false) })
        }

        fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Result<(), SharedFault>> {
            Box::pin(async move { self.with(|held| drop(held.remove(key))) })
        }
    }

    fn cache(store: &Arc<Shelf>, root: u8, configuration: &str) -> ClusterCache {
        let store = Arc::clone(store) as Arc<dyn SharedStore>;
        ClusterCache::new(store, &RootSecret::new([root; 32], true), configuration).unwrap()
    }

    const LIFE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn nodes_with_the_same_root_and_configuration_share_and_no_others() {
        let store = Shelf::new();
        cache(&store, 1, "a").put([7; 32], b"secret claims".to_vec(), LIFE).await;
        assert_eq!(cache(&store, 1, "a").get([7; 32]).await.as_deref(), Some(b"secret claims".as_slice()));
        assert_eq!(cache(&store, 1, "a").get([8; 32]).await, None);
        assert_eq!(cache(&store, 1, "b").get([7; 32]).await, None);
        assert_eq!(cache(&store, 2, "a").get([7; 32]).await, None);
    }

    #[tokio::test]
    async fn the_store_learns_nothing_and_forges_nothing() {
        let store = Shelf::new();
        let cache = cache(&store, 1, "a");
        cache.put([7; 32], b"secret claims".to_vec(), LIFE).await;
        cache.put([8; 32], b"other claims".to_vec(), LIFE).await;
        let held = store.with(|held| held.clone()).unwrap();
        for (name, value) in &held {
            assert!(name.starts_with(PREFIX) && !name.contains(&base64url::encode(&[7; 32])));
            assert!(!value.windows(6).any(|window| window == b"claims"));
        }
        let (first, second) = (cache.name([7; 32]), cache.name([8; 32]));
        for forged in [held[&second].clone(), Vec::new(), vec![0; 64], held[&first][..20].to_vec()] {
            store.with(|held| held.insert(first.clone(), forged)).unwrap();
            assert_eq!(cache.get([7; 32]).await, None);
        }
        let mut bent = held[&first].clone();
        *bent.last_mut().unwrap() ^= 1;
        store.with(|held| held.insert(first.clone(), bent)).unwrap();
        assert_eq!(cache.get([7; 32]).await, None);
    }

    #[tokio::test]
    async fn a_store_out_of_reach_knows_nothing() {
        let store = Shelf::new();
        let cache = cache(&store, 1, "a");
        cache.put([7; 32], b"claims".to_vec(), LIFE).await;
        *store.0.lock().unwrap() = None;
        cache.put([7; 32], b"claims".to_vec(), LIFE).await;
        assert_eq!(cache.get([7; 32]).await, None);
    }
}
