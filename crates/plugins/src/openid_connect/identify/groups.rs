//! The consumer groups that a token puts its bearer into.

use uuid::Uuid;

use crate::contract::Directory;
use crate::fault::AuthorizationFault;
use crate::openid_connect::claims::{self, Claims};

/// The claim that names consumer groups.
#[derive(Debug, Clone)]
pub(super) struct GroupRule {
    pub(super) path: Vec<String>,
    pub(super) optional: bool,
}

impl GroupRule {
    /// The groups that the claim names and the configuration knows; names that it does not know are passed over. `None`
    /// leaves the caller in the groups of its consumer.
    ///
    /// # Errors
    /// [`AuthorizationFault::ConsumerGroup`] when there is none and there must be one.
    pub(super) fn find(
        &self,
        claims: Claims<'_>,
        directory: &Directory,
    ) -> Result<Option<Vec<Uuid>>, AuthorizationFault> {
        // A name may have spaces: a string is tried as one name before it is taken for a list of words.
        let value = claims.find(&self.path);
        let known = |split| -> Vec<Uuid> {
            let names = value.map(|value| claims::texts(value, split)).unwrap_or_default();
            names.iter().filter_map(|name| directory.group_named(name)).collect()
        };
        let found = Some(known(false)).filter(|groups| !groups.is_empty()).unwrap_or_else(|| known(true));
        match found.is_empty() {
            false => Ok(Some(found)),
            true if self.optional => Ok(None),
            true => Err(AuthorizationFault::ConsumerGroup),
        }
    }
}
