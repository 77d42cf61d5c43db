use serde_json::Value;

use super::Kind;

macro_rules! choice {
    ($(#[$meta:meta])* $name:ident, $what:literal, $default:ident { $( $(#[$variant_meta:meta])* $variant:ident = $text:literal ),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub enum $name { $( $(#[$variant_meta])* $variant, )+ }

        impl $name {
            const NAMES: &'static [&'static str] = &[$($text),+];

            /// The value as it is written.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }

            fn named(text: &str) -> Option<Self> {
                match text { $( $text => Some(Self::$variant), )+ _ => None }
            }

            fn or_cause(text: &str) -> Result<Self, String> {
                Self::named(text).ok_or_else(|| format!("'{text}' is not {}: one of {}", $what, Self::NAMES.join(", ")))
            }
        }
    };
}

choice! {
    /// Where the configuration is kept.
    Database, "a database", Sqlite {
        /// One SQLite file in the prefix.
        #[default]
        Sqlite = "sqlite",
        /// A PostgreSQL database, for several nodes.
        Postgres = "postgres",
        /// A declarative file, read only.
        Off = "off",
    }
}

impl Kind for Database {
    const SHAPE: &'static str = "`sqlite`, `postgres` or `off`";

    fn parse(text: &str) -> Result<Self, String> {
        Self::or_cause(text)
    }

    fn show(&self) -> String {
        self.name().to_owned()
    }
}

choice! {
    /// How much is logged: nginx's levels, as Kong has them.
    LogLevel, "a log level", Notice {
        /// Everything.
        Debug = "debug",
        /// What a developer wants to know.
        Info = "info",
        /// What an operator wants to know.
        #[default]
        Notice = "notice",
        /// What should be looked at.
        Warn = "warn",
        /// What went wrong.
        Error = "error",
        /// As `error`.
        Crit = "crit",
        /// As `error`.
        Alert = "alert",
        /// As `error`.
        Emerg = "emerg",
    }
}

impl Kind for LogLevel {
    const SHAPE: &'static str =
        "`debug`, `info`, `notice`, `warn`, `error`, `crit`, `alert` or `emerg` (the last three as `error`)";

    fn parse(text: &str) -> Result<Self, String> {
        Self::or_cause(text)
    }

    fn show(&self) -> String {
        self.name().to_owned()
    }
}

choice! {
    /// How routes say which requests they take.
    RouterFlavor, "a flavour of routers", TraditionalCompatible {
        /// By methods, hosts, paths, headers and server names.
        #[default]
        TraditionalCompatible = "traditional_compatible",
        /// The same.
        Traditional = "traditional",
        /// By an expression.
        Expressions = "expressions",
    }
}

impl RouterFlavor {
    /// The same as the entities have it.
    #[must_use]
    pub fn of_entities(self) -> keybound_model::entity::RouterFlavor {
        match self {
            Self::TraditionalCompatible | Self::Traditional => {
                keybound_model::entity::RouterFlavor::Traditional
            }
            Self::Expressions => keybound_model::entity::RouterFlavor::Expressions,
        }
    }
}

impl Kind for RouterFlavor {
    const SHAPE: &'static str = "`traditional_compatible`, `traditional` (the same) or `expressions`";

    fn parse(text: &str) -> Result<Self, String> {
        Self::or_cause(text)
    }

    fn show(&self) -> String {
        self.name().to_owned()
    }
}

choice! {
    /// The format of Keybound's own answers.
    ErrorType, "a format of answers", Plain {
        /// Plain text.
        #[default]
        Plain = "text/plain",
        /// HTML.
        Html = "text/html",
        /// JSON.
        Json = "application/json",
        /// XML.
        Xml = "application/xml",
    }
}

impl Kind for ErrorType {
    const SHAPE: &'static str = "`text/plain`, `text/html`, `application/json` or `application/xml`";

    fn parse(text: &str) -> Result<Self, String> {
        Self::or_cause(text)
    }

    fn show(&self) -> String {
        self.name().to_owned()
    }
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Switch(pub bool);

impl Kind for Switch {
    const SHAPE: &'static str = "`on` or `off` (also `true` or `false`)";

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "on" | "true" => Ok(Self(true)),
            "off" | "false" => Ok(Self(false)),
            other => Err(format!("'{other}' is not a switch: on or off")),
        }
    }

    fn show(&self) -> String {
        if self.0 { "on" } else { "off" }.to_owned()
    }

    fn json(&self) -> Value {
        Value::Bool(self.0)
    }
}
