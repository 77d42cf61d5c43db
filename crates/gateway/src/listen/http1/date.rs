//! The value of `Date`.

use std::cell::Cell;
use std::time::SystemTime;

/// A date as fields have it; the name of the day comes first.
pub(super) type Date = [u8; 29];

thread_local! {
    /// The date of a tick of the worker's clock.
    static LAST: Cell<(u64, Date)> = const { Cell::new((u64::MAX, [0; 29])) };
}

/// The date of now, which is made once for each tick of the worker's clock.
pub(super) fn of(tick: u64) -> Date {
    let (last, date) = LAST.get();
    if last == tick {
        return date;
    }
    let date = written(now());
    LAST.set((tick, date));
    date
}

#[expect(clippy::disallowed_methods, reason = "it tells people the time, and decides nothing")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn written(time: SystemTime) -> Date {
    let mut date = [b' '; 29];
    let text = httpdate::fmt_http_date(time);
    for (place, byte) in date.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    date
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_date_is_written_as_fields_have_it() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(&written(time), b"Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
