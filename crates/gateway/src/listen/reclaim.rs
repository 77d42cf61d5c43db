/// Which connections are closed when there is no room for one more: those that were idle for longest, a sixty-fourth of all
/// that there may be, so that looking for them is not the work of every new connection.
pub(super) fn oldest<T>(idle: impl Iterator<Item = (u64, T)>, room: usize) -> Vec<T> {
    let mut idle: Vec<(u64, T)> = idle.collect();
    let wanted = (room / 64).max(1).min(idle.len());
    if wanted < idle.len() {
        idle.select_nth_unstable_by_key(wanted, |(since, _)| *since);
        idle.truncate(wanted);
    }
    idle.into_iter().map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_idle_go_and_no_more_of_them_than_needed() {
        let idle = || [(30, 'c'), (10, 'a'), (20, 'b'), (40, 'd')].into_iter();
        assert_eq!(oldest(idle(), 4), ['a']);
        let mut two = oldest(idle(), 128);
        two.sort_unstable();
        assert_eq!(two, ['a', 'b']);
        assert_eq!(oldest(idle(), 16_384).len(), 4);
        assert_eq!(oldest(std::iter::empty::<(u64, char)>(), 1), Vec::<char>::new());
    }
}
