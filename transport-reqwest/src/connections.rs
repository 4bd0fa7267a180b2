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

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinError, JoinHandle};

use crate::body::Evidence;

pub(crate) const THREADS: usize = 2;

/// A runtime that stops with its last clone.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    handle: Handle,
    _running: Arc<Running>,
}

#[derive(Debug)]
struct Running(Option<Runtime>);

impl Connections {
    pub(crate) fn start(threads: usize) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("zuora-reqwest")
            .enable_all()
            .build()?;
        Ok(Self { handle: runtime.handle().clone(), _running: Arc::new(Running(Some(runtime))) })
    }

    /// Runs an exchange on the threads of the connections, from the first poll on.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        evidence: Evidence,
        exchange: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, &'static str> {
        let exchange: Exchange<T> = Arc::new(Mutex::new(Some(Box::pin(exchange))));
        let polled = Arc::clone(&exchange);
        let handle = self.handle.spawn(poll_fn(move |cx| {
            let mut exchange = polled.lock().unwrap_or_else(PoisonError::into_inner);
            let poll = exchange.as_mut().map_or(Poll::Pending, |exchange| exchange.as_mut().poll(cx));
            if poll.is_ready() {
                *exchange = None;
            }
            poll
        }));
        let result = Task { evidence, exchange, handle }.await;
        // The payload of a panic is text of foreign code, such as a resolver: it may contain anything.
        result.map_err(
            |error| if error.is_panic() { "the exchange panicked" } else { "the exchange was stopped" },
        )
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

type Exchange<T> = Arc<Mutex<Option<Pin<Box<dyn Future<Output = T> + Send>>>>>;

/// An exchange that runs until this is dropped.
struct Task<T> {
    evidence: Evidence,
    exchange: Exchange<T>,
    handle: JoinHandle<T>,
}

impl<T> Future for Task<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle).poll(cx)
    }
}

impl<T> Drop for Task<T> {
    /// Ends the exchange at once, also while every thread is busy: hyper sends no request whose exchange is gone. If a
    /// thread polls the exchange at this moment, tokio ends it after that poll.
    fn drop(&mut self) {
        self.evidence.abandon();
        self.handle.abort();
        if let Ok(mut exchange) = self.exchange.try_lock() {
            *exchange = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::task::Waker;
    use std::thread;

    use reqwest::Method;
    use zuora_core::bytes::Bytes;

    use super::*;
    use crate::body::TrackedBody;

    /// Starts a server that reports the method of each request, until the flag is set.
    fn serve(methods: Sender<String>, stop: Arc<AtomicBool>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let methods = methods.clone();
                thread::spawn(move || respond(BufReader::new(stream), &methods));
            }
        });
        address
    }

    fn respond(mut stream: BufReader<TcpStream>, methods: &Sender<String>) -> io::Result<()> {
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if stream.read_line(&mut head)? == 0 {
                    return Ok(());
                }
            }
            let _ = methods.send(head.split(' ').next().unwrap_or_default().to_owned());
            if head.contains("content-length: 2") {
                stream.read_exact(&mut [0; 2])?;
            }
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
        }
    }

    /// Sends a request to a server that reports its method.
    fn exchange(
        client: &reqwest::Client,
        server: SocketAddr,
        method: Method,
        body: &'static [u8],
    ) -> (Evidence, impl Future<Output = bool> + Send + use<>) {
        let (body, evidence) = TrackedBody::new(Bytes::from_static(body));
        let request = client.request(method, format!("http://{server}/")).body(reqwest::Body::wrap(body));
        (evidence, async move { request.send().await.is_ok() })
    }

    /// Runs the exchange, drops it while its thread is busy after a number of polls, and returns the methods that the
    /// server has seen, and whether the exchange was over before.
    fn drop_after(polls: usize, method: Method, body: &'static [u8]) -> (Vec<String>, bool) {
        let (methods, seen) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let server = serve(methods, Arc::clone(&stop));
        let connections = Connections::start(1).unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let (evidence, sending) = exchange(&client, server, method, body);
        let (is_busy, busy) = channel();
        let (release, released): (_, Receiver<()>) = channel();
        let mut occupy = Some((is_busy, released));
        let mut count = 0;
        let mut sending = Box::pin(sending);
        let sending = poll_fn(move |cx| {
            let poll = sending.as_mut().poll(cx);
            count += 1;
            if count == polls && poll.is_pending() {
                // The task that is spawned last runs first, before the connection.
                let (is_busy, released) = occupy.take().unwrap();
                tokio::spawn(async move {
                    is_busy.send(()).unwrap();
                    let _ = released.recv();
                });
            }
            poll
        });
        let mut cx = Context::from_waker(Waker::noop());
        let mut task = Box::pin(connections.run(evidence, sending));
        let _ = task.as_mut().poll(&mut cx);
        let is_over = busy.recv().is_err();
        drop(task);
        drop(release);
        // A later exchange: the thread has worked off what was queued before.
        let (evidence, probe) = exchange(&client, server, Method::GET, b"");
        let caller = Builder::new_current_thread().build().unwrap();
        assert!(caller.block_on(connections.run(evidence, probe)).unwrap());
        stop.store(true, Ordering::Relaxed);
        drop((TcpStream::connect(server), client, connections));
        (seen.iter().collect(), is_over)
    }

    #[test]
    fn a_request_that_is_dropped_before_its_connection_runs_is_not_sent() {
        for (method, body) in [(Method::POST, &b"{}"[..]), (Method::DELETE, b"")] {
            for polls in 1.. {
                let (seen, is_over) = drop_after(polls, method.clone(), body);
                if is_over {
                    assert!(polls > 1);
                    assert_eq!(seen, [method.as_str(), "GET"]);
                    break;
                }
                assert_eq!(seen, ["GET"], "{method}, dropped after {polls} polls");
            }
        }
    }

    #[test]
    fn an_exchange_begins_with_the_first_poll() {
        let connections = Connections::start(1).unwrap();
        let evidence = TrackedBody::new(Bytes::new()).1;
        let mut exchange = Box::pin(connections.run(evidence, std::future::pending::<()>()));
        assert_eq!(connections.handle.metrics().num_alive_tasks(), 0);
        assert!(exchange.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(connections.handle.metrics().num_alive_tasks(), 1);
    }
}
