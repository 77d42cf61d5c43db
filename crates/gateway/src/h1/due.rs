/// How many of the bytes that are there belong to what has so many left, which has fewer left then.
pub(crate) fn due(left: &mut u64, there: usize) -> usize {
    let due = usize::try_from(*left).map_or(there, |left| left.min(there));
    *left = left.saturating_sub(u64::try_from(due).unwrap_or(u64::MAX));
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_due_than_is_left_or_there() {
        for (left, there, expected, after) in
            [(3, 5, 3, 0), (5, 3, 3, 2), (0, 3, 0, 0), (u64::MAX, 3, 3, u64::MAX - 3)]
        {
            let mut left = left;
            assert_eq!((due(&mut left, there), left), (expected, after));
        }
    }
}
