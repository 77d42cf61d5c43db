//! The consumer that a token names.

use std::sync::Arc;

use keybound_model::Record;
use keybound_model::entity::Consumer;

use crate::contract::Directory;
use crate::fault::AuthorizationFault;
use crate::openid_connect::claims::{self, Claims};
use crate::openid_connect::config::{strings, switched_on};

/// Where a consumer is looked for, and by what.
#[derive(Debug, Clone)]
pub(super) struct ConsumerRule {
    /// Paths of claims, the first first.
    paths: Vec<Vec<String>>,
    /// Fields of consumers, the first first.
    by: Vec<By>,
    optional: bool,
}

/// A field that identifies a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Id,
    Username,
    /// Without regard to the case of ASCII letters.
    UsernameAnyCase,
    CustomId,
}

impl ConsumerRule {
    /// The rule of a configuration that passed the schema; `None` without paths.
    pub(super) fn parse(paths: Vec<Vec<String>>, record: &Record) -> Option<Self> {
        let any_case = switched_on(record, "by_username_ignore_case");
        let by = strings(record, "consumer_by")
            .iter()
            .filter_map(|name| match name.as_str() {
                "id" => Some(By::Id),
                "username" if any_case => Some(By::UsernameAnyCase),
                "username" => Some(By::Username),
                "custom_id" => Some(By::CustomId),
                _ => None,
            })
            .collect();
        let optional = switched_on(record, "consumer_optional");
        (!paths.is_empty()).then_some(Self { paths, by, optional })
    }

    /// The consumer: the first path whose claim names one by one of the fields, in their order.
    ///
    /// # Errors
    /// [`AuthorizationFault::Consumer`] when there is none and there must be one.
    pub(super) fn find(
        &self,
        claims: Claims<'_>,
        directory: &Directory,
    ) -> Result<Option<Arc<Consumer>>, AuthorizationFault> {
        let named = |path: &Vec<String>| {
            let name = claims::one_text(claims.find(path)?)?;
            self.by.iter().find_map(|by| by.find(&name, directory)).cloned()
        };
        let found = self.paths.iter().find_map(named);
        if found.is_none() && !self.optional {
            return Err(AuthorizationFault::Consumer);
        }
        Ok(found)
    }
}

impl By {
    fn find<'a>(self, name: &str, directory: &'a Directory) -> Option<&'a Arc<Consumer>> {
        match self {
            Self::Id => name.parse().ok().and_then(|id| directory.consumer(id)),
            Self::Username => directory.by_username(name),
            Self::UsernameAnyCase => directory.by_username_ignoring_case(name),
            Self::CustomId => directory.by_custom_id(name),
        }
    }
}
