//! Reading back the object of a write.

use zuora_core::intent::AnyOperation;
use zuora_core::polling::{Poller, Progress};
use zuora_core::reconcile::{Baseline, Reconciliation};
use zuora_core::transport::Transport;
use zuora_core::{CallOptions, Client, Error, Outcome};
use zuora_sandbox::InProcess;

use crate::cell::Story;

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

/// Looks at the object of a write until it is decided, each time in a new process that has only the JSON of the last one.
pub fn reconcile_over_restarts(story: &mut Story<'_>, error: &Error) -> Option<Outcome> {
    let kept = Reconciliation::new(&story.subject.operation, error).baseline(story.baseline.clone());
    let kept = Reconciliation::<AnyOperation>::from_json(&kept.to_json().unwrap()).unwrap();
    let policy = Reconciliation::<AnyOperation>::policy();
    let mut client = story.client();
    let mut poller = Poller::new(client.session(), kept, policy);
    for _ in 0..MAX_LOOKS {
        match client.drive(&mut poller) {
            Ok(Progress::Ready(reconciled)) => return Some(reconciled.outcome()),
            Ok(_) => {}
            Err(_) => return None,
        }
        let now = client.transport().now();
        let text = poller.to_json(now).unwrap();
        client.transport().sleep_until(now + SLEEP);
        client = story.client();
        poller = Poller::from_json(client.session(), &text, policy).unwrap();
    }
    None
}

/// Time between two processes.
const SLEEP: std::time::Duration = std::time::Duration::from_secs(50);
/// The policy ends a reconciliation before.
const MAX_LOOKS: usize = 100;
