use std::path::PathBuf;

use super::Kind;

/// Where a log goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LogPlace {
    /// Nowhere.
    Off,
    /// Standard output.
    Stdout,
    /// Standard error.
    #[default]
    Stderr,
    /// A file; its path counts from the prefix.
    File(PathBuf),
}

/// What an access record looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Kong's line.
    Kong,
    /// nginx's `combined`: the same without the request's id.
    Combined,
    /// The client, the time, the request, the status and the bytes.
    Basic,
    /// One JSON object.
    Json,
}

/// Where access records go, and what they look like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessLog {
    /// Where they go.
    pub place: LogPlace,
    /// What they look like; `None`: as the place has it.
    pub format: Option<LogFormat>,
}

/// Where everything else goes that is logged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorLog(pub LogPlace);

impl LogPlace {
    fn named(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "/dev/stdout" => Ok(Self::Stdout),
            "/dev/stderr" => Ok(Self::Stderr),
            _ if text.starts_with("syslog:") => {
                Err("syslog is not supported: name a file, or let the service manager \
                                                     take /dev/stderr"
                    .to_owned())
            }
            _ if text.ends_with('/') => Err(format!("'{text}' is a folder, and a file is needed")),
            path => Ok(Self::File(PathBuf::from(path))),
        }
    }

    /// As it is written.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Off => "off".to_owned(),
            Self::Stdout => "/dev/stdout".to_owned(),
            Self::Stderr => "/dev/stderr".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

impl LogFormat {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Kong, "kong"), (Self::Combined, "combined"), (Self::Basic, "basic"), (Self::Json, "json")];

    fn named(text: &str) -> Result<Self, String> {
        // What Kong's own template calls it.
        let text = if text == "kong_log_format" { "kong" } else { text };
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(format, _)| *format).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(_, name)| *name).collect();
            format!("'{text}' is not a format of access records: one of {}", names.join(", "))
        })
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(format, _)| *format == self).map_or("", |(_, name)| name)
    }
}

impl Kind for AccessLog {
    const SHAPE: &'static str = "`off`, or `/dev/stdout`, `/dev/stderr` or the path of a file, and after it `kong`, `combined`, `basic` or `json`";

    fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let place = LogPlace::named(words.next().unwrap_or_default())?;
        let format = words.next().map(LogFormat::named).transpose()?;
        match (&place, format, words.next()) {
            (_, _, Some(word)) => Err(format!("'{word}' is not understood: a place and a format are all")),
            (LogPlace::Off, Some(_), _) => Err("'off' has no format".to_owned()),
            _ => Ok(Self { place, format }),
        }
    }

    fn show(&self) -> String {
        match self.format {
            Some(format) => format!("{} {}", self.place.name(), format.name()),
            None => self.place.name(),
        }
    }
}

impl Kind for ErrorLog {
    const SHAPE: &'static str = "`/dev/stderr`, `/dev/stdout` or the path of a file";

    fn parse(text: &str) -> Result<Self, String> {
        match LogPlace::named(text)? {
            LogPlace::Off => Err("it cannot be off: log_level says how much is logged".to_owned()),
            LogPlace::File(path) if path.to_string_lossy().contains(char::is_whitespace) => {
                Err(format!("'{text}' is not the path of a file: it has white space"))
            }
            place => Ok(Self(place)),
        }
    }

    fn show(&self) -> String {
        self.0.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_and_a_format_are_read_and_written() {
        for text in ["off", "/dev/stdout", "/dev/stderr json", "logs/access.log kong", "/var/log/a.log basic"]
        {
            assert_eq!(AccessLog::parse(text).unwrap().show(), text);
        }
        let own = AccessLog::parse("logs/access.log kong_log_format").unwrap();
        assert_eq!(own.format, Some(LogFormat::Kong));
    }

    #[test]
    fn what_is_no_place_or_no_format_is_refused_with_the_cause() {
        for (text, cause) in [
            ("off json", "'off' has no format"),
            ("logs/", "'logs/' is a folder, and a file is needed"),
            ("a.log xml", "'xml' is not a format of access records: one of kong, combined, basic, json"),
            ("a.log json more", "'more' is not understood: a place and a format are all"),
            ("syslog:server=x", "syslog is not supported"),
        ] {
            let fault = AccessLog::parse(text).unwrap_err();
            assert!(fault.starts_with(cause), "{fault}");
        }
        assert!(ErrorLog::parse("off").is_err());
    }
}
