//! A send log in memory.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use zuora_workers::{Record, SendLog};

/// The line of one job, with the condition of the real logs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(pub(crate) Arc<Mutex<Record>>);

impl SendLog for Memory {
    type Error = Infallible;

    async fn read(&self, _: &str) -> Result<Record, Infallible> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn write(&self, _: &str, record: &Record) -> Result<bool, Infallible> {
        let mut line = self.0.lock().unwrap();
        let is_same = line.version == record.version;
        if is_same {
            *line = record.clone().written();
        }
        Ok(is_same)
    }
}
