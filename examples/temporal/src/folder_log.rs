//! A send log in a folder of one machine. A fleet has it in a database, such as `SqlQueue` of `zuora-workers`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use zuora_workers::{Record, SendLog};

/// Number of the next temporary file of this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A folder with a file for each version of a line.
#[derive(Clone, Debug)]
pub struct FolderLog(pub PathBuf);

impl FolderLog {
    fn file(&self, key: &str, version: u64) -> PathBuf {
        let name: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.0.join(format!("{name}.{version}"))
    }
}

impl SendLog for FolderLog {
    type Error = io::Error;

    async fn read(&self, key: &str) -> io::Result<Record> {
        let written = (1..).take_while(|version| self.file(key, *version).exists());
        let Some(version) = written.last() else { return Ok(Record::default()) };
        let record = serde_json::from_slice::<Record>(&fs::read(self.file(key, version))?);
        Ok(record.map_or_else(|_| Record::of_unreadable_line(), |record| record.at_version(version)))
    }

    async fn write(&self, key: &str, record: &Record) -> io::Result<bool> {
        let (text, target) = (serde_json::to_vec(record)?, self.file(key, record.version + 1));
        let temporary =
            self.0.join(format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let mut file = File::create_new(&temporary)?;
        file.write_all(&text)?;
        file.sync_all()?;
        // Unlike a rename, a link does not replace the line of another worker.
        let linked = fs::hard_link(&temporary, target);
        fs::remove_file(&temporary)?;
        File::open(&self.0)?.sync_all()?;
        match linked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }
}
