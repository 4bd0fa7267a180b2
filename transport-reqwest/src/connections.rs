//! The runtime of the connections.
//!
//! hyper skips interim responses (100, 103) in a loop that a server can keep busy for seconds at a time. On the runtime
//! of the caller, the task of such a connection would starve timers, and with them the time limit of the attempt and
//! every other task. Connections therefore run on threads of the transport.
//!
//! An exchange runs there too, next to its connection. A call then changes the thread twice, and not four times. Its time
//! limit stays on the runtime of the caller.
//!
//! There are two threads. With one, a single busy connection would delay every other call. More would wake each other for
//! each event.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinError, JoinHandle};

/// A runtime that stops with its last clone.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    handle: Handle,
    _running: Arc<Running>,
}

#[derive(Debug)]
struct Running(Option<Runtime>);

impl Connections {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("zuora-reqwest")
            .enable_all()
            .build()?;
        Ok(Self { handle: runtime.handle().clone(), _running: Arc::new(Running(Some(runtime))) })
    }

    /// Runs a future on the thread of the connections.
    pub(crate) fn run<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        Task(self.handle.spawn(future))
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

/// A future that runs on the thread of the connections until it is dropped.
#[derive(Debug)]
pub(crate) struct Task<T>(JoinHandle<T>);

impl<T> Future for Task<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
