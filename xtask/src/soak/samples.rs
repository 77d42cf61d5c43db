use std::fmt;
use std::fs;
use std::time::Duration;

use crate::fault::Fault;

/// How the gateway is at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) at: Duration,
    /// Requests that were sent until then.
    pub(super) requests: u64,
    pub(super) memory_mb: f64,
    pub(super) files: f64,
    pub(super) sockets: f64,
    pub(super) threads: f64,
}

impl Sample {
    /// Reads `/proc/PID`; a process that ended has nothing there.
    pub(super) fn of(pid: u32, at: Duration, requests: u64) -> Result<Self, Fault> {
        let folder = format!("/proc/{pid}");
        let gone = "the gateway ended (its log is target/soak/keybound.log)";
        let status = fs::read_to_string(format!("{folder}/status")).map_err(Fault::with(gone))?;
        let number = |name: &str| -> f64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim().trim_end_matches(" kB").trim().parse().unwrap_or(0.0)
        };
        let (mut files, mut sockets) = (0, 0);
        for entry in fs::read_dir(format!("{folder}/fd")).map_err(Fault::with(gone))?.flatten() {
            files += 1;
            // A descriptor may be closed while the list is read.
            let leads_to = fs::read_link(entry.path()).unwrap_or_default();
            sockets += u32::from(leads_to.to_string_lossy().starts_with("socket:"));
        }
        Ok(Self {
            at,
            requests,
            memory_mb: number("VmRSS:") / 1024.0,
            files: files.into(),
            sockets: sockets.into(),
            threads: number("Threads:"),
        })
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>5} s  {:>10} requests  {:>7.1} MB  {:>5} descriptors  {:>5} sockets  {:>3} threads",
            self.at.as_secs(),
            self.requests,
            self.memory_mb,
            self.files,
            self.sockets,
            self.threads
        )
    }
}

/// The samples of a run, in order.
#[derive(Debug, Default)]
pub(super) struct Samples(Vec<Sample>);

impl Samples {
    pub(super) fn push(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn all(&self) -> &[Sample] {
        &self.0
    }

    /// The medians of the three thirds of what came after the warm-up.
    pub(super) fn thirds(&self, warm_up: Duration, of: impl Fn(&Sample) -> f64) -> [f64; 3] {
        let after: Vec<f64> = self.0.iter().filter(|sample| sample.at >= warm_up).map(of).collect();
        let third = after.len().div_ceil(3).max(1);
        let mut medians = after.chunks(third).map(median);
        [(); 3].map(|()| medians.next().unwrap_or(f64::NAN))
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_leave_the_warm_up_out() {
        let mut samples = Samples::default();
        for second in 0..90 {
            samples.push(Sample {
                at: Duration::from_secs(second),
                requests: 0,
                memory_mb: second as f64,
                files: 1.0,
                sockets: 0.0,
                threads: 1.0,
            });
        }
        let medians = samples.thirds(Duration::from_secs(30), |sample| sample.memory_mb);
        assert_eq!(medians, [40.0, 60.0, 80.0]);
    }
}
