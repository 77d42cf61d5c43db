use std::fmt::Write as _;

use super::Settings;

/// The effective settings and where each came from, one a line, as `keybound check` prints them.
#[must_use]
pub fn report(settings: &Settings) -> String {
    let mut text = String::new();
    let effective = settings.effective();
    let width = effective.iter().map(|(row, ..)| row.name.len()).max().unwrap_or(0);
    for (row, value, origin) in effective {
        let value = if value.is_empty() { "(none)" } else { &value };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<width$} = {value}  [{origin}]", row.name);
    }
    text
}
