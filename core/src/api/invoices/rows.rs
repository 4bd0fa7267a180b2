//! Rows of bulk answers.

use crate::model::envelope::Envelope;

/// Rows that say their place in the request (counted from 0) get it, the others fill the places between in their
/// order.
pub(super) fn in_request_order<T>(rows: Vec<T>, place: impl Fn(&T) -> Option<i64>) -> Vec<T> {
    let count = rows.len();
    let mut placed: Vec<Option<T>> = Vec::with_capacity(count);
    placed.resize_with(count, || None);
    let mut others = Vec::with_capacity(count);
    for row in rows {
        let slot = place(&row).and_then(|place| placed.get_mut(usize::try_from(place).ok()?));
        match slot {
            Some(slot @ None) => *slot = Some(row),
            _ => others.push(row),
        }
    }
    let mut others = others.into_iter();
    placed.into_iter().filter_map(|row| row.or_else(|| others.next())).collect()
}

/// The service says so, or there is nothing to show for it.
pub(super) fn has_failed(verdict: &Envelope, has_id: bool) -> bool {
    match verdict.success {
        Some(success) => !success,
        None => !verdict.reasons.is_empty() || !has_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_is_lost_whatever_place_it_claims() {
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
