//! Three worker processes, one of which is killed again and again.

use std::error::Error;
use std::io::{IsTerminal as _, Write as _};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use zuora_workers::Counts;

use super::cli;

/// Decisions of the processes of one place.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    done: usize,
    retried: usize,
    in_doubt: usize,
}

#[derive(Debug)]
pub(crate) struct Fleet {
    arguments: Vec<String>,
    queue: String,
    workers: Vec<Child>,
    tallies: Arc<Mutex<Vec<Tally>>>,
    pub(crate) kills: usize,
    lines: usize,
}

impl Fleet {
    /// Starts a process for each place. `arguments` are those of the command `worker`.
    pub(crate) fn start(
        places: usize,
        arguments: Vec<String>,
        queue: String,
    ) -> Result<Self, Box<dyn Error>> {
        let tallies = Arc::new(Mutex::new(vec![Tally::default(); places]));
        let mut fleet = Self { arguments, queue, workers: Vec::new(), tallies, kills: 0, lines: 0 };
        for place in 0..places {
            let worker = fleet.spawn(place)?;
            fleet.workers.push(worker);
        }
        Ok(fleet)
    }

    fn spawn(&self, place: usize) -> Result<Child, Box<dyn Error>> {
        let mut worker = Command::new(std::env::current_exe()?)
            .arg("worker")
            .args(&self.arguments)
            .env(cli::QUEUE, &self.queue)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let lines = worker.stdout.take().ok_or("a worker has no standard output")?;
        let tallies = Arc::clone(&self.tallies);
        tokio::spawn(async move {
            let mut lines = BufReader::new(lines).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut tallies = tallies.lock().unwrap_or_else(PoisonError::into_inner);
                match line.as_str() {
                    "done" => tallies[place].done += 1,
                    "in doubt" => tallies[place].in_doubt += 1,
                    "waiting" => tallies[place].retried += 1,
                    _ => {}
                }
            }
        });
        Ok(worker)
    }

    /// Kills the process of a place, and starts another there.
    pub(crate) async fn kill(&mut self, place: usize) -> Result<(), Box<dyn Error>> {
        self.workers[place].kill().await?;
        self.workers[place] = self.spawn(place)?;
        self.kills += 1;
        Ok(())
    }

    /// Asks all processes to end, and waits until they have.
    pub(crate) async fn drain(mut self) -> Result<(), Box<dyn Error>> {
        for worker in &mut self.workers {
            if let Some(pid) = worker.id() {
                Command::new("kill").arg("-TERM").arg(pid.to_string()).status().await?;
            }
            let status = worker.wait().await?;
            if !status.success() {
                return Err(format!("a worker ended with {status}").into());
            }
        }
        Ok(())
    }

    /// Shows the progress: bars on a terminal, lines elsewhere.
    pub(crate) fn show(&mut self, counts: &Counts, total: usize) {
        let mut text = String::new();
        let tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let retried: usize = tallies.iter().map(|tally| tally.retried).sum();
        let done = usize::try_from(counts.done).unwrap_or(usize::MAX);
        let in_doubt = counts.in_doubt;
        text += &format!(
            "{} {done} of {total} done, {retried} retried, {in_doubt} in doubt, {} killed\n",
            bar(done, total),
            self.kills
        );
        let most = tallies.iter().map(|tally| tally.done).max().unwrap_or_default();
        for (place, tally) in tallies.iter().enumerate() {
            let Tally { done, retried, in_doubt } = tally;
            text += &format!(
                "{} worker {}: {done} done, {retried} retried, {in_doubt} in doubt\n",
                bar(*done, most.max(total / tallies.len())),
                place + 1
            );
        }
        let mut out = std::io::stdout().lock();
        let up = match out.is_terminal() && self.lines > 0 {
            true => format!("\x1b[{}A\x1b[J", self.lines),
            false => String::new(),
        };
        self.lines = text.lines().count();
        // Standard output may be closed; the result is then of no use either.
        let _ = write!(out, "{up}{text}");
        let _ = out.flush();
    }
}

fn bar(part: usize, whole: usize) -> String {
    const WIDTH: usize = 30;
    let full = (part * WIDTH).checked_div(whole).unwrap_or_default().min(WIDTH);
    format!("[{}{}]", "#".repeat(full), ".".repeat(WIDTH - full))
}
