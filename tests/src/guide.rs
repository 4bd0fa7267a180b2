//! Pages of the guide whose examples need a transport or the sandbox, which the core cannot depend on.

#[cfg(doctest)]
#[doc = include_str!("../../core/guide/first-bill-run.md")]
pub mod first_bill_run {}

#[cfg(doctest)]
#[doc = include_str!("../../core/guide/testing.md")]
pub mod testing {}

#[cfg(doctest)]
#[doc = include_str!("../../core/guide/logging-and-metrics.md")]
pub mod logging_and_metrics {}

#[cfg(doctest)]
#[doc = include_str!("../../core/guide/connections.md")]
pub mod connections {}

#[cfg(doctest)]
#[doc = include_str!("../../core/guide/writing-a-transport.md")]
pub mod writing_a_transport {}
