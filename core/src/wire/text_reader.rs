//! A reader of JSON text, for nearly every body.
//!
//! The format is known here, so a value costs one call instead of the several by which serde connects any format to
//! any type. What is rare is an error: a name with an escape, a value that does not fit its field, text that is not
//! JSON. The caller then reads the text again by [`reader`](super::reader), which explains the error.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::budget::Budget;
use super::escape::first_escaped;
use super::reader::{Once, read_other};
use super::{EntryList, Model, ReadError, ValueReader};

type Result<T> = std::result::Result<T, ReadError>;

/// Reads JSON text of one object into a model.
///
/// # Errors
/// Anything that has to be read in another way. The error does not explain it.
pub(crate) fn read(text: &str, model: &mut dyn Model, budget: &Budget) -> Result<()> {
    let mut reader = TextReader { text, at: 0, budget, lists: 0, names: Vec::new(), next_name: 0 };
    let is_object = reader.object(model)?;
    match is_object && reader.peek().is_none() {
        true => Ok(()),
        false => Err(unusual()),
    }
}

#[cold]
fn unusual() -> ReadError {
    ReadError::new("cannot be read in the usual way")
}

struct TextReader<'de, 'b> {
    text: &'de str,
    /// Position of the next byte.
    at: usize,
    budget: &'b Budget,
    /// Number of lists around the next byte.
    lists: u32,
    /// The names in an entry of the outermost list, in their order, each with its text up to the colon. The next entry
    /// nearly always has the same ones, and a comparison is cheaper than the search for the end of a name.
    names: Vec<(&'de str, &'de str)>,
    /// Index of the name that is expected next.
    next_name: usize,
}

/// Names of an entry that are remembered at most.
const MAX_NAMES: usize = 128;

impl<'de> TextReader<'de, '_> {
    /// Skips white space, and returns the next byte.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Takes the next byte if it is this one.
    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.take(byte) { Ok(()) } else { Err(unusual()) }
    }

    /// Takes `,` and returns true, or takes the closing bracket and returns false.
    fn continues(&mut self, close: u8) -> Result<bool> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(unusual()),
        }
    }

    fn rest(&self) -> &'de [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// Takes a word of JSON.
    fn word(&mut self, word: &str) -> Result<()> {
        match self.rest().starts_with(word.as_bytes()) {
            true => {
                self.at += word.len();
                Ok(())
            }
            false => Err(unusual()),
        }
    }

    /// Takes a string without escapes whose quotation mark is next, and returns its text.
    #[inline(never)] // The search takes all registers.
    fn plain_string(&mut self) -> Option<&'de str> {
        let start = self.at + 1;
        let end = start + first_escaped(&self.text.as_bytes()[start..]);
        if self.text.as_bytes().get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// Takes the name of a field and its colon, and returns the name.
    #[inline]
    fn name(&mut self) -> Result<&'de str> {
        if self.peek() != Some(b'"') {
            return Err(unusual());
        }
        if self.lists > 0 {
            return self.name_in_list();
        }
        let name = self.plain_string().ok_or_else(unusual)?;
        self.expect(b':')?;
        Ok(name)
    }

    /// Takes the expected name, or another one. Another name ends the expectation for the rest of the entry.
    fn name_in_list(&mut self) -> Result<&'de str> {
        if let Some((name, text)) = self.names.get(self.next_name) {
            if self.rest().starts_with(text.as_bytes()) {
                self.at += text.len();
                self.next_name += 1;
                return Ok(name);
            }
        }
        let start = self.at;
        let name = self.plain_string().ok_or_else(unusual)?;
        self.expect(b':')?;
        self.names.truncate(self.next_name);
        if self.names.len() < MAX_NAMES {
            self.names.push((name, &self.text[start..self.at]));
        }
        self.next_name += 1;
        Ok(name)
    }

    /// Takes any value as serde_json does, and returns its text.
    #[cold]
    fn any(&mut self) -> Result<&'de str> {
        let mut values = serde_json::Deserializer::from_str(&self.text[self.at..]).into_iter::<&RawValue>();
        let Some(Ok(value)) = values.next() else { return Err(unusual()) };
        self.at += values.byte_offset();
        Ok(value.get())
    }

    /// Takes a number and returns its text.
    fn number(&mut self) -> Result<&'de str> {
        let rest = self.rest();
        let digits = |from: usize| rest[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut end = usize::from(rest.first() == Some(&b'-'));
        let whole = digits(end);
        let has_leading_zero = whole > 1 && rest[end] == b'0';
        end += whole;
        if whole == 0 || has_leading_zero {
            return Err(unusual());
        }
        if rest.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            if fraction == 0 {
                return Err(unusual());
            }
            end += 1 + fraction;
        }
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            return self.any();
        }
        let start = self.at;
        self.at += end;
        Ok(&self.text[start..self.at])
    }

    /// Reads a value that is neither null nor a string without escapes as text.
    fn other_text(&mut self) -> Result<Cow<'de, str>> {
        match self.peek() {
            Some(b't') => self.word("true").map(|()| "true".into()),
            Some(b'f') => self.word("false").map(|()| "false".into()),
            Some(b'"') => {
                let json = self.any()?;
                serde_json::from_str::<String>(json).map(Into::into).map_err(|_| unusual())
            }
            Some(b'-' | b'0'..=b'9') => {
                let json = self.number()?;
                // An integer is its text. Other numbers become the text that serde_json's numbers have.
                if json.len() < 18 && json.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Ok(json.into());
                }
                let mut json = serde_json::Deserializer::from_str(json);
                Once::reader(&mut json, self.budget).text()?.ok_or_else(unusual)
            }
            _ => Err(unusual()),
        }
    }

    /// Takes null.
    #[inline]
    fn takes_null(&mut self) -> Result<bool> {
        match self.peek() {
            Some(b'n') => self.word("null").map(|()| true),
            _ => Ok(false),
        }
    }

    /// Takes a string without escapes, if one is next.
    #[inline]
    fn plain_text(&mut self) -> Option<&'de str> {
        if self.peek() == Some(b'"') { self.plain_string() } else { None }
    }

    /// Reads a value that is not a string without escapes as text.
    fn rare_text(&mut self) -> Result<Option<Cow<'de, str>>> {
        if self.takes_null()? { Ok(None) } else { self.other_text().map(Some) }
    }
}

impl<'de> ValueReader<'de> for TextReader<'de, '_> {
    fn text(&mut self) -> Result<Option<Cow<'de, str>>> {
        match self.plain_text() {
            Some(text) => Ok(Some(Cow::Borrowed(text))),
            None => self.rare_text(),
        }
    }

    fn own_text(&mut self) -> Result<Option<Box<str>>> {
        match self.plain_text() {
            Some(text) => Ok(Some(text.into())),
            None => Ok(self.rare_text()?.map(Into::into)),
        }
    }

    fn raw(&mut self) -> Result<&'de str> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'"') => {
                let start = self.at;
                match self.plain_string() {
                    Some(_) => Ok(&self.text[start..self.at]),
                    None => self.any(),
                }
            }
            _ => {
                let start = self.at;
                if self.takes_null()? { Ok(&self.text[start..self.at]) } else { self.any() }
            }
        }
    }

    fn object(&mut self, model: &mut dyn Model) -> Result<bool> {
        if self.takes_null()? {
            return Ok(false);
        }
        self.expect(b'{')?;
        self.budget.enter(size_of_val(&*model))?;
        let mut continues = !self.take(b'}');
        while continues {
            let name = self.name()?;
            match model.field(name) {
                Some(field) => field.read(self)?,
                None => read_other(model, name, self)?,
            }
            continues = self.continues(b'}')?;
        }
        self.budget.leave();
        Ok(true)
    }

    fn list(&mut self, list: &mut dyn EntryList) -> Result<bool> {
        if self.takes_null()? {
            return Ok(false);
        }
        self.expect(b'[')?;
        let mut left = self.budget.max_entries();
        let mut continues = !self.take(b']');
        self.lists += 1;
        while continues {
            left = left.checked_sub(1).ok_or_else(unusual)?;
            if self.lists == 1 {
                self.next_name = 0;
            }
            list.read_entry(self)?;
            continues = self.continues(b']')?;
        }
        self.lists -= 1;
        Ok(true)
    }

    fn budget(&self) -> &Budget {
        self.budget
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::bill_runs::BillRun;
    use crate::api::invoices::{Invoice, InvoiceItems};
    use crate::wire::FromWire;

    /// Reads by this reader and by that of serde_json, and compares where this one reads anything.
    fn is_read<M: Model + FromWire + Default + PartialEq + std::fmt::Debug>(json: &str) -> bool {
        let (mut fast, mut slow) = (M::default(), M::default());
        let is_read = read(json, &mut fast, &Budget::unlimited()).is_ok();
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let result = Once::reader(&mut deserializer, &Budget::unlimited()).object(&mut slow);
        if is_read {
            assert!(result.is_ok_and(|is_object| is_object) && deserializer.end().is_ok(), "{json}");
            assert_eq!(fast, slow, "{json}");
        }
        is_read
    }

    const INVOICE: &str = r#" {"id":"i","amount":1234.50, "balance": -0.00,"taxAmount":"12.10","discount":1e2,
        "comments":"a \"quoted\" \u00fc","autoPay":"true","objectIndex":7 ,"invoiceDate":null,"Region__c":"EU",
        "Deep__c":{"a":[1,{"b":null}, "x"]},"Number__c":-12.50,"Flag__c":true,"Null__c":null,"accountName":12.50,
        "invoiceNumber":12345678901234567890,"success":true,"reasons":[],"dueDate":"2026-03-01"}
    "#;

    #[test]
    fn usual_bodies_are_read_as_by_serde_json() {
        assert!(is_read::<Invoice>(INVOICE));
        assert!(is_read::<Invoice>("{}"));
        assert!(is_read::<InvoiceItems>(&format!(
            r#"{{"invoiceItems":[{INVOICE},{{}} , {INVOICE}],"x":[]}}"#
        )));
        assert!(is_read::<BillRun>(
            r#"{"billRunFilters":[{"condition":{"conditions":[{"field":"a"}]}}],"batches":["Batch1"],"nextRun":{}}"#
        ));
    }

    #[test]
    fn entries_with_other_names_than_the_entry_before_are_read_as_by_serde_json() {
        let entries = [
            r#"{"id":"a","chargeName":"b","amount__c":1}"#,
            r#"{"id":"c","chargeName":"d","amount__c":2}"#,
            r#"{ "id" : "e", "chargeName" :"f","amount__c":3}"#,
            r#"{"id":"g","amount__c":4}"#,
            r#"{"id":"h","chargeNames":"i","chargeName":"j"}"#,
            r#"{"taxationItems":{"data":[{"id":"k"},{"id":"l","name":"m"},{}]},"id":"n"}"#,
            r#"{"taxationItems":{"data":[{"id":"k","name":"m"}]},"id":"n","chargeName":"o"}"#,
            "{}",
        ];
        for first in entries {
            for second in entries {
                for third in entries {
                    let body = format!(r#"{{"invoiceItems":[{first},{second},{third}],"nextPage":null}}"#);
                    assert!(is_read::<InvoiceItems>(&body), "{body}");
                }
            }
        }
        // More names than are remembered, twice.
        let names: String = (0..2 * MAX_NAMES).map(|n| format!(r#""n{n}":{n},"#)).collect();
        let entry = format!(r#"{{{names}"id":"x"}}"#);
        assert!(is_read::<InvoiceItems>(&format!(r#"{{"invoiceItems":[{entry},{entry},{{}},{entry}]}}"#)));
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_read_as_by_serde_json() {
        let mut read = 0;
        for cut in (0..INVOICE.len()).filter(|cut| INVOICE.is_char_boundary(*cut)) {
            assert!(!is_read::<Invoice>(&INVOICE[..cut]) || cut > INVOICE.trim_end().len() - 1);
            for other in "\"\\{],0.e \u{1}".chars() {
                let mut changed = INVOICE[..cut].to_owned();
                changed.push(other);
                changed.extend(INVOICE[cut..].chars().skip(1));
                read += usize::from(is_read::<Invoice>(&changed));
                changed.insert(cut, ' ');
                is_read::<Invoice>(&changed);
            }
        }
        assert!(read > 200, "{read} of the changed bodies are valid");
    }

    #[test]
    fn what_is_no_json_is_not_read() {
        for json in [
            "",
            "null",
            "[]",
            "{",
            "{}}",
            "{} {}",
            "{,}",
            r#"{"a":1,}"#,
            r#"{"a" 1}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":-}"#,
            r#"{"a":.5}"#,
            r#"{"a":1e}"#,
            r#"{"a":+1}"#,
            r#"{"a":nul}"#,
            r#"{"a":truex}"#,
            r#"{"autoPay":truex}"#,
            "{\"id\":\"\n\"}",
            "{\"\u{1}\":1}",
            r#"{"id":"\x"}"#,
            r#"{"id":"\ud800"}"#,
            r#"{"id":"a"#,
            r#"{'id':1}"#,
            r#"{"id":[1]}"#,
            r#"{"reasons":{}}"#,
            r#"{"a":[1}"#,
        ] {
            assert!(!is_read::<Invoice>(json), "{json}");
        }
    }
}
