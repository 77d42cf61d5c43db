//! The endpoints: which paths there are, and what each stands for.

mod table;

use std::fmt::Write;

use keybound_model::Descriptor;
use keybound_model::entity::RouterFlavor;
use percent_encoding::percent_decode_str;

use table::Segment;

/// What a path stands for. The keys in it are kept beside, in [`Found`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Endpoint {
    /// `/`, `/kong`
    Node,
    /// `/status`
    Status,
    /// `/status/ready`, of the Status API
    Ready,
    /// `/status/dns`
    StatusDns,
    /// `/metrics`
    Metrics,
    /// `/debug/memory`, of the Status API
    Memory,
    /// `/debug/tasks`, of the Status API
    Tasks,
    /// `/endpoints`
    Endpoints,
    /// `/timers`
    Timers,
    /// `/cache`
    Cache,
    /// `/cache/{key}`
    CacheKey,
    /// `/clustering/…`
    Clustering,
    /// `/debug/node/log-level`
    LogLevel,
    /// `/debug/node/log-level/{level}`
    SetLogLevel,
    /// `/openid-connect/issuers`
    Issuers,
    /// `/openid-connect/issuers/{id or issuer}`
    Issuer,
    /// `/openid-connect/jwks`
    Jwks,
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
    /// `/upstreams/{key}/health`
    UpstreamHealth(Link),
    /// `/upstreams/{key}/targets/all`
    AllTargets(Link),
    /// `/upstreams/{key}/targets/{key}[/{address}]/healthy` and `…/unhealthy`
    Mark(Link, bool),
    /// `/consumer_groups/{key}/consumers`
    Members,
    /// `/consumer_groups/{key}/consumers/{key}`
    Member,
    /// `/consumers/{key}/consumer_groups`
    Groups,
    /// `/consumers/{key}/consumer_groups/{key}`
    Group,
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

    pub(crate) fn third(&self) -> Option<&str> {
        self.keys.get(2).map(String::as_str)
    }
}

impl Endpoint {
    /// The verbs that it has, sorted.
    pub(crate) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::List(_) | Self::NestedList(_) | Self::Config | Self::Ready => {
                &["GET", "HEAD", "OPTIONS", "POST"]
            }
            Self::One(_) | Self::NestedOne(_) | Self::Parent(_) => {
                &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "PUT"]
            }
            Self::Members | Self::Groups => &["DELETE", "GET", "HEAD", "OPTIONS", "POST"],
            Self::Member | Self::Group | Self::CacheKey | Self::Issuers | Self::Issuer | Self::Jwks => {
                &["DELETE", "GET", "HEAD", "OPTIONS"]
            }
            Self::Cache => &["DELETE", "OPTIONS"],
            Self::Mark(..) => &["OPTIONS", "POST", "PUT"],
            Self::SetLogLevel => &["OPTIONS", "PUT"],
            Self::Validate => &["OPTIONS", "POST"],
            _ => &["GET", "HEAD", "OPTIONS"],
        }
    }
}

/// Which of the two APIs a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    Admin,
    Status,
}

/// The endpoint of a path; one slash at the end is no difference.
pub(crate) fn find(surface: Surface, flavor: RouterFlavor, path: &str) -> Option<Found> {
    let path = path.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<&str> = if path.is_empty() { Vec::new() } else { path.split('/').collect() };
    let table = match surface {
        Surface::Admin => table::admin(flavor),
        Surface::Status => table::status(),
    };
    table.iter().find_map(|(template, endpoint)| {
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
            Segment::Word(word) if word == segment => {}
            Segment::Key(_) if !segment.is_empty() => {
                keys.push(percent_decode_str(segment).decode_utf8().ok()?.into_owned());
            }
            _ => return None,
        }
    }
    Some(keys)
}

/// The paths as `/endpoints` lists them: `/services/{services}/routes`, sorted.
pub(crate) fn paths(flavor: RouterFlavor) -> Vec<String> {
    let mut paths: Vec<String> = table::admin(flavor).iter().map(|(template, _)| shown(template)).collect();
    paths.sort();
    paths.dedup();
    paths
}

fn shown(template: &[Segment]) -> String {
    if template.is_empty() {
        return "/".to_owned();
    }
    template.iter().fold(String::new(), |mut path, segment| {
        // Writing into a string cannot fail.
        let _ = match segment {
            Segment::Word(word) => write!(path, "/{word}"),
            Segment::Key(name) => write!(path, "/{{{name}}}"),
        };
        path
    })
}
