use std::fmt::Write as _;

/// The text exposition form, version 0.0.4.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a family: its name without `kong_`, what it means, its type.
    pub(super) fn family(&mut self, name: &str, help: &str, kind: &str) {
        self.own_family(&format!("kong_{name}"), help, kind);
    }

    /// Begins a family that Kong does not have: its whole name.
    pub(super) fn own_family(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// One sample; labels in the order given.
    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.0.push_str("kong_");
        self.own_sample(name, labels, value);
    }

    /// One sample of a family that Kong does not have.
    pub(super) fn own_sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{label}=\"");
            for character in text.chars() {
                match character {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    other => self.0.push(other),
                }
            }
            self.0.push('"');
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{close} {value}");
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}
