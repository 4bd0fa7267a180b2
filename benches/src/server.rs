//! A loopback server with minimal cost: it sends the same bytes for a path every time.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The responses for paths with these endings, with or without the query.
type Responses = Vec<(String, Vec<u8>)>;

/// Starts a server that runs until the process ends, and returns its base URL. Each response is sent `delay` after its
/// request, which simulates the round trip of a slow link.
///
/// # Errors
/// If the loopback address is not available.
pub fn start<P: Into<String>>(bodies: Vec<(P, Vec<u8>)>, delay: Duration) -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let url = format!("http://{}", listener.local_addr()?);
    let responses: Arc<Responses> =
        Arc::new(bodies.into_iter().map(|(end, body)| (end.into(), response(&body))).collect());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let responses = Arc::clone(&responses);
            // If a client closes the connection, only its thread ends.
            thread::spawn(move || serve(&stream, &responses, delay));
        }
    });
    Ok(url)
}

fn response(body: &[u8]) -> Vec<u8> {
    let encoding = if body.starts_with(&[0x1f, 0x8b]) { "Content-Encoding: gzip\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 200 OK\r\n{encoding}Content-Type: application/json;charset=utf-8\r\nContent-Length: {}\r\n\
        Zuora-Request-Id: 8b4b2b8a-0000-4000-8000-000000000000\r\nRateLimit-Limit: 50000, 50000;w=60\r\n\
        RateLimit-Remaining: 49999\r\nRateLimit-Reset: 60\r\nConcurrency-Limit-Type: Default\r\n\
        Concurrency-Limit-Limit: 40\r\nConcurrency-Limit-Remaining: 39\r\n\r\n",
        body.len(),
    );
    [head.as_bytes(), body].concat()
}

fn serve(stream: &TcpStream, responses: &Responses, delay: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line)?;
            if let Some((name, value)) = line.split_once(':') {
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.trim().parse().unwrap_or_default();
                }
                // A track id selects one of several responses for a path.
                if name.eq_ignore_ascii_case("zuora-track-id") {
                    path = format!("{path}#{}", value.trim());
                }
            }
        }
        io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
        thread::sleep(delay);
        let bare = path.split('?').next().unwrap_or_default();
        match responses.iter().find(|(end, _)| path.ends_with(end) || bare.ends_with(end)) {
            Some((_, response)) => writer.write_all(response)?,
            None => return Ok(()),
        }
    }
}
