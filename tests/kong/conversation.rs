//! A conversation in a file: requests, and the answers that must come.
//!
//! ```text
//! # A service gets its defaults
//! POST /services
//! {"name": "a", "host": "h"}
//! 201
//! {
//!   "host": "h",
//!   …
//! }
//!
//! ```
//!
//! | line | meaning |
//! |---|---|
//! | `# …` | begins an exchange and says what it shows |
//! | `POST /services` | the request; `form`, `multipart` or `yaml` at its end is the type of its body, which else is JSON |
//! | `Name: value` | a field of the request, before the body |
//! | `wait 5` | lets seconds pass before the request is sent |
//! | `show Allow` | a field of the answer that is shown too |
//! | other lines | the body, up to the three digits |
//! | `201` | the status; what follows up to the next `#` is the rest of the answer |
//!
//! `<cert rsa>` and other names stand for long values, see [`crate::names`].

/// One request, and the answer to it as it stands in the file.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) title: String,
    pub(crate) request: Vec<String>,
    pub(crate) answer: Vec<String>,
}

/// The exchanges of a file.
pub(crate) fn read(text: &str) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            exchanges.push(Exchange { title: title.to_owned(), request: Vec::new(), answer: Vec::new() });
            continue;
        }
        let Some(exchange) = exchanges.last_mut() else { panic!("a line before the first exchange: {line}") };
        if !exchange.answer.is_empty() || is_status(line) {
            exchange.answer.push(line.to_owned());
        } else if !line.is_empty() || exchange.request.len() > 1 {
            exchange.request.push(line.to_owned());
        }
    }
    for exchange in &mut exchanges {
        while exchange.answer.last().is_some_and(String::is_empty) {
            exchange.answer.pop();
        }
        while exchange.request.last().is_some_and(String::is_empty) {
            exchange.request.pop();
        }
    }
    exchanges
}

fn is_status(line: &str) -> bool {
    line.len() == 3 && line.bytes().all(|b| b.is_ascii_digit())
}

/// The file again.
pub(crate) fn write(exchanges: &[Exchange]) -> String {
    let mut text = String::new();
    for Exchange { title, request, answer } in exchanges {
        text += &format!("# {title}\n{}\n{}\n\n", request.join("\n"), answer.join("\n"));
    }
    text
}

/// What a request's lines say.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Option<String>,
    pub(crate) shown: Vec<String>,
    pub(crate) wait: u64,
}

impl Request {
    pub(crate) fn parse(lines: &[String]) -> Self {
        let mut request = Self::default();
        let mut lines = lines.iter().peekable();
        let mut kind = "json";
        for line in lines.by_ref() {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["wait", seconds] => request.wait = seconds.parse().unwrap(),
                [method, path, rest @ ..] if path.starts_with('/') || path.starts_with("http") => {
                    request.method = (*method).to_owned();
                    request.path = (*path).to_owned();
                    kind = rest.first().copied().unwrap_or(kind);
                    break;
                }
                _ => panic!("no request: {line}"),
            }
        }
        while let Some(line) = lines.peek() {
            if let Some(name) = line.strip_prefix("show ") {
                request.shown.push(name.to_owned());
            } else if let Some((name, value)) = field(line) {
                request.fields.push((name.to_owned(), value.to_owned()));
            } else {
                break;
            }
            lines.next();
        }
        let body: Vec<&str> = lines.map(String::as_str).collect();
        let typed = request.fields.iter().any(|(name, _)| name == "Content-Type");
        if !body.is_empty() {
            let end = if kind == "multipart" { "\r\n" } else { "\n" };
            request.body = Some(body.join(end) + if kind == "multipart" { end } else { "" });
            let media = match kind {
                "form" => "application/x-www-form-urlencoded",
                "multipart" => "multipart/form-data; boundary=B",
                "yaml" => "application/yaml",
                _ => "application/json",
            };
            if !typed && kind != "untyped" {
                request.fields.push(("Content-Type".to_owned(), media.to_owned()));
            }
        }
        request
    }
}

fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(": ").or_else(|| line.strip_suffix(':').map(|name| (name, "")))?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_name.then_some((name, value))
}
