//! What the system knows of this process (`/proc/self`).

use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long what was read is told to others: whoever asks again and again costs nothing.
const FRESH: Duration = Duration::from_secs(1);

static PROCESS: Kept<Process> = Kept::new();
static MEMORY: Kept<Memory> = Kept::new();

/// What was read last, and when.
struct Kept<T>(Mutex<Option<(Instant, T)>>);

impl<T: Copy> Kept<T> {
    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// What was read last, or what is read now when that is not fresh any more.
    fn get(&self, now: Instant, read: impl FnOnce() -> T) -> T {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *kept {
            Some((at, value)) if now.saturating_duration_since(at) < FRESH => value,
            _ => {
                let value = read();
                *kept = Some((now, value));
                value
            }
        }
    }
}

/// The process, as the system sees it. What cannot be read is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Process {
    /// Seconds of CPU, of the program and of the system for it.
    pub(super) cpu_seconds: Option<f64>,
    /// Bytes in memory.
    pub(super) resident: Option<u64>,
    /// Bytes of addresses.
    pub(super) virtual_size: Option<u64>,
    /// Threads.
    pub(super) threads: Option<u64>,
    /// Open file descriptors.
    pub(super) open_files: Option<u64>,
    /// How many there may be.
    pub(super) most_files: Option<u64>,
    /// When it started, in seconds since 1970.
    pub(super) started: Option<f64>,
}

/// Bytes in memory, by what they are (`/proc/self/smaps_rollup`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// All of them.
    pub(super) resident: Option<u64>,
    /// The share of what others have too.
    pub(super) proportional: Option<u64>,
    /// Not backed by a file: heap and stacks.
    pub(super) anonymous: Option<u64>,
    /// Changed, and nobody else has them.
    pub(super) private_dirty: Option<u64>,
    /// Given back to the system, and still there.
    pub(super) lazy_free: Option<u64>,
    /// Swapped out.
    pub(super) swap: Option<u64>,
}

impl Process {
    /// What it is now, or was a second ago.
    pub(super) fn now() -> Self {
        PROCESS.get(Instant::now(), Self::read)
    }

    /// Reads it. The system counts all descriptors for that.
    fn read() -> Self {
        let text = |file: &str| fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
        let boot = fs::read_to_string("/proc/stat").unwrap_or_default();
        let mut process = Self::parse(&text("stat"), &text("limits"), &boot);
        process.open_files = fs::read_dir("/proc/self/fd")
            // The folder that is being read is open too.
            .map(|files| (files.count() as u64).saturating_sub(1))
            .ok();
        process
    }

    fn parse(stat: &str, limits: &str, boot: &str) -> Self {
        let ticks = rustix::param::clock_ticks_per_second();
        // The program's name is in parentheses and may hold anything; the third field follows.
        let fields: Vec<&str> =
            stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let seconds = |number: usize| field(number).map(|count| ratio(count, ticks));
        let most = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
        let boot = boot.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<u64>().ok());
        Self {
            cpu_seconds: seconds(14).zip(seconds(15)).map(|(user, system)| user + system),
            resident: field(24).map(|pages| pages.saturating_mul(rustix::param::page_size() as u64)),
            virtual_size: field(23),
            threads: field(20),
            open_files: None,
            most_files: most.and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok()),
            started: boot.zip(seconds(22)).map(|(boot, after)| ratio(boot, 1) + after),
        }
    }
}

impl Memory {
    /// What it is now, or was a second ago.
    pub(super) fn now() -> Self {
        MEMORY.get(Instant::now(), Self::read)
    }

    /// Reads it. The system walks through all mappings for that, which takes a millisecond or so.
    fn read() -> Self {
        Self::parse(&fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let bytes = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
            Some(kilobytes.saturating_mul(1024))
        };
        Self {
            resident: bytes("Rss"),
            proportional: bytes("Pss"),
            anonymous: bytes("Anonymous"),
            private_dirty: bytes("Private_Dirty"),
            lazy_free: bytes("LazyFree"),
            swap: bytes("Swap"),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of the system are far below 2^53")]
fn ratio(count: u64, of: u64) -> f64 {
    count as f64 / of.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_any_name_is_read() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 9 0 500 104857600 2560 1 2 3";
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max open files            1024                 4096                 files     \n";
        let process = Process::parse(stat, limits, "cpu 1 2\nbtime 1700000000\n");
        assert_eq!((process.cpu_seconds, process.threads), (Some(3.0), Some(9)));
        assert_eq!((process.virtual_size, process.most_files), (Some(104_857_600), Some(1024)));
        assert_eq!(process.started, Some(1_700_000_005.0));
    }

    #[test]
    fn what_was_read_is_told_for_a_second() {
        let (kept, start) = (Kept::new(), Instant::now());
        assert_eq!(kept.get(start, || 1), 1);
        assert_eq!(kept.get(start + FRESH / 2, || 2), 1);
        assert_eq!(kept.get(start + FRESH, || 3), 3);
        // Whoever asked before and comes later.
        assert_eq!(kept.get(start, || 4), 3);
    }

    #[test]
    fn memory_is_told_in_bytes() {
        let memory = Memory::parse("55 ---p 00000000 00:00 0 [rollup]\nRss:      2048 kB\nPss:  1 kB\n");
        assert_eq!((memory.resident, memory.proportional, memory.swap), (Some(2_097_152), Some(1024), None));
    }

    #[test]
    fn this_process_is_known_to_the_system() {
        let process = Process::read();
        assert!(process.resident > Some(0) && process.open_files > Some(0) && process.most_files > Some(0));
        assert!(Memory::read().resident > Some(0));
    }
}
