//! What each part of a run counted.

use std::time::Instant;

/// Passed and failed checks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Count {
    /// One check with one outcome.
    pub(crate) const fn of(ok: bool) -> Self {
        Self { passed: ok as u64, failed: !ok as u64 }
    }

    pub(crate) const fn well(self) -> bool {
        self.failed == 0 && self.passed > 0
    }

    /// Adds another count.
    pub(crate) const fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Adds what a line like `12 passed, 0 failed` or libtest's `12 passed; 0 failed` says, wherever it stands in it.
    pub(crate) fn read(&mut self, line: &str) {
        let words = line.split([' ', ',', ';', '.']).filter(|word| !word.is_empty());
        let mut number = None;
        for word in words {
            match (number, word) {
                (Some(n), "passed") => self.passed += n,
                (Some(n), "failed") => self.failed += n,
                _ => {}
            }
            number = word.parse::<u64>().ok();
        }
    }
}

/// The parts of a run, in order, with the time each took.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    parts: Vec<(&'static str, Count, u64)>,
}

impl Summary {
    /// Runs a part and keeps its count; a part that could not run says so and counts as one failure.
    pub(crate) fn part(
        &mut self,
        name: &'static str,
        body: impl FnOnce() -> Result<Count, crate::fault::Fault>,
    ) {
        println!("\n=== {name}");
        let started = Instant::now();
        let count = body().unwrap_or_else(|fault| {
            println!("{name}: {fault}");
            Count::of(false)
        });
        self.parts.push((name, count, started.elapsed().as_secs()));
    }

    /// Prints the parts and the total; answers whether everything passed.
    pub(crate) fn finish(&self) -> bool {
        println!("\n=== summary");
        let mut total = Count::default();
        let mut seconds = 0;
        for (name, count, took) in &self.parts {
            println!("{name}: {} passed, {} failed ({took} s)", count.passed, count.failed);
            total.add(*count);
            seconds += took;
        }
        println!("total: {} passed, {} failed ({seconds} s)", total.passed, total.failed);
        self.parts.iter().all(|(_, count, _)| count.well())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_libtest_and_from_the_walk() {
        let mut count = Count::default();
        count.read(
            "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        );
        count.read("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        count.read("interop: 600 passed, 4 failed (2000 assertions)");
        assert_eq!(count, Count { passed: 613, failed: 6 });
        assert!(!count.well());
    }

    #[test]
    fn a_part_that_counted_nothing_is_not_well() {
        assert!(!Count::default().well());
        assert!(Count::of(true).well());
        assert!(!Count::of(false).well());
    }
}
