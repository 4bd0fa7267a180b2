//! Settings of the sandbox, including one for every behavior that Zuora does not document.

use std::time::Duration;

use crate::values::{Date, Json, SettingValue, is_origin};

/// Declares [`Settings`]: each line is a public field with its default and a consuming setter of its name.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:expr;)*) => {
        /// Behavior of the sandbox where that of the service depends on the tenant or is not documented.
        ///
        /// ```
        /// use std::time::Duration;
        /// use zuora_sandbox::{Sandbox, Settings, Tenant};
        ///
        /// let settings = Settings::default().processing(Duration::from_millis(50)).replay_as_conflict(true);
        /// let sandbox = Sandbox::new(Tenant::demo(), settings);
        /// ```
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct Settings {
            $($(#[$doc])* pub $name: $type,)*
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Settings {
            /// Names of the settings.
            pub const NAMES: &[&str] = &[$(stringify!($name),)*];

            /// Returns all settings with their values.
            pub(crate) fn to_json(&self) -> Json {
                Json::object([$((stringify!($name), self.$name.to_json()),)*])
            }

            /// Sets the value of the setting with that name.
            pub(crate) fn set_json(&mut self, name: &str, value: &Json) -> Result<(), SettingError> {
                let mut changed = self.clone();
                match name {
                    $(stringify!($name) => changed.$name = read(name, value)?,)*
                    _ => return Err(SettingError(format!("no setting is named {name:?}"))),
                }
                changed.check(name)?;
                *self = changed;
                Ok(())
            }

            $($(#[$doc])*
            #[must_use]
            pub fn $name(mut self, $name: impl Into<$type>) -> Self {
                self.$name = $name.into();
                self
            })*
        }
    };
}

impl Settings {
    /// Returns all settings with their values as TOML, one a line.
    ///
    /// ```
    /// let listed = zuora_sandbox::Settings::default().to_toml();
    /// assert!(listed.starts_with("[settings]\nprocessing = \"1s\"\n"));
    /// ```
    pub fn to_toml(&self) -> String {
        let mut text = "[settings]\n".to_owned();
        if let Json::Object(members) = self.to_json() {
            for (name, value) in members {
                text.push_str(&format!("{name} = {}\n", toml(&value)));
            }
        }
        text
    }

    /// Sets the value of the setting with that name, as an argument of a command line does. A duration is a
    /// number with a unit; a value that starts with a bracket is JSON.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zuora_sandbox::Settings;
    ///
    /// let mut settings = Settings::default();
    /// settings.set("processing", "50ms")?;
    /// settings.set("quota", r#"{"per_minute": 100, "per_hour": 1000, "per_day": 10000}"#)?;
    /// assert_eq!(settings.processing, Duration::from_millis(50));
    /// assert_eq!(
    ///     settings.set("processing", "fast").unwrap_err().to_string(),
    ///     "processing: must be a number of seconds, or a text such as 50ms, 1.5s, 10m, 24h or 30d"
    /// );
    /// # Ok::<(), zuora_sandbox::SettingError>(())
    /// ```
    ///
    /// # Errors
    /// Fails if no setting has that name, or if the value is not of its type or is impossible.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        let json = Some(value).filter(|value| value.starts_with(['{', '['])).map(|value| {
            Json::read(value.as_bytes()).ok_or_else(|| SettingError(format!("{name}: must be valid JSON")))
        });
        self.set_json(name, &json.transpose()?.unwrap_or_else(|| value.into()))
    }

    /// Checks a value as far as its type does not express what is possible.
    fn check(&self, name: &str) -> Result<(), SettingError> {
        let six_digits = 100_000..=999_999;
        let (is_possible, expected) = match name {
            "default_version" => {
                (is_version(&self.default_version), "a date such as 2025-08-12, or a number such as 186.0")
            }
            "base_url" => (is_origin(&self.base_url), "a scheme and a host, such as https://rest.zuora.com"),
            "invoice_code" => (six_digits.contains(&self.invoice_code), "a number of six digits"),
            "bill_run_code" => (six_digits.contains(&self.bill_run_code), "a number of six digits"),
            _ => return Ok(()),
        };
        match is_possible {
            true => Ok(()),
            false => Err(SettingError(format!("{name}: must be {expected}"))),
        }
    }
}

/// Whether a text is a version of the API: a date or a decimal number.
fn is_version(text: &str) -> bool {
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    Date::parse(text).is_some()
        || text.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

/// The error of a setting that does not exist, or of a value that is impossible or not of its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(String);

/// Writes a value as TOML, whose strings are escaped like those of JSON.
fn toml(value: &Json) -> String {
    match value {
        Json::Array(rows) => format!("[{}]", rows.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Json::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{name} = {}", toml(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        // The integers of TOML end earlier.
        Json::Number(number) if number.parse::<i64>().is_err() => format!("{number:?}"),
        other => other.to_string(),
    }
}

fn read<T: SettingValue>(name: &str, value: &Json) -> Result<T, SettingError> {
    T::from_json(value).ok_or_else(|| SettingError(format!("{name}: must be {}", T::EXPECTED)))
}

settings! {
    /// Time that a bill run stays in each transient status (`Pending` when ad hoc, `Processing`,
    /// `PostInProgress`, `CancelInProgress`, `RemoveInProgress`). Default 1 s.
    processing: Duration = Duration::from_secs(1);

    /// Lifetime of an access token. Default 3600 s.
    token_life: Duration = Duration::from_secs(3600);
    /// Whether `expires_in` is a text instead of a number. Default false.
    expires_in_as_text: bool = false;
    /// Whether all token requests get the same token until it expires, instead of a new one each. Default
    /// false.
    same_token: bool = false;
    /// Whether a token request may have an `Authorization` header. Its page says that it must not, but the
    /// official SDK sends the header when it renews a token. Default true.
    token_request_authorization: bool = true;
    /// Response to a rejected token request. Default [`TokenErrorFormat::OAuth`].
    token_error_format: TokenErrorFormat = TokenErrorFormat::OAuth;

    /// Version of a request without `Zuora-Version`: a date or a number. Default `186.0`, the oldest one.
    default_version: String = "186.0".to_owned();
    /// Whether the code of a reason is a text instead of a number. Default false.
    text_codes: bool = false;
    /// Scheme and authority of `nextPage` links if a request has neither an absolute URI nor a `Host`.
    base_url: String = "https://rest.test.zuora.com".to_owned();

    /// Request quota of the tenant. Default: that of a production tenant, 50,000 per minute, 2,250,000 per
    /// hour, 27,000,000 per day.
    quota: RateQuota = RateQuota::new(50_000, 2_250_000, 27_000_000);
    /// Token request quota of the tenant. Default 2,000 per minute, 67,500 per hour, 810,000 per day.
    token_quota: RateQuota = RateQuota::new(2000, 67_500, 810_000);
    /// Whether the 429 of an exhausted quota has `Retry-After`, on which two guides disagree. Default true.
    retry_after_on_quota: bool = true;
    /// Concurrency limit of the tenant under `/v1`. Default 40.
    concurrency_limit: u32 = 40_u32;
    /// Number of concurrent requests by others. At the limit, every request gets the concurrency 429.
    /// Default 0.
    concurrency_in_use: u32 = 0_u32;

    /// Whether requests that are in progress count towards the limit: those that a fault delays or executes
    /// later, and the asynchronous requests of [`InProcess`](crate::InProcess). Default false.
    count_concurrency: bool = false;

    /// Size in bytes above which a response is compressed, if the client accepts it. Default 1000.
    gzip_above: usize = 1000_usize;
    /// Maximum size of a request body, decompressed, in bytes. Default 4 MiB.
    max_body: usize = 4 << 20;

    /// Maximum length of an `Idempotency-Key`, in characters. Default 254; one page says 255, another below
    /// 255.
    key_length: usize = 254_usize;
    /// Time that a response is stored under its key. Default 24 h.
    key_life: Duration = Duration::from_secs(24 * 3600);
    /// Whether a replay has status 409 and the first body, instead of the first status. Default false.
    replay_as_conflict: bool = false;
    /// Whether a 429 is stored under the key like any other response. Default false.
    keep_throttled: bool = false;
    /// Whether a 5xx is stored under the key like any other response. Default true.
    keep_server_errors: bool = true;
    /// Whether a known key with another body gets a 422, instead of a replay. Default false.
    reject_other_body: bool = false;

    /// Highest batch number: 50, or 200 in the larger edition. Default 50.
    batches: u16 = 50_u16;
    /// Number of `Pending` runs above which no run can be created. Default 500.
    pending_runs: usize = 500_usize;
    /// Whether operations accept the number of a bill run where its id is documented. Default false: only
    /// the email operation does.
    run_number_as_id: bool = false;
    /// Whether the billing rule that `autoPost` and `autoEmail` require is enabled. Default true.
    auto_post_rule: bool = true;
    /// Whether the feature that `billRunType: CatchUp` requires is enabled. Default false.
    catch_up: bool = false;
    /// Whether drafts have temporary numbers, `TMP-INV-00000001`, and get their final numbers when they are
    /// posted. Default false.
    number_on_posting: bool = false;
    /// Whether the response to deleting an invoice is the operation job, instead of id, job id and job status;
    /// the documents have both. Default false.
    delete_as_operation_job: bool = false;
    /// Whether a bill run in progress locks its accounts, so that changes of their invoices get a 409 of
    /// category 50. Default true.
    account_locks: bool = true;
    /// Whether responses contain a field and values that no document lists, as later versions of the service
    /// may send. Default false.
    future_fields: bool = false;
    /// Time that a job stays in each of `Pending` and `Processing`. Default 1 s.
    job_step: Duration = Duration::from_secs(1);
    /// Time that a PDF stays in each of `Pending` and `Processing`. Default 1 s.
    pdf_step: Duration = Duration::from_secs(1);
    /// Whether the reason of a failed PDF is named `errorCode` instead of `errorCategory`. Default false.
    pdf_error_code: bool = false;
    /// Number of items from which on an invoice is posted by a job. Default 1000.
    post_job_from: usize = 1000_usize;
    /// Number of items from which on an invoice is canceled by a job. Default 1000.
    cancel_job_from: usize = 1000_usize;
    /// Number of items from which on an invoice is deleted by a job. Default 100.
    delete_job_from: usize = 100_usize;
    /// Number of items, tax items included, above which an invoice is reversed by a job. Default 2000.
    reverse_job_above: usize = 2000_usize;
    /// Maximum number of items, tax items included, of a reversed invoice. Default 50,000.
    reverse_items: usize = 50_000_usize;
    /// Maximum number of items, tax items included, of a written-off invoice. Default 2000.
    write_off_items: usize = 2000_usize;
    /// Number of items, tax items included, from which on an invoice is written off by a job. Default: never by
    /// a job.
    write_off_job_from: usize = usize::MAX;
    /// Whether jobs that post or cancel get a 404, as one page says. Default false.
    hide_posting_jobs: bool = false;
    /// Whether the feature that reversal, write-off and application parts require is enabled. Default true.
    invoice_settlement: bool = true;
    /// Whether the feature that contacts, payment term, sequence set and template of an invoice require is
    /// enabled. Default true.
    flexible_billing: bool = true;
    /// Whether the feature that the currency of an invoice requires is enabled. Default true.
    multiple_currencies: bool = true;
    /// Whether the user has the permission that a write-off with items, amount or accounting requires.
    /// Default true.
    enhanced_write_off: bool = true;
    /// Whether the user has the permission to change an invoice that was transferred to accounting. Default
    /// true.
    change_transferred: bool = true;
    /// Whether the billing rule that allows reversals and write-offs with items of zero is enabled. Default
    /// false.
    mirror_zero_items: bool = false;
    /// Whether the notification that emails invoices is enabled. Default true.
    invoice_mail: bool = true;
    /// Reason codes for reversals and write-offs. Default: their own, and `Correcting invoice error`.
    reason_codes: Vec<String> =
        ["Write-off", "Invoice reversal", "Correcting invoice error"].map(str::to_owned).to_vec();
    /// Whether amounts with more decimals than the currency are rejected, instead of rounded half up.
    /// Default false.
    reject_excess_decimals: bool = false;
    /// Whether a failed bulk update keeps the rows before the invalid one. Default false: all or nothing.
    keep_partial_updates: bool = false;
    /// Maximum number of tax items per request. Default 500.
    taxation_items: usize = 500_usize;
    /// Maximum size of an uploaded file, in bytes. Default 4 MiB; the documentation says 4 MB.
    max_file: usize = 4 << 20;
    /// Maximum number of uploaded files per invoice. Default 50.
    files: usize = 50_usize;
    /// First six digits of the error codes of invoice requests with a body, except creation and posting,
    /// whose digits are known. Default 590000.
    invoice_code: u32 = 590_000_u32;
    /// First six digits of the error codes of bill-run requests with a body; the list of resource codes is
    /// not public. Default 500000.
    bill_run_code: u32 = 500_000_u32;
    /// Messages of rejected bill-run requests.
    bill_run_texts: BillRunTexts = BillRunTexts::default();

    /// Maximum size of the journal in bytes, roughly; the oldest entries and effects are dropped. Default 64 MiB.
    journal_bytes: usize = 64 << 20;
}

/// A request quota, per window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateQuota {
    /// Requests per minute.
    pub per_minute: u64,
    /// Requests per hour.
    pub per_hour: u64,
    /// Requests per day.
    pub per_day: u64,
}

impl RateQuota {
    /// Creates a quota of three windows.
    pub const fn new(per_minute: u64, per_hour: u64, per_day: u64) -> Self {
        Self { per_minute, per_hour, per_day }
    }
}

impl SettingValue for RateQuota {
    const EXPECTED: &'static str =
        "an object of per_minute, per_hour and per_day, or three numbers that are separated by commas";

    fn from_json(value: &Json) -> Option<Self> {
        let numbers: Vec<u64> = match value {
            Json::Text(text) => {
                text.split(',').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?
            }
            Json::Object(members) if members.len() == 3 => ["per_minute", "per_hour", "per_day"]
                .map(|name| value.get(name).and_then(u64::from_json))
                .into_iter()
                .collect::<Option<_>>()?,
            _ => return None,
        };
        match numbers[..] {
            [per_minute, per_hour, per_day] => Some(Self { per_minute, per_hour, per_day }),
            _ => None,
        }
    }

    fn to_json(&self) -> Json {
        Json::object([
            ("per_minute", self.per_minute.to_json()),
            ("per_hour", self.per_hour.to_json()),
            ("per_day", self.per_day.to_json()),
        ])
    }
}

/// The body of the response to a rejected token request, which is not documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenErrorFormat {
    /// `{"error": "invalid_client", "error_description": ..}`, as in the OAuth standard.
    OAuth,
    /// The envelope of every other 401.
    Envelope,
}

impl SettingValue for TokenErrorFormat {
    const EXPECTED: &'static str = "oauth or envelope";

    fn from_json(value: &Json) -> Option<Self> {
        match value.text()? {
            "oauth" => Some(Self::OAuth),
            "envelope" => Some(Self::Envelope),
            _ => None,
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Self::OAuth => "oauth".into(),
            Self::Envelope => "envelope".into(),
        }
    }
}

/// Messages of rejected bill-run requests. Only `cancel_posted` is the text of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BillRunTexts {
    /// Post, if the run is not `Completed`.
    pub post: String,
    /// Cancel, if the run is neither `Pending` nor `Completed`.
    pub cancel: String,
    /// Cancel, if an invoice of the run is posted.
    pub cancel_posted: String,
    /// Cancel, if the run is a catch-up run.
    pub cancel_catch_up: String,
    /// Delete, if the run is neither `Canceled` nor `Error`.
    pub delete: String,
    /// Create, if too many runs are pending.
    pub too_many_pending: String,
}

impl Default for BillRunTexts {
    fn default() -> Self {
        Self {
            post: "Only bill runs with Completed status can be posted.".to_owned(),
            cancel: "Only bill runs with Pending or Completed status can be canceled.".to_owned(),
            cancel_posted: "The Bill Run cannot be Cancelled, There are Posted invoices.".to_owned(),
            cancel_catch_up: "Catch-up bill runs cannot be canceled.".to_owned(),
            delete: "Only bill runs with Canceled or Error status can be deleted.".to_owned(),
            too_many_pending: "Too many bill runs are pending.".to_owned(),
        }
    }
}

impl SettingValue for BillRunTexts {
    const EXPECTED: &'static str =
        "an object of texts: post, cancel, cancel_posted, cancel_catch_up, delete, too_many_pending";

    fn from_json(value: &Json) -> Option<Self> {
        let Json::Object(members) = value else { return None };
        let mut texts = Self::default();
        for (name, text) in members {
            let field = match name.as_ref() {
                "post" => &mut texts.post,
                "cancel" => &mut texts.cancel,
                "cancel_posted" => &mut texts.cancel_posted,
                "cancel_catch_up" => &mut texts.cancel_catch_up,
                "delete" => &mut texts.delete,
                "too_many_pending" => &mut texts.too_many_pending,
                _ => return None,
            };
            *field = text.text()?.to_owned();
        }
        Some(texts)
    }

    fn to_json(&self) -> Json {
        Json::object([
            ("post", (&self.post).into()),
            ("cancel", (&self.cancel).into()),
            ("cancel_posted", (&self.cancel_posted).into()),
            ("cancel_catch_up", (&self.cancel_catch_up).into()),
            ("delete", (&self.delete).into()),
            ("too_many_pending", (&self.too_many_pending).into()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_settings_are_read_as_they_are_shown() {
        let changed =
            Settings::default().processing(Duration::from_millis(50)).text_codes(true).batches(200_u16);
        let Json::Object(shown) = changed.to_json() else { panic!("an object") };
        let mut read = Settings::default();
        for (name, value) in &shown {
            read.set_json(name, value).unwrap();
        }
        assert_eq!(read.to_json(), changed.to_json());
        let names: Vec<&str> = shown.iter().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(names, Settings::NAMES);
    }

    #[test]
    fn errors_name_the_setting() {
        let mut settings = Settings::default();
        for (name, value, says) in [
            ("speed", "1", "no setting is named \"speed\""),
            ("batches", "-1", "batches: must be a whole number"),
            ("quota", "1,2", "quota: must be an object of per_minute"),
            ("quota", "{", "quota: must be valid JSON"),
            ("token_error_format", "xml", "token_error_format: must be oauth or envelope"),
            ("default_version", "newest", "default_version: must be a date such as 2025-08-12"),
            ("default_version", "186", "default_version: must be a date such as 2025-08-12"),
            ("default_version", "2025-02-30", "default_version: must be a date such as 2025-08-12"),
            ("base_url", "rest.zuora.com", "base_url: must be a scheme and a host"),
            ("base_url", "https://rest.zuora.com/", "base_url: must be a scheme and a host"),
            ("invoice_code", "59000", "invoice_code: must be a number of six digits"),
            ("bill_run_code", "1000000", "bill_run_code: must be a number of six digits"),
        ] {
            let error = settings.set(name, value).unwrap_err().to_string();
            assert!(error.starts_with(says), "{error}");
        }
        assert_eq!(settings.to_json(), Settings::default().to_json(), "nothing was changed");
        for version in ["2099-01-01", "999.0"] {
            settings.set("default_version", version).unwrap();
        }
    }
}
