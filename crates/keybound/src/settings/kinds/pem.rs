use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use serde_json::Value;

use super::{Kind, list, parts};

/// A PEM text, or the file that holds it.
#[derive(Clone, PartialEq, Eq)]
pub enum PemSource {
    /// The file.
    File(PathBuf),
    /// The text itself.
    Text(String),
}

impl PemSource {
    /// The PEM text.
    ///
    /// # Errors
    /// A phrase that names the file and what the system said.
    pub fn read(&self) -> Result<String, String> {
        match self {
            Self::File(path) => read(path),
            Self::Text(text) => Ok(text.clone()),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Text(_) => "******".to_owned(),
        }
    }
}

impl std::fmt::Debug for PemSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => path.fmt(f),
            Self::Text(_) => f.write_str("******"),
        }
    }
}

/// Certificates or keys, each a path, PEM text, or base64 of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PemSources(pub Vec<PemSource>);

impl Kind for PemSources {
    const SHAPE: &'static str = "list of paths, PEM texts, or base64 of PEM texts";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(parts(text).map(source).collect()))
    }

    fn show(&self) -> String {
        self.0.iter().map(PemSource::show).collect::<Vec<_>>().join(", ")
    }

    fn json(&self) -> Value {
        list(self.0.iter().map(PemSource::show))
    }
}

fn source(part: &str) -> PemSource {
    if part.contains("-----BEGIN ") {
        return PemSource::Text(part.to_owned());
    }
    let compact: String = part.split_whitespace().collect();
    let decoded = STANDARD.decode(compact).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded {
        Some(text) if text.contains("-----BEGIN ") => PemSource::Text(text),
        _ => PemSource::File(PathBuf::from(part)),
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Where trusted authorities come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The operating system's.
    System,
    /// Those of a PEM file.
    File(PathBuf),
}

impl Trust {
    fn show(&self) -> String {
        match self {
            Self::System => "system".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// The trusted authorities: all of these together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustSources(pub Vec<Trust>);

impl Kind for TrustSources {
    const SHAPE: &'static str = "list of paths of PEM files, and `system`";

    fn parse(text: &str) -> Result<Self, String> {
        let trust =
            |part: &str| if part == "system" { Trust::System } else { Trust::File(PathBuf::from(part)) };
        Ok(Self(parts(text).map(trust).collect()))
    }

    fn show(&self) -> String {
        self.0.iter().map(Trust::show).collect::<Vec<_>>().join(", ")
    }

    fn json(&self) -> Value {
        list(self.0.iter().map(Trust::show))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_certificate_is_a_path_a_text_or_base64_of_it_and_texts_are_masked() {
        let encoded = STANDARD.encode(PEM);
        let sources = PemSources::parse(&format!("/etc/a.pem, {PEM}, {encoded}")).unwrap();
        assert_eq!(sources.0.len(), 3);
        assert_eq!(sources.0.first(), Some(&PemSource::File(PathBuf::from("/etc/a.pem"))));
        assert_eq!(sources.0.get(2), Some(&PemSource::Text(PEM.to_owned())));
        assert_eq!(sources.show(), "/etc/a.pem, ******, ******");
    }
}
