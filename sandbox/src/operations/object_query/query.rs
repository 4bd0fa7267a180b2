//! Parameters of a query, and the rows of one page.

use std::borrow::Cow;

use http::StatusCode;

use super::filter::Filter;
use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{Field, PageEnds, State, Store, Stored};
use crate::values::Json;

const DEFAULT_PAGE_SIZE: usize = 10;
const MAX_PAGE_SIZE: usize = 99;

/// The objects that a query lists, by their positions in order of creation.
pub(super) trait Table {
    type Row: Stored;

    /// Every field that is shown.
    const FIELDS: &'static [&'static str];

    fn store(&self) -> &Store<Self::Row>;

    /// Returns the positions that can match the filters, from a position on, in order; `None` for all.
    fn candidates<'t>(&'t self, query: &Query, from: usize) -> Option<Box<dyn Iterator<Item = usize> + 't>>;

    /// Shows an object without the fields that are not set.
    fn show(&self, position: usize) -> Json;
}

/// The parameters of a query.
pub(super) struct Query {
    pub(super) size: usize,
    pub(super) start: usize,
    pub(super) filters: Vec<Filter>,
    /// Places of the fields in those of the object, and whether the order is descending.
    pub(super) sorts: Vec<(usize, bool)>,
    pub(super) names: Vec<&'static str>,
    pub(super) nulls: bool,
    /// Path, filters and sorts as received.
    pub(super) text: String,
}

/// Responds to a query of a table of the state.
pub(super) fn respond(
    state: &mut State,
    list: impl FnOnce(&State, &mut PageEnds) -> Result<Json, ApiError>,
) -> Result<ResponseBody, ApiError> {
    let mut ends = std::mem::take(&mut state.page_ends);
    let body = list(state, &mut ends);
    state.page_ends = ends;
    body.map(ResponseBody::Plain).map_err(|error| error.with_status(StatusCode::BAD_REQUEST))
}

/// Returns the body of the response. `ends` are those of the last pages.
pub(super) fn list<T: Table>(table: &T, request: &ApiRequest, ends: &mut PageEnds) -> Result<Json, ApiError> {
    let query = Query::read::<T>(request)?;
    let (positions, next) = query.page(table, ends);
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
        let fields = T::Row::FIELDS;
        Ok(Self {
            size: page_size(request.query("pageSize"))?,
            start: cursor(request.query("cursor"))?,
            filters: values("filter[]").map(|text| Filter::read(text, fields)).collect::<Result<_, _>>()?,
            sorts: values("sort[]").map(|text| read_sort(text, fields)).collect::<Result<_, _>>()?,
            names: shown_fields(values("fields[]"), T::FIELDS)?,
            nulls: request.query("includeNullFields") == Some("true"),
            text: format!("{}\n{}", request.path, text.join("\n")),
        })
    }

    /// Returns the values of which the field must have one, if a filter names them.
    pub(super) fn exact<T: Stored>(&self, field: &str) -> Option<&[String]> {
        let of_field = |filter: &&Filter| T::FIELDS[filter.field].name == field;
        self.filters.iter().filter(of_field).find_map(Filter::exact)
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
fn read_sort<T>(text: &str, fields: &[Field<T>]) -> Result<(usize, bool), ApiError> {
    let invalid =
        || ApiError::query(format!("The sort '{text}' is not of the form FIELD.ASC or FIELD.DESC."));
    let (field, direction) = text.rsplit_once('.').ok_or_else(invalid)?;
    let descending = match direction {
        "ASC" => false,
        "DESC" => true,
        _ => return Err(invalid()),
    };
    Ok((read_field(field, fields)?, descending))
}

/// Returns the place of the field with that name.
pub(super) fn read_field<T>(name: &str, fields: &[Field<T>]) -> Result<usize, ApiError> {
    let known = fields.iter().position(|known| known.name.eq_ignore_ascii_case(name));
    known.ok_or_else(|| ApiError::query(format!("The field '{name}' cannot be filtered or sorted by.")))
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
