use std::time::Duration;

use serde_json::Value;

use super::{Kind, Size};

/// A time, as nginx writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span(pub Duration);

/// The buffers for a request's head: how many, and how large each is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Buffers {
    count: u32,
    size: Size,
}

/// How many connections a worker may have open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connections {
    /// As many as the system lets the process open, and no more than [`Connections::MOST`].
    #[default]
    Auto,
    /// So many.
    Fixed(u32),
}

/// The longest time: a day.
const DAY: Duration = Duration::from_secs(86_400);

impl Kind for Span {
    const SHAPE: &'static str =
        "a time of 1 millisecond to 1 day: a number with `ms`, `s`, `m`, `h` or `d`, or of seconds";

    fn parse(text: &str) -> Result<Self, String> {
        let digits = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let millis = match unit {
            "ms" => Some(1),
            "" | "s" => Some(1000),
            "m" => Some(60_000),
            "h" => Some(3_600_000),
            "d" => Some(86_400_000),
            _ => None,
        };
        let number: Option<u64> = number.parse().ok();
        number
            .zip(millis)
            .and_then(|(number, millis)| number.checked_mul(millis))
            .map(Duration::from_millis)
            .filter(|span| !span.is_zero() && *span <= DAY)
            .map(Self)
            .ok_or_else(|| format!("'{text}' is not {}", Self::SHAPE.replace('`', "")))
    }

    fn show(&self) -> String {
        let millis = self.0.as_millis();
        if millis.is_multiple_of(1000) { format!("{}s", millis / 1000) } else { format!("{millis}ms") }
    }
}

impl Buffers {
    /// The bytes of all of them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.size.0.saturating_mul(u64::from(self.count))
    }
}

impl Kind for Buffers {
    const SHAPE: &'static str = "a number of buffers and their size, `4 8k`; 4k to 1m in all";

    fn parse(text: &str) -> Result<Self, String> {
        let fault = || format!("'{text}' is not {}", Self::SHAPE.replace('`', ""));
        let mut words = text.split_ascii_whitespace();
        let (Some(count), Some(size), None) = (words.next(), words.next(), words.next()) else {
            return Err(fault());
        };
        let count = count.parse().map_err(|_| fault())?;
        let buffers = Self { count, size: Size::parse(size).map_err(|_| fault())? };
        if (4 << 10..=1 << 20).contains(&buffers.bytes()) { Ok(buffers) } else { Err(fault()) }
    }

    fn show(&self) -> String {
        format!("{} {}", self.count, self.size.show())
    }
}

impl Connections {
    /// The most that `auto` comes to, as nginx under Kong.
    const MOST: u64 = 16_384;
    /// Descriptors that are left for other things than clients and their upstreams.
    const SPARE: u64 = 128;

    /// How many each of so many workers may have, when the process may open so many descriptors: a client's connection
    /// comes with one to an upstream.
    #[must_use]
    pub fn of_each(self, workers: usize, descriptors: Option<u64>) -> usize {
        let count = match (self, descriptors) {
            (Self::Fixed(count), _) => u64::from(count),
            (Self::Auto, None) => Self::MOST,
            (Self::Auto, Some(descriptors)) => {
                let workers = u64::try_from(workers).unwrap_or(u64::MAX).max(1);
                (descriptors.saturating_sub(Self::SPARE) / 2 / workers).clamp(64, Self::MOST)
            }
        };
        usize::try_from(count).unwrap_or(usize::MAX)
    }
}

impl Kind for Connections {
    const SHAPE: &'static str = "`auto` or a whole number of 1 to 1048576";

    fn parse(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        text.parse()
            .ok()
            .filter(|count| (1..=1 << 20).contains(count))
            .map(Self::Fixed)
            .ok_or_else(|| format!("'{text}' is neither auto nor a whole number of 1 to 1048576"))
    }

    fn show(&self) -> String {
        match self {
            Self::Auto => "auto".to_owned(),
            Self::Fixed(count) => count.to_string(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Auto => Value::from("auto"),
            Self::Fixed(count) => Value::from(*count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_nginx_writes_them() {
        for (text, millis, shown) in [
            ("60s", 60_000, "60s"),
            ("60", 60_000, "60s"),
            ("2m", 120_000, "120s"),
            ("1h", 3_600_000, "3600s"),
            ("1d", 86_400_000, "86400s"),
            ("50ms", 50, "50ms"),
        ] {
            assert_eq!(Span::parse(text), Ok(Span(Duration::from_millis(millis))), "{text}");
            assert_eq!(Span(Duration::from_millis(millis)).show(), shown);
        }
        for text in ["0", "0s", "2d", "-1s", "1.5s", "s", "1w", "75s 20s", "99999999999999999999"] {
            assert!(Span::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn buffers_are_a_number_and_a_size_within_reason() {
        assert_eq!(
            Buffers::parse("4  8k").map(|buffers| (buffers.bytes(), buffers.show())),
            Ok((32 << 10, "4 8k".into()))
        );
        for text in ["4", "8k", "4 8k 1", "4 x", "1 1k", "1000 1m", "0 8k", "-4 8k"] {
            assert!(Buffers::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn connections_follow_what_the_system_allows_unless_they_are_set() {
        let auto = |descriptors| Connections::Auto.of_each(2, descriptors);
        assert_eq!(
            (auto(None), auto(Some(1 << 20)), auto(Some(1024)), auto(Some(10))),
            (16_384, 16_384, 224, 64)
        );
        assert_eq!(Connections::Fixed(7).of_each(2, Some(1024)), 7);
        assert_eq!(Connections::parse("auto"), Ok(Connections::Auto));
        assert!(Connections::parse("0").is_err() && Connections::parse("many").is_err());
    }
}
