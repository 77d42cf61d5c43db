use std::fmt::Write as _;
use std::time::Duration;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment in UTC.
pub(super) struct Date {
    year: u64,
    month: u64,
    day: u64,
    second: u64,
    micros: u32,
}

impl Date {
    /// The date of a time since 1970.
    pub(super) fn of(time: Duration) -> Self {
        let (days, second) = (time.as_secs() / 86_400, time.as_secs() % 86_400);
        // Years begin in March here, so that the day that comes every fourth year is the last one; 719 468 days lie between
        // the March of the year 0 and 1970.
        let days = days + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        Self { year, month, day, second, micros: time.subsec_micros() }
    }

    /// `2026-11-26T04:23:37.123456Z` (RFC 3339).
    pub(super) fn write_rfc3339(&self, line: &mut String) {
        let Self { year, month, day, second, micros } = *self;
        let (hour, minute, second) = clock(second);
        let _ = write!(line, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z");
    }

    /// `26/Nov/2026:04:23:37 +0000`, as web servers have it.
    pub(super) fn write_common(&self, line: &mut String) {
        let name = usize::try_from(self.month).ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
        let (hour, minute, second) = clock(self.second);
        let (day, year) = (self.day, self.year);
        let month = name.unwrap_or(&"???");
        let _ = write!(line, "{day:02}/{month}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000");
    }
}

fn clock(second: u64) -> (u64, u64, u64) {
    (second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, rfc3339, common) in [
            (0, "1970-01-01T00:00:00.000000Z", "01/Jan/1970:00:00:00 +0000"),
            (951_826_155, "2000-02-29T12:09:15.000000Z", "29/Feb/2000:12:09:15 +0000"),
            (1_735_689_599, "2024-12-31T23:59:59.000000Z", "31/Dec/2024:23:59:59 +0000"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z", "01/Mar/2100:00:00:00 +0000"),
        ] {
            let date = Date::of(Duration::from_secs(seconds));
            let (mut one, mut other) = (String::new(), String::new());
            date.write_rfc3339(&mut one);
            date.write_common(&mut other);
            assert_eq!((one.as_str(), other.as_str()), (rfc3339, common));
        }
    }
}
