//! Invoice operations, with what they share: readers of request bodies, pages, PDFs, credit memos.
//!
//! One file per operation; `*_reader.rs` parse request bodies, `show.rs` writes responses.
//! `pay.rs` and `by_hand.rs` are changes by other users, for which no operation is simulated.

mod application_parts;
mod bulk_create;
mod bulk_post;
mod bulk_update;
mod by_hand;
mod cancel;
mod contacts;
mod create;
mod create_taxation_items;
mod credit_memo;
mod delete;
mod email;
mod extra_fields_reader;
mod find;
mod get;
mod item_reader;
mod list_files;
mod list_items;
mod list_taxation_items;
mod page;
mod pay;
mod pdf;
mod pdf_status;
mod post;
mod reverse;
mod show;
mod update;
mod upload;
mod write_off;

pub(crate) use self::application_parts::application_parts;
pub(crate) use self::bulk_create::bulk_create;
pub(crate) use self::bulk_post::bulk_post;
pub(crate) use self::bulk_update::bulk_update;
pub(crate) use self::cancel::cancel;
pub(crate) use self::create::create;
pub(crate) use self::create_taxation_items::create_taxation_items;
pub(crate) use self::delete::delete;
pub(crate) use self::email::email;
pub(crate) use self::get::get;
pub(crate) use self::list_files::{download, list_files};
pub(crate) use self::list_items::list_items;
pub(crate) use self::list_taxation_items::list_taxation_items;
pub(crate) use self::pdf_status::pdf_status;
pub(crate) use self::post::post;
pub(crate) use self::reverse::reverse;
pub(crate) use self::update::update;
pub(crate) use self::upload::upload;
pub(crate) use self::write_off::write_off;
