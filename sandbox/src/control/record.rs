//! The record of a sandbox: text from which its state is built again after a restart.

use http::Request;

use crate::service::{Change, Sandbox};
use crate::settings::Settings;
use crate::values::Json;

/// The error of a record that does not belong to this sandbox, or that was damaged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct RecordError {
    line: usize,
    reason: String,
}

/// The record of a sandbox: the requests that could change its state, one a line, as JSON without tokens and
/// secrets. Each line contains a checksum of all lines before it and of itself, so that a line that is missing, doubled
/// or damaged is found. The first lines of a record are a record of an earlier state.
///
/// Bill runs, invoices, files, jobs, idempotency keys, settings, snapshots and the clock survive. Tokens, quotas,
/// planned faults and the journal do not, nor do changes by Rust methods of the sandbox.
impl Sandbox {
    /// Starts a record, and returns its first lines. `label` identifies the tenant.
    ///
    /// ```
    /// use zuora_sandbox::{Sandbox, UnixTime};
    ///
    /// let mut sandbox = Sandbox::demo();
    /// let mut record = sandbox.start_record("demo");
    /// let advance = http::Request::post("/sandbox/clock/advance").body(r#"{"by": "31d"}"#)?;
    /// sandbox.control(advance, UnixTime::from_secs(1_772_384_400));
    /// record.push_str(&sandbox.continue_record());
    ///
    /// let mut again = Sandbox::demo();
    /// again.replay_record(&record, "demo")?;
    /// assert_eq!(again.now(), sandbox.now());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start_record(&mut self, label: &str) -> String {
        let settings = Change::Settings(self.settings().to_json());
        let header = header(label).to_string();
        self.keep_changes(checksum(0, &header));
        self.log(settings);
        format!("{header}\n{}", self.continue_record())
    }

    /// Returns the lines for the changes since the last call.
    pub fn continue_record(&mut self) -> String {
        let mut lines = String::new();
        self.take_changes(|change, sum| {
            let change = change.to_json().to_string();
            *sum = checksum(*sum, &change);
            lines.push_str(&format!("{START}{sum:08x}{MIDDLE}{change}{END}\n"));
        });
        lines
    }

    /// Does again what a record contains, in a sandbox with the same tenant that has not been used, and
    /// continues the record.
    ///
    /// # Errors
    /// Fails if a line is missing, doubled or damaged, if a request has another status than it had, or if the record
    /// was started by another version or with another label.
    pub fn replay_record(&mut self, record: &str, label: &str) -> Result<(), RecordError> {
        self.drop_changes();
        let mut lines = record.lines().enumerate();
        let expected = header(label).to_string();
        if lines.next().is_none_or(|(_, line)| line != expected) {
            let reason =
                format!("the record is not one of this version and tenant, whose first line is {expected}");
            return Err(RecordError { line: 1, reason });
        }
        let mut sum = checksum(0, &expected);
        for (index, text) in lines {
            let change = read_line(text, &mut sum);
            let reason = match change.map(|change| self.replay(change)) {
                Some(true) => continue,
                Some(false) => "the change has another result than it had",
                None => "the record was damaged here, or a line before it is missing or doubled",
            };
            let line = index + 1;
            let remedy = format!("restore a copy of it, or remove line {line} and all after it");
            return Err(RecordError { line, reason: format!("{reason}; {remedy}") });
        }
        self.clear_journal();
        self.keep_changes(sum);
        Ok(())
    }

    /// Replaces all settings, and records them.
    pub fn change_settings(&mut self, settings: Settings) {
        let json = settings.to_json();
        if json != self.settings().to_json() {
            *self.settings() = settings;
            self.log(Change::Settings(json));
        }
    }

    fn replay(&mut self, change: Change) -> bool {
        match change {
            Change::Settings(Json::Object(settings)) => {
                settings.iter().all(|(name, value)| self.settings().set_json(name, value).is_ok())
            }
            Change::Settings(_) => false,
            Change::Performed(performed) => self.perform_again(*performed),
            Change::Control { outside, method, target, body } => {
                let request = Request::builder().method(method).uri(target).body(body.to_string());
                request.is_ok_and(|request| self.control(request, outside).status().is_success())
            }
        }
    }
}

/// The text around checksum and change of a line, which is JSON.
const START: &str = r#"{"checksum":""#;
const MIDDLE: &str = r#"","change":"#;
const END: &str = "}";

/// Reads a line that continues a record with that checksum; `None` if the line does not.
fn read_line(line: &str, sum: &mut u32) -> Option<Change> {
    let (written, change) = line.strip_prefix(START)?.strip_suffix(END)?.split_once(MIDDLE)?;
    *sum = checksum(*sum, change);
    let change = Json::read(change.as_bytes()).filter(|_| written == format!("{sum:08x}"))?;
    Change::from_json(&change)
}

/// Returns the checksum of a record, from that of the lines before and the change of the last line.
fn checksum(before: u32, change: &str) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(&before.to_le_bytes());
    sum.update(change.as_bytes());
    sum.sum()
}

fn header(label: &str) -> Json {
    Json::object([("zuora_sandbox", env!("CARGO_PKG_VERSION").into()), ("tenant", label.into())])
}
