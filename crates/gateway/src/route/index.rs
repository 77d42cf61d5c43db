use std::collections::HashMap;
use std::sync::Arc;

use super::prefix_tree::PrefixTree;
use super::rule::{Asked, HostPattern, PathPattern, Paths, Rule};

/// Every rule, arranged so that a request meets only those whose host and literal path fit: a hash by host (for
/// wildcards by each suffix and prefix of labels), under each host a prefix tree by path. A pattern stands in the
/// tree under the literal text that each of its matches begins with.
#[derive(Debug)]
pub(crate) struct Index<T> {
    rules: Vec<Rule<T>>,
    /// In the order in which candidates win; the number of a candidate is its place here.
    candidates: Vec<Candidate>,
    exact: HashMap<Box<str>, PrefixTree>,
    ends_with: HashMap<Box<str>, PrefixTree>,
    starts_with: HashMap<Box<str>, PrefixTree>,
    any: PrefixTree,
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
            any: PrefixTree::new(),
        };
        for (number, rule) in rules.iter().enumerate() {
            index.add(number, rule);
        }
        index.rules = rules;
        index
    }

    /// The rule of the highest priority that admits the request.
    pub(crate) fn find(&self, asked: &Asked<'_>) -> Option<Found<'_, T>> {
        let mut best = None;
        if !self.exact.is_empty()
            && let Some(tree) = self.exact.get(asked.host)
        {
            self.improve(tree, asked, &mut best);
        }
        if !self.ends_with.is_empty() || !self.starts_with.is_empty() {
            for (at, _) in asked.host.match_indices('.') {
                let (before, after) = (asked.host.get(..=at), asked.host.get(at..));
                let suffix = after.and_then(|suffix| self.ends_with.get(suffix));
                let prefix = before.and_then(|prefix| self.starts_with.get(prefix));
                for tree in [suffix, prefix].into_iter().flatten() {
                    self.improve(tree, asked, &mut best);
                }
            }
        }
        self.improve(&self.any, asked, &mut best);
        let candidate = self.candidates.get(usize::try_from(best?).ok()?)?;
        let taken = match &candidate.path {
            CandidatePath::Any => None,
            CandidatePath::Prefix(length) => Some(*length),
            CandidatePath::Pattern(pattern) => pattern.regex.find(asked.path).map(|found| found.end()),
        };
        Some(Found { goal: &self.rules.get(candidate.rule)?.goal, taken })
    }

    /// Takes the first candidate of each list on the way down the path that is better than the best so far.
    fn improve(&self, tree: &PrefixTree, asked: &Asked<'_>, best: &mut Option<u32>) {
        tree.walk(asked.path.as_bytes(), |numbers| {
            for &number in numbers {
                if best.is_some_and(|best| number >= best) {
                    return;
                }
                if self.admits(number, asked) {
                    *best = Some(number);
                    return;
                }
            }
        });
    }

    fn admits(&self, number: u32, asked: &Asked<'_>) -> bool {
        let candidate = usize::try_from(number).ok().and_then(|number| self.candidates.get(number));
        candidate.is_some_and(|candidate| {
            candidate.port.is_none_or(|port| port == asked.port)
                && self.rules.get(candidate.rule).is_some_and(|rule| rule.admits(asked))
                && match &candidate.path {
                    CandidatePath::Pattern(pattern) => pattern.regex.is_match(asked.path),
                    CandidatePath::Any | CandidatePath::Prefix(_) => true,
                }
        })
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
            Some(HostPattern::Exact(name)) => self.exact.entry(name.clone()).or_insert_with(PrefixTree::new),
            Some(HostPattern::EndsWith(suffix)) => {
                self.ends_with.entry(suffix.clone()).or_insert_with(PrefixTree::new)
            }
            Some(HostPattern::StartsWith(prefix)) => {
                self.starts_with.entry(prefix.clone()).or_insert_with(PrefixTree::new)
            }
        };
        tree.insert(path, number);
    }
}
