use http::HeaderName;
use keybound_store::counters::Window;

/// A stretch of time with a limit of its own.
pub(super) struct Period {
    pub(super) name: &'static str,
    pub(super) limit_header: HeaderName,
    pub(super) remaining_header: HeaderName,
    /// Seconds that it is said to last; a month has 30 days here, a year 365.
    pub(super) length: i64,
}

const DAY: i64 = 86_400;

const fn period(name: &'static str, limit: &'static str, remaining: &'static str, length: i64) -> Period {
    Period {
        name,
        limit_header: HeaderName::from_static(limit),
        remaining_header: HeaderName::from_static(remaining),
        length,
    }
}

/// The periods, from the shortest to the longest.
pub(super) static PERIODS: [Period; 6] = [
    period("second", "x-ratelimit-limit-second", "x-ratelimit-remaining-second", 1),
    period("minute", "x-ratelimit-limit-minute", "x-ratelimit-remaining-minute", 60),
    period("hour", "x-ratelimit-limit-hour", "x-ratelimit-remaining-hour", 3_600),
    period("day", "x-ratelimit-limit-day", "x-ratelimit-remaining-day", DAY),
    period("month", "x-ratelimit-limit-month", "x-ratelimit-remaining-month", 30 * DAY),
    period("year", "x-ratelimit-limit-year", "x-ratelimit-remaining-year", 365 * DAY),
];

impl Period {
    /// The window of this period that a moment is in: aligned to the clock and the calendar in UTC.
    pub(super) fn window(&self, now: i64, limit: u64) -> Window {
        let (start, end) = match self.name {
            "month" => {
                let (year, month) = month_of(now);
                let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                (first_of(year, month), first_of(next.0, next.1))
            }
            "year" => {
                let (year, _) = month_of(now);
                (first_of(year, 1), first_of(year + 1, 1))
            }
            _ => {
                let start = now.div_euclid(self.length) * self.length;
                (start, start + self.length)
            }
        };
        Window { name: self.name, start, end, limit }
    }
}

/// Year and month of a moment in UTC, by the civil calendar whose years begin in March.
fn month_of(now: i64) -> (i64, i64) {
    let days = now.div_euclid(DAY) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month)
}

/// The first second of a month.
fn first_of(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day - 719_468;
    days * DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_aligned_to_the_clock_and_the_calendar() {
        // 2024-02-29T12:34:56Z
        let now = 1_709_210_096;
        let windows: Vec<(i64, i64)> =
            PERIODS.iter().map(|p| p.window(now, 1)).map(|window| (window.start, window.end)).collect();
        let want = [
            (now, now + 1),
            (1_709_210_040, 1_709_210_100),
            (1_709_208_000, 1_709_211_600),
            (1_709_164_800, 1_709_251_200),
            (1_706_745_600, 1_709_251_200),
            (1_704_067_200, 1_735_689_600),
        ];
        assert_eq!(windows, want);
    }

    #[test]
    fn the_last_second_of_a_year_is_in_its_december() {
        let (month, year) = (&PERIODS[4], &PERIODS[5]);
        let now = 1_767_225_599;
        assert_eq!(month.window(now, 1).start, 1_764_547_200);
        assert_eq!((month.window(now, 1).end, year.window(now, 1).end), (now + 1, now + 1));
        assert_eq!(year.window(now + 1, 1).start, now + 1);
    }
}
