use std::collections::BTreeMap;
use std::sync::Arc;

use http::{HeaderName, Method};
use keybound_model::Route;
use keybound_model::entity::Protocol;
use regex::{Regex, RegexBuilder};

use super::CompileFault;
use super::entry::RouteEntry;
use crate::route::expression::{Anchors, Expression};
use crate::route::literal::{literal_prefix, required_literals};
use crate::route::priority::Precedence;
use crate::route::rule::{HeaderRule, HostPattern, HostRule, PathPattern, Paths, Rule, Schemes, ValueRule};
use crate::settings::RouterFlavor;

/// Bits 63–56, all of them: a route with an expression stands before every route without one.
const EXPRESSION: u64 = 0xff << 56;
/// How high a route's own priority goes.
const MAX_PRIORITY: u64 = (1 << 46) - 1;

/// The rules of one route in a flavour.
///
/// # Errors
/// As [`rules_of`]; [`CompileFault::Unsupported`] for an expression that is none, or that the flavour does not know.
pub(crate) fn rules_in(
    flavor: RouterFlavor,
    route: &Route,
    goal: &Arc<RouteEntry>,
) -> Result<Vec<Rule<RouteEntry>>, CompileFault> {
    let fault = |reason| CompileFault::Unsupported { entity: name_of(route), field: "expression", reason };
    match (flavor, &route.expression) {
        (RouterFlavor::TraditionalCompatible, None) => rules_of(route, goal),
        (RouterFlavor::TraditionalCompatible, Some(_)) => {
            Err(fault("needs router_flavor = expressions".to_owned()))
        }
        (RouterFlavor::Expressions, None) => {
            let rules = rules_of(route, goal)?.into_iter();
            Ok(rules.map(|rule| Rule { schemes: schemes(route), ..rule }).collect())
        }
        (RouterFlavor::Expressions, Some(text)) => {
            let expression = Expression::parse(text).map_err(fault)?;
            let Anchors { hosts, paths } = expression.anchors();
            let host = |name: Box<str>| HostRule { pattern: HostPattern::Exact(name), port: None };
            Ok(vec![Rule {
                schemes: schemes(route),
                methods: Box::new([]),
                headers: Box::new([]),
                snis: Box::new([]),
                hosts: hosts.unwrap_or_default().into_iter().map(host).collect(),
                paths: paths.map_or(Paths::Any, |paths| Paths::Prefixes(paths.into())),
                expression: Some(expression),
                priority: EXPRESSION | route.priority.unwrap_or(0).min(MAX_PRIORITY),
                goal: Arc::clone(goal),
            }])
        }
    }
}

/// Which requests a route takes by their scheme. One for HTTPS alone takes both, so that it can send the client from one
/// to the other.
fn schemes(route: &Route) -> Schemes {
    if route.protocols == [Protocol::Https] {
        return Schemes::ANY;
    }
    let has = |wanted: [Protocol; 2]| route.protocols.iter().any(|protocol| wanted.contains(protocol));
    Schemes { plain: has([Protocol::Http, Protocol::Grpc]), secure: has([Protocol::Https, Protocol::Grpcs]) }
}

/// The rules of one route: one part for each length of its plain paths and one for all its patterns, because the
/// priority depends on both.
///
/// # Errors
/// [`CompileFault::Pattern`] and [`CompileFault::Unsupported`] with the route's name and the field.
pub(crate) fn rules_of(route: &Route, goal: &Arc<RouteEntry>) -> Result<Vec<Rule<RouteEntry>>, CompileFault> {
    let entity = || name_of(route);
    let methods = route.methods.iter().map(|method| {
        Method::from_bytes(method.as_bytes()).map_err(|error| CompileFault::Unsupported {
            entity: entity(),
            field: "methods",
            reason: error.to_string(),
        })
    });
    let methods: Box<[Method]> = methods.collect::<Result<_, _>>()?;
    let headers = header_rules(route)?;
    let hosts: Box<[HostRule]> = route.hosts.iter().map(|host| HostRule::parse(host)).collect();
    let snis: Box<[HostPattern]> = route.snis.iter().map(|sni| HostPattern::parse(sni)).collect();
    let kinds = [
        !methods.is_empty(),
        !hosts.is_empty(),
        !headers.is_empty(),
        !snis.is_empty(),
        !route.paths.is_empty(),
    ];
    let base = Precedence {
        kinds: kinds.iter().map(|&set| u8::from(set)).sum(),
        exact_hosts: !hosts.is_empty()
            && hosts.iter().all(|host| matches!(host.pattern, HostPattern::Exact(_))),
        headers: headers.len(),
        ..Precedence::default()
    };
    let rule = |paths: Paths, precedence: Precedence| Rule {
        schemes: Schemes::ANY,
        methods: methods.clone(),
        headers: headers.clone(),
        snis: snis.clone(),
        hosts: hosts.clone(),
        paths,
        expression: None,
        priority: precedence.bits(),
        goal: Arc::clone(goal),
    };
    if route.paths.is_empty() {
        return Ok(vec![rule(Paths::Any, base)]);
    }
    let (patterns, prefixes): (Vec<&String>, Vec<&String>) =
        route.paths.iter().partition(|path| path.starts_with('~'));
    let mut rules = Vec::new();
    if !patterns.is_empty() {
        let patterns = patterns.iter().map(|path| path_pattern(route, path)).collect::<Result<_, _>>()?;
        let precedence = Precedence { pattern: Some(route.regex_priority), ..base };
        rules.push(rule(Paths::Patterns(patterns), precedence));
    }
    let mut by_length: BTreeMap<usize, Vec<Box<str>>> = BTreeMap::new();
    for prefix in prefixes {
        by_length.entry(prefix.len()).or_default().push(prefix.as_str().into());
    }
    for (prefix_len, prefixes) in by_length {
        rules.push(rule(Paths::Prefixes(prefixes.into()), Precedence { prefix_len, ..base }));
    }
    Ok(rules)
}

/// The route as messages call it.
pub(crate) fn name_of(route: &Route) -> String {
    route.name.as_ref().map_or_else(|| format!("route {}", route.id), |name| format!("route '{name}'"))
}

fn path_pattern(route: &Route, path: &str) -> Result<Arc<PathPattern>, CompileFault> {
    let pattern = path.trim_start_matches('~');
    let regex = Regex::new(&format!("^(?:{pattern})"))
        .map_err(|error| pattern_fault(route, "paths", path, &error))?;
    Ok(Arc::new(PathPattern {
        regex,
        literal: literal_prefix(pattern),
        inner: required_literals(pattern).into(),
    }))
}

fn header_rules(route: &Route) -> Result<Box<[HeaderRule]>, CompileFault> {
    let rule = |(name, values): (&String, &Vec<String>)| {
        let header = |text: &str| {
            HeaderName::from_bytes(text.as_bytes()).map_err(|error| CompileFault::Unsupported {
                entity: name_of(route),
                field: "headers",
                reason: format!("'{text}': {error}"),
            })
        };
        let mut names = vec![header(name)?];
        if name.contains('_') {
            names.push(header(&name.replace('_', "-"))?);
        }
        let values = values.iter().map(|value| match value.strip_prefix("~*") {
            Some(pattern) => RegexBuilder::new(pattern)
                .case_insensitive(true)
                .build()
                .map(ValueRule::Pattern)
                .map_err(|error| pattern_fault(route, "headers", value, &error)),
            None => Ok(ValueRule::Equal(value.as_str().into())),
        });
        Ok(HeaderRule { names: names.into(), values: values.collect::<Result<_, _>>()? })
    };
    route.headers.iter().map(rule).collect()
}

fn pattern_fault(route: &Route, field: &'static str, pattern: &str, error: &regex::Error) -> CompileFault {
    CompileFault::Pattern {
        entity: name_of(route),
        field,
        pattern: pattern.to_owned(),
        reason: error.to_string(),
    }
}
