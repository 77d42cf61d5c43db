use http::header::HeaderValue;

/// Numbers of one, two and three digits, one behind the other.
static ONE: [u8; 10] = digits(0, 1);
static TWO: [u8; 180] = digits(10, 2);
static THREE: [u8; 2700] = digits(100, 3);

/// A number as a field carries it. Small ones, as times in milliseconds and statuses are, take no memory.
pub(super) fn number(number: u64) -> HeaderValue {
    let (table, first, width): (&'static [u8], u64, usize) = match number {
        0..10 => (&ONE, 0, 1),
        10..100 => (&TWO, 10, 2),
        100..1000 => (&THREE, 100, 3),
        _ => return number.into(),
    };
    let start = usize::try_from(number - first).map_or(0, |place| place * width);
    let text = table.get(start..start + width).and_then(|text| std::str::from_utf8(text).ok());
    text.map_or_else(|| number.into(), HeaderValue::from_static)
}

/// So many bytes of numbers of a width, from `first` on.
#[expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "the compiler runs it, and nobody else"
)]
const fn digits<const LENGTH: usize>(first: usize, width: usize) -> [u8; LENGTH] {
    let mut table = [0; LENGTH];
    let mut at = 0;
    while at < LENGTH {
        let number = first + at / width;
        let power = 10_usize.pow((width - 1 - at % width) as u32);
        table[at] = b'0' + (number / power % 10) as u8;
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_written_as_it_is() {
        for value in (0..2000).chain([u64::MAX]) {
            assert_eq!(number(value), value.to_string());
        }
    }
}
