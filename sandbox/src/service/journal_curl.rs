//! Entries of the journal as curl commands.

use std::fmt::Write as _;

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST};

use super::journal_entry::{JournalEntry, sorted};
use super::redact::{SECRET, TOKEN};

/// Length in bytes from which on a body is piped to curl, since systems limit the arguments of a program.
const LONG: usize = 32 << 10;

impl JournalEntry {
    /// Exports the request as a curl command for a POSIX shell, with variables in place of token and secret.
    ///
    /// A body that is long or not text is written by `printf`, and piped to curl.
    ///
    /// ```
    /// # use zuora_sandbox::{Sandbox, UnixTime};
    /// let mut sandbox = Sandbox::demo();
    /// let request = http::Request::get("/v1/bill-runs/1").header("authorization", "Bearer abc").body("").unwrap();
    /// sandbox.handle(request, UnixTime::from_secs(1_772_352_000));
    /// assert_eq!(
    ///     sandbox.journal().entries().next().unwrap().to_curl(),
    ///     "curl -X 'GET' 'https://rest.test.zuora.com/v1/bill-runs/1' -H 'authorization: Bearer '\"$ZUORA_TOKEN\"''"
    /// );
    /// ```
    pub fn to_curl(&self) -> String {
        let target = self.target();
        let mut command = format!(
            "curl -X {} {}",
            quoted(self.method().as_str()),
            quoted(&format!("{}{target}", self.base_url()))
        );
        // curl would take brackets for a list of addresses.
        if target.contains(['[', ']', '{', '}']) {
            command.push_str(" --globoff");
        }
        for (name, value) in sorted(self.headers()) {
            // The body is shown decompressed.
            if ![HOST, CONTENT_LENGTH, ACCEPT_ENCODING, CONTENT_ENCODING].iter().any(|other| other == name) {
                let _ = write!(command, " -H {}", quoted(&format!("{name}: {value}")));
            }
        }
        if self.headers().contains_key(ACCEPT_ENCODING) {
            command.push_str(" --compressed");
        }
        if self.body().is_empty() {
            return command;
        }
        // curl would add the media type of a form.
        if !self.headers().contains_key(CONTENT_TYPE) {
            command.push_str(" -H 'content-type:'");
        }
        match std::str::from_utf8(self.body()).ok().filter(|text| !text.contains('\0')) {
            // With another option, curl would take a text that starts with an @ for the name of a file.
            Some(text) if text.len() < LONG => format!("{command} --data-raw {}", quoted(text)),
            Some(text) => format!("printf %s {} | {command} --data-binary @-", quoted(text)),
            None => {
                let bytes: String = self.body().iter().map(|byte| format!("\\{byte:03o}")).collect();
                format!("printf '{bytes}' | {command} --data-binary @-")
            }
        }
    }
}

/// Quotes text for a shell, in which only the variables for token and secret are expanded.
fn quoted(text: &str) -> String {
    let mut quoted = format!("'{}'", text.replace('\'', r"'\''"));
    for variable in [TOKEN, SECRET] {
        quoted = quoted.replace(variable, &format!("'\"{variable}\"'"));
    }
    quoted
}
