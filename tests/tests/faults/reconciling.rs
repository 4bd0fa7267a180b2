//! Reading back the object of a write.

use zuora_core::intent::AnyOperation;
use zuora_core::reconcile::{Baseline, Reconciliation};
use zuora_core::{CallOptions, Client, Error, Outcome};
use zuora_sandbox::InProcess;

/// Reads the object of a write back; `None` if the read failed.
pub fn reconcile(
    client: &Client<InProcess>,
    operation: &AnyOperation,
    error: &Error,
    baseline: Option<Baseline>,
) -> Option<Outcome> {
    let reconciliation = Reconciliation::new(operation, error).baseline(baseline);
    let policy = Reconciliation::<AnyOperation>::policy();
    let reconciled = client.reconcile_with(reconciliation, policy, &CallOptions::new());
    reconciled.map(|reconciled| reconciled.outcome()).ok()
}
