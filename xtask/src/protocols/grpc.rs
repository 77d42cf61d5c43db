//! gRPC's own interop client, every case that needs no credentials, over each pair of client and upstream.

use std::path::Path;
use std::process::{Command, Stdio};

use super::stage::Stage;
use crate::fault::Fault;
use crate::summary::Count;

const CASES: [&str; 15] = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "timeout_on_sleeping_server",
    "cancel_after_begin",
    "cancel_after_first_response",
    "status_code_and_message",
    "special_status_message",
    "unimplemented_method",
    "unimplemented_service",
    "custom_metadata",
    "orca_per_rpc",
];

/// Runs every case, and one call that the gateway refuses.
pub(crate) fn run(client: &Path, stage: &Stage) -> Count {
    let mut sum = Count::default();
    for (tls, speaks) in [(false, "h2c"), (true, "TLS")] {
        for upstream in ["grpc", "grpcs"] {
            let mut count = Count::default();
            let reports = (upstream == "grpc").then_some("orca_oob");
            for case in CASES.into_iter().chain(reports) {
                let failed = match call(client, stage, tls, upstream, case) {
                    Ok((true, _)) => None,
                    Ok((false, said)) => Some(said),
                    Err(fault) => Some(fault.to_string()),
                };
                if let Some(said) = &failed {
                    println!("failed: {case}, {speaks} to {upstream}:\n{said}");
                }
                count.add(Count::of(failed.is_none()));
            }
            println!("{speaks} to {upstream}: {} passed, {} failed", count.passed, count.failed);
            sum.add(count);
        }
        // Without a token: what the plugin says arrives as a status of gRPC.
        let refused = call(client, stage, tls, "guarded", "empty_unary");
        let well = matches!(&refused, Ok((false, said)) if said.contains("code = Unauthenticated"));
        if !well {
            println!("failed: a call without a token is refused, {speaks}: {refused:?}");
        }
        sum.add(Count::of(well));
    }
    sum
}

/// One case: whether it passed, and what was said.
fn call(
    client: &Path,
    stage: &Stage,
    tls: bool,
    upstream: &str,
    case: &str,
) -> Result<(bool, String), Fault> {
    let address = if tls { stage.secure } else { stage.plain };
    let mut command = Command::new("timeout");
    command.arg("60").arg(client).args(["-server_host", &address.ip().to_string()]);
    command.args(["-server_port", &address.port().to_string(), "-test_case", case]);
    command.args(["-additional_metadata", &format!("x-upstream:{upstream}")]);
    if case.starts_with("orca") {
        // What the client itself needs to see load reports in trailers.
        let config = "{\"loadBalancingConfig\":[{\"test_backend_metrics_load_balancer\":{}}]}";
        command.args(["-service_config_json", config]);
    }
    if tls {
        command
            .args(["-use_tls", "-use_test_ca", "-server_host_override", "localhost", "-ca_file"])
            .arg(&stage.certificate);
    }
    let done = command.stdin(Stdio::null()).output().map_err(Fault::with("the gRPC client"))?;
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).trim().to_owned();
    Ok((done.status.success(), said))
}
