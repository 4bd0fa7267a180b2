//! Values that requests, responses and the state consist of: JSON, instants and calendar dates.
//!
//! Values are exact: numbers keep their digits, and times come from the caller rather than a clock.
//! Depends on no other module.

mod failure_category;
mod field_value;
mod json;
mod object_writer;
mod origin;
mod setting_value;
mod text;
mod text_map;
mod time;

pub use self::failure_category::FailureCategory;
pub(crate) use self::field_value::{FieldValue, RANKS, Rank, Ranks};
pub(crate) use self::json::{Json, exact_decimal};
pub(crate) use self::object_writer::ObjectWriter;
pub(crate) use self::origin::is_origin;
pub(crate) use self::setting_value::SettingValue;
pub(crate) use self::text::Text;
pub(crate) use self::text_map::TextMap;
pub use self::time::UnixTime;
pub(crate) use self::time::{Date, Zone, parse_iso};
