//! The jobs of the month, and the state of the tenant that they lead to.

use std::error::Error;

use zuora_reqwest::bill_runs::{AdHoc, Batches, BillRunGoal, BillRunWaiter, CreateBillRun};
use zuora_reqwest::http::Method;
use zuora_reqwest::invoices::{
    CreateStandaloneInvoice, InvoicePatch, ItemUpdate, NewInvoiceItem, PostInvoice, UpdateInvoice,
};
use zuora_reqwest::operation::RawOperation;
use zuora_reqwest::polling::PollingPolicy;
use zuora_reqwest::types::AccountId;
use zuora_reqwest::{Amount, Client, Date};
use zuora_workers::Job;

/// Accounts of the demo tenant, with their currencies.
const ACCOUNTS: [(&str, &str); 4] = [
    ("2c92a08282fa634378aca02a1626d315", "USD"),
    ("2c92a0d3baa01d63357ef1b93fb71f5d", "EUR"),
    ("2c92a0fff120798871b3bb88810e0bb6", "JPY"),
    ("2c92a003fb3c664e286676496285d16d", "USD"),
];

#[derive(Debug)]
pub(crate) struct Plan {
    /// The jobs to add at first. Others follow them.
    pub(crate) jobs: Vec<Job>,
    pub(crate) invoices: Vec<PlannedInvoice>,
    /// Idempotency key of the creation of the bill run.
    pub(crate) run: Option<String>,
    /// Id of the bill run that is posted.
    pub(crate) posted_run: Option<String>,
}

/// Key of the job that posts a bill run.
pub(crate) const POST_RUN: &str = "post bill run";

#[derive(Debug)]
pub(crate) struct PlannedInvoice {
    pub(crate) number: String,
    pub(crate) currency: &'static str,
    /// Amounts of its two items: that of the creation and that of the update.
    pub(crate) amounts: [Amount; 2],
}

impl Plan {
    /// Invoices with numbers of their own, each created, updated with a second item and posted; and a bill run.
    pub(crate) fn new(client: &Client, invoices: usize, has_run: bool) -> Result<Self, Box<dyn Error>> {
        let day = Date::new(2026, 3, 31)?;
        let mut plan = Self { jobs: Vec::new(), invoices: Vec::new(), run: None, posted_run: None };
        for (index, (account, currency)) in ACCOUNTS.into_iter().cycle().take(invoices).enumerate() {
            let cents = i64::try_from(index)?;
            let amounts = match currency {
                "JPY" => [Amount::new(1000 + cents, 0)?, Amount::new(7, 0)?],
                _ => [Amount::new(10_000 + cents, 2)?, Amount::new(33, 2)?],
            };
            let number = format!("ME-{:04}", index + 1);
            let item = |name, amount: &Amount| NewInvoiceItem::named(name, amount.clone(), day);
            let create =
                CreateStandaloneInvoice::new(AccountId::from(account), day, [item("Fee", &amounts[0])])
                    .invoice_number(number.as_str());
            let second = InvoicePatch::default().items([ItemUpdate::from(item("Handling", &amounts[1]))]);
            let update = UpdateInvoice::new(number.as_str(), second);
            let job = |what: &str, intent| Job::new(format!("{what} {number}"), &intent);
            let post = job("post", client.intent(PostInvoice::new(number.as_str()))?)?;
            let update = job("update", client.intent(update)?)?.then(post);
            plan.jobs.push(job("create", client.intent(create)?)?.then(update));
            plan.invoices.push(PlannedInvoice { number, currency, amounts });
        }
        if has_run {
            // A bill run locks the accounts that it bills: none of those above.
            let batches = Batches::named(["Batch4"]);
            let intent = client.intent(CreateBillRun::new(batches, AdHoc::up_to(day)))?;
            plan.run = intent.idempotency_key().map(str::to_owned);
            plan.jobs.push(Job::new("bill run", &intent)?);
        }
        Ok(plan)
    }

    /// Adds the posting of a bill run as a raw request, which no read can tell, and creates the run.
    pub(crate) async fn add_posting(&mut self, client: &Client) -> Result<(), Box<dyn Error>> {
        let batches = Batches::named(["Batch4"]);
        let run = client.call(&CreateBillRun::new(batches, AdHoc::up_to(Date::new(2026, 3, 31)?))).await?;
        let id = run.id()?.clone();
        client.wait(BillRunWaiter::new(id.clone(), BillRunGoal::Completed), PollingPolicy::default()).await?;
        let post = RawOperation::new(Method::PUT, format!("/v1/bill-runs/{id}/post")).body("{}");
        self.jobs.push(Job::new(POST_RUN, &client.intent(post)?)?);
        self.posted_run = Some(id.to_string());
        Ok(())
    }

    /// The number of jobs, those that follow included.
    pub(crate) fn len(&self) -> usize {
        self.jobs.iter().map(|job| job.all().len()).sum()
    }
}
