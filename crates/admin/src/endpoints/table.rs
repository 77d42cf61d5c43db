//! Every path.

use std::sync::LazyLock;

use keybound_model::entity::{
    CONSUMER_GROUPS, CONSUMERS, RouterFlavor, SNIS, TARGETS, UPSTREAMS, all_for, by_name_for,
};

use super::{Endpoint, Link};

/// One part of a path.
pub(super) enum Segment {
    Word(&'static str),
    Key(&'static str),
}

use Segment::{Key, Word};

type Row = (Vec<Segment>, Endpoint);

/// Every path of the Admin API, fixed words before keys that would match them too.
pub(super) fn admin(flavor: RouterFlavor) -> &'static [Row] {
    static TRADITIONAL: LazyLock<Vec<Row>> = LazyLock::new(|| table(RouterFlavor::Traditional));
    static EXPRESSIONS: LazyLock<Vec<Row>> = LazyLock::new(|| table(RouterFlavor::Expressions));
    match flavor {
        RouterFlavor::Traditional => &TRADITIONAL,
        RouterFlavor::Expressions => &EXPRESSIONS,
    }
}

/// The paths of the Status API.
pub(super) fn status() -> &'static [Row] {
    static PATHS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        vec![
            (vec![Word("status")], Endpoint::Status),
            (vec![Word("status"), Word("ready")], Endpoint::Ready),
            (vec![Word("metrics")], Endpoint::Metrics),
            (vec![Word("debug"), Word("memory")], Endpoint::Memory),
            (vec![Word("debug"), Word("tasks")], Endpoint::Tasks),
        ]
    });
    &PATHS
}

fn table(flavor: RouterFlavor) -> Vec<Row> {
    let mut table = node();
    table.extend(balancing());
    table.extend(groups());
    for entity in all_for(flavor) {
        let Some(top) = entity.top_path else { continue };
        table.push((vec![Word(top)], Endpoint::List(entity)));
        table.push((vec![Word(top), Key(entity.name)], Endpoint::One(entity)));
    }
    for link in links(flavor) {
        let (parent, child) = (link.parent.name, link.child.name);
        // Kong does not show a certificate through its names.
        if let Some(top) = link.child.top_path.filter(|_| child != SNIS.name) {
            table.push((vec![Word(top), Key(child), Word(link.field)], Endpoint::Parent(link)));
        }
        if let (Some(top), Some(below)) = (link.parent.top_path, link.child.nested_path) {
            table.push((vec![Word(top), Key(parent), Word(below)], Endpoint::NestedList(link)));
            table.push((vec![Word(top), Key(parent), Word(below), Key(child)], Endpoint::NestedOne(link)));
        }
    }
    table
}

fn node() -> Vec<Row> {
    vec![
        (vec![], Endpoint::Node),
        (vec![Word("kong")], Endpoint::Node),
        (vec![Word("status")], Endpoint::Status),
        (vec![Word("status"), Word("dns")], Endpoint::StatusDns),
        (vec![Word("metrics")], Endpoint::Metrics),
        (vec![Word("endpoints")], Endpoint::Endpoints),
        (vec![Word("timers")], Endpoint::Timers),
        (vec![Word("config")], Endpoint::Config),
        (vec![Word("tags")], Endpoint::Tags),
        (vec![Word("tags"), Key("tags")], Endpoint::Tag),
        (vec![Word("cache")], Endpoint::Cache),
        (vec![Word("cache"), Key("key")], Endpoint::CacheKey),
        (vec![Word("clustering"), Word("data-planes")], Endpoint::Clustering),
        (vec![Word("clustering"), Word("status")], Endpoint::Clustering),
        (vec![Word("debug"), Word("node"), Word("log-level")], Endpoint::LogLevel),
        (vec![Word("debug"), Word("node"), Word("log-level"), Key("log_level")], Endpoint::SetLogLevel),
        (vec![Word("openid-connect"), Word("issuers")], Endpoint::Issuers),
        (vec![Word("openid-connect"), Word("issuers"), Key("issuer")], Endpoint::Issuer),
        (vec![Word("openid-connect"), Word("jwks")], Endpoint::Jwks),
        (vec![Word("plugins"), Word("enabled")], Endpoint::EnabledPlugins),
        (vec![Word("plugins"), Word("schema"), Key("name")], Endpoint::PluginConfigSchema),
        (vec![Word("schemas"), Key("db_entity_name"), Word("validate")], Endpoint::Validate),
        (vec![Word("schemas"), Word("plugins"), Key("name")], Endpoint::PluginSchema),
        (vec![Word("schemas"), Key("db_entity_name")], Endpoint::EntitySchema),
    ]
}

fn balancing() -> Vec<Row> {
    let link = Link { child: &TARGETS, field: "upstream", parent: &UPSTREAMS };
    let upstream = || vec![Word("upstreams"), Key("upstreams")];
    let below = |rest: Vec<Segment>| upstream().into_iter().chain(rest).collect::<Vec<_>>();
    let mut table = vec![
        (below(vec![Word("health")]), Endpoint::UpstreamHealth(link)),
        (below(vec![Word("targets"), Word("all")]), Endpoint::AllTargets(link)),
    ];
    for (word, healthy) in [("healthy", true), ("unhealthy", false)] {
        let endpoint = Endpoint::Mark(link, healthy);
        let target = || vec![Word("targets"), Key("targets")];
        table.push((below(target().into_iter().chain([Word(word)]).collect()), endpoint));
        table.push((below(target().into_iter().chain([Key("address"), Word(word)]).collect()), endpoint));
    }
    table
}

fn groups() -> Vec<Row> {
    let (groups, consumers) = (CONSUMER_GROUPS.name, CONSUMERS.name);
    vec![
        (vec![Word(groups), Key(groups), Word(consumers)], Endpoint::Members),
        (vec![Word(groups), Key(groups), Word(consumers), Key(consumers)], Endpoint::Member),
        (vec![Word(consumers), Key(consumers), Word(groups)], Endpoint::Groups),
        (vec![Word(consumers), Key(consumers), Word(groups), Key(groups)], Endpoint::Group),
    ]
}

fn links(flavor: RouterFlavor) -> impl Iterator<Item = Link> {
    all_for(flavor).into_iter().flat_map(move |child| {
        child.foreign_keys().filter_map(move |(field, foreign)| {
            by_name_for(flavor, foreign.entity).map(|parent| Link { child, field, parent })
        })
    })
}
