//! An intent as a queue keeps it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zuora_core::intent::Intent;
use zuora_core::operation::Operation as _;
use zuora_core::{Error, Result};

/// The remedy for an operation on several objects, which may be applied in part.
pub(crate) const ONE_JOB_A_ROW: &str = "must be one job a row, or a `BulkJob` without a queue";

/// The payload of one entry of a queue: an intent under a key, with the jobs that follow once it is decided.
///
/// The intent is stored as text, so that amounts keep every digit in any format that a queue uses.
///
/// ```
/// use zuora_core::invoices::PostInvoice;
/// use zuora_core::{Client, Config, testing::FakeTransport};
/// use zuora_workers::Job;
///
/// # let transport = FakeTransport::new(|_| Ok(FakeTransport::json(200, "{}")));
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let job = Job::new("post INV00000155", &client.intent(PostInvoice::new("INV00000155"))?)?;
/// assert_eq!(job.key, "post INV00000155");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Job {
    /// Name of the job, unique in its queue. A second push of a key adds nothing.
    pub key: String,
    /// The text of [`Intent::to_json`].
    pub intent: String,
    /// Jobs that are added to the queue with the acknowledgement of this one. A job that is never acknowledged has none of
    /// its followers performed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<Job>,
}

impl Job {
    /// Creates a job. Derive the key from the business event, such as `"2026-11 A00000001 invoice"`: pushing the
    /// event again then adds nothing.
    ///
    /// # Errors
    /// The key is empty, longer than 255 bytes, or has a control character. The operation is on several invoices, of
    /// which the service may apply some: make one job a row, or use `BulkJob`. The intent cannot be written as JSON.
    pub fn new(key: impl Into<String>, intent: &Intent) -> Result<Self> {
        let spec = intent.operation().spec();
        if spec.has_rows {
            return Err(Error::invalid(spec.name, ONE_JOB_A_ROW));
        }
        let job = Self { key: key.into(), intent: intent.to_json()?, then: Vec::new() };
        job.check_key()?;
        Ok(job)
    }

    /// Checks this job and all that follow it, as a queue does before it adds the first one.
    ///
    /// # Errors
    /// A key as in [`new`](Self::new), one key for two of the jobs, or a chain that is too deep to be read back.
    pub fn check(&self) -> Result<()> {
        let mut keys = BTreeSet::new();
        for job in self.all() {
            job.check_key()?;
            if !keys.insert(&job.key) {
                return Err(Error::invalid("key", format!("must be unique among followers: {:?}", job.key)));
            }
        }
        let text = serde_json::to_string(self).map_err(|error| Error::invalid("job", error.to_string()))?;
        match serde_json::from_str::<Self>(&text) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::invalid("then", "must be a shorter chain: at most about 60 jobs deep")),
        }
    }

    fn check_key(&self) -> Result<()> {
        match is_fit_as_key(&self.key) {
            true => Ok(()),
            false => Err(Error::invalid("key", "must be 1 to 255 bytes without control characters")),
        }
    }

    /// Adds a job that follows.
    #[must_use]
    pub fn then(mut self, next: Job) -> Self {
        self.then.push(next);
        self
    }

    /// Returns the job with a new idempotency key, if its intent has one. The service may keep a failure under the old
    /// key. Only for an intent that was certainly not applied.
    pub(crate) fn with_new_key(mut self) -> Self {
        // Every other value keeps its text.
        let fields: serde_json::Result<BTreeMap<String, Box<RawValue>>> = serde_json::from_str(&self.intent);
        let Ok(mut fields) = fields else { return self };
        let Some(key) = fields.get("idempotency_key") else { return self };
        let key = serde_json::from_str::<String>(key.get()).unwrap_or_default();
        let new = serde_json::value::to_raw_value(&next_key(&key));
        if let (Ok(new), false) = (new, key.is_empty()) {
            fields.insert("idempotency_key".to_owned(), new);
            self.intent = serde_json::to_string(&fields).unwrap_or(self.intent);
        }
        self
    }

    /// Returns this job and all that follow it.
    pub fn all(&self) -> Vec<&Job> {
        let mut found = vec![self];
        let mut next = 0;
        while let Some(job) = found.get(next).copied() {
            found.extend(&job.then);
            next += 1;
        }
        found
    }
}

/// Whether a text may be the key of a job.
pub(crate) fn is_fit_as_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && !text.chars().any(char::is_control)
}

/// Longest idempotency key that the service accepts, in characters.
const MAX_KEY: usize = 255;

/// Returns another key. Of a key that is too long to be extended, the end is replaced by a hash of the whole key, since
/// keys often differ at their end only.
fn next_key(key: &str) -> String {
    let next = format!("{key}-again");
    if next.len() <= MAX_KEY {
        return next;
    }
    // 64-bit FNV-1a, twice: over the key, and over the key after its first hash.
    let hash = |basis: u64| {
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        key.bytes().fold(basis, mix)
    };
    let first = hash(0xcbf2_9ce4_8422_2325);
    let end = format!("-{first:016x}{:016x}-again", hash(first));
    let kept: String = key.chars().take(MAX_KEY - end.len()).collect();
    kept + &end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn followers_are_kept_in_the_text() {
        let job = |key: &str| Job { key: key.to_owned(), intent: "{}".to_owned(), then: Vec::new() };
        let chain = job("a").then(job("b").then(job("c"))).then(job("d"));
        let back: Job = serde_json::from_str(&serde_json::to_string(&chain).unwrap()).unwrap();
        assert_eq!(back, chain);
        let keys: Vec<_> = back.all().into_iter().map(|job| job.key.as_str()).collect();
        assert_eq!(keys, ["a", "b", "d", "c"]);
    }

    #[test]
    fn a_chain_that_cannot_be_stored_is_an_error() {
        let job = |key: &str| Job { key: key.to_owned(), intent: "{}".to_owned(), then: Vec::new() };
        let deep = (0..70).fold(job("last"), |next, number| job(&number.to_string()).then(next));
        for (wrong, field) in [
            (job(""), "key"),
            (job("a\0b"), "key"),
            (job("a").then(job("b\n")), "key"),
            (job("a").then(job("b").then(job("a"))), "key"),
            (deep, "then"),
        ] {
            assert_eq!(wrong.check().unwrap_err().field(), Some(field), "{:?}", wrong.key);
        }
        job("a").then(job("b")).check().unwrap();
    }

    #[test]
    fn a_new_key_changes_nothing_else() {
        let text = r#"{"operation":"{\"a\":1.10}","idempotency_key":"k-1","made_at":1}"#;
        let job = Job { key: "a".to_owned(), intent: text.to_owned(), then: Vec::new() };
        let again: serde_json::Value = serde_json::from_str(&job.clone().with_new_key().intent).unwrap();
        assert_eq!(again["idempotency_key"], "k-1-again");
        assert_eq!(
            (again["operation"].as_str(), again["made_at"].as_u64()),
            (Some(r#"{"a":1.10}"#), Some(1))
        );
        // A person may find the same again.
        let mut keys = std::collections::BTreeSet::new();
        for end in ["1", "2"] {
            let mut job =
                Job { intent: text.replace("k-1", &format!("{}{end}", "k".repeat(254))), ..job.clone() };
            for _ in 0..3 {
                job = job.with_new_key();
                let again: serde_json::Value = serde_json::from_str(&job.intent).unwrap();
                let key = again["idempotency_key"].as_str().unwrap().to_owned();
                assert!(key.len() <= 255 && key.ends_with("-again"), "{key}");
                assert!(keys.insert(key), "each key is another one");
            }
        }
        let unkeyed = Job { intent: "{}".to_owned(), ..job };
        assert_eq!(unkeyed.clone().with_new_key(), unkeyed);
    }
}
