use std::path::PathBuf;

use super::Origin;

/// Why settings cannot be used: one line each, place first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsFault {
    /// The file cannot be read, or is not UTF-8.
    #[error("{}: the settings file cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// A line that is neither empty, nor a comment, nor `key = value`.
    #[error("{place}: the line is not of the form key = value")]
    Syntax {
        /// The line.
        place: Origin,
    },
    /// A value in quotes: the syntax has none, so they would become part of the value.
    #[error("{place}: {key}: values are written without quotes")]
    Quoted {
        /// The line.
        place: Origin,
        /// The setting.
        key: String,
    },
    /// A setting that the file names twice.
    #[error("{place}: {key}: set twice; the first time in line {first}")]
    Twice {
        /// The second line.
        place: Origin,
        /// The setting.
        key: String,
        /// The first line.
        first: usize,
    },
    /// A name that is no setting.
    #[error("{place}: {key}: unknown setting{}", nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default())]
    Unknown {
        /// Where it was named.
        place: Origin,
        /// The name, in lower case.
        key: String,
        /// The known name that comes nearest, when one is near.
        nearest: Option<&'static str>,
    },
    /// A value that is not of the setting's type.
    #[error("{place}: {key}: {cause}")]
    Value {
        /// Where it was set.
        place: Origin,
        /// The setting.
        key: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// A setting of Kong's that Keybound does not act on, set to something that would need it to.
    #[error("{place}: {key}: Keybound does not act on this setting of Kong's; {}", accepted_values(accepted))]
    NotActedOn {
        /// Where it was set.
        place: Origin,
        /// The setting.
        key: String,
        /// The values that need no action: Kong's default, and what Keybound does anyway.
        accepted: &'static [&'static str],
    },
    /// An nginx directive (`nginx_http_…`): there is no nginx to hand it to.
    #[error("{place}: {key}: Keybound is not built on nginx and takes no nginx directives")]
    NginxDirective {
        /// Where it was set.
        place: Origin,
        /// The setting.
        key: String,
    },
    /// A reference to a vault that leads to nothing. The cause names it, never a value.
    #[error("{place}: {key}: {cause}")]
    VaultReference {
        /// Where it was set.
        place: Origin,
        /// The setting.
        key: String,
        /// Why.
        cause: String,
    },
}

fn accepted_values(accepted: &[&str]) -> String {
    match accepted {
        [] | [""] => "leave it unset".to_owned(),
        ["", rest @ ..] => format!("leave it unset or set it to {}", rest.join(" or ")),
        [only] => format!("only its default is accepted: {only}"),
        several => format!("only these values are accepted: {}", several.join(" | ")),
    }
}
