//! Objects in order of creation, found by id or number.

use std::ops::{Index, IndexMut};
use std::sync::Arc;

use super::columns::{Column, Columns, Field};
use crate::values::{Text, TextMap};

/// An object that a [`Store`] contains.
pub(crate) trait Stored: Clone + 'static {
    /// The fields that Object Query can filter and sort by.
    const FIELDS: &'static [Field<Self>] = &[];

    fn id(&self) -> &str;

    /// Returns the second key of the object, if it has one.
    fn number(&self) -> Option<&str> {
        None
    }
}

/// Objects at fixed positions. A copy shares the objects until one of them is changed.
#[derive(Clone)]
pub(crate) struct Store<T> {
    /// `None` for a removed object, since the others keep their positions.
    slots: Vec<Option<Arc<T>>>,
    positions: TextMap<usize>,
    len: usize,
    columns: Columns,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), positions: TextMap::default(), len: 0, columns: Columns::default() }
    }
}

impl<T: Stored> Store<T> {
    /// Adds an object and returns its position.
    pub(crate) fn push(&mut self, object: T) -> usize {
        let position = self.slots.len();
        for key in keys(&object) {
            self.positions.entry(key.into()).or_insert(position);
        }
        self.slots.push(Some(Arc::new(object)));
        self.len += 1;
        self.outdate(position);
        position
    }

    /// Removes the object at a position.
    pub(crate) fn remove(&mut self, position: usize) -> Option<Arc<T>> {
        let object = self.slots.get_mut(position)?.take()?;
        for key in keys(&*object) {
            self.forget(key, position);
        }
        self.len -= 1;
        self.outdate(position);
        Some(object)
    }

    /// Removes every object from a position on.
    pub(crate) fn truncate(&mut self, end: usize) {
        for position in end..self.slots.len() {
            self.remove(position);
        }
        self.slots.truncate(end);
    }

    /// Returns the position of the object with that id or number.
    pub(crate) fn find(&self, key: &str) -> Option<usize> {
        self.positions.get(key).copied()
    }

    pub(crate) fn get(&self, position: usize) -> Option<&T> {
        self.slots.get(position)?.as_deref()
    }

    /// Returns the object with that id or number.
    pub(crate) fn by_key(&self, key: &str) -> Option<&T> {
        self.get(self.find(key)?)
    }

    /// Returns the object at a position as it is now, for [`replace`](Self::replace).
    pub(crate) fn shared(&self, position: usize) -> Option<Arc<T>> {
        self.slots.get(position)?.clone()
    }

    /// Returns to an earlier version of the object at a position.
    pub(crate) fn replace(&mut self, position: usize, object: Arc<T>) {
        self.outdate(position);
        self.slots[position] = Some(object);
    }

    /// Changes the number of the object at a position by `change`, so that it is found by the new one.
    pub(crate) fn renumber(&mut self, position: usize, change: impl FnOnce(&mut T)) {
        let before = self[position].number().map(Text::from);
        change(&mut self[position]);
        if let Some(before) = before {
            self.forget(&before, position);
        }
        if let Some(number) = self[position].number().map(Text::from) {
            self.positions.entry(number).or_insert(position);
        }
    }

    /// Returns the objects in order of creation.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.as_deref())
    }

    /// Returns the number of objects.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the position of the next object.
    pub(crate) fn end(&self) -> usize {
        self.slots.len()
    }

    /// Updates the [`column`](Self::column)s.
    pub(crate) fn refresh_columns(&mut self) {
        self.columns.refresh(T::FIELDS, |position| self.slots.get(position)?.as_deref());
    }

    /// Returns the ranks of a field, by its place in [`Stored::FIELDS`]. The columns are refreshed before.
    pub(crate) fn column(&self, field: usize) -> Column<'_> {
        self.columns.of(field)
    }

    /// Returns a number that is different after every change of an object.
    pub(crate) fn revision(&self) -> u64 {
        self.columns.revision()
    }

    fn outdate(&mut self, position: usize) {
        self.columns.outdate(position, T::FIELDS, |position| self.slots.get(position)?.as_deref());
    }

    fn forget(&mut self, key: &str, position: usize) {
        if self.positions.get(key) == Some(&position) {
            self.positions.remove(key);
        }
    }
}

fn keys<T: Stored>(object: &T) -> impl Iterator<Item = &str> {
    std::iter::once(object.id()).chain(object.number())
}

impl<T: Stored> Index<usize> for Store<T> {
    type Output = T;

    fn index(&self, position: usize) -> &T {
        self.get(position).expect("the position of an object that exists")
    }
}

impl<T: Stored> IndexMut<usize> for Store<T> {
    fn index_mut(&mut self, position: usize) -> &mut T {
        self.outdate(position);
        let object = self.slots[position].as_mut();
        Arc::make_mut(object.expect("the position of an object that exists"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Numbered(String, String);

    impl Stored for Numbered {
        fn id(&self) -> &str {
            &self.0
        }

        fn number(&self) -> Option<&str> {
            Some(&self.1)
        }
    }

    fn store() -> Store<Numbered> {
        let mut store = Store::default();
        for key in ["a", "b", "c"] {
            store.push(Numbered(key.to_owned(), key.to_uppercase()));
        }
        store
    }

    #[test]
    fn objects_keep_their_positions() {
        let mut store = store();
        store.remove(1);
        assert_eq!((store.len(), store.end()), (2, 3));
        assert_eq!((store.find("b"), store.find("B"), store.find("C")), (None, None, Some(2)));
        assert!(store.get(1).is_none() && store.remove(1).is_none());
        store.truncate(2);
        assert_eq!((store.len(), store.end(), store.find("c")), (1, 2, None));
    }

    #[test]
    fn a_new_number_replaces_the_old_one() {
        let mut store = store();
        store.renumber(0, |object| object.1 = "A2".to_owned());
        assert_eq!((store.find("A"), store.find("A2"), store.find("a")), (None, Some(0), Some(0)));
    }

    #[test]
    fn a_copy_does_not_change_with_the_original() {
        let mut store = store();
        let copy = store.clone();
        let before = store.shared(0).unwrap();
        store[0].1 = "changed".to_owned();
        assert_eq!((copy[0].1.as_str(), store[0].1.as_str()), ("A", "changed"));
        store.replace(0, before);
        assert_eq!(store[0].1, "A");
    }
}
