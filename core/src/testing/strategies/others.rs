//! Strategies for queries, jobs, files and tokens.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::fields::{arbitrary, plain};
use super::values::text;
use crate::api::files::GetFiles;
use crate::api::jobs::{GetOperationJob, OperationJob, SubmittedJob};
use crate::api::object_query::{Comparison, Filter, QueriedInvoice, QueriedInvoices, QueryInvoices};
use crate::api::read_back::{QueriedCreditMemo, QueriedCreditMemos};
use crate::model::envelope::Success;
use crate::session::oauth::CreateToken;
use crate::types::{BillRunNumber, FileId, JobId, Secret};

plain! {
    Success, OperationJob, QueriedCreditMemo, QueriedCreditMemos, QueriedInvoice, QueriedInvoices, SubmittedJob,
}

arbitrary! {
    QueryInvoices => queries();
    Filter => (text(1..=12), any::<Comparison>(), text(0..=12))
        .prop_map(|(field, comparison, value)| Self::new(field, comparison, value));
    GetOperationJob => any::<JobId>().prop_map(Self::new);
    GetFiles => any::<FileId>().prop_map(Self::new);
    CreateToken => (text(1..=40), any::<Secret>()).prop_map(|(id, secret)| Self::new(id, secret));
}

fn queries() -> BoxedStrategy<QueryInvoices> {
    let query =
        prop_oneof![Just(QueryInvoices::new()), any::<BillRunNumber>().prop_map(QueryInvoices::of_bill_run),];
    let parts = (
        vec(any::<Filter>(), 0..=2),
        vec((any::<bool>(), text(1..=12)), 0..=2),
        vec(text(1..=12), 0..=3),
        vec(text(1..=12), 0..=2),
        option::of(any::<bool>()),
        option::of(1..=99_u32),
        option::of(text(1..=20)),
    );
    (query, parts)
        .prop_map(|(mut query, (filters, sorts, fields, expands, nulls, size, cursor))| {
            for filter in filters {
                query = query.filter(filter);
            }
            for (ascending, field) in sorts {
                query = if ascending { query.ascending(&field) } else { query.descending(&field) };
            }
            query = query.fields(fields);
            for object in expands {
                query = query.expand(object);
            }
            if let Some(include) = nulls {
                query = query.include_null_fields(include);
            }
            if let Some(rows) = size {
                query = query.page_size(rows);
            }
            match cursor {
                Some(cursor) => query.cursor(cursor),
                None => query,
            }
        })
        .boxed()
}
