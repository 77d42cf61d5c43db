//! The endpoints: which paths there are, and what each stands for.

use std::fmt::Write;
use std::sync::LazyLock;

use keybound_model::Descriptor;
use keybound_model::entity::{all, by_name};
use percent_encoding::percent_decode_str;

/// What a path stands for. The keys in it are kept beside, in [`Found`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Endpoint {
    /// `/`, `/kong`
    Node,
    /// `/status`
    Status,
    /// `/endpoints`
    Endpoints,
    /// `/plugins/enabled`
    EnabledPlugins,
    /// `/plugins/schema/{name}`: the older form of the next.
    PluginConfigSchema,
    /// `/schemas/plugins/{name}`
    PluginSchema,
    /// `/schemas/{entity}`
    EntitySchema,
    /// `/schemas/{entity}/validate`
    Validate,
    /// `/tags`
    Tags,
    /// `/tags/{tag}`
    Tag,
    /// `/config`
    Config,
    /// `/E`
    List(&'static Descriptor),
    /// `/E/{key}`
    One(&'static Descriptor),
    /// `/P/{key}/E`
    NestedList(Link),
    /// `/P/{key}/E/{key}`
    NestedOne(Link),
    /// `/E/{key}/f`
    Parent(Link),
}

/// A reference from one kind to another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) child: &'static Descriptor,
    /// The field of the child that holds the reference.
    pub(crate) field: &'static str,
    pub(crate) parent: &'static Descriptor,
}

/// An endpoint with the keys of the path, decoded, in order.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) endpoint: Endpoint,
    keys: Vec<String>,
}

impl Found {
    pub(crate) fn first(&self) -> &str {
        self.keys.first().map_or("", String::as_str)
    }

    pub(crate) fn second(&self) -> &str {
        self.keys.get(1).map_or("", String::as_str)
    }
}

impl Endpoint {
    /// The verbs that it has, sorted.
    pub(crate) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::List(_) | Self::NestedList(_) | Self::Config => &["GET", "HEAD", "OPTIONS", "POST"],
            Self::One(_) | Self::NestedOne(_) | Self::Parent(_) => {
                &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "PUT"]
            }
            Self::Validate => &["OPTIONS", "POST"],
            _ => &["GET", "HEAD", "OPTIONS"],
        }
    }
}

enum Segment {
    Word(&'static str),
    Key(&'static str),
}

use Segment::{Key, Word};

/// Every path, fixed words before keys that would match them too.
static TABLE: LazyLock<Vec<(Vec<Segment>, Endpoint)>> = LazyLock::new(|| {
    let mut table = vec![
        (vec![], Endpoint::Node),
        (vec![Word("kong")], Endpoint::Node),
        (vec![Word("status")], Endpoint::Status),
        (vec![Word("endpoints")], Endpoint::Endpoints),
        (vec![Word("config")], Endpoint::Config),
        (vec![Word("tags")], Endpoint::Tags),
        (vec![Word("tags"), Key("tags")], Endpoint::Tag),
        (vec![Word("plugins"), Word("enabled")], Endpoint::EnabledPlugins),
        (vec![Word("plugins"), Word("schema"), Key("name")], Endpoint::PluginConfigSchema),
        (vec![Word("schemas"), Key("db_entity_name"), Word("validate")], Endpoint::Validate),
        (vec![Word("schemas"), Word("plugins"), Key("name")], Endpoint::PluginSchema),
        (vec![Word("schemas"), Key("db_entity_name")], Endpoint::EntitySchema),
    ];
    for entity in all() {
        let name = entity.name;
        table.push((vec![Word(name)], Endpoint::List(entity)));
        table.push((vec![Word(name), Key(name)], Endpoint::One(entity)));
    }
    for link in links() {
        let (parent, child) = (link.parent.name, link.child.name);
        table.push((vec![Word(child), Key(child), Word(link.field)], Endpoint::Parent(link)));
        table.push((vec![Word(parent), Key(parent), Word(child)], Endpoint::NestedList(link)));
        table.push((vec![Word(parent), Key(parent), Word(child), Key(child)], Endpoint::NestedOne(link)));
    }
    table
});

fn links() -> impl Iterator<Item = Link> {
    all().into_iter().flat_map(|child| {
        child.foreign_keys().filter_map(move |(field, foreign)| {
            by_name(foreign.entity).map(|parent| Link { child, field, parent })
        })
    })
}

/// The endpoint of a path; one slash at the end is no difference.
pub(crate) fn find(path: &str) -> Option<Found> {
    let path = path.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<&str> = if path.is_empty() { Vec::new() } else { path.split('/').collect() };
    TABLE.iter().find_map(|(template, endpoint)| {
        keys(template, &segments).map(|keys| Found { endpoint: *endpoint, keys })
    })
}

fn keys(template: &[Segment], segments: &[&str]) -> Option<Vec<String>> {
    if template.len() != segments.len() {
        return None;
    }
    let mut keys = Vec::new();
    for (wanted, segment) in template.iter().zip(segments) {
        match wanted {
            Word(word) if word == segment => {}
            Key(_) if !segment.is_empty() => {
                keys.push(percent_decode_str(segment).decode_utf8().ok()?.into_owned());
            }
            _ => return None,
        }
    }
    Some(keys)
}

/// The paths as `/endpoints` lists them: `/services/{services}/routes`, sorted.
pub(crate) fn paths() -> Vec<String> {
    let mut paths: Vec<String> = TABLE.iter().map(|(template, _)| shown(template)).collect();
    paths.sort();
    paths
}

fn shown(template: &[Segment]) -> String {
    if template.is_empty() {
        return "/".to_owned();
    }
    template.iter().fold(String::new(), |mut path, segment| {
        // Writing into a string cannot fail.
        let _ = match segment {
            Word(word) => write!(path, "/{word}"),
            Key(name) => write!(path, "/{{{name}}}"),
        };
        path
    })
}
