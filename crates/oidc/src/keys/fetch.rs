//! The fetch of a key set.

use keybound_pop::time::Clock;
use reqwest::Url;

use super::KeySet;
use crate::fault::{Call, Cause, ProviderFault};
use crate::http::HttpClient;

/// Most bytes of a key set.
const LIMIT: usize = 1024 * 1024;

/// Fetches and reads the key set at `url`.
pub(crate) async fn fetch(http: &HttpClient, clock: &dyn Clock, url: &Url) -> Result<KeySet, ProviderFault> {
    let read = async {
        let answer = http.get(url, &[], LIMIT).await?;
        answer.require_ok(clock.now())?;
        KeySet::read(&answer.object()?)
    };
    let read = http.calls().counted(Call::Keys, read).await;
    let set = read.map_err(|cause: Cause| ProviderFault::new(Call::Keys, cause))?;
    tracing::debug!(keys = set.len(), left_out = set.left_out(), "key set fetched");
    Ok(set)
}
