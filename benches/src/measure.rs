//! Measurements: every case of a table against the first case, in one run.
//!
//! Times are the processor time of the whole process, including the kernel and the threads of a transport: medians of
//! interleaved samples, so that other load of the machine affects all cases alike. The server runs in another process.
//! Valgrind's callgrind counts instructions if it is installed, in a process that runs one case alone: the count of
//! many rounds minus the count of few. A build with the feature `allocations` counts allocations.

use std::cell::RefCell;
use std::fmt;
use std::hint::black_box;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::{memory, server};

/// Environment variable with the URL of the server, for a process that runs one case alone.
const SERVER: &str = "ZUORA_BENCH_SERVER";
/// Samples of each case.
const SAMPLES: usize = 31;
/// Minimum duration of one sample.
const SAMPLE: Duration = Duration::from_millis(8);
/// Duration of the warm-up of each case.
const WARM_UP: Duration = Duration::from_millis(100);

/// One run of a bench program.
#[derive(Debug)]
pub struct Bench {
    mode: Mode,
    server: RefCell<String>,
    /// The process of the server, which ends when its input is closed.
    process: RefCell<Option<Child>>,
}

#[derive(Debug)]
enum Mode {
    /// Only the server.
    Serve,
    /// Every table whose title contains the filter.
    Measure { filter: String },
    /// One case alone: a number of rounds under callgrind, or 0 for the peak memory of one round.
    Run { title: String, case: usize, rounds: u32 },
}

impl Bench {
    /// Reads the program's arguments: part of a title, to measure only the tables that contain it.
    pub fn from_args() -> Self {
        let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
        let first = args.next().unwrap_or_default();
        let mode = match (first.as_str(), args.next(), args.next(), args.next()) {
            ("--serve", ..) => Mode::Serve,
            ("--run", Some(title), Some(case), Some(rounds)) => Mode::Run {
                title,
                case: case.parse().unwrap_or_default(),
                rounds: rounds.parse().unwrap_or_default(),
            },
            _ => Mode::Measure { filter: first },
        };
        Self { mode, server: RefCell::default(), process: RefCell::default() }
    }

    /// Whether a table of this title is selected; check this before an expensive setup.
    pub fn is_selected(&self, title: &str) -> bool {
        match &self.mode {
            Mode::Measure { filter } => title.contains(filter.as_str()),
            Mode::Run { title: only, .. } => title == only,
            Mode::Serve => false,
        }
    }

    fn is_counted(&self) -> bool {
        matches!(self.mode, Mode::Run { .. })
    }

    /// Starts a server for the following tables, in a separate process, so that only the work of the client is
    /// measured. A process that runs one case alone uses the server of the measuring process.
    ///
    /// # Errors
    /// If the loopback address is not available.
    pub fn server<P: Into<String>>(&self, bodies: impl FnOnce() -> Vec<(P, Vec<u8>)>) -> io::Result<String> {
        let url = match (&self.mode, std::env::var(SERVER)) {
            (Mode::Run { .. }, Ok(url)) => url,
            (Mode::Serve, _) => {
                print_line(&server::start(bodies(), Duration::ZERO)?);
                io::stdin().read_to_end(&mut Vec::new())?;
                std::process::exit(0);
            }
            _ => {
                let mut process = Command::new(std::env::current_exe()?)
                    .arg("--serve")
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()?;
                let mut url = String::new();
                if let Some(output) = process.stdout.take() {
                    BufReader::new(output).read_line(&mut url)?;
                }
                self.process.replace(Some(process));
                url.trim().to_owned()
            }
        };
        self.server.replace(url.clone());
        Ok(url)
    }

    /// Measures a table and prints it.
    pub fn table(&self, mut table: Table<'_>) {
        if !self.is_selected(&table.title) {
            return;
        }
        match &self.mode {
            Mode::Measure { .. } if cfg!(feature = "allocations") => table.print_allocations(),
            Mode::Measure { .. } => table.print_times(&self.server.borrow()),
            Mode::Run { case, rounds, .. } => table.cases[*case].work.rounds(*rounds),
            Mode::Serve => {}
        }
    }

    /// Prints the peak memory of each case of a table, in units of `size` bytes. Each case runs in a separate process.
    pub fn peaks(&self, mut table: Table<'_>, size: usize) {
        if !self.is_selected(&table.title) || cfg!(feature = "allocations") {
            return;
        }
        if let Mode::Run { case, .. } = &self.mode {
            let peak = memory::peak_of(|| table.cases[*case].work.rounds(1));
            return print_line(&peak.unwrap_or_default().to_string());
        }
        print_line(&format!("\n### {}\n\n| Work | peak / {} |\n| --- | ---: |", table.title, table.unit));
        for index in 0..table.cases.len() {
            let run = table.alone(index, 0, &self.server.borrow()).and_then(|mut run| run.output().ok());
            let peak = run.and_then(|run| String::from_utf8_lossy(&run.stdout).trim().parse::<f64>().ok());
            let peak = peak.map_or_else(|| "-".to_owned(), |peak| format!("{:.2}", peak / size as f64));
            print_line(&format!("| {} | {peak} |", table.cases[index].name));
        }
    }

    /// Runs a measurement that returns custom rows, and prints them. Measures times only.
    pub fn report(&self, title: &str, rows: impl FnOnce() -> Vec<String>) {
        if self.is_counted() || cfg!(feature = "allocations") || !self.is_selected(title) {
            return;
        }
        let rows = rows();
        print_line(&format!("\n### {title}\n"));
        for row in rows {
            print_line(&row);
        }
    }
}

/// Cases of one kind of work; the first case is the baseline.
#[derive(Debug)]
pub struct Table<'a> {
    title: String,
    unit: &'static str,
    per_round: u32,
    cases: Vec<Case<'a>>,
}

struct Case<'a> {
    name: String,
    work: Box<dyn Work + 'a>,
}

impl fmt::Debug for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<'a> Table<'a> {
    /// Each round of a case does `per_round` units of work.
    pub fn new(title: impl Into<String>, unit: &'static str, per_round: u32) -> Self {
        Self { title: title.into(), unit, per_round, cases: Vec::new() }
    }

    /// Adds a case; the value that it returns counts as kept.
    #[must_use]
    pub fn case<T: 'a>(mut self, name: impl Into<String>, work: impl FnMut() -> T + 'a) -> Self {
        self.cases.push(Case { name: name.into(), work: Box::new(work) });
        self
    }

    fn print_times(&mut self, server: &str) {
        let per = f64::from(self.per_round);
        let samples = self.sample();
        let counts: Vec<_> = (0..self.cases.len()).map(|case| self.instructions(case, server)).collect();
        print_line(&format!("\n### {}\n", self.title));
        print_line(&format!("| Work | ns / {0} | ratio | instructions / {0} | ratio |", self.unit));
        print_line("| --- | ---: | ---: | ---: | ---: |");
        for (index, case) in self.cases.iter().enumerate() {
            let ratio = median(samples.iter().map(|round| round[index] / round[0]));
            let nanos = median(samples.iter().map(|round| round[index])) * 1e9 / per;
            let counted = match (counts[index], counts[0]) {
                (Some(own), Some(base)) => format!("{:.0} | {:.2}", own / per, own / base),
                _ => "- | -".to_owned(),
            };
            print_line(&format!("| {} | {nanos:.0} | {ratio:.2} | {counted} |", case.name));
        }
    }

    /// Seconds per round: one row for each sample, one column for each case.
    fn sample(&mut self) -> Vec<Vec<f64>> {
        let time = |work: &mut Box<dyn Work + 'a>, rounds: u32| {
            let start = processor_time();
            work.rounds(rounds);
            (processor_time() - start) / f64::from(rounds)
        };
        let mut rounds = Vec::new();
        for case in &mut self.cases {
            let start = Instant::now();
            let mut most = 1;
            let mut each = time(&mut case.work, 1);
            while start.elapsed() < WARM_UP {
                most = (most * 2).min(1 << 16);
                each = time(&mut case.work, most);
            }
            rounds.push(((SAMPLE.as_secs_f64() / each).ceil() as u32).max(1));
        }
        let sample = |_| {
            let timed = self.cases.iter_mut().zip(&rounds);
            timed.map(|(case, rounds)| time(&mut case.work, *rounds)).collect()
        };
        (0..SAMPLES).map(sample).collect()
    }

    /// User instructions per round.
    fn instructions(&self, case: usize, server: &str) -> Option<f64> {
        let few = self.collected(case, 3, server)?;
        let many = self.collected(case, 23, server)?;
        Some((many - few) / 20.0)
    }

    fn collected(&self, case: usize, rounds: u32, server: &str) -> Option<f64> {
        let alone = self.alone(case, rounds, server)?;
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(alone.get_program())
            .args(alone.get_args())
            .env(SERVER, server)
            .stdout(Stdio::null())
            .output()
            .ok()?;
        let log = String::from_utf8_lossy(&output.stderr);
        log.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
    }

    /// A process that runs one case alone.
    fn alone(&self, case: usize, rounds: u32, server: &str) -> Option<Command> {
        let mut command = Command::new(std::env::current_exe().ok()?);
        command.args(["--run", &self.title, &case.to_string(), &rounds.to_string()]).env(SERVER, server);
        Some(command)
    }

    fn print_allocations(&mut self) {
        let per = f64::from(self.per_round);
        print_line(&format!("\n### {}\n", self.title));
        print_line(&format!("| Work | allocations / {0} | bytes kept / {0} | peak bytes / {0} |", self.unit));
        print_line("| --- | ---: | ---: | ---: |");
        for case in &mut self.cases {
            case.work.rounds(2);
            let Allocations { count, kept, peak } = case.work.count();
            print_line(&format!(
                "| {} | {:.1} | {:.0} | {:.0} |",
                case.name,
                count / per,
                kept / per,
                peak / per
            ));
        }
    }
}

struct Allocations {
    count: f64,
    kept: f64,
    peak: f64,
}

/// The work of a case, with any return type.
trait Work {
    fn rounds(&mut self, rounds: u32);
    fn count(&mut self) -> Allocations;
}

impl<T, F: FnMut() -> T> Work for F {
    fn rounds(&mut self, rounds: u32) {
        for _ in 0..rounds {
            black_box(self());
        }
    }

    #[cfg(feature = "allocations")]
    #[allow(clippy::cast_precision_loss)]
    fn count(&mut self) -> Allocations {
        let mut kept = None;
        let counted = allocation_counter::measure(|| kept = Some(black_box(self())));
        drop(kept);
        Allocations {
            count: counted.count_total as f64,
            kept: counted.bytes_current as f64,
            peak: counted.bytes_max as f64,
        }
    }

    #[cfg(not(feature = "allocations"))]
    fn count(&mut self) -> Allocations {
        Allocations { count: f64::NAN, kept: f64::NAN, peak: f64::NAN }
    }
}

/// Processor time of this process, in seconds.
#[allow(clippy::cast_precision_loss)]
pub fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints a line to standard output, which is the interface of the programs of this package.
#[allow(clippy::print_stdout)]
fn print_line(line: &str) {
    println!("{line}");
}
