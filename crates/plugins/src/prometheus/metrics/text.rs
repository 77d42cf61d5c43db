use std::fmt::Write as _;

use super::histogram::Reading;

/// The text exposition form, version 0.0.4.
#[derive(Default)]
pub struct Text(String);

impl Text {
    /// Begins a family: its name without `kong_`, what it means, its type.
    pub(super) fn family(&mut self, name: &str, help: &str, kind: &str) {
        self.own_family(&format!("kong_{name}"), help, kind);
    }

    /// Begins a family that Kong does not have: its whole name.
    pub fn own_family(&mut self, name: &str, help: &str, kind: &str) {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// One sample; labels in the order given.
    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.0.push_str("kong_");
        self.own_sample(name, labels, value);
    }

    /// One sample of a family that Kong does not have.
    pub fn own_sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.line(name, labels, value);
    }

    /// One sample that is no whole number.
    pub fn number(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.line(name, labels, value);
    }

    /// A histogram: buckets, count and sum. Bounds and sum are told times `scale`.
    pub(super) fn histogram(&mut self, name: &str, labels: &[(&str, &str)], reading: &Reading, scale: f64) {
        let (within, count, sum) = reading;
        let bucket = format!("{name}_bucket");
        for (bound, count) in within {
            let bound = scaled(*bound, scale);
            self.line(&bucket, &[labels, &[("le", bound.as_str())]].concat(), count);
        }
        self.line(&bucket, &[labels, &[("le", "+Inf")]].concat(), count);
        self.line(&format!("{name}_count"), labels, count);
        self.line(&format!("{name}_sum"), labels, scaled(*sum, scale));
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
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

/// A whole number times a scale, without the noise of binary fractions.
#[allow(clippy::cast_precision_loss, reason = "sums beyond 2^53 are told to 16 digits")]
fn scaled(number: u64, scale: f64) -> String {
    if (scale - 1.0).abs() < f64::EPSILON {
        return number.to_string();
    }
    let text = format!("{:.6}", number as f64 * scale);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
