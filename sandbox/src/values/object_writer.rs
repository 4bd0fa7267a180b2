//! Objects that are written without a value for each member.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::json::{Json, write_member, write_name, write_quoted};
use super::text::Text;
use super::time::Date;

/// Writes an object, member by member. Members without a value are left out, as most responses do.
pub(crate) struct ObjectWriter(Vec<u8>);

/// A value of a member.
pub(crate) trait Member {
    /// Writes the value after the name; nothing if there is no value.
    fn write(&self, name: &'static str, out: &mut Vec<u8>);
}

/// Initial size of the buffer: that of an invoice.
const SIZE: usize = 1024;

impl ObjectWriter {
    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(SIZE))
    }

    /// Writes a member, unless it has no value.
    pub(crate) fn member(&mut self, name: &'static str, value: impl Member) -> &mut Self {
        value.write(name, &mut self.0);
        self
    }

    /// Writes members, those that are null included.
    pub(crate) fn members<'j>(
        &mut self,
        members: impl IntoIterator<Item = &'j (Cow<'static, str>, Json)>,
    ) -> &mut Self {
        members.into_iter().for_each(|member| write_member(member, &mut self.0));
        self
    }

    /// Returns the object.
    pub(crate) fn finish(&mut self) -> Json {
        let mut out = std::mem::take(&mut self.0);
        // Each member starts with a comma.
        let Some(start) = out.first_mut() else { return Json::object([]) };
        *start = b'{';
        out.push(b'}');
        Json::Written(String::from_utf8(out).expect("JSON is text"))
    }
}

impl Member for &str {
    fn write(&self, name: &'static str, out: &mut Vec<u8>) {
        write_name(name, out);
        write_quoted(self.as_bytes(), out);
    }
}

impl Member for &String {
    fn write(&self, name: &'static str, out: &mut Vec<u8>) {
        self.as_str().write(name, out);
    }
}

impl Member for &Text {
    fn write(&self, name: &'static str, out: &mut Vec<u8>) {
        (*self).write(name, out);
    }
}

impl Member for Text {
    fn write(&self, name: &'static str, out: &mut Vec<u8>) {
        write_name(name, out);
        write_quoted(self.as_bytes(), out);
    }
}

impl Member for Date {
    fn write(&self, name: &'static str, out: &mut Vec<u8>) {
        self.to_text().write(name, out);
    }
}

impl Member for Decimal {
    fn write(&self, name: &'static str, out: &mut Vec<u8>) {
        write_name(name, out);
        out.extend_from_slice(Text::from(*self).as_bytes());
    }
}

impl Member for bool {
    fn write(&self, name: &'static str, out: &mut Vec<u8>) {
        write_name(name, out);
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl Member for Json {
    fn write(&self, name: &'static str, out: &mut Vec<u8>) {
        if !matches!(self, Self::Null) {
            write_name(name, out);
            Self::write(self, out);
        }
    }
}

impl<T: Member> Member for Option<T> {
    fn write(&self, name: &'static str, out: &mut Vec<u8>) {
        if let Some(value) = self {
            value.write(name, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_object_is_the_text_of_the_same_value() {
        let more = [(Cow::Borrowed("n__c"), Json::Null), (Cow::Owned("\"__c".to_owned()), Json::from(-7))];
        let date = Date::parse("2026-03-01").unwrap();
        let written = ObjectWriter::new()
            .member("a", "x\"\u{1}é")
            .member("b", None::<&str>)
            .member("c", Some(Decimal::new(-1050, 2)))
            .member("d", date)
            .member("e", true)
            .member("f", Json::Null)
            .member("g", Json::Array(vec![Json::object([]), Json::Null]))
            .members(&more)
            .finish();
        let value = Json::non_null([
            ("a", "x\"\u{1}é".into()),
            ("c", Decimal::new(-1050, 2).into()),
            ("d", date.into()),
            ("e", true.into()),
            ("g", Json::Array(vec![Json::object([]), Json::Null])),
        ]);
        assert_eq!(written.to_string(), value.append(more).to_string());
        let flagged = written.prepend("success", true.into()).to_string();
        assert_eq!(flagged, format!("{{\"success\":true,{}", &written_again(&flagged)[1..]));
        assert_eq!(ObjectWriter::new().member("a", None::<bool>).finish().to_string(), "{}");
    }

    fn written_again(flagged: &str) -> String {
        let Json::Object(mut members) = Json::read(flagged.as_bytes()).unwrap() else { panic!("{flagged}") };
        members.retain(|(name, _)| name != "success");
        assert_eq!(members.len(), 7);
        flagged.replacen("\"success\":true,", "", 1)
    }
}
