//! Guide: one subject a page, with examples that are compiled and run.
//!
//! | Page | Subject |
//! | --- | --- |
//! | [`first_bill_run`] | from an empty project to posted invoices |
//! | [`money`] | exact amounts, currencies, sums |
//! | [`errors`] | kind, outcome, and what to do |
//! | [`retries`] | the retry table, rate limits, idempotency keys |
//! | [`never_bill_twice`] | writes over restarts, workers and days |
//! | [`workers`] | a queue and several machines |
//! | [`waiting`] | poll with progress, save and resume |
//! | [`lists`] | pagination, queries, prefetching |
//! | [`custom_fields`] | fields that your tenant has added |
//! | [`entities`] | Multi-entity and Multi-Org |
//! | [`permissions`] | permissions and features for each operation |
//! | [`testing`] | mocks, the sandbox, faults, property tests, dry runs |
//! | [`logging_and_metrics`] | events of each call, for logs, traces and counters |
//! | [`connections`] | proxies, TLS, private authorities, timeouts, cancellation |
//! | [`short_lived`] | short-lived processes and shared tokens |
//! | [`writing_a_transport`] | any other HTTP client |
//! | [`writing_an_operation`] | raw calls, and endpoints without a type |
//! | [`moving_from_the_python_sdk`] | each method and class of the official SDK, and ours |
//! | [`limits`] | what these APIs cannot show |

// A page whose examples need a transport or the sandbox is tested by `tests/src/guide.rs` instead.

pub mod first_bill_run {
    #![cfg_attr(not(doctest), doc = include_str!("first-bill-run.md"))]
}
pub mod money {
    #![doc = include_str!("money.md")]
}
pub mod errors {
    #![doc = include_str!("errors.md")]
}
pub mod retries {
    #![doc = include_str!("retries.md")]
}
pub mod never_bill_twice {
    #![doc = include_str!("never-bill-twice.md")]
}
pub mod waiting {
    #![doc = include_str!("waiting.md")]
}
pub mod lists {
    #![doc = include_str!("lists.md")]
}
pub mod custom_fields {
    #![doc = include_str!("custom-fields.md")]
}
pub mod entities {
    #![doc = include_str!("entities.md")]
}
pub mod permissions {
    #![doc = include_str!("permissions.md")]
}
pub mod testing {
    #![cfg_attr(not(doctest), doc = include_str!("testing.md"))]
}
pub mod logging_and_metrics {
    #![cfg_attr(not(doctest), doc = include_str!("logging-and-metrics.md"))]
}
pub mod connections {
    #![cfg_attr(not(doctest), doc = include_str!("connections.md"))]
}
pub mod short_lived {
    #![doc = include_str!("short-lived.md")]
}
pub mod writing_a_transport {
    #![cfg_attr(not(doctest), doc = include_str!("writing-a-transport.md"))]
}
pub mod writing_an_operation {
    #![doc = include_str!("writing-an-operation.md")]
}
pub mod moving_from_the_python_sdk {
    #![doc = include_str!("moving-from-the-python-sdk.md")]
}
pub mod limits {
    #![doc = include_str!("limits.md")]
}
pub mod workers {
    #![cfg_attr(not(doctest), doc = include_str!("workers.md"))]
}
