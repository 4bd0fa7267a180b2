//! Reading back the object of a write, whatever its type.

use zuora_core::intent::AnyOperation;
use zuora_core::reconcile::Reconciled;
use zuora_core::{Client, Error, Outcome};
use zuora_sandbox::InProcess;

/// Reads the object of a write back; `None` if no read can tell, or if the read failed.
pub fn reconcile(client: &Client<InProcess>, operation: &AnyOperation, error: &Error) -> Option<Outcome> {
    macro_rules! read_back {
        ($($operation:ident),*) => {
            match operation {
                $(AnyOperation::$operation(operation) => client.reconcile(operation, error).map(outcome).ok(),)*
                _ => None,
            }
        };
    }
    read_back!(
        PostBillRun,
        CancelBillRun,
        DeleteBillRun,
        PostInvoice,
        CancelInvoice,
        DeleteInvoice,
        ReverseInvoice,
        WriteOffInvoice
    )
}

fn outcome<T>(reconciled: Reconciled<T>) -> Outcome {
    match reconciled {
        Reconciled::Applied(_) => Outcome::Applied,
        Reconciled::NotApplied(_) => Outcome::NotApplied,
    }
}
