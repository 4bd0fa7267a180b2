//! Names of outcomes, errors and quotas in traces and metrics.

use crate::error::{ErrorKind, Outcome};
use crate::operation::Quota;

pub(super) fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotApplied => "not_applied",
        Outcome::Applied => "applied",
        Outcome::Unknown => "unknown",
    }
}

pub(super) fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Build => "build",
        ErrorKind::Transport => "transport",
        ErrorKind::Auth => "auth",
        ErrorKind::Rejected => "rejected",
        ErrorKind::Server => "server",
        ErrorKind::Throttled => "throttled",
        ErrorKind::Decode => "decode",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Failed => "failed",
    }
}

pub(super) fn quota_name(quota: Quota) -> &'static str {
    match quota {
        Quota::Default => "default",
        Quota::ObjectQuery => "object_query",
        Quota::TokenRequest => "token_request",
    }
}
