//! Revisions of a list of objects.

use std::collections::VecDeque;

/// Counts the changes of a list, and knows the positions of the last ones.
#[derive(Clone, Default)]
pub(crate) struct Changes {
    revision: u64,
    /// Positions of the last changes, oldest first.
    recent: VecDeque<usize>,
}

/// Number of changes whose positions are known.
const RECENT: usize = 4096;

impl Changes {
    /// Records a change of the object at a position.
    pub(crate) fn record(&mut self, position: usize) {
        self.revision += 1;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(position);
    }

    /// Returns a number that is different after every change.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the positions of the objects that have changed since a revision, each once and in order; `None` if
    /// there were too many changes.
    pub(crate) fn since(&self, revision: u64) -> Option<Vec<usize>> {
        let count = usize::try_from(self.revision.checked_sub(revision)?).ok()?;
        let known = self.recent.len().checked_sub(count)?;
        let mut positions: Vec<usize> = self.recent.range(known..).copied().collect();
        positions.sort_unstable();
        positions.dedup();
        Some(positions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_changes_are_known_by_their_positions() {
        let mut changes = Changes::default();
        for position in [7, 3, 3, 9] {
            changes.record(position);
        }
        assert_eq!(changes.since(4), Some(vec![]));
        assert_eq!(changes.since(1), Some(vec![3, 9]));
        assert_eq!(changes.since(0), Some(vec![3, 7, 9]));
        (0..RECENT).for_each(|position| changes.record(position));
        assert_eq!(changes.since(3), None);
        assert_eq!(changes.since(4).map(|positions| positions.len()), Some(RECENT));
        assert_eq!(changes.since(changes.revision() + 1), None, "a revision of another list");
    }
}
