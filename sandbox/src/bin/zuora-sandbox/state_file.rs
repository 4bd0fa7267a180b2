//! The file of the option `--state`, from which a server continues after a restart.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use zuora_sandbox::{Sandbox, Settings};

/// A file to which one server appends. The process ends if that fails, since a record with gaps is useless.
pub(crate) struct StateFile {
    path: PathBuf,
    file: File,
}

impl StateFile {
    /// Builds the state of the sandbox from the file, or creates the file. `tenant` is the text of the tenant,
    /// and `settings` replace those of the file. A file that is not a record of this tenant is not changed.
    pub(crate) fn open(
        path: &Path,
        sandbox: &mut Sandbox,
        tenant: &str,
        settings: Option<Settings>,
    ) -> Result<Self, String> {
        Self::try_open(path, sandbox, tenant, settings)
            .map_err(|error| format!("--state {}: {error}", path.display()))
    }

    fn try_open(
        path: &Path,
        sandbox: &mut Sandbox,
        tenant: &str,
        settings: Option<Settings>,
    ) -> Result<Self, Box<dyn Error>> {
        let label = format!("{:016x}", checksum(tenant.as_bytes()));
        let mut file = open_alone(path)?;
        let mut known = Vec::new();
        file.read_to_end(&mut known)?;
        // A line is written as a whole unless the process was killed; the client of the last one has no response.
        let whole = known.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let first = match whole {
            0 => {
                let first = sandbox.start_record(&label);
                if !first.as_bytes().starts_with(&known) {
                    return Err("the file is not a record of a sandbox; choose another file".into());
                }
                first
            }
            _ => {
                let text = std::str::from_utf8(&known[..whole]).map_err(|error| {
                    let before = &known[..error.valid_up_to()];
                    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
                    format!(
                        "line {line}: not UTF-8, so that the file is not a record of a sandbox, or was damaged here; \
                         restore a copy of it, or remove line {line} and all after it"
                    )
                })?;
                sandbox.replay_record(text, &label)?;
                if let Some(settings) = settings {
                    sandbox.change_settings(settings);
                }
                sandbox.continue_record()
            }
        };
        file.set_len(u64::try_from(whole)?)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(first.as_bytes())?;
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

/// Opens or creates the file, unless another server uses it. The lock ends with the process.
fn open_alone(path: &Path) -> Result<File, Box<dyn Error>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 1); // FILE_SHARE_READ
    let file = options.open(path)?;
    // `File::try_lock` of the standard library requires Rust 1.89.
    #[cfg(unix)]
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::WOULDBLOCK) => return Err("another server uses the file".into()),
        locked => locked?,
    }
    Ok(file)
}

/// Computes the 64-bit FNV-1a hash.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
