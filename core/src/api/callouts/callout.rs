//! The parameters of a callout, from JSON, a form, or the query of its URL.

use std::collections::BTreeMap;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request};
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::transport::headers::REQUEST_ID;
use crate::types::ExtraFields;

/// A callout notification: the ids that the service adds, and the parameters of the callout template.
///
/// `Debug` prints the parameters, and no credentials.
#[doc(alias = "webhook")]
#[doc(alias = "notification")]
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Callout {
    /// The parameters of the URL and the body, in this order. A parameter that occurs twice has its last value.
    ///
    /// Parameters of a URL or a form are texts. Those of a JSON body are what the template made of them, and numbers keep
    /// their digits. [`get`](ExtraFields::get) reads one of them, and [`read`](ExtraFields::read) all into a struct.
    pub fields: ExtraFields,
    notification_id: Option<Box<str>>,
    request_id: Option<Box<str>>,
}

impl Callout {
    /// Reads a callout. Check the sender before, with [`BasicAuth`](super::BasicAuth) or [`HmacAuth`](super::HmacAuth).
    ///
    /// ```
    /// use zuora_core::Amount;
    /// use zuora_core::callouts::Callout;
    /// use zuora_core::http::Request;
    ///
    /// let request = Request::post("/callouts?event=InvoicePosted")
    ///     .header("content-type", "application/json")
    ///     .header("zuora-notification-id", "4028e6973")
    ///     .body(br#"{"InvoiceId":"2c98","Amount":"10.50"}"#)?;
    /// let callout = Callout::read(&request)?;
    /// assert_eq!(callout.notification_id(), Some("4028e6973"));
    /// assert_eq!(callout.fields.get::<String>("event")?.as_deref(), Some("InvoicePosted"));
    /// assert_eq!(callout.fields.get::<Amount>("Amount")?, Some("10.50".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode): the body is neither a JSON object nor a form, or its text is not
    /// UTF-8.
    pub fn read(request: &Request<impl AsRef<[u8]>>) -> Result<Self> {
        let mut callout = Self {
            notification_id: text(request.headers(), "zuora-notification-id"),
            request_id: text(request.headers(), REQUEST_ID.as_str()),
            ..Self::default()
        };
        callout.add_form("query", request.uri().query().unwrap_or_default())?;
        let body = std::str::from_utf8(request.body().as_ref()).map_err(|error| {
            Error::unreadable("body", format!("byte {} is not valid UTF-8", error.valid_up_to()))
        })?;
        let media = text(request.headers(), CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
        match media.split(';').next().unwrap_or_default().trim() {
            _ if body.trim().is_empty() => {}
            "application/x-www-form-urlencoded" => callout.add_form("body", body)?,
            "application/json" | "" => callout.add_json(body)?,
            _ => {
                return Err(Error::unreadable(
                    "Content-Type",
                    "is neither application/json nor that of a form",
                ));
            }
        }
        Ok(callout)
    }

    /// Returns the `Zuora-Notification-Id`. It is the same when the service sends a notification again.
    pub fn notification_id(&self) -> Option<&str> {
        self.notification_id.as_deref()
    }

    /// Returns the `Zuora-Request-Id`. It is another one each time.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    fn add_form(&mut self, place: &'static str, form: &str) -> Result<()> {
        for pair in form.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let [name, value] = [name, value].map(|part| {
                let spaced = part.replace('+', " ");
                percent_decode_str(&spaced).decode_utf8().map(String::from)
            });
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(Error::unreadable(place, "is not valid UTF-8 after its percent-encoding"));
            };
            self.fields.push(&name, &serde_json::Value::from(value).to_string());
        }
        Ok(())
    }

    fn add_json(&mut self, body: &str) -> Result<()> {
        let fields: BTreeMap<String, &RawValue> = serde_json::from_str(body)
            .map_err(|error| Error::unreadable("body", format!("is not a JSON object: {error}")))?;
        fields.iter().for_each(|(name, value)| self.fields.push(name, value.get()));
        Ok(())
    }
}

/// Returns the text of a header, if it is not empty.
fn text(headers: &HeaderMap, name: &str) -> Option<Box<str>> {
    headers.get(name)?.to_str().ok().filter(|text| !text.is_empty()).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, media: &str, body: &str) -> Result<Callout> {
        let request = Request::post(url).header(CONTENT_TYPE, media).body(body.to_owned()).unwrap();
        Callout::read(&request)
    }

    #[test]
    fn parameters_are_read_from_query_form_and_json() {
        let form = "AccountId=2c98&Name=M%C3%BCller+%26+Co&empty=&flag";
        let expected = r#"{"AccountId":"2c98","Name":"Müller & Co","empty":"","flag":""}"#;
        let get = Request::get(format!("/c?{form}")).body(Vec::new()).unwrap();
        assert_eq!(format!("{:?}", Callout::read(&get).unwrap().fields), expected);
        let media = "application/x-www-form-urlencoded; charset=UTF-8";
        assert_eq!(format!("{:?}", read("/c", media, form).unwrap().fields), expected);

        let json = r#"{"Amount": 10.500, "Nested": {"a": [1]}, "Id": "2c98"}"#;
        for media in ["application/json;charset=UTF-8", "Application/JSON"] {
            let callout = read("/c", media, json).unwrap();
            assert_eq!(callout.fields.raw("Amount"), Some("10.500"));
            assert_eq!(callout.fields.raw("Nested"), Some(r#"{"a": [1]}"#));
        }
    }

    #[test]
    fn the_body_takes_precedence_over_the_query() {
        let callout = read("/c?Id=query&Other=1", "application/json", r#"{"Id":"body"}"#).unwrap();
        assert_eq!(callout.fields.get::<String>("Id").unwrap().as_deref(), Some("body"));
        assert_eq!(callout.fields.get::<String>("Other").unwrap().as_deref(), Some("1"));
    }

    #[test]
    fn a_body_that_cannot_be_read_is_an_error() {
        for (media, body) in [
            ("application/json", "[]"),
            ("application/json", "{\"Id\":"),
            ("text/xml", "<callout/>"),
            ("application/x-www-form-urlencoded", "Id=%FF"),
        ] {
            let error = read("/c", media, body).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Decode, "{error}");
        }
        let request = Request::post("/c").body(vec![0xff]).unwrap();
        assert_eq!(Callout::read(&request).unwrap_err().field(), Some("body"));
    }
}
