use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use atc_router::context::Context;
use keybound_plugins::contract::UriCaptures;

use super::bucket::{Bucket, Entry};
use super::expression::{self, Field};
use super::prefix_tree::PrefixTree;
use super::rule::{Asked, HostPattern, PathPattern, Paths, Rule};

type Tree = PrefixTree<Bucket>;

/// Every rule, arranged so that a request meets only those whose host and literal path fit: a hash by host (for
/// wildcards by each suffix and prefix of labels), under each host a prefix tree by path. A pattern stands in the
/// tree under the literal text that each of its matches begins with.
#[derive(Debug)]
pub(crate) struct Index<T> {
    rules: Vec<Rule<T>>,
    /// In the order in which candidates win; the number of a candidate is its place here.
    candidates: Vec<Candidate>,
    exact: HashMap<Box<str>, Tree>,
    ends_with: HashMap<Box<str>, Tree>,
    starts_with: HashMap<Box<str>, Tree>,
    any: Tree,
    /// What the expressions of all rules ask for.
    fields: Vec<Field>,
}

/// One host and one path of a rule.
#[derive(Debug)]
struct Candidate {
    rule: usize,
    port: Option<u16>,
    path: CandidatePath,
}

#[derive(Debug)]
enum CandidatePath {
    Any,
    Prefix(usize),
    Pattern(Arc<PathPattern>),
}

/// The rule that won, and how.
#[derive(Debug)]
pub(crate) struct Found<'a, T> {
    pub(crate) goal: &'a Arc<T>,
    /// How much of the path the rule's own path took; `None` for a rule without paths.
    pub(crate) taken: Option<usize>,
    /// What the groups of the rule's own pattern captured.
    pub(crate) captures: UriCaptures,
}

/// A request being looked up, with its values for expressions once one is met.
struct Asking<'a> {
    asked: &'a Asked<'a>,
    values: OnceCell<RefCell<Context<'static>>>,
}

impl<T> Index<T> {
    /// Arranges the rules. On equal priority the earlier rule wins.
    pub(crate) fn new(mut rules: Vec<Rule<T>>) -> Self {
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.priority));
        let mut index = Self {
            rules: Vec::new(),
            candidates: Vec::new(),
            exact: HashMap::new(),
            ends_with: HashMap::new(),
            starts_with: HashMap::new(),
            any: Tree::new(),
            fields: fields_of(&rules),
        };
        for (number, rule) in rules.iter().enumerate() {
            index.add(number, rule);
        }
        let candidates = &index.candidates;
        let entry_of = |number: u32| {
            let candidate = usize::try_from(number).ok().and_then(|number| candidates.get(number))?;
            let pattern = match &candidate.path {
                CandidatePath::Pattern(pattern) => Some(&**pattern),
                CandidatePath::Any | CandidatePath::Prefix(_) => None,
            };
            Some(Entry { rule: rules.get(candidate.rule)?, pattern })
        };
        let by_host = [&mut index.exact, &mut index.ends_with, &mut index.starts_with];
        let trees = by_host.into_iter().flat_map(HashMap::values_mut).chain([&mut index.any]);
        for bucket in trees.flat_map(PrefixTree::values_mut) {
            bucket.arrange(entry_of);
        }
        index.rules = rules;
        index
    }

    /// The rule of the highest priority that admits the request.
    pub(crate) fn find(&self, asked: &Asked<'_>) -> Option<Found<'_, T>> {
        let asking = Asking { asked, values: OnceCell::new() };
        let mut best = None;
        if !self.exact.is_empty()
            && let Some(tree) = self.exact.get(asked.host)
        {
            self.improve(tree, &asking, &mut best);
        }
        if !self.ends_with.is_empty() || !self.starts_with.is_empty() {
            for (at, _) in asked.host.match_indices('.') {
                let (before, after) = (asked.host.get(..=at), asked.host.get(at..));
                let suffix = after.and_then(|suffix| self.ends_with.get(suffix));
                let prefix = before.and_then(|prefix| self.starts_with.get(prefix));
                for tree in [suffix, prefix].into_iter().flatten() {
                    self.improve(tree, &asking, &mut best);
                }
            }
        }
        self.improve(&self.any, &asking, &mut best);
        let candidate = self.candidates.get(usize::try_from(best?).ok()?)?;
        let rule = self.rules.get(candidate.rule)?;
        let (taken, captures) = match (&rule.expression, &candidate.path) {
            (Some(expression), _) => expression.matched(&mut self.values(&asking).borrow_mut()),
            (None, CandidatePath::Any) => (None, UriCaptures::default()),
            (None, CandidatePath::Prefix(length)) => (Some(*length), UriCaptures::default()),
            (None, CandidatePath::Pattern(pattern)) => pattern.matched(asked.path),
        };
        Some(Found { goal: &rule.goal, taken, captures })
    }

    /// Takes the first candidate of each list on the way down the path that is better than the best so far.
    fn improve(&self, tree: &Tree, asking: &Asking<'_>, best: &mut Option<u32>) {
        let asked = asking.asked;
        tree.walk(asked.path.as_bytes(), |bucket| {
            bucket.lists(asked, |numbers| {
                for &number in numbers {
                    if best.is_some_and(|best| number >= best) {
                        return;
                    }
                    if self.admits(number, asking) {
                        *best = Some(number);
                        return;
                    }
                }
            });
        });
    }

    fn admits(&self, number: u32, asking: &Asking<'_>) -> bool {
        let asked = asking.asked;
        let candidate = usize::try_from(number).ok().and_then(|number| self.candidates.get(number));
        let Some(candidate) = candidate else { return false };
        let Some(rule) = self.rules.get(candidate.rule) else { return false };
        candidate.port.is_none_or(|port| port == asked.port)
            && rule.admits(asked)
            && match &candidate.path {
                CandidatePath::Pattern(pattern) => pattern.regex.is_match(asked.path),
                CandidatePath::Any | CandidatePath::Prefix(_) => true,
            }
            && rule
                .expression
                .as_ref()
                .is_none_or(|expression| expression.holds(&mut self.values(asking).borrow_mut()))
    }

    fn values<'a>(&self, asking: &'a Asking<'_>) -> &'a RefCell<Context<'static>> {
        asking.values.get_or_init(|| RefCell::new(expression::context(&self.fields, asking.asked)))
    }

    fn add(&mut self, number: usize, rule: &Rule<T>) {
        let any = [None];
        let hosts: Vec<_> = rule.hosts.iter().map(Some).collect();
        for host in if hosts.is_empty() { &any[..] } else { &hosts[..] } {
            let port = host.and_then(|host| host.port);
            let pattern = host.map(|host| &host.pattern);
            match &rule.paths {
                Paths::Any => {
                    self.place(pattern, b"", Candidate { rule: number, port, path: CandidatePath::Any })
                }
                Paths::Prefixes(prefixes) => {
                    for prefix in prefixes {
                        let path = CandidatePath::Prefix(prefix.len());
                        self.place(pattern, prefix.as_bytes(), Candidate { rule: number, port, path });
                    }
                }
                Paths::Patterns(patterns) => {
                    for path in patterns {
                        let candidate =
                            Candidate { rule: number, port, path: CandidatePath::Pattern(Arc::clone(path)) };
                        self.place(pattern, path.literal.as_bytes(), candidate);
                    }
                }
            }
        }
    }

    fn place(&mut self, host: Option<&HostPattern>, path: &[u8], candidate: Candidate) {
        // 2^32 candidates do not fit into memory; a number that does not fit is never found, and never reached.
        let Ok(number) = u32::try_from(self.candidates.len()) else { return };
        self.candidates.push(candidate);
        let tree = match host {
            None => &mut self.any,
            Some(HostPattern::Exact(name)) => self.exact.entry(name.clone()).or_insert_with(Tree::new),
            Some(HostPattern::EndsWith(suffix)) => {
                self.ends_with.entry(suffix.clone()).or_insert_with(Tree::new)
            }
            Some(HostPattern::StartsWith(prefix)) => {
                self.starts_with.entry(prefix.clone()).or_insert_with(Tree::new)
            }
        };
        if let Some(bucket) = tree.entry(path) {
            bucket.add(number);
        }
    }
}

impl PathPattern {
    /// How much of a path that it matches it takes, and what its groups capture.
    fn matched(&self, path: &str) -> (Option<usize>, UriCaptures) {
        if self.regex.captures_len() == 1 {
            return (self.regex.find(path).map(|found| found.end()), UriCaptures::default());
        }
        let Some(found) = self.regex.captures(path) else { return (None, UriCaptures::default()) };
        let mut captured = Vec::new();
        for (number, name) in self.regex.capture_names().enumerate().skip(1) {
            let Some(group) = found.get(number) else { continue };
            captured.push((number.to_string().into(), group.as_str().into()));
            if let Some(name) = name {
                captured.push((name.into(), group.as_str().into()));
            }
        }
        (found.get(0).map(|whole| whole.end()), UriCaptures::new(captured))
    }
}

fn fields_of<T>(rules: &[Rule<T>]) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for expression in rules.iter().filter_map(|rule| rule.expression.as_ref()) {
        // Its fields were read when it was parsed.
        for field in expression.fields().unwrap_or_default() {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
    }
    fields
}
