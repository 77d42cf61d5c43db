use std::sync::Arc;

use crate::contract::{Directory, Notes, Refusal};
use crate::fault::IdentityFault;

/// Takes a caller that nobody knows for the consumer that a configuration names by id or by name.
///
/// # Errors
/// [`IdentityFault::AnonymousUnknown`] when there is no such consumer: the configuration is at fault, not the caller.
pub(crate) fn become_anonymous(
    name: &str,
    notes: &mut Notes,
    directory: &Directory,
) -> Result<(), Box<Refusal>> {
    let Some(consumer) = directory.named(name) else {
        let text = format!("anonymous consumer {name} is unknown/does not exist");
        notes.detail = Some(text.clone());
        let refusal = Refusal::new(IdentityFault::AnonymousUnknown);
        return Err(Box::new(Refusal { message: Some(text.into()), ..refusal }));
    };
    notes.identity.consumer = Some(Arc::clone(consumer));
    notes.identity.credential = None;
    notes.identity.anonymous = true;
    Ok(())
}
