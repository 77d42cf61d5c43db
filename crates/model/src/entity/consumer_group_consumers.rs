use std::sync::LazyLock;

use super::Descriptor;
use super::fields::{created_at, id, updated_at};
use crate::schema::{OnDelete, Schema, foreign};

/// That a consumer is in a group. The Admin API shows it as the group's consumers and the consumer's groups only.
pub static CONSUMER_GROUP_CONSUMERS: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("consumer_group_consumers", "consumer_group_consumer", schema())
        .unique_together(&["consumer", "consumer_group"])
        .paths(None, None)
});

fn schema() -> Schema {
    let side = |entity| foreign(entity).required().on_delete(OnDelete::Cascade);
    Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("updated_at", updated_at()),
        ("consumer", side("consumers").doc("Who is in the group.")),
        ("consumer_group", side("consumer_groups").doc("The group.")),
    ])
}
