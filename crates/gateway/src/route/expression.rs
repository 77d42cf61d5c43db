use std::sync::OnceLock;

use atc_router::ast::{BinaryOperator, Expression as Ast, LogicalExpression, Predicate, Type, Value};
use atc_router::context::{Context, Match};
use atc_router::interpreter::Execute as _;
use atc_router::parser::parse;
use atc_router::schema::Schema;
use atc_router::semantics::{FieldCounter as _, Validate as _};
use http::HeaderName;
use keybound_plugins::contract::UriCaptures;

use super::literal::literal_prefix;
use super::not_in::with_one_space;
use super::rule::Asked;

/// The longest expression; it bounds how deep one can be nested.
const MAX_LENGTH: usize = 16 * 1024;
/// The most arguments of a query that expressions look at.
const MAX_ARGUMENTS: usize = 100;

/// What can be known without running an expression: a request that none of these fits cannot match.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Anchors {
    /// The hosts, exactly; `None` for any.
    pub(crate) hosts: Option<Vec<Box<str>>>,
    /// What the path begins with; `None` for anything.
    pub(crate) paths: Option<Vec<Box<str>>>,
}

/// The condition of a route in the flavour `expressions`.
#[derive(Debug)]
pub(crate) struct Expression {
    ast: Ast,
}

/// A value of a request that an expression asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    name: String,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Method,
    Host,
    Path,
    SegmentCount,
    /// The segments from the first to the last of these numbers, joined.
    Segments(usize, usize),
    Header(HeaderName),
    Query(String),
    Protocol,
    Sni,
    DestinationPort,
    DestinationIp,
    SourcePort,
    SourceIp,
}

/// Whether an expression is one; what is wrong with it, in the words of the expressions' own engine.
///
/// # Errors
/// The text of the fault.
pub fn check_expression(text: &str) -> Result<(), String> {
    Expression::parse(text).map(drop)
}

fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut schema = Schema::default();
        for name in [
            "net.protocol",
            "tls.sni",
            "http.method",
            "http.host",
            "http.path",
            "http.path.segments.*",
            "http.headers.*",
            "http.queries.*",
        ] {
            schema.add_field(name, Type::String);
        }
        for name in ["net.port", "net.src.port", "net.dst.port", "http.path.segments.len"] {
            schema.add_field(name, Type::Int);
        }
        for name in ["net.src.ip", "net.dst.ip"] {
            schema.add_field(name, Type::IpAddr);
        }
        schema
    })
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("an expression has at most {MAX_LENGTH} bytes"));
        }
        let ast = parse(&with_one_space(text)).map_err(|error| error.to_string())?;
        ast.validate(schema())?;
        let expression = Self { ast };
        expression.fields()?;
        Ok(expression)
    }

    /// The fields that it asks for.
    ///
    /// # Errors
    /// A field that no request can have.
    pub(crate) fn fields(&self) -> Result<Vec<Field>, String> {
        let mut counted = std::collections::HashMap::new();
        self.ast.add_to_counter(&mut counted);
        let mut names: Vec<String> = counted.into_keys().collect();
        names.sort_unstable();
        names.into_iter().map(Field::of).collect()
    }

    pub(crate) fn holds(&self, context: &mut Context<'_>) -> bool {
        self.ast.execute(context, &mut Match::new())
    }

    /// How much of the path was matched, and what was captured, by a request that it holds for.
    pub(crate) fn matched(&self, context: &mut Context<'_>) -> (Option<usize>, UriCaptures) {
        let mut found = Match::new();
        if !self.ast.execute(context, &mut found) {
            return (None, UriCaptures::default());
        }
        let taken = match found.matches.get("http.path") {
            Some(Value::String(path)) => Some(path.len()),
            _ => None,
        };
        let mut captured: Vec<(Box<str>, Box<str>)> = found
            .captures
            .into_iter()
            .filter(|(name, _)| name != "0")
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        captured.sort_unstable();
        (taken, UriCaptures::new(captured))
    }

    pub(crate) fn anchors(&self) -> Anchors {
        Anchors { hosts: anchors(&self.ast, &host), paths: anchors(&self.ast, &path) }
    }
}

/// What every match has by one kind of predicate: either side of an "and" will do, an "or" needs both.
fn anchors(ast: &Ast, of: &dyn Fn(&Predicate) -> Option<Box<str>>) -> Option<Vec<Box<str>>> {
    match ast {
        Ast::Predicate(predicate) => of(predicate).map(|text| vec![text]),
        Ast::Logical(logical) => match &**logical {
            LogicalExpression::And(left, right) => match (anchors(left, of), anchors(right, of)) {
                (Some(left), Some(right)) => Some(if left.len() <= right.len() { left } else { right }),
                (left, right) => left.or(right),
            },
            LogicalExpression::Or(left, right) => {
                let (mut left, right) = (anchors(left, of)?, anchors(right, of)?);
                left.extend(right);
                left.sort_unstable();
                left.dedup();
                Some(left)
            }
            LogicalExpression::Not(_) => None,
        },
    }
}

fn host(predicate: &Predicate) -> Option<Box<str>> {
    match (predicate.lhs.var_name.as_str(), &predicate.op, &predicate.rhs) {
        ("http.host", BinaryOperator::Equals, Value::String(host)) => Some(host.as_str().into()),
        _ => None,
    }
}

fn path(predicate: &Predicate) -> Option<Box<str>> {
    // A path that is made lower case first may begin in another way.
    if predicate.lhs.var_name != "http.path" || predicate.lhs.get_transformations().0 {
        return None;
    }
    match (&predicate.op, &predicate.rhs) {
        (BinaryOperator::Equals | BinaryOperator::Prefix, Value::String(path)) => Some(path.as_str().into()),
        (BinaryOperator::Regex, Value::Regex(regex)) if regex.as_str().starts_with('^') => {
            // What follows an alternative at the top does not begin at the start.
            Some(literal_prefix(regex.as_str())).filter(|literal| !literal.is_empty()).map(Into::into)
        }
        _ => None,
    }
}

impl Field {
    fn of(name: String) -> Result<Self, String> {
        let what = match name.as_str() {
            "http.method" => What::Method,
            "http.host" => What::Host,
            "http.path" => What::Path,
            "http.path.segments.len" => What::SegmentCount,
            "net.protocol" => What::Protocol,
            "tls.sni" => What::Sni,
            "net.port" | "net.dst.port" => What::DestinationPort,
            "net.dst.ip" => What::DestinationIp,
            "net.src.port" => What::SourcePort,
            "net.src.ip" => What::SourceIp,
            other => match other.rsplit_once('.') {
                Some(("http.headers", header)) => {
                    let header = HeaderName::from_bytes(header.replace('_', "-").as_bytes());
                    What::Header(header.map_err(|_| format!("{other} names no header"))?)
                }
                Some(("http.queries", argument)) => What::Query(argument.to_owned()),
                Some(("http.path.segments", numbers)) => {
                    let parsed = match numbers.split_once('_') {
                        Some((first, last)) => (first.parse().ok(), last.parse().ok()),
                        None => (numbers.parse().ok(), numbers.parse().ok()),
                    };
                    let (Some(first), Some(last)) = parsed else {
                        return Err(format!("{other} names no segments of a path"));
                    };
                    What::Segments(first, last)
                }
                _ => return Err("Unknown LHS field".to_owned()),
            },
        };
        Ok(Self { name, what })
    }

    fn put(&self, asked: &Asked<'_>, context: &mut Context<'_>) {
        let mut add = |value| context.add_value(&self.name, value);
        let text = |text: &str| Value::String(text.to_owned());
        let segments = || asked.path.split('/').filter(|segment| !segment.is_empty());
        match &self.what {
            What::Method => add(text(asked.method.as_str())),
            What::Host => add(text(asked.host)),
            What::Path => add(text(asked.path)),
            What::SegmentCount => add(Value::Int(i64::try_from(segments().count()).unwrap_or(i64::MAX))),
            What::Segments(first, last) => {
                let count = last.checked_sub(*first).and_then(|count| count.checked_add(1));
                let wanted: Vec<_> = segments().skip(*first).take(count.unwrap_or(0)).collect();
                // A range that the path does not fill has no value.
                if Some(wanted.len()) == count {
                    add(Value::String(wanted.join("/")));
                }
            }
            What::Header(name) => {
                for value in asked.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()) {
                    add(text(value));
                }
            }
            What::Query(name) => {
                let query = asked.query.unwrap_or_default();
                let pairs = form_urlencoded::parse(query.as_bytes()).take(MAX_ARGUMENTS);
                for (_, value) in pairs.filter(|(key, _)| key == name) {
                    add(Value::String(value.into_owned()));
                }
            }
            What::Protocol => add(text(if asked.tls { "https" } else { "http" })),
            What::Sni => {
                if let Some(sni) = asked.sni {
                    add(text(sni));
                }
            }
            What::DestinationPort => add(Value::Int(i64::from(asked.port))),
            What::DestinationIp => add(Value::IpAddr(asked.local.ip().to_canonical())),
            What::SourcePort => add(Value::Int(i64::from(asked.peer.port()))),
            What::SourceIp => add(Value::IpAddr(asked.client_ip)),
        }
    }
}

/// The values of a request, for all expressions that are tried with it.
pub(crate) fn context(fields: &[Field], asked: &Asked<'_>) -> Context<'static> {
    let mut context = Context::new(schema());
    for field in fields {
        field.put(asked, &mut context);
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchors_of(text: &str) -> Anchors {
        Expression::parse(text).unwrap().anchors()
    }

    fn texts(list: &[&str]) -> Option<Vec<Box<str>>> {
        Some(list.iter().map(|&text| text.into()).collect())
    }

    #[test]
    fn what_is_no_expression_is_refused_with_its_place() {
        for (text, want) in [
            ("http.method ==", "expected"),
            ("http.nothing == \"a\"", "Unknown LHS field"),
            ("http.method == 3", "Type mismatch between the LHS and RHS values of predicate"),
            ("http.path ~ \"(\"", "regex"),
            ("http.path.segments.x == \"a\"", "names no segments"),
        ] {
            let fault = check_expression(text).unwrap_err();
            assert!(fault.contains(want), "{text}: {fault}");
        }
        assert!(check_expression(&format!("http.path == \"{}\"", "a".repeat(MAX_LENGTH))).is_err());
        assert_eq!(check_expression(r#"http.method == "GET" && net.port == 80"#), Ok(()));
    }

    #[test]
    fn hosts_and_paths_that_every_match_has_are_found() {
        let both = anchors_of(r#"http.host == "a.test" && (http.path ^= "/a" || http.path ~ "^/b\\d+")"#);
        assert_eq!(both, Anchors { hosts: texts(&["a.test"]), paths: texts(&["/a", "/b"]) });
        let either = anchors_of(r#"http.host == "a.test" || http.path ^= "/a""#);
        assert_eq!(either, Anchors::default());
        assert_eq!(anchors_of(r#"!(http.host == "a.test")"#), Anchors::default());
        assert_eq!(anchors_of(r#"lower(http.path) ^= "/a""#).paths, None);
        assert_eq!(anchors_of(r#"http.path ~ "/a""#).paths, None);
        assert_eq!(anchors_of(r#"http.path ~ "^/a|/b""#).paths, None);
    }
}
