//! As much of a benchmark harness as a table of ratios needs.

use std::time::{Duration, Instant};

/// How long one case runs in one round.
const ROUND: Duration = Duration::from_millis(20);
/// Interleaved, so that a busy moment of the machine does not hit one case alone.
const ROUNDS: usize = 15;

/// Something to measure.
pub(crate) struct Case {
    name: String,
    run: Box<dyn FnMut()>,
}

impl Case {
    pub(crate) fn new(name: impl Into<String>, run: impl FnMut() + 'static) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }

    /// Runs for about [`ROUND`]; nanoseconds per run.
    fn round(&mut self) -> f64 {
        let (started, mut runs) = (Instant::now(), 0_u32);
        while started.elapsed() < ROUND {
            for _ in 0..8 {
                (self.run)();
            }
            runs += 8;
        }
        started.elapsed().as_secs_f64() * 1e9 / f64::from(runs)
    }
}

/// The figures, as they come in.
pub(crate) struct Table {
    filter: Option<String>,
    /// What the ratios are to.
    floor: &'static str,
    rows: Vec<(String, f64, f64)>,
}

impl Table {
    pub(crate) fn new(filter: Option<String>, floor: &'static str) -> Self {
        Self { filter, floor, rows: Vec::new() }
    }

    /// Measures cases side by side; the first is what the others stand in proportion to.
    pub(crate) fn measure(&mut self, mut cases: Vec<Case>) {
        let wanted =
            |case: &Case| self.filter.as_ref().is_none_or(|filter| case.name.contains(filter.as_str()));
        if !cases.iter().any(wanted) {
            return;
        }
        let mut best = vec![f64::INFINITY; cases.len()];
        for _ in 0..ROUNDS {
            for (case, best) in cases.iter_mut().zip(&mut best) {
                *best = best.min(case.round());
            }
        }
        let floor = best.first().copied().unwrap_or(f64::NAN);
        self.rows.extend(cases.into_iter().zip(best).map(|(case, nanos)| (case.name, nanos, nanos / floor)));
    }

    pub(crate) fn print(&self) {
        println!("{:<28} {:>12} {:>22}", "", "ns per run", format!("ratio to {}", self.floor));
        for (name, nanos, ratio) in &self.rows {
            println!("{name:<28} {nanos:>12.0} {ratio:>22.3}");
        }
    }
}
