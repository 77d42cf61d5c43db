//! The parts of a trace that are this plugin's: the token, and what it waits for at the provider.

use keybound_oidc::{Call, watched};

use crate::contract::Trace;
use crate::fault::AccessFault;

/// Verifies a token, as a part of the request's trace where there is one that is measured.
pub(super) async fn token<T>(
    trace: &mut Option<Box<Trace>>,
    verifying: impl Future<Output = Result<T, AccessFault>>,
) -> Result<T, AccessFault> {
    let Some(trace) = trace.as_mut().filter(|trace| trace.sampled) else { return verifying.await };
    let open = if trace.measured.plugin_access { trace.open("keybound.token", false) } else { None };
    let (result, waits) = watched(verifying).await;
    if trace.measured.http_client {
        for wait in waits {
            let name = match wait.call {
                Call::Metadata => "keybound.provider.metadata",
                Call::Keys => "keybound.provider.keys",
                Call::Introspection => "keybound.provider.introspection",
            };
            trace.add(name, wait.started, wait.took, wait.fault);
        }
    }
    if let Some(open) = open {
        trace.close(&open, result.as_ref().err().map(|fault| fault.row().code));
    }
    result
}
