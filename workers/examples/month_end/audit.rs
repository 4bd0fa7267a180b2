//! The comparison of the queue with the journal of the service and with the money in the tenant.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;

use zuora_reqwest::invoices::{GetInvoice, Invoice};
use zuora_reqwest::{Amount, Client};
use zuora_sandbox::{EffectKind, Server};
use zuora_workers::Commands;

use super::plan::{self, Plan};

/// The number of intents with each result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Audit {
    /// Decided once by the workers, and applied once.
    pub(crate) decided: usize,
    /// Applied more than once.
    pub(crate) twice: usize,
    /// Reported as done without an effect, rejected, or not ended.
    pub(crate) lost: usize,
    /// Left to a person.
    pub(crate) in_doubt: usize,
    /// Whether the money per currency is that of the plan.
    pub(crate) is_money_equal: bool,
}

/// The number of effects of a job in the journal.
pub(crate) async fn effects(
    server: &Server,
    client: &Client,
    plan: &Plan,
    key: &str,
) -> Result<usize, Box<dyn Error>> {
    if let (plan::POST_RUN, Some(run)) = (key, &plan.posted_run) {
        return Ok(server.sandbox().journal().count_effects(EffectKind::BillRunPostInProgress, run));
    }
    let Some((what, number)) = key.split_once(' ').filter(|(_, number)| number.starts_with("ME-")) else {
        let sandbox = server.sandbox();
        let created = sandbox.journal().effects_of_key(plan.run.as_deref().unwrap_or_default());
        return Ok(created.filter(|effect| effect.kind == EffectKind::BillRunCreated).count());
    };
    let kind = match what {
        "create" => EffectKind::InvoiceCreated,
        "update" => EffectKind::InvoiceUpdated,
        _ => EffectKind::InvoicePosted,
    };
    let Some(invoice) = find(client, number).await? else { return Ok(0) };
    Ok(server.sandbox().journal().count_effects(kind, invoice.id()?.as_str()))
}

async fn find(client: &Client, number: &str) -> Result<Option<Invoice>, Box<dyn Error>> {
    match client.call(&GetInvoice::new(number)).await {
        Ok(invoice) => Ok(Some(invoice.into_inner())),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Audit {
    /// Compares, prints a table, and returns the numbers.
    pub(crate) async fn run(
        server: &Server,
        client: &Client,
        queue: &impl Commands,
        plan: &Plan,
    ) -> Result<Self, Box<dyn Error>> {
        let mut by: BTreeMap<String, String> = BTreeMap::new();
        for ended in queue.list("done").await? {
            by.insert(ended.key, ended.worker);
        }
        let mut audit = Self::default();
        let mut table: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
        for job in plan.jobs.iter().flat_map(zuora_workers::Job::all) {
            let count = effects(server, client, plan, &job.key).await?;
            let row = table.entry(job.key.split(" ME-").next().unwrap_or_default()).or_default();
            let (part, column) = match (by.get(&job.key).map(String::as_str), count) {
                (_, 2..) => (&mut audit.twice, 1),
                (Some("person"), 1) => (&mut audit.in_doubt, 3),
                (Some(_), 1) => (&mut audit.decided, 0),
                _ => (&mut audit.lost, 2),
            };
            *part += 1;
            row[column] += 1;
        }
        writeln!(
            std::io::stdout(),
            "\n{:<12}{:>10}{:>8}{:>8}{:>10}",
            "intents",
            "once",
            "twice",
            "lost",
            "in doubt"
        )?;
        for (name, [once, twice, lost, doubt]) in table {
            writeln!(std::io::stdout(), "{name:<12}{once:>10}{twice:>8}{lost:>8}{doubt:>10}")?;
        }
        audit.is_money_equal = money(client, plan).await?;
        Ok(audit)
    }

    /// The last line of the program.
    pub(crate) fn line(&self) -> String {
        let Self { decided, twice, lost, in_doubt, .. } = self;
        format!("{decided} intents decided once, {twice} twice, {lost} lost, {in_doubt} in doubt")
    }
}

/// Compares the money per currency, and prints it.
async fn money(client: &Client, plan: &Plan) -> Result<bool, Box<dyn Error>> {
    let mut sums: BTreeMap<&str, [Amount; 2]> = BTreeMap::new();
    for planned in &plan.invoices {
        let [queue, tenant] = sums.entry(planned.currency).or_insert([Amount::sum([])?, Amount::sum([])?]);
        *queue = queue.checked_add(&Amount::sum(&planned.amounts)?)?;
        if let Some(amount) = find(client, &planned.number).await?.and_then(|invoice| invoice.amount) {
            *tenant = tenant.checked_add(&amount)?;
        }
    }
    writeln!(std::io::stdout(), "\n{:<12}{:>16}{:>16}", "money", "queue", "tenant")?;
    for (currency, [queue, tenant]) in &sums {
        writeln!(std::io::stdout(), "{currency:<12}{:>16}{:>16}", queue.to_string(), tenant.to_string())?;
    }
    writeln!(std::io::stdout())?;
    Ok(sums.values().all(|[queue, tenant]| queue == tenant))
}
