//! Parameters of a query, and the rows of one page.

use std::borrow::Cow;

use http::StatusCode;

use super::filter::{Filter, Value};
use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{SortedQueries, State};
use crate::values::Json;

const DEFAULT_PAGE_SIZE: usize = 10;
const MAX_PAGE_SIZE: usize = 99;

/// The objects that a query lists, by their positions in order of creation.
pub(super) trait Table {
    /// Fields that a filter or a sort can name, in lower case.
    const INDEXED: &'static [&'static str];
    /// Every field.
    const FIELDS: &'static [&'static str];

    /// Returns the positions that can match the filters, from a position on, in order.
    fn candidates<'t>(&'t self, query: &Query, from: usize) -> Box<dyn Iterator<Item = usize> + 't>;

    /// Returns the value of an indexed field; `None` if no object has that position.
    fn value(&self, position: usize, field: &str) -> Option<Value<'_>>;

    /// Shows an object without the fields that are not set.
    fn show(&self, position: usize) -> Json;

    /// Returns a number that is different after every change of an object.
    fn revision(&self) -> u64;

    /// Returns the positions of the objects that have changed since a revision, in order; `None` if they are not
    /// known.
    fn changed_since(&self, revision: u64) -> Option<Vec<usize>>;
}

/// The parameters of a query.
pub(super) struct Query {
    pub(super) size: usize,
    pub(super) start: usize,
    filters: Vec<Filter>,
    /// Fields, and whether the order is descending.
    pub(super) sorts: Vec<(&'static str, bool)>,
    names: Vec<&'static str>,
    nulls: bool,
    /// Table, filters and sorts as received.
    pub(super) text: String,
}

/// Responds to a query of a table of the state.
pub(super) fn respond(
    state: &mut State,
    list: impl FnOnce(&State, &mut SortedQueries) -> Result<Json, ApiError>,
) -> Result<ResponseBody, ApiError> {
    let mut sorted = std::mem::take(&mut state.sorted);
    let body = list(state, &mut sorted);
    state.sorted = sorted;
    body.map(ResponseBody::Plain).map_err(|error| error.with_status(StatusCode::BAD_REQUEST))
}

/// Returns the body of the response. `sorted` are the rows of the last sorted queries.
pub(super) fn list<T: Table>(
    table: &T,
    request: &ApiRequest,
    sorted: &mut SortedQueries,
) -> Result<Json, ApiError> {
    let query = Query::read::<T>(request)?;
    let (positions, next) = match query.sorts.is_empty() {
        true => query.page(table),
        false => query.sorted_page(table, sorted),
    };
    let rows = positions.into_iter().map(|position| query.shown(table.show(position), T::FIELDS));
    Ok(Json::non_null([
        ("nextPage", next.map(|next| format!("{next:08x}")).into()),
        ("data", Json::Array(rows.collect())),
    ]))
}

/// Returns the positions of the objects with these keys, from a position on, in order.
pub(super) fn by_keys<'t>(
    keys: &[String],
    from: usize,
    find: impl Fn(&str) -> Option<usize>,
) -> Box<dyn Iterator<Item = usize> + 't> {
    let mut found: Vec<usize> = keys.iter().filter_map(|key| find(key)).collect();
    found.sort_unstable();
    found.dedup();
    Box::new(found.into_iter().filter(move |position| *position >= from))
}

impl Query {
    fn read<T: Table>(request: &ApiRequest) -> Result<Self, ApiError> {
        let known = ["pageSize", "cursor", "sort[]", "filter[]", "fields[]", "includeNullFields"];
        if let Some((name, _)) = request.query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            return Err(ApiError::query(format!("The query parameter '{name}' is not supported.")));
        }
        let values = |name: &'static str| {
            request.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
        };
        let text: Vec<&str> = values("filter[]").chain(values("sort[]")).collect();
        Ok(Self {
            size: page_size(request.query("pageSize"))?,
            start: cursor(request.query("cursor"))?,
            filters: values("filter[]")
                .map(|text| Filter::read(text, T::INDEXED))
                .collect::<Result<_, _>>()?,
            sorts: values("sort[]").map(|text| read_sort(text, T::INDEXED)).collect::<Result<_, _>>()?,
            names: shown_fields(values("fields[]"), T::FIELDS)?,
            nulls: request.query("includeNullFields") == Some("true"),
            text: format!("{}\n{}", request.path, text.join("\n")),
        })
    }

    /// Returns the values of which the field must have one, if a filter names them.
    pub(super) fn exact(&self, field: &str) -> Option<&[String]> {
        self.filters.iter().filter(|filter| filter.field == field).find_map(Filter::exact)
    }

    pub(super) fn matches<T: Table>(&self, table: &T, position: usize) -> bool {
        let matches =
            |filter: &Filter| table.value(position, filter.field).is_some_and(|field| filter.matches(&field));
        self.filters.iter().all(matches)
    }

    /// Returns the rows of a page in order of creation. The cursor is the position of its first row.
    fn page<T: Table>(&self, table: &T) -> (Vec<usize>, Option<usize>) {
        let candidates = table.candidates(self, self.start);
        let mut matching = candidates.filter(|position| self.matches(table, *position));
        let rows: Vec<usize> = matching.by_ref().take(self.size).collect();
        (rows, matching.next())
    }

    /// Reduces a row to the selected fields.
    fn shown(&self, row: Json, all: &[&'static str]) -> Json {
        if self.names.is_empty() && !self.nulls {
            return row;
        }
        let wanted = |name: &str| self.names.is_empty() || self.names.contains(&name);
        let row = match row {
            Json::Written(text) => Json::read(text.as_bytes()).unwrap_or(Json::Null),
            other => other,
        };
        let Json::Object(mut members) = row else { return row };
        if self.nulls {
            for name in all {
                if !members.iter().any(|(known, _)| known == name) {
                    members.push((Cow::Borrowed(name), Json::Null));
                }
            }
        }
        members.retain(|(name, _)| wanted(name));
        Json::Object(members)
    }
}

fn page_size(text: Option<&str>) -> Result<usize, ApiError> {
    let Some(text) = text else { return Ok(DEFAULT_PAGE_SIZE) };
    let size = text.parse().ok().filter(|size| (1..=MAX_PAGE_SIZE).contains(size));
    size.ok_or_else(|| ApiError::query("The query parameter 'pageSize' must be from 1 to 99."))
}

fn cursor(text: Option<&str>) -> Result<usize, ApiError> {
    let Some(text) = text else { return Ok(0) };
    let start = usize::from_str_radix(text, 16).ok().filter(|_| text.len() == 8);
    start.ok_or_else(|| ApiError::query("The query parameter 'cursor' is not one that was handed out."))
}

/// Parses a sort of the form `FIELD.ASC` or `FIELD.DESC`; the flag is whether the order is descending.
fn read_sort(text: &str, indexed: &[&'static str]) -> Result<(&'static str, bool), ApiError> {
    let invalid =
        || ApiError::query(format!("The sort '{text}' is not of the form FIELD.ASC or FIELD.DESC."));
    let (field, direction) = text.rsplit_once('.').ok_or_else(invalid)?;
    let descending = match direction {
        "ASC" => false,
        "DESC" => true,
        _ => return Err(invalid()),
    };
    Ok((read_field(field, indexed)?, descending))
}

pub(super) fn read_field(name: &str, indexed: &[&'static str]) -> Result<&'static str, ApiError> {
    let known = indexed.iter().find(|known| known.eq_ignore_ascii_case(name));
    known
        .copied()
        .ok_or_else(|| ApiError::query(format!("The field '{name}' cannot be filtered or sorted by.")))
}

/// Parses `fields[]` parameters, each with one or more names; an empty list selects all fields.
fn shown_fields<'a>(
    values: impl Iterator<Item = &'a str>,
    all: &[&'static str],
) -> Result<Vec<&'static str>, ApiError> {
    let names = values.flat_map(|value| value.split(',')).map(str::trim).filter(|name| !name.is_empty());
    let known = |name: &str| all.iter().copied().find(|known| known.eq_ignore_ascii_case(name));
    names
        .map(|name| known(name).ok_or_else(|| ApiError::query(format!("The field '{name}' is unknown."))))
        .collect()
}
