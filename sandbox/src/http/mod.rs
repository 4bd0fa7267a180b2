//! Requests and responses: decoding, validation of fields, and the error envelope.
//!
//! Knows the form of a request and nothing about the tenant or its invoices.
//! Depends on `values` and on the settings only.

mod api_error;
mod fields;
pub(crate) mod multipart;
mod path;
mod request;
mod response;

pub(crate) use self::api_error::{ANY_RESOURCE, ApiError, Category};
pub(crate) use self::fields::{Fields, is_basic};
pub(crate) use self::path::{fits_path, match_path, path_ends_with, wildcards};
pub(crate) use self::request::{ApiRequest, ENTITY_IDS, ORG_IDS, Version};
pub(crate) use self::response::{ResponseBody, compress, is_compressible, json_response};
