//! What the sandbox's operator decides, and every fact that Zuora does not document.

use std::time::Duration;

/// Declares [`Settings`]: each line is a public field with its default and a consuming setter of its name.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:expr;)*) => {
        /// How this sandbox behaves where the real service is a matter of tenant, purchase or guesswork.
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
            $($(#[$doc])*
            #[must_use]
            pub fn $name(mut self, $name: impl Into<$type>) -> Self {
                self.$name = $name.into();
                self
            })*
        }
    };
}

settings! {
    /// How long a bill run stays in each passing status (`Pending` when ad hoc, `Processing`,
    /// `PostInProgress`, `CancelInProgress`, `RemoveInProgress`). Default 1 s.
    processing: Duration = Duration::from_secs(1);

    /// How long an access token lasts. Default 3600 s.
    token_life: Duration = Duration::from_secs(3600);
    /// Write `expires_in` as text instead of a number. Default false.
    expires_in_as_text: bool = false;
    /// Hand out the same token until it expires, instead of a new one for each request. Default false.
    same_token: bool = false;
    /// What a refused token request gets. Default [`TokenRefusal::OAuth`].
    token_refusal: TokenRefusal = TokenRefusal::OAuth;

    /// The version that a request without `Zuora-Version` is served with. Default `186.0`, the floor.
    default_version: String = "186.0".to_owned();
    /// Write the code of a reason as text instead of a number. Default false.
    text_codes: bool = false;
    /// Scheme and authority of `nextPage` links when a request has neither an absolute URI nor a `Host`.
    base_url: String = "https://rest.test.zuora.com".to_owned();

    /// Requests that the tenant may make. Default: a production tenant's 50,000 a minute, 2,250,000 an hour,
    /// 27,000,000 a day.
    quota: RateQuota = RateQuota::new(50_000, 2_250_000, 27_000_000);
    /// Token requests that the tenant may make. Default 2,000 a minute, 67,500 an hour, 810,000 a day.
    token_quota: RateQuota = RateQuota::new(2000, 67_500, 810_000);
    /// Send `Retry-After` when a quota is used up; one guide says so, the other shows none. Default true.
    retry_after_on_quota: bool = true;
    /// Requests in flight that the tenant may have under `/v1`. Default 40.
    concurrency_limit: u32 = 40_u32;
    /// How many of those others are taking. At the limit every call gets the concurrency 429. Default 0.
    concurrency_in_use: u32 = 0_u32;

    /// Answers of more bytes than this are compressed for those who ask. Default 1000.
    gzip_above: usize = 1000_usize;
    /// Largest request body, inflated, in bytes. Default 4 MiB.
    max_body: usize = 4 << 20;

    /// Longest `Idempotency-Key`, in characters. Default 254; one page says 255, another below 255.
    key_length: usize = 254_usize;
    /// How long an outcome is kept under its key. Default 24 h.
    key_life: Duration = Duration::from_secs(24 * 3600);
    /// Deliver a replay as 409 with the first body, instead of the first status. Default false.
    replay_as_conflict: bool = false;
    /// Keep a 429 under the key like any other outcome. Default false.
    keep_throttled: bool = false;
    /// Keep a 5xx under the key like any other outcome. Default true.
    keep_server_errors: bool = true;
    /// Answer 422 to a known key with another body, instead of replaying. Default false.
    refuse_other_body: bool = false;

    /// Highest batch: 50, or 200 with the larger package. Default 50.
    batches: u16 = 50_u16;
    /// Runs that may be `Pending` at once before no more can be created. Default 500.
    pending_runs: usize = 500_usize;
    /// Take the number of a bill run wherever its id is documented. Default false: the email call alone does.
    run_number_as_id: bool = false;
    /// The billing rule that `autoPost` and `autoEmail` need. Default true.
    auto_post_rule: bool = true;
    /// The catch-up feature that `billRunType: CatchUp` needs. Default false.
    catch_up: bool = false;
    /// How long a job stays in each of `Pending` and `Processing`. Default 1 s.
    job_step: Duration = Duration::from_secs(1);
    /// How long a PDF stays in each of `Pending` and `Processing`. Default 1 s.
    pdf_step: Duration = Duration::from_secs(1);
    /// Write the reason of a failed PDF as `errorCode` instead of `errorCategory`. Default false.
    pdf_error_code: bool = false;
    /// Invoices of so many items or more are posted by a job. Default 1000.
    post_job_from: usize = 1000_usize;
    /// Invoices of so many items or more are canceled by a job. Default 1000.
    cancel_job_from: usize = 1000_usize;
    /// Invoices of so many items or more are deleted by a job. Default 100.
    delete_job_from: usize = 100_usize;
    /// Invoices of more items than this, tax items counted, are reversed by a job. Default 2000.
    reverse_job_above: usize = 2000_usize;
    /// Most items that a reversal takes, tax items counted. Default 50,000.
    reverse_items: usize = 50_000_usize;
    /// Most items that a write-off takes, tax items counted. Default 2000.
    write_off_items: usize = 2000_usize;
    /// Answer 404 for jobs that post or cancel, as one page has it. Default false.
    hide_posting_jobs: bool = false;
    /// The feature that reversal, write-off and application parts need. Default true.
    invoice_settlement: bool = true;
    /// The feature that contacts, payment term, sequence set and template of an invoice need. Default true.
    flexible_billing: bool = true;
    /// The feature that the currency of an invoice needs. Default true.
    multiple_currencies: bool = true;
    /// The permission that a write-off with items, amount or accounting needs. Default true.
    enhanced_write_off: bool = true;
    /// The permission to take an invoice back that accounting has. Default true.
    change_transferred: bool = true;
    /// The billing rule by which reversals and write-offs take items of zero. Default false.
    mirror_zero_items: bool = false;
    /// The notification without which no invoice is mailed. Default true.
    invoice_mail: bool = true;
    /// Reason codes that reversals and write-offs can name. Default: theirs, and `Correcting invoice error`.
    reason_codes: Vec<String> =
        ["Write-off", "Invoice reversal", "Correcting invoice error"].map(str::to_owned).to_vec();
    /// Refuse amounts with more decimals than the currency has, instead of rounding half up. Default false.
    refuse_excess_decimals: bool = false;
    /// Let a bulk update keep what came before the row that is refused. Default false: all or nothing.
    keep_partial_updates: bool = false;
    /// Most tax items in one request. Default 500.
    taxation_items: usize = 500_usize;
    /// Largest uploaded file, in bytes. Default 4 MiB; the service says 4 MB and not which.
    max_file: usize = 4 << 20;
    /// Most files that an invoice takes. Default 50.
    files: usize = 50_usize;
    /// First six digits of the codes with which invoice calls with a body are refused, creation and posting
    /// aside, whose digits are known. Default 590000.
    invoice_code: u32 = 590_000_u32;
    /// First six digits of the codes with which bill-run calls with a body are refused; the list of
    /// resource codes is not public. Default 500000.
    bill_run_code: u32 = 500_000_u32;
    /// What refused bill-run calls say.
    bill_run_texts: BillRunTexts = BillRunTexts::default();
}

/// How many requests fit into each window of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateQuota {
    /// Requests a minute.
    pub per_minute: u64,
    /// Requests an hour.
    pub per_hour: u64,
    /// Requests a day.
    pub per_day: u64,
}

impl RateQuota {
    /// All three windows at once.
    pub const fn new(per_minute: u64, per_hour: u64, per_day: u64) -> Self {
        Self { per_minute, per_hour, per_day }
    }
}

/// The body of a refused token request, which no page documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// `{"error": "invalid_client", "error_description": ..}`, as the OAuth standard has it.
    OAuth,
    /// The envelope of every other 401.
    Envelope,
}

/// The texts of bill-run refusals; none but `cancel_posted` is known from the service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BillRunTexts {
    /// Post, when the run is not `Completed`.
    pub post: String,
    /// Cancel, when the run is neither `Pending` nor `Completed`.
    pub cancel: String,
    /// Cancel, when an invoice of the run is posted.
    pub cancel_posted: String,
    /// Cancel, when the run is a catch-up run.
    pub cancel_catch_up: String,
    /// Delete, when the run is neither `Canceled` nor `Error`.
    pub delete: String,
    /// Create, when too many runs are pending.
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
