//! The fields of `acl`.

use keybound_model::PluginDescription;
use keybound_model::schema::{EntityCheck, Schema, array, boolean, string};

use super::{NAME, PRIORITY};
use crate::identity::described;

const LISTS: &[&str] = &["config.allow", "config.deny"];

pub(super) fn description() -> PluginDescription {
    described(NAME, PRIORITY, schema())
        .check(EntityCheck::OnlyOneOf(LISTS))
        .check(EntityCheck::AtLeastOneOf(LISTS))
}

fn schema() -> Schema {
    let switch = || boolean().required().default(false);
    Schema::new([
        ("allow", array(string()).doc("Groups of which a caller must be in one.")),
        ("deny", array(string()).doc("Groups of which a caller must be in none.")),
        ("hide_groups_header", switch().doc("Whether the upstream is not told the caller's groups.")),
        (
            "always_use_authenticated_groups",
            switch().doc("Whether a provider's groups count before those of the consumer."),
        ),
        (
            "include_consumer_groups",
            boolean().default(false).doc("Whether the consumer's consumer groups count as groups too."),
        ),
    ])
}
