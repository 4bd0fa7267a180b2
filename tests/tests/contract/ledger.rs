//! What the facts demand, and what became of it.

use std::collections::BTreeMap;

/// Claims such as `answer BillRunResponse.status`: the kind of test, the schema or operation, and the part of it.
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
    /// The facts name this, so some test has to see it.
    pub(crate) fn demand(&mut self, claim: String) {
        self.claims.entry(claim).or_insert(State::Unseen);
    }

    /// It was seen and is as documented.
    ///
    /// # Panics
    /// When nobody demanded it: a test that names something undocumented.
    #[track_caller]
    pub(crate) fn seen(&mut self, claim: &str) {
        match self.claims.get_mut(claim) {
            None => panic!("the facts do not know: {claim}"),
            Some(State::Wrong(_)) => {}
            Some(state) => *state = State::Seen,
        }
    }

    /// It was seen and is not as documented.
    pub(crate) fn wrong(&mut self, claim: &str, why: impl Into<String>) {
        let state = self.claims.entry(claim.to_owned()).or_insert(State::Unseen);
        if !matches!(state, State::Wrong(_)) {
            *state = State::Wrong(why.into());
        }
    }

    /// Seen or wrong.
    pub(crate) fn check(&mut self, claim: &str, result: Result<(), String>) {
        match result {
            Ok(()) => self.seen(claim),
            Err(why) => self.wrong(claim, why),
        }
    }

    /// Compares with the list of what is not covered yet. An entry is a claim, or the beginning of several up to a
    /// dot; entries of another kind than `kind` are none of this ledger's business.
    ///
    /// # Panics
    /// When something is uncovered and not listed, or listed and covered.
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
                (State::Unseen, None) => problems.push(format!("{claim}: no test sees it")),
                (State::Wrong(why), None) => problems.push(format!("{claim}: {why}")),
                (State::Seen, Some(entry)) => {
                    problems.push(format!("{claim}: covered now, take {entry:?} out of NOT_YET_COVERED"));
                }
                _ => {}
            }
        }
        for entry in listed {
            if !self.claims.keys().any(|claim| names(entry, claim)) {
                problems.push(format!("{entry:?} of NOT_YET_COVERED names nothing"));
            }
        }
        assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), self.claims.len(), problems.join("\n"));
    }
}
