//! Fields of the objects of a store, side by side in memory.
//!
//! To filter or sort 100,000 objects by one field takes longer for reading the objects than for comparing them. The ranks
//! of a field are next to each other, and are kept up to date as the objects change.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use crate::values::{Date, FieldValue, RANKS, Rank, Ranks, UnixTime, exact_decimal, parse_iso};

/// A field that a list can be filtered and sorted by.
pub(crate) struct Field<T: 'static> {
    /// The name in lower case.
    pub(crate) name: &'static str,
    get: Getter<T>,
}

/// Reads a field of an object. The kind decides how it is compared: dates as texts.
enum Getter<T: 'static> {
    Text(fn(&T) -> Option<&str>),
    Number(fn(&T) -> Decimal),
    Date(fn(&T) -> Date),
    /// Without the fraction of a second, as it is shown.
    Time(fn(&T) -> UnixTime),
}

/// The ranks of the fields of all objects, by position.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    /// Those of each field. A list ends after the last object that has a value.
    ranks: Vec<[Vec<Rank>; RANKS]>,
    /// Positions of objects whose ranks may be those of an earlier version.
    outdated: Vec<usize>,
    revision: u64,
}

/// The ranks of one field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column<'c>([&'c [Rank]; RANKS]);

/// Number of outdated objects whose ranks are read together. The objects are then still in the cache.
const MAX_OUTDATED: usize = 64;

impl<T> Field<T> {
    pub(crate) const fn text(name: &'static str, get: fn(&T) -> Option<&str>) -> Self {
        Self { name, get: Getter::Text(get) }
    }

    pub(crate) const fn number(name: &'static str, get: fn(&T) -> Decimal) -> Self {
        Self { name, get: Getter::Number(get) }
    }

    pub(crate) const fn date(name: &'static str, get: fn(&T) -> Date) -> Self {
        Self { name, get: Getter::Date(get) }
    }

    pub(crate) const fn time(name: &'static str, get: fn(&T) -> UnixTime) -> Self {
        Self { name, get: Getter::Time(get) }
    }

    /// Returns the value of the field in an object.
    pub(crate) fn value<'t>(&self, object: &'t T) -> FieldValue<'t> {
        match self.get {
            Getter::Text(get) => get(object).map_or(FieldValue::Absent, |text| FieldValue::Text(text.into())),
            Getter::Number(get) => FieldValue::Number(get(object)),
            Getter::Date(get) => FieldValue::Text(get(object).to_text().as_str().to_owned().into()),
            Getter::Time(get) => FieldValue::Time(get(object).to_seconds()),
        }
    }

    /// Reads a value of the field as a query writes it; `None` if the field can have no such value.
    pub(crate) fn read(&self, text: &str) -> Option<FieldValue<'static>> {
        Some(match self.get {
            Getter::Text(_) | Getter::Date(_) => FieldValue::Text(text.to_owned().into()),
            Getter::Number(_) => FieldValue::Number(exact_decimal(text)?),
            Getter::Time(_) => FieldValue::Time(parse_iso(text)?),
        })
    }

    fn ranks(&self, object: &T) -> Ranks {
        match self.get {
            Getter::Date(get) => Rank::of_text(get(object).to_text().as_bytes()),
            _ => self.value(object).ranks(),
        }
    }
}

impl Columns {
    /// Notes that an object changes, by a reference that is used afterwards.
    pub(super) fn outdate<'t, T>(
        &mut self,
        position: usize,
        fields: &'static [Field<T>],
        get: impl Fn(usize) -> Option<&'t T>,
    ) {
        self.revision += 1;
        // An object is often changed several times in a row.
        if fields.is_empty() || self.outdated.last() == Some(&position) {
            return;
        }
        if self.outdated.len() == MAX_OUTDATED {
            self.refresh(fields, get);
        }
        self.outdated.push(position);
    }

    /// Reads the ranks of the objects that have changed; `get` returns `None` for an object that was removed.
    pub(super) fn refresh<'t, T>(
        &mut self,
        fields: &'static [Field<T>],
        get: impl Fn(usize) -> Option<&'t T>,
    ) {
        self.ranks.resize_with(fields.len(), Default::default);
        for position in self.outdated.drain(..) {
            let object = get(position);
            for (column, field) in self.ranks.iter_mut().zip(fields) {
                let ranks = object.map_or([Rank::ABSENT; RANKS], |object| field.ranks(object));
                for (list, rank) in column.iter_mut().zip(ranks) {
                    // Few values have a second rank, so that its list takes neither memory nor time.
                    match list.get_mut(position) {
                        Some(known) => *known = rank,
                        None if rank == Rank::ABSENT => break,
                        None => {
                            list.resize(position, Rank::ABSENT);
                            list.push(rank);
                        }
                    }
                }
            }
        }
    }

    /// Returns a number that is different after every change.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the ranks of a field by position.
    pub(super) fn of(&self, field: usize) -> Column<'_> {
        debug_assert!(self.outdated.is_empty(), "the columns are refreshed before they are read");
        Column(self.ranks.get(field).map_or([&[]; RANKS], |ranks| ranks.each_ref().map(Vec::as_slice)))
    }
}

impl Column<'_> {
    /// Returns the rank of the objects up to `end`, if all have the same.
    pub(crate) fn rank_of_all(self, index: usize, end: usize) -> Option<Rank> {
        let ranks = self.0[index];
        let first = ranks.first().copied().unwrap_or(Rank::ABSENT);
        let is_one = (ranks.is_empty() || ranks.len() == end) && ranks.iter().all(|rank| *rank == first);
        is_one.then_some(first)
    }

    /// Returns the order of the values of two objects; `None` if only the values themselves decide.
    pub(crate) fn order(self, left: usize, right: usize) -> Option<Ordering> {
        Rank::order(|index| self.rank(left, index), |index| self.rank(right, index))
    }

    /// Returns the order of the value of an object to another value; `None` if only the values themselves decide.
    pub(crate) fn order_to(self, position: usize, ranks: &Ranks) -> Option<Ordering> {
        Rank::order(|index| self.rank(position, index), |index| ranks[index])
    }

    /// Whether the text of an object starts with a prefix; `None` if only the text itself decides.
    pub(crate) fn starts_with(self, position: usize, prefix: &str) -> Option<bool> {
        Rank::starts_with(|index| self.rank(position, index), prefix)
    }

    /// Returns one of the ranks of an object.
    pub(crate) fn rank(self, position: usize, index: usize) -> Rank {
        self.0[index].get(position).copied().unwrap_or(Rank::ABSENT)
    }
}
