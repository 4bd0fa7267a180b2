//! One request of a bulk job: its exact body, its key, and the time for which the key is valid.

use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::api::digest::Digest;
use crate::error::Result;
use crate::exchange::key;
use crate::operation::{Effect, Operation, Spec};
use crate::transport::headers::JSON;
use crate::transport::{HttpRequest, HttpResponse, Timestamp, WallTime};
use crate::types::RequestScope;

/// Rows that were sent, or are about to be sent, in one request.
pub(super) struct Chunk {
    /// Identifies the chunk within the process.
    pub(super) id: u64,
    /// Idempotency key. Absent for operations without one.
    pub(super) key: Option<String>,
    /// Content hash that the key was made from.
    pub(super) content: Option<String>,
    /// Body of the request. Every attempt sends the same bytes.
    pub(super) body: Bytes,
    /// Index of each row of the body among the rows of the job, absent once the row is decided.
    pub(super) rows: Vec<Option<usize>>,
    /// Wall time before which the chunk was certainly not sent.
    pub(super) first_sent: Option<WallTime>,
    /// The same moment by the clock of this process, unless an earlier process made the chunk.
    pub(super) made: Option<Timestamp>,
    /// Whether an attempt may have been applied.
    pub(super) is_in_doubt: bool,
    /// Whether the service reported a failure under the key, or may have reported one to an earlier process.
    pub(super) key_failed: bool,
}

impl Chunk {
    /// Returns the time for which the key is still valid, or `None` if it is expired or its age is unknown.
    pub(super) fn key_left(&self, now: Timestamp) -> Option<Duration> {
        self.key.as_ref()?;
        key::LIFETIME.checked_sub(self.age(now)?).filter(|left| !left.is_zero())
    }

    /// Returns the time since the first possible sending, or `None` if it is unknown.
    /// By the older of two clocks, since a clock may have stopped or been set back.
    pub(super) fn age(&self, now: Timestamp) -> Option<Duration> {
        let (by_clock, by_wall) = self.ages(now)?;
        by_clock.max(by_wall)
    }

    /// Returns the time since the first possible sending by the clock of this process and by the wall clock, or `None`
    /// if the wall clock cannot be right.
    fn ages(&self, now: Timestamp) -> Option<(Option<Duration>, Option<Duration>)> {
        let by_clock = self.made.map(|made| made.until(now));
        let by_wall = match (self.first_sent, now.wall()) {
            (Some(first), Some(wall)) => Some(key::age(first, wall)?),
            _ => None,
        };
        Some((by_clock, by_wall))
    }

    /// Returns whether the service has certainly finished with every attempt, or `None` if the age is unknown. All
    /// attempts end with the lifetime of the key. By the younger of two clocks, since a clock may have been set ahead.
    pub(super) fn is_over(&self, now: Timestamp) -> Option<bool> {
        let (by_clock, by_wall) = self.ages(now)?;
        let age = by_clock.into_iter().chain(by_wall).min()?;
        Some(age >= key::LIFETIME + key::MAX_CLOCK_SKEW)
    }

    pub(super) fn request(&self, spec: &'static Spec) -> ChunkRequest {
        // The only row of an update is rejected with it.
        let has_rows = spec.has_rows && (spec.effect == Effect::Keyed || self.rows.len() > 1);
        ChunkRequest { spec: Spec { has_rows, ..spec.clone() }, body: self.body.clone() }
    }
}

/// Returns the rows of a body as JSON text.
pub(super) fn rows_of(body: &str) -> serde_json::Result<Vec<&str>> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        invoices: Vec<&'a RawValue>,
    }
    let body: Body<'_> = serde_json::from_str(body)?;
    Ok(body.invoices.into_iter().map(RawValue::get).collect())
}

/// Joins the JSON text of rows to the body of a request.
pub(super) fn body_of<'a>(rows: impl Iterator<Item = &'a str> + Clone) -> String {
    const BEGIN: &str = r#"{"invoices":["#;
    let size: usize = rows.clone().map(|row| row.len() + 1).sum();
    let mut body = String::with_capacity(BEGIN.len() + size + 1);
    body.push_str(BEGIN);
    for (index, row) in rows.enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(row);
    }
    body.push_str("]}");
    body
}

/// Returns the hash of everything that makes two chunks the same work: operation, entity, organizations and body.
pub(super) fn content_hash(spec: &Spec, scope: &RequestScope, body: &str) -> String {
    let mut digest = Digest::new();
    for part in [spec.name, scope.entity_id.as_deref().unwrap_or(""), scope.org_ids.as_deref().unwrap_or("")]
    {
        digest.update(part.as_bytes());
        digest.update(&[0]);
    }
    digest.update(body.as_bytes());
    // 160 bits leave room for a prefix in a key of 240 characters.
    digest.to_hex()[..40].to_owned()
}

/// The operation that sends the body of a chunk as it is, and returns the response as it is.
#[derive(Debug)]
pub(super) struct ChunkRequest {
    spec: Spec,
    body: Bytes,
}

impl Operation for ChunkRequest {
    type Output = HttpResponse;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn request(&self) -> Result<HttpRequest> {
        let mut request = HttpRequest::new(self.body.clone().into());
        *request.method_mut() = self.spec.method.clone();
        *request.uri_mut() = Uri::from_static(self.spec.path);
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        Ok(request)
    }

    fn parse(&self, success: &HttpResponse) -> Result<HttpResponse> {
        Ok(success.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(first: Option<u64>, made: Option<u64>) -> Chunk {
        Chunk {
            id: 0,
            key: Some("k".into()),
            content: None,
            body: Bytes::new(),
            rows: vec![],
            first_sent: first.map(|seconds| WallTime::from_unix_millis(seconds * 1000)),
            made: made.map(|seconds| Timestamp::new(Duration::from_secs(seconds))),
            is_in_doubt: true,
            key_failed: false,
        }
    }

    fn now(since: u64, wall: Option<u64>) -> Timestamp {
        let now = Timestamp::new(Duration::from_secs(since));
        wall.map_or(now, |wall| now.with_wall(WallTime::from_unix_millis(wall * 1000)))
    }

    #[test]
    fn a_key_is_trusted_for_a_day_less_a_quarter_of_an_hour() {
        let left = |chunk: Chunk, now| chunk.key_left(now).map(|left| left.as_secs());
        const LIFETIME: u64 = 24 * 3600 - 900;
        assert_eq!(left(chunk(Some(1000), None), now(5, Some(1000))), Some(LIFETIME));
        assert_eq!(left(chunk(Some(1000), None), now(5, Some(1000 + LIFETIME - 1))), Some(1));
        assert_eq!(left(chunk(Some(1000), None), now(5, Some(1000 + LIFETIME))), None);
        assert_eq!(
            left(chunk(Some(1000), None), now(5, Some(100))),
            Some(LIFETIME),
            "a clock set back a little"
        );
        assert_eq!(left(chunk(Some(1000), None), now(5, Some(99))), None, "a clock that is wrong");
        assert_eq!(left(chunk(Some(1000), None), now(5, None)), None, "an unknown age");
        assert_eq!(left(chunk(None, None), now(5, Some(1000))), None, "an unknown age");
        assert_eq!(left(chunk(None, Some(5)), now(15, None)), Some(LIFETIME - 10));
        assert_eq!(
            left(chunk(Some(1000), Some(5)), now(15, Some(2000))),
            Some(LIFETIME - 1000),
            "a machine slept"
        );
        assert_eq!(left(chunk(Some(1000), Some(5)), now(3005, Some(1000))), Some(LIFETIME - 3000));
        assert_eq!(left(Chunk { key: None, ..chunk(Some(1000), None) }, now(5, Some(1000))), None);
    }
}
