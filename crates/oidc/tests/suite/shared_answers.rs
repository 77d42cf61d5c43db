//! Answers that nodes share: a help that is never believed more than the provider, and never needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use keybound_oidc::{
    CacheTimes, IntrospectionSettings, Introspector, Requirement, SharedAnswers, TokenFault, TokenPolicy,
};
use serde_json::{Value, json};

use crate::setup::{NOW, Setup, introspect, token_fault};

const PATH: &str = "/introspect";

/// A value, and how long it was to be kept.
type Kept = (Vec<u8>, Duration);

#[derive(Debug, Default)]
struct Shelf {
    entries: Mutex<HashMap<[u8; 32], Kept>>,
    broken: bool,
}

impl SharedAnswers for Shelf {
    fn get(&self, key: [u8; 32]) -> BoxFuture<'_, Option<Vec<u8>>> {
        let found = self.entries.lock().unwrap().get(&key).map(|(value, _)| value.clone());
        std::future::ready(found.filter(|_| !self.broken)).boxed()
    }

    fn put(&self, key: [u8; 32], value: Vec<u8>, lives: Duration) -> BoxFuture<'_, ()> {
        self.entries.lock().unwrap().insert(key, (value, lives));
        std::future::ready(()).boxed()
    }
}

fn node(setup: &Setup, shelf: &Arc<Shelf>, policy: TokenPolicy) -> Introspector {
    let cache = Some(CacheTimes { max: Some(Duration::from_secs(60)), ..Default::default() });
    let shared = Some(Arc::clone(shelf) as Arc<dyn SharedAnswers>);
    Introspector::new(setup.provider(), IntrospectionSettings { cache, shared, ..Default::default() }, policy)
}

fn active() -> Value {
    json!({"active": true, "sub": "john", "aud": "api", "exp": NOW + 300})
}

#[tokio::test]
async fn what_one_node_was_told_serves_another_until_its_time_and_no_longer() {
    let (setup, shelf) = (Setup::new().await, Arc::default());
    setup.mock.json(PATH, &active());
    let (one, other) =
        (node(&setup, &shelf, TokenPolicy::default()), node(&setup, &shelf, TokenPolicy::default()));
    introspect(&one, "t").await.unwrap();
    assert_eq!(shelf.entries.lock().unwrap().values().next().unwrap().1, Duration::from_secs(60));
    setup.clock.set(NOW + 50);
    assert_eq!(introspect(&other, "t").await.unwrap().claims["sub"], "john");
    assert_eq!(setup.mock.count(PATH), 1);
    // The other node counts from the time of the answer, not from that of its own reading.
    setup.clock.set(NOW + 60);
    setup.mock.json(PATH, &json!({"active": false}));
    assert_eq!(token_fault(introspect(&other, "t").await), TokenFault::Inactive);
    assert_eq!(setup.mock.count(PATH), 2);
}

#[tokio::test]
async fn a_shared_answer_is_judged_by_the_policy_of_whoever_reads_it() {
    let (setup, shelf) = (Setup::new().await, Arc::default());
    setup.mock.json(PATH, &active());
    introspect(&node(&setup, &shelf, TokenPolicy::default()), "t").await.unwrap();
    let audience = Some(Requirement::on_values(vec!["aud".to_owned()], &["other".to_owned()]));
    let strict = node(&setup, &shelf, TokenPolicy { audience, ..Default::default() });
    assert_eq!(token_fault(introspect(&strict, "t").await), TokenFault::Audience);
}

#[tokio::test]
async fn entries_that_cannot_be_read_and_stores_that_fail_lead_to_the_provider() {
    let setup = Setup::new().await;
    setup.mock.json(PATH, &active());
    let shelf = Arc::default();
    introspect(&node(&setup, &shelf, TokenPolicy::default()), "t").await.unwrap();
    for (calls, value) in
        [b"".as_slice(), b"[]", b"{\"claims\":{\"active\":true}}", b"{\"fresh_until\":9e99}"]
            .into_iter()
            .enumerate()
    {
        shelf.entries.lock().unwrap().values_mut().for_each(|entry| entry.0 = value.to_vec());
        introspect(&node(&setup, &shelf, TokenPolicy::default()), "t").await.unwrap();
        assert_eq!(setup.mock.count(PATH), calls + 2);
    }
    let broken = Arc::new(Shelf { broken: true, ..Shelf::default() });
    introspect(&node(&setup, &broken, TokenPolicy::default()), "t").await.unwrap();
    assert_eq!(setup.mock.count(PATH), 6);
}

#[tokio::test]
async fn a_refusal_is_not_shared() {
    let (setup, shelf): (_, Arc<Shelf>) = (Setup::new().await, Arc::default());
    setup.mock.json(PATH, &json!({"active": false}));
    assert_eq!(
        token_fault(introspect(&node(&setup, &shelf, TokenPolicy::default()), "t").await),
        TokenFault::Inactive
    );
    assert!(shelf.entries.lock().unwrap().is_empty());
}
