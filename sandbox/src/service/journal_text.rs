//! The journal as text.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Response};

use super::journal::Journal;
use super::journal_entry::{Delivery, JournalEntry, sorted};
use crate::state::Effect;

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in self.entries() {
            writeln!(f, "{entry}")?;
        }
        writeln!(f, "effects:")?;
        for effect in self.effects() {
            writeln!(f, "{effect}")?;
        }
        Ok(())
    }
}

impl fmt::Display for JournalEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} {} {} {}", self.number(), self.at().to_utc(), self.method(), self.target())?;
        match (self.delivery(), self.response()) {
            (Delivery::NotSent, _) => writeln!(f, " -> not sent")?,
            (_, None) => writeln!(f, " -> lost")?,
            (_, Some(response)) => writeln!(f, " -> {}", response.status().as_u16())?,
        }
        if let Some(operation) = self.operation() {
            writeln!(f, "  operation: {operation}")?;
        }
        if let Some(faults) = self.faults() {
            writeln!(f, "  fault: {faults}")?;
        }
        if let Some(original) = self.duplicate_of() {
            writeln!(f, "  duplicate of: #{original}")?;
        }
        write_message(f, ">", self.headers(), self.body())?;
        if let (Delivery::Gateway, Some(response)) = (self.delivery(), self.response()) {
            write_response(f, "gateway", response)?;
        }
        if let Some(response) = self.service_response() {
            if let Some(at) = self.handled_at().filter(|at| *at != self.at()) {
                writeln!(f, "  handled: {}", at.to_utc())?;
            }
            write_response(f, "service", response)?;
        }
        Ok(())
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.at.to_utc(), self.kind, self.id)?;
        match self.request {
            Some(request) => write!(f, " by #{request}")?,
            None => f.write_str(" by another user")?,
        }
        if let Some(operation) = self.operation {
            write!(f, " {operation}")?;
        }
        match &self.key {
            Some(key) => write!(f, " key {}", one_line(key)),
            None => Ok(()),
        }
    }
}

fn write_response(f: &mut fmt::Formatter<'_>, from: &str, response: &Response<Bytes>) -> fmt::Result {
    writeln!(f, "  {from}: {}", response.status().as_u16())?;
    write_message(f, "<", response.headers(), response.body())
}

fn write_message(f: &mut fmt::Formatter<'_>, sign: &str, headers: &HeaderMap, body: &Bytes) -> fmt::Result {
    for (name, value) in sorted(headers) {
        writeln!(f, "  {sign} {name}: {}", one_line(&value))?;
    }
    match std::str::from_utf8(body) {
        Ok("") => Ok(()),
        Ok(text) => writeln!(f, "  {sign} {}", one_line(text)),
        Err(_) => writeln!(f, "  {sign} {} bytes, checksum {:016x}", body.len(), checksum(body)),
    }
}

/// Escapes control characters, so that text from outside cannot forge lines.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => line.extend(character.escape_default()),
            false => line.push(character),
        }
    }
    line
}

/// Computes the 64-bit FNV-1a hash, which distinguishes bodies that are not text.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
