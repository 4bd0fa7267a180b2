//! The claims of the facts, and their state.

use std::collections::BTreeMap;

/// Claims such as `response BillRunResponse.status`: the kind of test, the schema or operation, and its part.
#[derive(Default)]
pub(crate) struct Ledger {
    claims: BTreeMap<String, State>,
}

enum State {
    Unseen,
    Seen,
    Wrong(String),
}

impl Ledger {
    /// Adds a claim of the facts, which a test must check.
    pub(crate) fn demand(&mut self, claim: String) {
        self.claims.entry(claim).or_insert(State::Unseen);
    }

    /// Marks a claim as checked and met.
    ///
    /// # Panics
    /// If no fact makes this claim: the test names something undocumented.
    #[track_caller]
    pub(crate) fn seen(&mut self, claim: &str) {
        match self.claims.get_mut(claim) {
            None => panic!("the facts do not contain: {claim}"),
            Some(State::Wrong(_)) => {}
            Some(state) => *state = State::Seen,
        }
    }

    /// Marks a claim as checked and not met.
    pub(crate) fn wrong(&mut self, claim: &str, why: impl Into<String>) {
        let state = self.claims.entry(claim.to_owned()).or_insert(State::Unseen);
        if !matches!(state, State::Wrong(_)) {
            *state = State::Wrong(why.into());
        }
    }

    /// Marks a claim as met or not met.
    pub(crate) fn check(&mut self, claim: &str, result: Result<(), String>) {
        match result {
            Ok(()) => self.seen(claim),
            Err(why) => self.wrong(claim, why),
        }
    }

    /// Compares the claims with the list of claims that are not covered yet. An entry is a claim, or the common prefix
    /// of several claims up to a dot; entries of other kinds than `kind` are ignored.
    ///
    /// # Panics
    /// If a claim is neither covered nor listed, or both.
    pub(crate) fn close(self, kind: &str, not_yet_covered: &[&str]) {
        let listed: Vec<&str> =
            not_yet_covered.iter().copied().filter(|entry| entry.split(' ').next() == Some(kind)).collect();
        let names = |entry: &str, claim: &str| {
            claim.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let mut problems = Vec::new();
        for (claim, state) in &self.claims {
            let entry = listed.iter().find(|entry| names(entry, claim));
            match (state, entry) {
                (State::Unseen, None) => problems.push(format!("{claim}: no test checks it")),
                (State::Wrong(why), None) => problems.push(format!("{claim}: {why}")),
                (State::Seen, Some(entry)) => {
                    problems.push(format!("{claim}: covered now, remove {entry:?} from NOT_YET_COVERED"));
                }
                _ => {}
            }
        }
        for entry in listed {
            if !self.claims.keys().any(|claim| names(entry, claim)) {
                problems.push(format!("{entry:?} of NOT_YET_COVERED matches no claim"));
            }
        }
        assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), self.claims.len(), problems.join("\n"));
    }
}
