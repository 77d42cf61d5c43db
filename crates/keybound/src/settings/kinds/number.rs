use std::num::NonZeroUsize;

use uuid::Uuid;

use serde_json::Value;

use super::Kind;

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count<const MIN: u32, const MAX: u32>(pub u32);

impl<const MIN: u32, const MAX: u32> Kind for Count<MIN, MAX> {
    const SHAPE: &'static str = "a whole number";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
            .ok()
            .filter(|number| (MIN..=MAX).contains(number))
            .map(Self)
            .ok_or_else(|| format!("'{text}' is not a whole number of {MIN} to {MAX}"))
    }

    fn show(&self) -> String {
        self.0.to_string()
    }

    fn json(&self) -> Value {
        Value::from(self.0)
    }
}

/// A number of bytes, as nginx writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size(pub u64);

impl Kind for Size {
    const SHAPE: &'static str = "a number of bytes, with `k`, `m` or `g` for 1024, 1024² and 1024³ of them";

    fn parse(text: &str) -> Result<Self, String> {
        let (digits, unit) = match text.char_indices().last() {
            Some((at, 'k' | 'K')) => (text.get(..at), 1 << 10),
            Some((at, 'm' | 'M')) => (text.get(..at), 1 << 20),
            Some((at, 'g' | 'G')) => (text.get(..at), 1 << 30),
            _ => (Some(text), 1),
        };
        let number =
            digits.filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
        number
            .and_then(|digits| digits.parse::<u64>().ok()?.checked_mul(unit))
            .map(Self)
            .ok_or_else(|| format!("'{text}' is not a size: a number, with k, m or g after it or nothing"))
    }

    fn show(&self) -> String {
        for (unit, name) in [(1_u64 << 30, "g"), (1 << 20, "m"), (1 << 10, "k")] {
            if self.0 >= unit && self.0.is_multiple_of(unit) {
                return format!("{}{name}", self.0 / unit);
            }
        }
        self.0.to_string()
    }
}

/// How many threads serve requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Workers {
    /// One for each processor.
    #[default]
    Auto,
    /// This many.
    Fixed(NonZeroUsize),
}

impl Workers {
    /// The number of threads on this machine.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Auto => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            Self::Fixed(count) => count.get(),
        }
    }
}

impl Kind for Workers {
    const SHAPE: &'static str = "`auto` or a whole number of 1 to 1024";

    fn parse(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        text.parse()
            .ok()
            .filter(|count: &NonZeroUsize| count.get() <= 1024)
            .map(Self::Fixed)
            .ok_or_else(|| format!("'{text}' is neither auto nor a whole number of 1 to 1024"))
    }

    fn show(&self) -> String {
        match self {
            Self::Auto => "auto".to_owned(),
            Self::Fixed(count) => count.to_string(),
        }
    }
}

/// The identity of this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NodeId {
    /// Made at first start and kept.
    #[default]
    Auto,
    /// Given.
    Fixed(Uuid),
}

impl Kind for NodeId {
    const SHAPE: &'static str = "`auto` or a UUID";

    fn parse(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        Uuid::parse_str(text).map(Self::Fixed).map_err(|_| format!("'{text}' is neither auto nor a UUID"))
    }

    fn show(&self) -> String {
        match self {
            Self::Auto => "auto".to_owned(),
            Self::Fixed(id) => id.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written_as_nginx_writes_them() {
        for (text, bytes, shown) in [
            ("0", 0, "0"),
            ("8k", 8192, "8k"),
            ("1M", 1 << 20, "1m"),
            ("1500", 1500, "1500"),
            ("2048m", 2 << 30, "2g"),
        ] {
            assert_eq!(Size::parse(text), Ok(Size(bytes)));
            assert_eq!(Size(bytes).show(), shown);
        }
        for text in ["k", "-1", "+1", "1t", "99999999999g"] {
            assert!(Size::parse(text).is_err(), "{text}");
        }
    }
}
