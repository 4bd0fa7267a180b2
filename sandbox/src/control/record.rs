//! The record of a sandbox: text from which its state is built again after a restart.

use http::Request;

use crate::service::{Change, Sandbox};
use crate::settings::Settings;
use crate::values::Json;

/// The error of a record that does not belong to this sandbox, or that is damaged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct RecordError {
    line: usize,
    reason: String,
}

/// The record of a sandbox: the requests that could change its state, one a line, as JSON without tokens and
/// secrets.
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
        self.keep_changes(true);
        format!("{}\n{}\n", header(label), settings.to_json())
    }

    /// Returns the lines for the changes since the last call.
    pub fn continue_record(&mut self) -> String {
        let changes = self.take_changes();
        changes.iter().map(|change| format!("{}\n", change.to_json())).collect()
    }

    /// Does again what a record contains, in a sandbox with the same tenant that has not been used, and
    /// continues the record.
    ///
    /// # Errors
    /// Fails if the record is damaged, if a request has another status than it had, or if the record was started
    /// by another version or with another label.
    pub fn replay_record(&mut self, record: &str, label: &str) -> Result<(), RecordError> {
        self.keep_changes(false);
        let mut lines = record.lines().enumerate();
        let expected = header(label);
        if lines.next().is_none_or(|(_, line)| line != expected.to_string()) {
            let reason =
                format!("the record is not one of this version and tenant, whose first line is {expected}");
            return Err(RecordError { line: 1, reason });
        }
        for (index, line) in lines {
            let change = Json::read(line.as_bytes()).as_ref().and_then(Change::from_json);
            let reason = match change.map(|change| self.replay(change)) {
                Some(true) => continue,
                Some(false) => "the change has another result than it had",
                None => "the record is damaged",
            };
            return Err(RecordError { line: index + 1, reason: reason.to_owned() });
        }
        self.clear_journal();
        self.keep_changes(true);
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

fn header(label: &str) -> Json {
    Json::object([("zuora_sandbox", env!("CARGO_PKG_VERSION").into()), ("tenant", label.into())])
}
