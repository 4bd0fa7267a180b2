//! A tree of choices, each path of which is a history.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

/// Runs `history` for every path of choices, on a thread for each first choice, and returns the number of paths.
pub fn every_history(first_choices: usize, history: impl Fn(&mut Choices) + Sync) -> u64 {
    thread::scope(|scope| {
        let history = &history;
        let parts: Vec<_> = (0..first_choices)
            .map(|first| {
                scope.spawn(move || {
                    let mut choices = Choices::beginning_with(first, first_choices);
                    let mut count = 0;
                    loop {
                        history(&mut choices);
                        count += 1;
                        if !choices.advance() {
                            return count;
                        }
                    }
                })
            })
            .collect();
        parts.into_iter().map(|part| part.join().expect("a history failed")).sum()
    })
}

/// Runs every history as [`every_history`] does, and prints and returns how many end wrongly by each excuse that
/// `history` returns. A history that ends wrongly without an excuse has to panic.
#[allow(clippy::print_stdout, reason = "the number of histories is worth printing")]
pub fn every_excuse(
    title: &str,
    at_least: u64,
    first_choices: usize,
    history: impl Fn(&mut Choices) -> Option<&'static str> + Sync,
) -> BTreeMap<&'static str, u64> {
    let excused = Mutex::new(BTreeMap::new());
    let histories = every_history(first_choices, |choices| {
        if let Some(why) = history(choices) {
            *excused.lock().expect("a history failed").entry(why).or_default() += 1;
        }
    });
    let excused = excused.into_inner().expect("a history failed");
    println!("{title}: {histories} histories");
    for (why, count) in &excused {
        println!("  {count} of them: {why}");
    }
    assert!(histories > at_least, "only {histories} histories");
    excused
}

/// Walks a tree of choices, one path after the other. The first choice is fixed.
pub struct Choices {
    pub path: Vec<(usize, usize)>,
    depth: usize,
}

impl Choices {
    fn beginning_with(first: usize, of: usize) -> Self {
        Self { path: vec![(first, of)], depth: 0 }
    }

    /// Picks one of `count` options: each in turn, over all histories.
    pub fn pick(&mut self, count: usize) -> usize {
        if self.depth == self.path.len() {
            self.path.push((0, count));
        }
        let (picked, of) = self.path[self.depth];
        assert_eq!(of, count, "the same history leads to the same choice");
        self.depth += 1;
        picked
    }

    pub fn either(&mut self) -> bool {
        self.pick(2) == 1
    }

    /// Advances to the next path; `false` after the last.
    pub fn advance(&mut self) -> bool {
        self.depth = 0;
        while self.path.len() > 1 {
            let last = self.path.last_mut().expect("the path has more than one choice");
            last.0 += 1;
            if last.0 < last.1 {
                return true;
            }
            self.path.pop();
        }
        false
    }
}
