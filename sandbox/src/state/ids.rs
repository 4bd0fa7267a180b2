//! Generator of ids and numbers.

use std::collections::BTreeSet;

use crate::values::Text;

/// Prefix of the numbers of drafts that get their final numbers when they are posted.
pub(crate) const TEMPORARY: &str = "TMP-INV-";

/// A generator of unique ids and numbers; the same requests get the same ids in every sandbox.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    drawn: u64,
    /// State of the generator of ids that name no object, so that reads do not change the ids of objects.
    passing: u64,
    runs: u64,
    invoices: u64,
    memos: u64,
    temporary: u64,
    /// Invoice numbers that requests have set.
    taken: BTreeSet<String>,
}

impl Ids {
    /// Returns the id of an object: 32 lowercase hex digits.
    pub(crate) fn entity(&mut self) -> String {
        format!("8ad09b{:010x}{:016x}", self.draw() >> 24, self.draw())
    }

    /// Returns an access token: 32 lowercase hex digits.
    pub(crate) fn token(&mut self) -> String {
        format!("{:016x}{:016x}", self.draw_passing(), self.draw_passing())
    }

    /// Returns a request id: a UUID.
    pub(crate) fn request(&mut self) -> Text {
        let (high, low) = (self.draw_passing(), self.draw_passing());
        let mut id = [b'-'; 36];
        // Every response has one of these ids.
        write_hex(high >> 32, &mut id[..8]);
        write_hex(high >> 16, &mut id[9..13]);
        write_hex(0x4 << 12 | high & 0xfff, &mut id[14..18]);
        write_hex(0x8 << 12 | low >> 52, &mut id[19..23]);
        write_hex(low, &mut id[24..]);
        let mut text = Text::EMPTY;
        text.push_ascii(&id);
        text
    }

    /// Returns a process id: 16 uppercase hex digits.
    pub(crate) fn process(&mut self) -> String {
        format!("{:016X}", self.draw_passing())
    }

    pub(crate) fn run_number(&mut self) -> String {
        self.runs += 1;
        format!("BR-{:08}", self.runs)
    }

    pub(crate) fn invoice_number(&mut self) -> String {
        loop {
            self.invoices += 1;
            let number = format!("INV{:08}", self.invoices);
            if !self.taken.contains(&number) {
                return number;
            }
        }
    }

    /// Returns the number of a draft that gets its final number when it is posted.
    pub(crate) fn temporary_number(&mut self) -> String {
        self.temporary += 1;
        format!("{TEMPORARY}{:08}", self.temporary)
    }

    pub(crate) fn memo_number(&mut self) -> String {
        self.memos += 1;
        format!("CM{:08}", self.memos)
    }

    /// Reserves a number, so that it is not generated for another invoice.
    pub(crate) fn take_invoice_number(&mut self, number: &str) {
        self.taken.insert(number.to_owned());
    }

    /// Draws a number for an object.
    fn draw(&mut self) -> u64 {
        mix(step(&mut self.drawn))
    }

    /// Draws a number for a token, or for the id of a request or process.
    fn draw_passing(&mut self) -> u64 {
        // The other half of the sequence, so that all numbers are different.
        mix(step(&mut self.passing).wrapping_add(1 << 63))
    }
}

/// Writes the last hex digits of a number.
fn write_hex(number: u64, digits: &mut [u8]) {
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(rest & 0xf) as usize];
        rest >>= 4;
    }
}

/// Advances the splitmix64 generator, whose values are all different.
fn step(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    *state
}

fn mix(state: u64) -> u64 {
    let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_a_uuid_of_version_4() {
        let mut ids = Ids::default();
        let (first, second) = (ids.request(), ids.request());
        assert_ne!(first, second);
        let parts: Vec<&str> = first.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(parts[2].starts_with('4') && parts[3].starts_with('8'), "{first}");
        assert!(parts.concat().chars().all(|digit| digit.is_ascii_hexdigit()), "{first}");
    }
}
