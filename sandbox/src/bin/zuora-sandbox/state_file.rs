//! The file of the option `--state`, from which a server continues after a restart.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use zuora_sandbox::{Sandbox, Settings};

/// A file that can only be appended to. The process ends if that fails, since a record with gaps is useless.
pub(crate) struct StateFile {
    path: PathBuf,
    file: File,
}

impl StateFile {
    /// Builds the state of the sandbox from the file, or creates the file. `tenant` is the text of the tenant,
    /// and `settings` replace those of the file.
    pub(crate) fn open(
        path: &Path,
        sandbox: &mut Sandbox,
        tenant: &str,
        settings: Option<Settings>,
    ) -> Result<Self, String> {
        let explain = |error: io::Error| format!("--state {}: {error}", path.display());
        let label = format!("{:016x}", checksum(tenant.as_bytes()));
        let known = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            known => known.map_err(explain)?,
        };
        // A line is written as a whole unless the process was killed; the client of the last one has no response.
        let known = &known[..known.rfind('\n').map_or(0, |end| end + 1)];
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(false).open(path).map_err(explain)?;
        file.set_len(u64::try_from(known.len()).unwrap_or(u64::MAX)).map_err(explain)?;
        io::Seek::seek(&mut file, io::SeekFrom::End(0)).map_err(explain)?;
        let first = match known.is_empty() {
            true => sandbox.start_record(&label),
            false => {
                let replayed = sandbox.replay_record(known, &label);
                replayed.map_err(|error| format!("--state {}: {error}", path.display()))?;
                if let Some(settings) = settings {
                    sandbox.change_settings(settings);
                }
                sandbox.continue_record()
            }
        };
        file.write_all(first.as_bytes()).map_err(explain)?;
        Ok(Self { path: path.to_owned(), file })
    }

    fn end_on_error<T>(&self, result: io::Result<T>) -> T {
        result.unwrap_or_else(|error| {
            let _ = writeln!(io::stderr(), "zuora-sandbox: --state {}: {error}", self.path.display());
            std::process::exit(1)
        })
    }
}

impl Write for StateFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes);
        Ok(self.end_on_error(written))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.file.flush();
        self.end_on_error(flushed);
        Ok(())
    }
}

/// The 64-bit FNV-1a hash.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
