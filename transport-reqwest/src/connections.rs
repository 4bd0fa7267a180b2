//! The runtime of the connections.
//!
//! hyper skips interim responses (100, 103) in a loop that a server can keep busy for ever. On the runtime of the caller,
//! the task of such a connection would starve timers, and with them the time limit of the attempt and every other task.
//! Connections therefore run on threads of the transport. The exchange itself, with its time limit, stays on the runtime
//! of the caller, and a connection whose exchange is dropped closes. There are several threads, since such a connection
//! keeps one of them busy until then.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime that stops with its last handle.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Arc<Running>);

#[derive(Debug)]
struct Running(Option<Runtime>);

impl Connections {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(4)
            .thread_name("zuora-reqwest")
            .enable_all()
            .build()?;
        Ok(Self(Arc::new(Running(Some(runtime)))))
    }

    /// Polls a future in such a way that the tasks, sockets and timers that it creates belong to this runtime.
    pub(crate) fn within<F: Future>(&self, future: F) -> Within<F> {
        Within {
            runtime: self.0.0.as_ref().map(|runtime| runtime.handle().clone()),
            future: Box::pin(future),
        }
    }
}

impl Drop for Running {
    /// Does not wait for connections: an async caller must not block here.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) struct Within<F> {
    runtime: Option<Handle>,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let runtime = self.runtime.clone();
        let _entered = runtime.as_ref().map(Handle::enter);
        self.future.as_mut().poll(cx)
    }
}
