//! Bill-run operations, and the background work that moves a run from status to status.
//!
//! One file per operation; `*_reader.rs` parse request bodies, `show.rs` writes responses.
//! `background.rs` draws the statuses and their transitions.

mod background;
mod by_hand;
mod cancel;
mod condition_reader;
mod create;
mod delete;
mod email;
mod find;
mod get;
mod post;
mod schedule_reader;
mod scope_reader;
mod show;

pub(crate) use self::cancel::cancel;
pub(crate) use self::create::create;
pub(crate) use self::delete::delete;
pub(crate) use self::email::email;
pub(crate) use self::get::get;
pub(crate) use self::post::post;
