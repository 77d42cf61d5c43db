/// What the groups of a route's pattern captured: by number from 1 on, and by name where a group has one. Empty for a
/// route that was not found by a pattern with groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UriCaptures {
    captured: Vec<(Box<str>, Box<str>)>,
}

impl UriCaptures {
    /// Captures by the names and numbers of their groups.
    #[must_use]
    pub fn new(captured: Vec<(Box<str>, Box<str>)>) -> Self {
        Self { captured }
    }

    /// What the group of this name or number captured.
    #[must_use]
    pub fn get(&self, group: &str) -> Option<&str> {
        self.captured.iter().find(|(name, _)| **name == *group).map(|(_, value)| &**value)
    }

    /// Each group with what it captured: numbers in order, each followed by the group's name where it has one.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.captured.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether nothing was captured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.captured.is_empty()
    }
}
