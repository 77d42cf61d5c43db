//! The metadata of protected resources (RFC 9728): which route a well-known path speaks of.
//!
//! `GET /.well-known/oauth-protected-resource/orders` is answered for the resource `/orders`, though no route has that path. A
//! route of the user's own that was made for a path below `/.well-known` goes first; one that merely takes everything does not.

use std::sync::Arc;

use http::Method;
use keybound_plugins::contract::{Chain, Public, RESOURCE_METADATA, RequestPath, Resource};
use keybound_pop::htu::Target;

use super::{RouteEntry, Snapshot};
use crate::route::{Asked, Found, Index};

/// How much of a path a route of the user's own must take to go first.
const OWN: usize = "/.well-known".len();

/// The methods with which a route is looked for: that of a resource may not take `GET`.
const METHODS: [Method; 7] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::OPTIONS];

/// The routes that publish metadata.
#[derive(Default)]
pub(crate) struct Resources {
    /// Those of resources that have a fixed identifier, in the order in which the routes were made.
    named: Vec<(Target, Arc<RouteEntry>)>,
    /// Whether any route publishes at all.
    any: bool,
}

/// A route whose metadata are asked for.
pub(crate) struct Described {
    pub(crate) route: Arc<RouteEntry>,
    /// The route's own path, escaped.
    pub(crate) path: String,
}

impl Resources {
    /// Notes what a route publishes.
    pub(super) fn add(&mut self, route: &Arc<RouteEntry>) {
        let Some(resource) = route.chain.resource() else { return };
        self.any = true;
        if let Resource::Named(target) = resource
            && !self.named.iter().any(|(known, _)| known == target)
        {
            self.named.push((target.clone(), Arc::clone(route)));
        }
    }

    /// The route of the resource with this identifier; where there is none, of one on another origin with this path: an edge may
    /// hide the origin.
    fn named(&self, public: &Public, path: &str, same_origin: bool) -> Option<&Arc<RouteEntry>> {
        let asked = Target::new(public.scheme, public.host.clone(), public.port, path).ok()?;
        let fits = |target: &Target| {
            let same_path = open_end(target.path()) == open_end(asked.path());
            let origin = |target: &Target| (target.scheme(), target.host().clone(), target.port());
            same_path && (!same_origin || origin(target) == origin(&asked))
        };
        self.named.iter().find(|(target, _)| fits(target)).map(|(_, route)| route)
    }
}

impl Snapshot {
    /// The route whose resource a request asks about, when it asks about one.
    pub(crate) fn described(
        &self,
        asked: &Asked<'_>,
        path: &RequestPath,
        public: &Public,
    ) -> Option<Described> {
        if !self.resources.any || !asked.path.starts_with(RESOURCE_METADATA) {
            return None;
        }
        let inner = behind_well_known(path)?;
        let own = self.routes.find(asked).and_then(|found| found.taken);
        if own.is_some_and(|taken| taken >= OWN) {
            return None;
        }
        let named = |same_origin| {
            let route = self.resources.named(public, &inner.escaped, same_origin)?;
            Some(Described { route: Arc::clone(route), path: String::new() })
        };
        named(true).or_else(|| routed(&self.routes, asked, &inner)).or_else(|| named(false))
    }
}

/// The path behind the well-known one; the empty path is that of the whole origin.
fn behind_well_known(path: &RequestPath) -> Option<RequestPath> {
    let behind = |form: &str| match form.strip_prefix(RESOURCE_METADATA)? {
        "" => Some("/".to_owned()),
        rest if rest.starts_with('/') => Some(rest.to_owned()),
        _ => None,
    };
    Some(RequestPath {
        escaped: behind(&path.escaped)?,
        decoded: match &path.decoded {
            Some(decoded) => Some(behind(decoded)?),
            None => None,
        },
        had_empty_segments: path.had_empty_segments,
    })
}

/// The publishing route that would serve the path itself.
fn routed(routes: &Index<RouteEntry>, asked: &Asked<'_>, inner: &RequestPath) -> Option<Described> {
    let publishes = |chain: &Chain| chain.resource().is_some();
    let found = METHODS.iter().find_map(|method| {
        let asked = Asked { method, path: inner.matching(), query: None, ..*asked };
        routes.find(&asked).filter(|found: &Found<'_, _>| publishes(&found.goal.chain))
    })?;
    let path = found.taken.map_or("", |taken| inner.escaped_prefix(taken));
    Some(Described { route: Arc::clone(found.goal), path: path.to_owned() })
}

fn open_end(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}
