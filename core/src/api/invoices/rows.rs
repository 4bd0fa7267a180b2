//! Rows of bulk responses.

use crate::model::envelope::Envelope;

/// Number of rows that a bulk request has at most, and so its response.
pub(super) const MAX_ROWS: usize = 50;

/// Sorts the rows of a response in the order of the request. A row that reports its index in the request,
/// counted from 0, is moved to that index. The other rows fill the gaps in their order.
pub(super) fn in_request_order<T>(rows: Vec<T>, index_of: impl Fn(&T) -> Option<i64>) -> Vec<T> {
    let count = rows.len();
    let mut placed: Vec<Option<T>> = Vec::with_capacity(count);
    placed.resize_with(count, || None);
    let mut others = Vec::with_capacity(count);
    for row in rows {
        let slot = index_of(&row).and_then(|index| placed.get_mut(usize::try_from(index).ok()?));
        match slot {
            Some(slot @ None) => *slot = Some(row),
            _ => others.push(row),
        }
    }
    let mut others = others.into_iter();
    placed.into_iter().filter_map(|row| row.or_else(|| others.next())).collect()
}

/// Returns whether a row failed: the service reports a failure, or the row has neither a success flag nor an
/// id.
pub(super) fn has_failed(envelope: &Envelope, has_id: bool) -> bool {
    match envelope.success {
        Some(success) => !success,
        None => !envelope.reasons.is_empty() || !has_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_is_lost_whatever_its_index() {
        let order = |rows: &[(char, Option<i64>)]| {
            let rows = in_request_order(rows.to_vec(), |row| row.1);
            rows.into_iter().map(|row| row.0).collect::<String>()
        };
        assert_eq!(order(&[('a', None), ('c', None), ('b', Some(1))]), "abc");
        assert_eq!(order(&[('a', Some(0)), ('b', Some(0)), ('c', Some(-1)), ('d', Some(99))]), "abcd");
        assert_eq!(order(&[('c', Some(2)), ('a', Some(0)), ('b', Some(1))]), "abc");
        assert_eq!(order(&[]), "");
    }
}
