//! A tree of choices, each path of which is a history.

/// Walks a tree of choices, one path after the other. The first choice is fixed.
pub struct Choices {
    pub path: Vec<(usize, usize)>,
    depth: usize,
}

impl Choices {
    pub fn beginning_with(first: usize, of: usize) -> Self {
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
