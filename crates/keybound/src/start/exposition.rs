//! The text of `/metrics`.

use std::sync::Arc;

use keybound_admin::{KONG_VERSION, Publisher as _};
use keybound_gateway::WorkerFigures;
use keybound_plugins::metrics::{self, Metrics, Node, Text};
use uuid::Uuid;

use super::balancers;
use super::process::Process;
use super::publication::Publication;
use crate::logging;

/// What writes it: what the plugins counted, and what is known of node, data plane, configuration, logs and process.
pub(super) fn of(
    publication: Arc<Publication>,
    node_id: Uuid,
    counted: Arc<Metrics>,
) -> keybound_admin::Metrics {
    let node_id = node_id.to_string();
    Arc::new(move |datastore_reachable| {
        let connections = publication.serving().connections.unwrap_or_default();
        let told = if counted.tells_health() { balancers::told(&publication) } else { Vec::new() };
        let node = Node {
            id: &node_id,
            version: KONG_VERSION,
            datastore_reachable,
            connections: Some(metrics::Connections {
                accepted: connections.accepted,
                handled: connections.accepted,
                active: connections.active,
            }),
            requests: Some(connections.requests),
            targets: &told,
        };
        let figures = publication.plugins().registry().figures();
        metrics::render(&counted, &node, &figures, |text| {
            data_plane(&publication, text);
            configuration(&publication, text);
            logs(text);
            process(text);
        })
    })
}

fn data_plane(publication: &Publication, text: &mut Text) {
    let Some(counts) = publication.counts() else { return };
    let workers = counts.workers();
    let each = |text: &mut Text, name: &str, help: &str, kind: &str, of: fn(&WorkerFigures) -> u64| {
        text.own_family(name, help, kind);
        for (number, worker) in workers.iter().enumerate() {
            text.own_sample(name, &[("worker", number.to_string().as_str())], of(worker));
        }
    };
    each(text, "keybound_worker_connections", "Open connections of clients", "gauge", |worker| {
        worker.connections
    });
    each(text, "keybound_worker_requests_in_flight", "Requests under way", "gauge", |worker| {
        worker.in_flight
    });
    each(text, "keybound_worker_requests_total", "Requests taken", "counter", |worker| worker.requests);
    let name = "keybound_worker_busy_seconds_total";
    text.own_family(name, "Time that a worker's thread was busy", "counter");
    for (number, worker) in workers.iter().enumerate() {
        if let Some(runtime) = worker.runtime {
            text.number(name, &[("worker", number.to_string().as_str())], runtime.busy.as_secs_f64());
        }
    }
    let name = "keybound_tls_handshakes_total";
    text.own_family(name, "TLS handshakes of clients, by how they ended", "counter");
    let sum = |of: fn(&WorkerFigures) -> u64| workers.iter().map(of).sum::<u64>();
    text.own_sample(name, &[("result", "completed")], sum(|worker| worker.handshakes.completed));
    text.own_sample(name, &[("result", "failed")], sum(|worker| worker.handshakes.failed));
    text.own_sample(name, &[("result", "timed_out")], sum(|worker| worker.handshakes.timed_out));
    let name = "keybound_requests_shed_total";
    text.own_family(name, "Requests that were answered 503 at once, because there were too many", "counter");
    text.own_sample(name, &[], counts.sum().shed);
    let name = "keybound_dear_checks_total";
    text.own_family(
        name,
        "Signatures by keys that are dear to check, by whether the budget had room",
        "counter",
    );
    let dear = publication.plugins().registry().dear_checks();
    text.own_sample(name, &[("result", "made")], dear.made);
    text.own_sample(name, &[("result", "refused")], dear.refused);
    let name = "keybound_faults_total";
    text.own_family(name, "Requests that Keybound answered with a fault, by its code", "counter");
    for (code, count) in counts.faults() {
        text.own_sample(name, &[("code", code)], count);
    }
}

fn configuration(publication: &Publication, text: &mut Text) {
    let figures = publication.figures();
    let name = "keybound_configuration_loads_total";
    text.own_family(name, "Configurations that were to be put in place, by whether they were", "counter");
    text.own_sample(name, &[("result", "ok")], figures.loaded);
    text.own_sample(name, &[("result", "failed")], figures.failed);
    let name = "keybound_configuration_version";
    text.own_family(name, "The version of the store that was read last", "gauge");
    text.own_sample(name, &[], figures.version);
    let name = "keybound_configuration_loaded_timestamp_seconds";
    text.own_family(name, "When the configuration that serves was put in place", "gauge");
    text.own_sample(name, &[], figures.loaded_at);
    let name = "keybound_configuration_up_to_date";
    text.own_family(name, "Whether what is configured serves: 0 while an older configuration does", "gauge");
    text.own_sample(name, &[], u64::from(figures.up_to_date));
}

fn logs(text: &mut Text) {
    let logs = logging::figures();
    let name = "keybound_log_lines_total";
    text.own_family(name, "Lines of logs that were written", "counter");
    for log in &logs {
        text.own_sample(name, &[("log", log.log.as_str())], log.written);
    }
    let name = "keybound_log_lines_lost_total";
    text.own_family(
        name,
        "Lines of logs that were lost: too many waited, or they could not be written",
        "counter",
    );
    for log in &logs {
        text.own_sample(name, &[("log", log.log.as_str()), ("reason", "queue")], log.dropped);
        text.own_sample(name, &[("log", log.log.as_str()), ("reason", "write")], log.lost);
    }
}

fn process(text: &mut Text) {
    let process = Process::now();
    let mut number = |name: &str, help: &str, kind: &str, value: Option<f64>| {
        if let Some(value) = value {
            text.own_family(name, help, kind);
            text.number(name, &[], value);
        }
    };
    number(
        "process_cpu_seconds_total",
        "Total user and system CPU time spent in seconds.",
        "counter",
        process.cpu_seconds,
    );
    number(
        "process_start_time_seconds",
        "Start time of the process since unix epoch in seconds.",
        "gauge",
        process.started,
    );
    for (name, help, value) in [
        ("process_resident_memory_bytes", "Resident memory size in bytes.", process.resident),
        ("process_virtual_memory_bytes", "Virtual memory size in bytes.", process.virtual_size),
        ("process_threads", "Number of OS threads in the process.", process.threads),
        ("process_open_fds", "Number of open file descriptors.", process.open_files),
        ("process_max_fds", "Maximum number of open file descriptors.", process.most_files),
    ] {
        if let Some(value) = value {
            text.own_family(name, help, "gauge");
            text.own_sample(name, &[], value);
        }
    }
}
