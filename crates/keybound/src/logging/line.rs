//! Access records as lines. Whatever a client sent stays inside its place in the line.

use std::fmt::{self, Write as _};
use std::time::Duration;

use tracing::Event;
use tracing::field::{Field, Visit};

use super::date::Date;
use crate::settings::LogFormat;

/// Writes a record as a line, its end included.
pub(super) fn write(line: &mut String, format: LogFormat, event: &Event<'_>, time: Duration) {
    let date = Date::of(time);
    match format {
        LogFormat::Json => json(line, event, &date),
        LogFormat::Kong | LogFormat::Combined | LogFormat::Basic => {
            let mut facts = Facts::default();
            event.record(&mut facts);
            facts.write(line, format, &date);
        }
    }
    line.push('\n');
}

fn json(line: &mut String, event: &Event<'_>, date: &Date) {
    line.push_str("{\"timestamp\":\"");
    date.write_rfc3339(line);
    line.push_str("\",\"level\":\"INFO\"");
    event.record(&mut Members(line));
    line.push_str(",\"target\":\"");
    let _ = JsonText(line).write_str(event.metadata().target());
    line.push_str("\"}");
}

/// Each field as a member.
struct Members<'a>(&'a mut String);

impl Members<'_> {
    fn bare(&mut self, field: &Field, value: impl fmt::Display) {
        let _ = write!(self.0, ",\"{}\":{value}", field.name());
    }

    fn text(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let _ = write!(self.0, ",\"{}\":\"", field.name());
        let _ = JsonText(self.0).write_fmt(value);
        self.0.push('"');
    }
}

impl Visit for Members<'_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.bare(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format_args!("{value:?}"));
    }
}

/// Text inside a JSON string (RFC 8259 §7).
struct JsonText<'a>(&'a mut String);

impl fmt::Write for JsonText<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\n' => self.0.push_str("\\n"),
                '\r' => self.0.push_str("\\r"),
                '\t' => self.0.push_str("\\t"),
                control if control.is_control() => write!(self.0, "\\u{:04x}", u32::from(control))?,
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

/// What the lines of web servers say.
#[derive(Default)]
struct Facts {
    client: String,
    peer: String,
    method: String,
    path: String,
    protocol: String,
    status: u64,
    bytes: u64,
    referer: String,
    user_agent: String,
    request_id: String,
}

impl Facts {
    fn write(&self, line: &mut String, format: LogFormat, date: &Date) {
        let client = if self.client.is_empty() { &self.peer } else { &self.client };
        let protocol = if self.protocol.is_empty() { "HTTP/1.1" } else { self.protocol.as_str() };
        Escaped(line).put(client);
        line.push_str(if format == LogFormat::Basic { " [" } else { " - - [" });
        date.write_common(line);
        line.push_str("] \"");
        for part in [self.method.as_str(), " ", &self.path, " ", protocol] {
            Escaped(line).put(part);
        }
        let _ = write!(line, "\" {} {}", self.status, self.bytes);
        if format == LogFormat::Basic {
            return;
        }
        for text in [&self.referer, &self.user_agent] {
            line.push_str(" \"");
            Escaped(line).put(if text.is_empty() { "-" } else { text });
            line.push('"');
        }
        if format == LogFormat::Kong {
            line.push_str(" kong_request_id: \"");
            Escaped(line).put(&self.request_id);
            line.push('"');
        }
    }

    fn place(&mut self, field: &Field) -> Option<&mut String> {
        Some(match field.name() {
            "client" => &mut self.client,
            "peer" => &mut self.peer,
            "method" => &mut self.method,
            "path" => &mut self.path,
            "protocol" => &mut self.protocol,
            "referer" => &mut self.referer,
            "user_agent" => &mut self.user_agent,
            "request_id" => &mut self.request_id,
            _ => return None,
        })
    }
}

impl Visit for Facts {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "status" => self.status = value,
            "bytes" => self.bytes = value,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if let Some(place) = self.place(field) {
            place.push_str(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if let Some(place) = self.place(field) {
            let _ = write!(place, "{value:?}");
        }
    }
}

/// Text as nginx writes it into its log: quotes, backslashes, control characters and what is not ASCII as `\xXX`.
struct Escaped<'a>(&'a mut String);

impl Escaped<'_> {
    fn put(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' | 0..=31 | 127.. => {
                    let _ = write!(self.0, "\\x{byte:02X}");
                }
                plain => self.0.push(char::from(plain)),
            }
        }
    }
}
