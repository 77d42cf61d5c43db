//! What a person does about a fault: the part of its page that the table of faults does not know.

mod key;
mod ours;
mod proof;
mod request;
mod session;
mod token;

/// Advice for one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Advice {
    /// The code.
    pub(crate) code: &'static str,
    /// How requests usually come by it.
    pub(crate) cause: &'static str,
    /// What to look at, and what to change.
    pub(crate) look: &'static str,
    /// Where the rule is written down.
    pub(crate) source: &'static str,
}

/// The advice for a code.
pub(crate) fn advice(code: &str) -> Option<&'static Advice> {
    rows().find(|advice| advice.code == code)
}

fn rows() -> impl Iterator<Item = &'static Advice> {
    [proof::ROWS, key::ROWS, token::ROWS, session::ROWS, request::ROWS, ours::ROWS].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use keybound_plugins::fault::entries;

    use super::*;

    #[test]
    fn there_is_advice_for_every_fault() {
        let missing: Vec<_> =
            entries().into_iter().map(|entry| entry.row.code).filter(|code| advice(code).is_none()).collect();
        assert_eq!(missing, Vec::<&str>::new(), "faults without advice: add a row in reference/advice");
    }

    #[test]
    fn no_code_is_advised_on_twice_and_no_part_is_empty() {
        let mut codes: Vec<_> = rows().map(|advice| advice.code).collect();
        codes.sort_unstable();
        assert!(codes.windows(2).all(|pair| pair[0] != pair[1]), "{codes:?}");
        for advice in rows() {
            assert!(
                [advice.cause, advice.look, advice.source].iter().all(|text| !text.is_empty()),
                "{}",
                advice.code
            );
        }
    }
}
