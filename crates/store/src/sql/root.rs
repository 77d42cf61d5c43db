//! The secret from which nodes derive what they share: made at the first start, read at every other one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::{Engine, Purpose};
use crate::config::StoreFault;
use crate::seal::Sealer;

/// The name under which it is kept.
const ROOT: &str = "root";
/// The key's name where nothing is sealed.
const UNSEALED: &str = "";

/// The secret that is kept; `candidate`, which is kept from now on, when there is none. Sealed with the newest key, if there
/// are keys.
pub(super) async fn secret<E: Engine>(
    engine: &E,
    sealer: Option<&Sealer>,
    candidate: [u8; 32],
) -> Result<[u8; 32], StoreFault> {
    let mut session = engine.begin(Purpose::Write).await?;
    let sql = "SELECT value, sealed_by FROM store_secrets WHERE name = $1";
    let kept: Option<(String, String)> = session.row(sql, &[ROOT.into()]).await?;
    let newest = sealer.map_or(UNSEALED, Sealer::newest);
    let secret = match &kept {
        None => candidate,
        Some((value, key)) => {
            let text = match (key.as_str(), sealer) {
                (UNSEALED, _) => value.clone(),
                (_, Some(sealer)) => sealer.open_own(ROOT, value)?,
                (key, None) => {
                    return Err(StoreFault::Sealed(format!("'{key}', and store_key is not set")));
                }
            };
            let bytes = STANDARD_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
            bytes.ok_or_else(|| StoreFault::Engine("the root secret is no secret of 32 bytes".to_owned()))?
        }
    };
    if kept.is_none_or(|(_, key)| key != newest) {
        let text = STANDARD_NO_PAD.encode(secret);
        let value = sealer.map_or(Ok(text.clone()), |sealer| sealer.seal_own(ROOT, &text))?;
        let sql = "INSERT INTO store_secrets (name, value, sealed_by) VALUES ($1, $2, $3) \
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value, sealed_by = excluded.sealed_by";
        session.execute(sql, &[ROOT.into(), (&value).into(), newest.into()]).await?;
    }
    session.commit().await?;
    Ok(secret)
}
