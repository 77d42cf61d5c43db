//! What `/debug/memory` and `/debug/tasks` of the Status API say.

use std::sync::Arc;

use keybound_gateway::RuntimeFigures;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::process::{Memory, Process};
use super::publication::Publication;

/// Looks into the process. Everything that it says is a number, and there are as many as there are workers and caches.
pub(super) struct Inside {
    pub(super) publication: Arc<Publication>,
}

impl keybound_admin::Inside for Inside {
    fn memory(&self) -> Value {
        let (process, memory) = (Process::now(), Memory::now());
        let figures = self.publication.plugins().registry().figures();
        let keys = figures.proof_keys;
        let sum = |of: fn(&keybound_plugins::metrics::MemoryFigures) -> u64| {
            figures.memories.iter().map(of).sum::<u64>()
        };
        json!({
            "process": {
                "resident_bytes": process.resident,
                "virtual_bytes": process.virtual_size,
                "proportional_bytes": memory.proportional,
                "anonymous_bytes": memory.anonymous,
                "private_dirty_bytes": memory.private_dirty,
                "lazy_free_bytes": memory.lazy_free,
                "swap_bytes": memory.swap,
            },
            "caches": {
                "token": {"entries": figures.tokens.entries, "bytes": figures.tokens.bytes},
                "introspection": {"entries": figures.answers},
                "proof_key": {"entries": keys.headers, "bytes": keys.header_bytes},
                "prepared_key": {"entries": keys.prepared, "bytes": keys.prepared_bytes},
            },
            "replay": {
                "plugins": figures.memories.len(),
                "records": sum(|memory| memory.records),
                "most": sum(|memory| memory.most),
                "bytes": sum(|memory| memory.bytes),
            },
        })
    }

    fn tasks(&self) -> Value {
        let counts = self.publication.counts();
        let workers = counts.map(|counts| counts.workers()).unwrap_or_default();
        let workers: Vec<Value> = workers
            .iter()
            .map(|worker| {
                json!({
                    "connections": worker.connections,
                    "requests_in_flight": worker.in_flight,
                    "requests": worker.requests,
                    "runtime": worker.runtime.as_ref().map(runtime),
                })
            })
            .collect();
        // The Admin API and the calls to providers run where this runs.
        let control = Handle::try_current().map(|handle| runtime(&RuntimeFigures::of(&handle))).ok();
        let process = Process::now();
        json!({
            "workers": workers,
            "control": control,
            "threads": process.threads,
            "open_files": process.open_files,
            "most_files": process.most_files,
        })
    }
}

fn runtime(figures: &RuntimeFigures) -> Value {
    json!({
        "threads": figures.threads,
        "tasks": figures.tasks,
        "queue": figures.queue,
        "busy_seconds": figures.busy.as_secs_f64(),
    })
}
