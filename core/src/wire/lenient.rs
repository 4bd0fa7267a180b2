//! A second reading of JSON text, for bodies with a value that [`reader`](super::reader) cannot read.
//!
//! The value of each field is taken as JSON text first, so that the reading can go on after a value that makes no
//! sense:
//!
//! - An optional field that cannot be read is left absent. Its JSON text is kept in `extra` under its wire name, and
//!   noted as unreadable; text that is blank is noted as blank.
//! - A second value that differs from the first is kept the same way.
//! - Half of a surrogate pair in a text is replaced by U+FFFD, and the text is noted as repaired.
//!
//! A list has no absent form, so a list that cannot be read is an error, and so is the flag `success`.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::budget::{self, Budget};
use super::fields::{Name, Note};
use super::reader::{Fault, Once, read_other};
use super::{EntryList, Model, ReadError, ValueReader};

/// The flag that decides whether a write was applied.
const FLAG: &str = "success";

/// Reads JSON text into a model. Returns false for null.
pub(crate) fn read(json: &str, model: &mut dyn Model, budget: &Budget) -> Result<bool, ReadError> {
    Json { json, budget, is_repaired: &Cell::new(false) }.object(model)
}

/// Reads one field of an object. A value that cannot be read is noted, and kept as JSON text in `extra`. The text of a
/// list is not kept: a list is always written, and the object would have two.
pub(crate) fn read_one(model: &mut dyn Model, name: &str, json: &str, budget: &Budget) {
    let mut value = Json { json, budget, is_repaired: &Cell::new(false) };
    if let Err(error) = read_field(model, name, &mut value) {
        if !model.field(name).is_some_and(|field| field.is_list()) {
            model.extra().push(name, json);
        }
        model.extra().note(name, Note::Unreadable(error.in_value()));
    }
}

/// Reads a JSON text as [`ValueReader::text`] does. Returns `None` for null, and for a value that is not text.
pub(crate) fn text(json: &str) -> Option<String> {
    let budget = Budget::unlimited();
    let mut value = Json { json, budget: &budget, is_repaired: &Cell::new(false) };
    value.text().ok().flatten().map(Cow::into_owned)
}

/// A reader of a value that is taken as JSON text.
struct Json<'de, 'a> {
    json: &'de str,
    budget: &'a Budget,
    /// Set when a text has been repaired, and cleared by the object whose field has the text.
    is_repaired: &'a Cell<bool>,
}

impl<'de> Json<'de, '_> {
    fn of<'a>(&'a self, json: &'de RawValue) -> Json<'de, 'a> {
        Json { json: json.get(), budget: self.budget, is_repaired: self.is_repaired }
    }

    /// Runs a visitor over the whole text.
    fn visit<S: DeserializeSeed<'de>>(&self, seed: S) -> Result<S::Value, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(self.json);
        let value = seed.deserialize(&mut json)?;
        json.end()?;
        Ok(value)
    }
}

impl<'de> ValueReader<'de> for Json<'de, '_> {
    fn text(&mut self) -> Result<Option<Cow<'de, str>>, ReadError> {
        let mut json = serde_json::Deserializer::from_str(self.json);
        let error = match Once::reader(&mut json, self.budget).text() {
            Ok(text) => return Ok(text),
            Err(error) => error.without_position(),
        };
        let repaired = repaired(self.json).and_then(|json| serde_json::from_str::<String>(&json).ok());
        let text = repaired.ok_or(error)?;
        self.is_repaired.set(true);
        Ok(Some(text.into()))
    }

    fn own_text(&mut self) -> Result<Option<Box<str>>, ReadError> {
        Ok(self.text()?.map(Into::into))
    }

    fn raw(&mut self) -> Result<&'de str, ReadError> {
        Ok(self.json)
    }

    fn object(&mut self, model: &mut dyn Model) -> Result<bool, ReadError> {
        let mut fault = Fault::default();
        self.budget.enter(size_of_val(&*model))?;
        let read = self.visit(Object { model, from: self, fault: &mut fault });
        self.budget.leave();
        read.map_err(|error| fault.into_error(error).without_position())
    }

    fn list(&mut self, list: &mut dyn EntryList) -> Result<bool, ReadError> {
        let mut fault = Fault::default();
        let read = self.visit(List { list, from: self, fault: &mut fault });
        read.map_err(|error| fault.into_error(error).without_position())
    }

    fn budget(&self) -> &Budget {
        self.budget
    }
}

struct Object<'a, 'de> {
    model: &'a mut dyn Model,
    from: &'a Json<'de, 'a>,
    fault: &'a mut Fault,
}

impl<'de> DeserializeSeed<'de> for Object<'_, 'de> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, 'de> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        while let Some(name) = map.next_key_seed(Name)? {
            let mut value = self.from.of(map.next_value()?);
            read_field(self.model, &name, &mut value)
                .map_err(|error| self.fault.store(error.in_field(&name)))?;
        }
        Ok(true)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_none<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }
}

fn read_field(model: &mut dyn Model, name: &str, value: &mut Json<'_, '_>) -> Result<(), ReadError> {
    let Some(field) = model.field(name) else { return read_other(model, name, value) };
    match field.read(value) {
        Ok(()) if value.is_repaired.take() => {
            model.extra().note(name, Note::Repaired);
            Ok(())
        }
        Ok(()) => Ok(()),
        Err(error) if error.is_final() || field.is_list() || name == FLAG => Err(error),
        Err(error) => {
            value.is_repaired.set(false);
            let note = match is_blank(value.json) {
                true => Note::Blank,
                false => Note::Unreadable(error.in_value()),
            };
            read_other(model, name, value)?;
            model.extra().note(name, note);
            Ok(())
        }
    }
}

/// Returns whether a JSON text is a string of nothing but spaces.
fn is_blank(json: &str) -> bool {
    json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).is_some_and(|text| text.trim().is_empty())
}

struct List<'a, 'de> {
    list: &'a mut dyn EntryList,
    from: &'a Json<'de, 'a>,
    fault: &'a mut Fault,
}

impl<'de> DeserializeSeed<'de> for List<'_, 'de> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for List<'_, 'de> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let most = self.from.budget.max_entries();
        let mut index = 0;
        while let Some(entry) = seq.next_element::<&RawValue>()? {
            let read = match index < most {
                true => self.list.read_entry(&mut self.from.of(entry)),
                false => Err(budget::too_many(most)),
            };
            read.map_err(|error| self.fault.store_entry(index, error))?;
            index += 1;
        }
        Ok(true)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_none<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }
}

/// Replaces each half of a surrogate pair in the strings of a JSON text. Returns `None` if there is none.
fn repaired(json: &str) -> Option<String> {
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    let mut is_repaired = false;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        text.push_str(before);
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                is_repaired = true;
                text.push('\u{fffd}');
                rest = escape.get(6..)?;
                continue;
            }
            (Some(_), _) => 6,
            (None, _) => 2,
        };
        let (whole, after) = escape.split_at_checked(length)?;
        text.push_str(whole);
        rest = after;
    }
    text.push_str(rest);
    is_repaired.then_some(text)
}

/// Returns the UTF-16 code unit of an escape such as `\ud83d`, if the text begins with one.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_half_pairs_are_replaced() {
        for (json, text) in [
            (r#""cut \ud83d""#, Some("\"cut \u{fffd}\"")),
            (r#""\ude00\ud83d\ude00\ud83dx""#, Some("\"\u{fffd}\\ud83d\\ude00\u{fffd}x\"")),
            (r#""\ud83d\ud83d\ude00""#, Some("\"\u{fffd}\\ud83d\\ude00\"")),
            (r#""\\ud83d \u00e9 \n""#, None),
            (r#""\ud83d\ude00""#, None),
            (r#""\ud8"#, None),
            ("\"\\", None),
            ("12", None),
        ] {
            assert_eq!(repaired(json).as_deref(), text, "{json}");
        }
    }

    use crate::api::invoices::{GetInvoice, GetInvoiceItems, Invoice, InvoiceItems};
    use crate::operation::Operation;
    use crate::transport::HttpResponse;

    fn invoice(body: &str) -> Invoice {
        GetInvoice::new("1").parse(&HttpResponse::new(body.to_owned().into())).unwrap()
    }

    fn unreadable(invoice: &Invoice) -> Vec<(&str, &str)> {
        invoice.extra.unreadable().collect()
    }

    #[test]
    fn a_pass_that_stops_within_a_list_leaves_nothing_behind() {
        // The quick pass stops at the escaped name, and the first pass of serde at the quantity.
        for last in [r#""\u0069d":"c""#, r#""id":"c","quantity":[1]"#] {
            let body = format!(r#"{{"x__c":"y","invoiceItems":[{{"id":"a"}},{{"id":"b"}},{{{last}}}]}}"#);
            let page = GetInvoiceItems::new("1").parse(&HttpResponse::new(body.into())).unwrap();
            let ids: Vec<_> = page.items.iter().map(|item| item.id.as_ref().unwrap().as_str()).collect();
            assert_eq!(ids, ["a", "b", "c"], "{last}");
            assert_eq!(page.extra.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["x__c"], "{last}");
        }
    }

    #[test]
    fn a_field_that_cannot_be_read_costs_nothing_but_itself() {
        let body = r#"{"id":"i","comments":"x","amount":"1,5","balance":2.50,"dueDate":{"a": [1]},"Region__c":"EU"}"#;
        let seen = invoice(body);
        assert_eq!(
            (seen.id.as_ref().unwrap().as_str(), seen.balance().unwrap().to_string()),
            ("i", "2.50".into())
        );
        assert_eq!(
            unreadable(&seen).iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["amount", "dueDate"]
        );
        let error = seen.amount().unwrap_err();
        assert_eq!((error.kind(), error.field()), (crate::ErrorKind::Decode, Some("amount")));
        assert!(error.to_string().contains("1,5"), "{error}");
        assert_eq!(seen.extra.raw("dueDate"), Some(r#"{"a": [1]}"#));
        let written = serde_json::to_string(&seen).unwrap();
        for field in [r#""amount":"1,5""#, r#""dueDate":{"a": [1]}"#, r#""Region__c":"EU""#] {
            assert!(written.contains(field), "{written}");
        }
        let again: Invoice = serde_json::from_str(&written).unwrap();
        assert_eq!(again, seen);
        assert_eq!(unreadable(&again).len(), 2, "what was kept is as unreadable as before");
        let pretty = format!("[{},\n{}]", body, serde_json::to_string_pretty(&seen).unwrap());
        let list: Vec<Invoice> = serde_json::from_str(&pretty).unwrap();
        assert_eq!(unreadable(&list[1]).len(), 2);
    }

    #[test]
    fn blank_text_is_absent_and_kept() {
        let seen = invoice(r#"{"id":"i","invoiceDate":"","amount":" ","comments":"","autoPay":""}"#);
        assert_eq!((&seen.invoice_date, &seen.amount, seen.auto_pay), (&None, &None, None));
        assert_eq!(seen.comments.as_deref(), Some(""));
        assert_eq!(unreadable(&seen), []);
        assert_eq!(seen.extra.raw("amount"), Some("\" \""));
        assert!(seen.amount().unwrap_err().to_string().contains("missing"));
        assert_eq!(
            serde_json::to_string(&seen).unwrap(),
            r#"{"id":"i","comments":"","invoiceDate":"","amount":" ","autoPay":""}"#
        );
    }

    #[test]
    fn a_cut_emoji_is_replaced_and_noted() {
        let seen =
            invoice(r#"{"id":"i","comments":"cut \ud83d","accountName":"\u00e9 \ud83d\ude00","amount":1}"#);
        assert_eq!(seen.comments.as_deref(), Some("cut \u{fffd}"));
        assert_eq!(seen.extra.repaired().collect::<Vec<_>>(), ["comments"]);
        assert_eq!(unreadable(&seen), []);
        assert_eq!(seen.amount().unwrap().to_string(), "1");
        let page: InvoiceItems = serde_json::from_str(
            r#"{"invoiceItems":[{"id":"a","chargeName":"\ude00"},{"id":"b","chargeName":"b"}]}"#,
        )
        .unwrap();
        let repaired: Vec<_> = page.items.iter().map(|item| item.extra.repaired().count()).collect();
        assert_eq!(repaired, [1, 0]);
    }

    #[test]
    fn of_two_spellings_null_loses_and_a_second_value_is_kept() {
        for body in [
            r#"{"eInvoiceStatus":"Success","einvoiceStatus":null}"#,
            r#"{"einvoiceStatus":null,"eInvoiceStatus":"Success"}"#,
            r#"{"einvoiceStatus":"Success","eInvoiceStatus":"Success"}"#,
        ] {
            let seen = invoice(body);
            assert_eq!(serde_json::to_string(&seen).unwrap(), r#"{"eInvoiceStatus":"Success"}"#);
        }
        let seen = invoice(r#"{"amount":10.50,"amount":"10.5","amount":null}"#);
        assert_eq!(seen.amount().unwrap().to_string(), "10.50");

        let seen = invoice(r#"{"einvoiceStatus":"Success","eInvoiceStatus":"Failed"}"#);
        assert_eq!(seen.e_invoice_status, Some("Success".into()));
        assert_eq!(seen.extra.raw("eInvoiceStatus"), Some("\"Failed\""));
        let seen = invoice(r#"{"amount":1,"amount":2}"#);
        assert_eq!(seen.extra.raw("amount"), Some("2"));
        assert!(seen.amount().unwrap_err().to_string().contains("two different values"));
        let again: Invoice = serde_json::from_str(&serde_json::to_string(&seen).unwrap()).unwrap();
        assert!(again.amount().is_err());
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(invoice("\u{feff}{\"id\":\"i\"}").id().unwrap(), "i");
    }

    #[test]
    fn a_request_is_read_strictly() {
        use crate::api::bill_runs::CreateBillRun;
        assert!(serde_json::from_str::<CreateBillRun>(r#"{"targetDate":""}"#).is_err());
        assert!(serde_json::from_str::<CreateBillRun>(r#"{"name":"a","name":"b"}"#).is_err());
        assert!(serde_json::from_str::<CreateBillRun>(r#"{"name":"a","name":null}"#).is_ok());
    }

    #[test]
    fn models_are_read_from_other_formats_too() {
        let value = serde_json::json!({"comments": "x", "invoiceItems": null});
        let seen: Invoice = serde_json::from_value(serde_json::json!({"comments": "x"})).unwrap();
        assert_eq!(seen.comments.as_deref(), Some("x"));
        assert!(serde_json::from_value::<Invoice>(value).unwrap_err().to_string().contains("JSON text only"));
        let pairs = [("comments", "x"), ("id", "i")].into_iter();
        let map = serde::de::value::MapDeserializer::<_, serde::de::value::Error>::new(pairs);
        let seen: Invoice = serde::Deserialize::deserialize(map).unwrap();
        assert_eq!((seen.comments.as_deref(), seen.id().unwrap().as_str()), (Some("x"), "i"));
        assert!(serde_json::from_str::<Invoice>("null").is_err());
        assert!(serde_json::from_reader::<_, Invoice>(&br#"{"id":"i"}"#[..]).is_ok());
    }

    #[test]
    fn values_take_no_more_memory_than_the_cap_allows() {
        let rows = |count: usize| format!(r#"{{"invoiceItems":[{}]}}"#, vec!["{}"; count].join(","));
        let items = GetInvoiceItems::new("1").page_size(40);
        let read = |body: String, cap: Option<usize>| {
            let mut response = HttpResponse::new(body.into());
            if let Some(cap) = cap {
                response.extensions_mut().insert(crate::wire::budget::Cap(cap));
            }
            (items.parse(&response), crate::model::json::read::<InvoiceItems>(&response))
        };
        assert_eq!(read(rows(40), None).0.unwrap().items.len(), 40);
        let error = read(rows(41), None).0.unwrap_err();
        assert_eq!(error.field(), Some("invoiceItems[40]"), "{error}");
        assert!(error.to_string().contains("40 rows"), "{error}");
        assert!(read(rows(10_000), None).1.is_ok());
        let error = read(rows(1_000_000), None).1.unwrap_err();
        assert!(error.to_string().contains("max_response_bytes"), "{error}");
        assert!(read(rows(10_000), Some(1 << 20)).1.is_err());
        let lists = format!(
            r#"{{"invoiceItems":[{{"taxationItems":{{"data":[{}]}}}}]}}"#,
            vec!["{}"; 1_000_000].join(",")
        );
        assert!(read(lists.clone(), None).0.is_err(), "rows within a row count as well");
        let broken = lists.replacen("{}", r#"{"id":"\ud83d"}"#, 1);
        assert!(read(broken, None).0.is_err(), "and in the second pass");
        let text =
            format!(r#"{{"invoiceItems":[{{"chargeName":"{0}","Text__c":"{0}"}}]}}"#, "x".repeat(400_000));
        assert!(read(text, Some(1 << 20)).0.is_ok(), "plain text is allowed up to the cap");
    }

    #[test]
    fn a_deep_body_ends_with_an_error_in_both_passes() {
        for start in [r#""\ud83d""#, "1"] {
            let mut body = format!(r#"{{"name":{start},"targetDate":[],"billRunFilters":[{{"condition":{{"#);
            for _ in 0..10_000 {
                body.push_str(r#""conditions":[{"#);
            }
            body.push_str(&"}]".repeat(10_000));
            body.push_str("}}]}");
            let run = crate::api::bill_runs::GetBillRun::new("1");
            assert!(run.parse(&HttpResponse::new(body.into())).is_err());
        }
    }
}
