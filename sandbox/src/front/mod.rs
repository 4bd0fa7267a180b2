//! Ways to reach the sandbox: in process, as a transport of `zuora-core`, or over HTTP.
//!
//! Each front passes requests to `Sandbox::deliver` or `Sandbox::control` and acts on the faults.
//! The HTTP server requires the feature `serve`.

#[cfg(feature = "serve")]
mod body;
#[cfg(feature = "serve")]
mod cors;
mod exchange;
mod in_process;
mod process_clocks;
#[cfg(feature = "serve")]
mod server;
#[cfg(feature = "serve")]
mod server_config;
#[cfg(feature = "tls")]
mod tls;

pub use self::in_process::InProcess;
#[cfg(feature = "serve")]
pub use self::server::Server;
#[cfg(feature = "serve")]
pub use self::server_config::{OriginError, ServerConfig};
