//! The rows of one page.
//!
//! A page is found by the columns of the store, without reading the other objects: by position for rows in order of
//! creation, and otherwise by selection of the rows that are first, so that it takes little time however many objects
//! there are.

use std::cmp::Ordering;

use super::query::{Query, Table};
use crate::state::{Column, PageEnd, PageEnds, Store, Stored};
use crate::values::{RANKS, Rank};

/// A row with the first rank by which rows differ. Rows that are equal by all fields are in order of creation.
type Key = (Rank, usize);

/// Number of rows besides the wanted ones that are held at least. They take 32 kB, which fit into the cache.
const OTHERS: usize = 1000;

/// The fields that a query sorts by.
struct Sorted<'q, T: Stored> {
    store: &'q Store<T>,
    fields: Vec<SortedField<'q>>,
    /// The first field by which rows differ, and which of its ranks.
    key: SortedField<'q>,
    key_rank: usize,
    /// Whether no field follows that one.
    is_last: bool,
}

#[derive(Clone, Copy)]
struct SortedField<'q> {
    index: usize,
    is_descending: bool,
    column: Column<'q>,
}

impl Query {
    /// Returns the rows of a page, and the cursor of the next one. The cursor is the position of its first row, or the
    /// number of rows before it if they are sorted.
    pub(super) fn page<T: Table>(&self, table: &T, ends: &mut PageEnds) -> (Vec<usize>, Option<usize>) {
        if !self.sorts.is_empty() {
            return self.sorted_page(table, ends);
        }
        let mut matching = self.matching(table, self.start);
        let rows: Vec<usize> = matching.by_ref().take(self.size).collect();
        (rows, matching.next())
    }

    fn sorted_page<T: Table>(&self, table: &T, ends: &mut PageEnds) -> (Vec<usize>, Option<usize>) {
        let sorted = Sorted::new(table.store(), &self.sorts);
        let end_after =
            |count| PageEnd { query: self.text.clone(), revision: table.store().revision(), count };
        // The rows behind the page before are found faster than those behind a number of rows.
        let before = ends.last_row(&end_after(self.start)).map(|row| sorted.key(row));
        let skipped = if before.is_some() { 0 } else { self.start };
        let mut count = 0;
        let rows = self.matching(table, 0).map(|row| sorted.key(row));
        let rows = rows.filter(|row| before.is_none_or(|before| sorted.order(row, &before).is_gt()));
        let page = sorted.page(rows.inspect(|_| count += 1), skipped, skipped.saturating_add(self.size));
        let next = (count > skipped.saturating_add(self.size)).then(|| self.start + page.len());
        if let (Some(next), Some(last)) = (next, page.last()) {
            ends.keep(end_after(next), *last);
        }
        (page, next)
    }

    /// Returns the positions of the rows that match all filters, from a position on, in order.
    fn matching<'q, T: Table>(&'q self, table: &'q T, from: usize) -> impl Iterator<Item = usize> + 'q {
        let store = table.store();
        let (mut named, mut all) = (table.candidates(self, from), from..store.end());
        let candidates = std::iter::from_fn(move || match &mut named {
            Some(named) => named.next(),
            None => all.next(),
        });
        let filters: Vec<_> =
            self.filters.iter().map(|filter| (store.column(filter.field), filter)).collect();
        candidates.filter(move |position| {
            let Some(object) = store.get(*position) else { return false };
            filters.iter().all(|(column, filter)| {
                filter.matches(*column, *position, || T::Row::FIELDS[filter.field].value(object))
            })
        })
    }
}

impl<'q, T: Stored> Sorted<'q, T> {
    fn new(store: &'q Store<T>, sorts: &[(usize, bool)]) -> Self {
        let field =
            |&(index, is_descending)| SortedField { index, is_descending, column: store.column(index) };
        let fields: Vec<_> = sorts.iter().map(field).collect();
        let (mut key_field, mut key_rank) = (0, 0);
        // All invoices may have one status, and the ids of all accounts may have the same start.
        while let Some(rank) = fields[key_field].column.rank_of_all(key_rank, store.end()) {
            match rank.is_exact() {
                true if key_field + 1 < fields.len() => (key_field, key_rank) = (key_field + 1, 0),
                false if key_rank + 1 < RANKS => key_rank += 1,
                _ => break,
            }
        }
        Self { store, key: fields[key_field], key_rank, is_last: key_field + 1 == fields.len(), fields }
    }

    fn key(&self, row: usize) -> Key {
        (self.key.directed(self.key.column.rank(row, self.key_rank)), row)
    }

    /// Returns the rows from the `start`th to before the `end`th in their order.
    fn page(&self, rows: impl Iterator<Item = Key>, start: usize, end: usize) -> Vec<usize> {
        // The wanted rows are selected as soon as there are many others, so that a row is compared with few.
        let capacity = end.saturating_add(end.max(OTHERS));
        let (mut first, mut last): (Vec<Key>, Option<Key>) = (Vec::new(), None);
        for row in rows {
            if last.is_none_or(|last| self.order(&row, &last).is_lt()) {
                first.push(row);
            }
            if first.len() >= capacity {
                last = self.keep_first(&mut first, end);
            }
        }
        self.keep_first(&mut first, end);
        if start >= first.len() {
            return Vec::new();
        }
        first.select_nth_unstable_by(start, |left, right| self.order(left, right));
        let page = &mut first[start..];
        page.sort_unstable_by(|left, right| self.order(left, right));
        page.iter().map(|(_, row)| *row).collect()
    }

    /// Keeps the first rows in any order; returns the last of them if others were dropped.
    fn keep_first(&self, rows: &mut Vec<Key>, count: usize) -> Option<Key> {
        let last = count.checked_sub(1).filter(|_| rows.len() > count)?;
        let (_, last, _) = rows.select_nth_unstable_by(last, |left, right| self.order(left, right));
        let last = *last;
        rows.truncate(count);
        Some(last)
    }

    #[inline]
    fn order(&self, (left_rank, left): &Key, (right_rank, right): &Key) -> Ordering {
        left_rank.cmp(right_rank).then_with(|| {
            match self.is_last && self.key.directed(*left_rank).is_exact() {
                true => left.cmp(right),
                false => self.order_by_fields(*left, *right),
            }
        })
    }

    #[cold]
    fn order_by_fields(&self, left: usize, right: usize) -> Ordering {
        let mut in_fields = self.fields.iter().map(|field| field.order(self.store, left, right));
        in_fields.find(|order| order.is_ne()).unwrap_or_else(|| left.cmp(&right))
    }
}

impl SortedField<'_> {
    /// Returns a rank in the direction of the sort, and such a rank as it was.
    fn directed(&self, rank: Rank) -> Rank {
        if self.is_descending { rank.reversed() } else { rank }
    }

    /// Returns the order of two rows by this field. The objects are read only if their ranks do not decide.
    fn order<T: Stored>(&self, store: &Store<T>, left: usize, right: usize) -> Ordering {
        let value = |row: usize| T::FIELDS[self.index].value(&store[row]);
        let ranked = self.column.order(left, right);
        let order = ranked.unwrap_or_else(|| value(left).order(&value(right)));
        if self.is_descending { order.reverse() } else { order }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::super::filter::Filter;
    use super::*;
    use crate::state::Field;
    use crate::values::{FieldValue, Json};

    #[derive(Clone, Debug)]
    struct Row {
        id: String,
        text: Option<String>,
        number: Decimal,
    }

    impl Stored for Row {
        const FIELDS: &'static [Field<Self>] = &[
            Field::text("id", |row| Some(&row.id)),
            Field::text("text", |row| row.text.as_deref()),
            Field::number("number", |row| row.number),
        ];

        fn id(&self) -> &str {
            &self.id
        }
    }

    struct Rows(Store<Row>);

    impl Table for Rows {
        type Row = Row;

        const FIELDS: &'static [&'static str] = &[];

        fn store(&self) -> &Store<Row> {
            &self.0
        }

        fn candidates<'t>(&'t self, _: &Query, _: usize) -> Option<Box<dyn Iterator<Item = usize> + 't>> {
            None
        }

        fn show(&self, _: usize) -> Json {
            Json::Null
        }
    }

    fn texts() -> impl Strategy<Value = String> {
        // Some differ behind the bytes that ranks know, and some only there.
        "[a-c]|null|[ab]{14,16}|a{29}[ab]{0,2}|a{44}[ab]{1,3}|a{0,16}\0[ab]?"
    }

    fn numbers() -> impl Strategy<Value = Decimal> {
        (-300_i64..300, 1_u32..4).prop_map(|(digits, scale)| Decimal::new(digits, scale))
    }

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        let row = (proptest::option::of(texts()), numbers()).prop_map(|(text, number)| Row {
            id: String::new(),
            text,
            number,
        });
        proptest::collection::vec(row, 0..60)
    }

    fn filters() -> impl Strategy<Value = Vec<String>> {
        let field = prop_oneof![
            texts().prop_map(|text| ("text", text)),
            numbers().prop_map(|number| ("number", number.normalize().to_string())),
            Just(("number", "x".to_owned())),
        ];
        let operator = prop::sample::select(vec!["EQ", "NE", "LT", "GT", "SW", "IN", "GE", "LE"]);
        let filter =
            (field, operator).prop_map(|((field, value), operator)| format!("{field}.{operator}:{value}"));
        proptest::collection::vec(filter, 0..3)
    }

    fn sorts() -> impl Strategy<Value = Vec<(usize, bool)>> {
        proptest::collection::vec((1_usize..3, any::<bool>()), 0..3)
    }

    /// Whether a row matches, by its value alone.
    fn matches(row: &Row, filter: &str) -> bool {
        let (name, rest) = filter.split_once('.').unwrap();
        let (operator, text) = rest.split_once(':').unwrap();
        let field = Row::FIELDS.iter().find(|field| field.name == name).unwrap();
        let value = field.value(row);
        let order = match value {
            FieldValue::Absent => (text == "null").then_some(Ordering::Equal),
            _ => field.read(text).map(|wanted| value.order(&wanted)),
        };
        match operator {
            "NE" => order != Some(Ordering::Equal),
            "SW" => value.starts_with(text),
            "EQ" | "IN" => order == Some(Ordering::Equal),
            "LT" => order.is_some_and(Ordering::is_lt),
            "GT" => order.is_some_and(Ordering::is_gt),
            "LE" => order.is_some_and(Ordering::is_le),
            _ => order.is_some_and(Ordering::is_ge),
        }
    }

    /// Returns the positions of the rows that match, in order, by their values alone.
    fn expected(store: &Store<Row>, filters: &[String], sorts: &[(usize, bool)]) -> Vec<usize> {
        let matching = |position: &usize| {
            let row = store.get(*position);
            row.is_some_and(|row| filters.iter().all(|filter| matches(row, filter)))
        };
        let mut found: Vec<usize> = (0..store.end()).filter(matching).collect();
        for (index, is_descending) in sorts.iter().rev() {
            let value = |position: usize| Row::FIELDS[*index].value(&store[position]);
            found.sort_by(|left, right| match is_descending {
                true => value(*right).order(&value(*left)),
                false => value(*left).order(&value(*right)),
            });
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

        #[test]
        fn a_page_has_the_rows_that_the_values_decide(
            rows in rows(),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), proptest::option::of(numbers())), 0..90),
            filters in filters(),
            sorts in sorts(),
            size in 1_usize..30,
        ) {
            let mut store = Store::default();
            for (index, row) in rows.into_iter().enumerate() {
                store.push(Row { id: index.to_string(), ..row });
            }
            for (index, number) in changes {
                if store.end() == 0 {
                    break;
                }
                let position = index.index(store.end());
                match number {
                    Some(number) if store.get(position).is_some() => store[position].number = number,
                    _ => drop(store.remove(position)),
                }
            }
            store.refresh_columns();
            let expected = expected(&store, &filters, &sorts);
            let mut query = Query {
                size,
                start: 0,
                filters: filters.iter().map(|text| Filter::read(text, Row::FIELDS).ok().unwrap()).collect(),
                sorts,
                names: Vec::new(),
                nulls: false,
                text: String::new(),
            };
            let table = Rows(store);
            let (mut found, mut ends) = (Vec::new(), PageEnds::default());
            loop {
                let (page, next) = query.page(&table, &mut ends);
                prop_assert!(page.len() == size || next.is_none());
                prop_assert_eq!(&(page.clone(), next), &query.page(&table, &mut PageEnds::default()));
                found.extend(page);
                let Some(next) = next else { break };
                query.start = next;
            }
            prop_assert_eq!(found, expected);
        }
    }
}
