use http::HeaderValue;
use regex::Regex;

/// The configured origins.
pub(super) enum Origins {
    /// None, or `*` alone.
    Everybody,
    /// One that is not a pattern: it is told whoever asks.
    One(HeaderValue),
    /// Some, of which the request's must be one.
    Some(Vec<Entry>),
}

pub(super) enum Entry {
    Everybody,
    Exact(String),
    /// Matches the whole origin: a pattern without `$` does not let `https://example.com.evil.example` in.
    Pattern(Box<Regex>),
}

/// What is said about an origin.
pub(super) struct Verdict {
    /// `Access-Control-Allow-Origin`.
    pub(super) allow: Option<HeaderValue>,
    /// Whether it is `*`.
    pub(super) everybody: bool,
    /// Whether another origin may be told something else.
    pub(super) varies: bool,
}

impl Origins {
    pub(super) fn new(configured: &[String]) -> Result<Self, String> {
        match configured {
            [] => return Ok(Self::Everybody),
            [only] if only == "*" => return Ok(Self::Everybody),
            [only] if is_plain(only) => {
                let value = HeaderValue::try_from(only).map_err(|_| "origins: cannot stand in a header")?;
                return Ok(Self::One(value));
            }
            _ => {}
        }
        let entry = |text: &String| match text.as_str() {
            "*" => Ok(Entry::Everybody),
            text if is_plain(text) => Ok(Entry::Exact(normal(text))),
            text => Ok(Entry::Pattern(Box::new(pattern(text)?))),
        };
        configured.iter().map(entry).collect::<Result<_, String>>().map(Self::Some)
    }

    pub(super) fn verdict(&self, origin: Option<&HeaderValue>) -> Verdict {
        let everybody =
            || Verdict { allow: Some(HeaderValue::from_static("*")), everybody: true, varies: false };
        let entries = match self {
            Self::Everybody => return everybody(),
            Self::One(value) => {
                return Verdict { allow: Some(value.clone()), everybody: false, varies: true };
            }
            Self::Some(entries) => entries,
        };
        let origin = origin.and_then(|origin| origin.to_str().ok()).map(normal);
        for entry in entries {
            match (entry, &origin) {
                (Entry::Everybody, _) => return everybody(),
                (Entry::Exact(known), Some(origin)) if known == origin => {}
                (Entry::Pattern(pattern), Some(origin)) if pattern.is_match(origin) => {}
                _ => continue,
            }
            let allow = origin.as_deref().and_then(|origin| HeaderValue::from_str(origin).ok());
            return Verdict { allow, everybody: false, varies: true };
        }
        Verdict { allow: None, everybody: false, varies: true }
    }
}

/// Whether text is an origin and not a pattern.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'/' | b'-'))
}

/// The pattern of whole origins.
pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(&format!("^(?:{text})$")).map_err(|_| format!("'{text}' is not a valid regex"))
}

/// An origin in lower case, without the port that its scheme has anyway.
fn normal(origin: &str) -> String {
    let lower = origin.trim_end_matches('/').to_ascii_lowercase();
    let port = match lower.split_once("://") {
        Some(("http", _)) => ":80",
        Some(("https", _)) => ":443",
        _ => return lower,
    };
    lower.strip_suffix(port).map(str::to_owned).unwrap_or(lower)
}
