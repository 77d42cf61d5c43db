//! Short names for long or unforeseeable values.

use std::collections::HashMap;

/// The names of one conversation.
pub(crate) struct Names {
    /// Names that stand in requests and answers, with what they mean.
    known: Vec<(String, String)>,
    /// Ids that the server made, in the order in which they came.
    ids: Vec<String>,
    /// Tokens that the server made.
    tokens: HashMap<String, usize>,
}

/// Certificates and keys that conversations use; `\n` is written as in JSON.
const FILES: [(&str, &str); 10] = [
    ("cert rsa", include_str!("pem/rsa.crt")),
    ("key rsa", include_str!("pem/rsa.key")),
    ("cert ecdsa", include_str!("pem/ecdsa.crt")),
    ("key ecdsa", include_str!("pem/ecdsa.key")),
    ("cert other", include_str!("pem/other.crt")),
    ("key other", include_str!("pem/other.key")),
    ("cert ca", include_str!("pem/ca.crt")),
    ("cert ca2", include_str!("pem/ca2.crt")),
    ("cert old-ca", include_str!("pem/old-ca.crt")),
    ("public rsa", include_str!("pem/rsa.pub")),
];

impl Names {
    pub(crate) fn new() -> Self {
        let known =
            FILES.iter().map(|(name, text)| (format!("<{name}>"), text.replace('\n', "\\n"))).collect();
        Self { known, ids: Vec::new(), tokens: HashMap::new() }
    }

    /// A line of a request with values in place of names. `<id 7>` is the seventh id that the server made, `#7` a fixed
    /// one.
    pub(crate) fn spelled_out(&self, line: &str) -> String {
        let mut text = line.to_owned();
        for (name, value) in &self.known {
            text = text.replace(name, value);
        }
        for (at, id) in self.ids.iter().enumerate() {
            text = text.replace(&format!("<id {}>", at + 1), id);
        }
        for number in 0..100 {
            text = text.replace(&format!("<#{number}>"), &fixed(number));
        }
        for (token, number) in &self.tokens {
            text = text.replace(&format!("<token {number}>"), token);
        }
        text
    }

    /// A line of an answer with names in place of values.
    pub(crate) fn shortened(&mut self, line: &str) -> String {
        let mut text = line.to_owned();
        for (name, value) in &self.known {
            text = text.replace(value, name);
        }
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(|c: char| c.is_ascii_hexdigit()) {
            let (before, from) = rest.split_at(at);
            let word = from.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(from.len());
            let alone = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
            let (word, after) = from.split_at(word);
            out += before;
            out += &if alone { self.name_of(word) } else { word.to_owned() };
            rest = after;
        }
        out + rest
    }

    fn name_of(&mut self, word: &str) -> String {
        if let Some(number) = (0..100).find(|number| fixed(*number) == word) {
            return format!("<#{number}>");
        }
        if is_uuid(word) && word != crate::lab::NODE {
            let at = self.ids.iter().position(|id| id == word).unwrap_or_else(|| {
                self.ids.push(word.to_owned());
                self.ids.len() - 1
            });
            return format!("<id {}>", at + 1);
        }
        if word.len() == 32 && word.bytes().all(|b| b.is_ascii_alphanumeric()) {
            let next = self.tokens.len() + 1;
            return format!("<token {}>", self.tokens.entry(word.to_owned()).or_insert(next));
        }
        word.to_owned()
    }
}

fn fixed(number: u32) -> String {
    format!("11111111-1111-4111-8111-{number:012}")
}

fn is_uuid(word: &str) -> bool {
    let digits = |(at, b): (usize, u8)| match at {
        8 | 13 | 18 | 23 => b == b'-',
        _ => b.is_ascii_hexdigit(),
    };
    word.len() == 36 && word.bytes().enumerate().all(digits)
}
