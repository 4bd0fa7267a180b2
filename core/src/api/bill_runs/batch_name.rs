//! The name of a batch in a request, checked against the documented names unless the caller has confirmed it.

use std::borrow::Cow;
use std::fmt;

/// Name of a batch. A name that was read from a stored operation was checked when the operation was first built.
#[derive(Clone)]
pub(crate) struct BatchName {
    text: Box<str>,
    is_confirmed: bool,
}

impl BatchName {
    /// Creates a name that has to be a documented one.
    pub(super) fn documented(text: impl Into<String>) -> Self {
        Self { text: text.into().into(), is_confirmed: false }
    }

    /// Creates a name that the tenant has, whatever the documents say.
    pub(crate) fn confirmed(text: impl Into<String>) -> Self {
        Self { text: text.into().into(), is_confirmed: true }
    }

    fn of_text(text: Cow<'_, str>) -> Self {
        Self::confirmed(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the name may be sent together with `count - 1` other names.
    pub(super) fn is_valid_among(&self, count: usize) -> bool {
        let number = self.text.strip_prefix("Batch").filter(|number| !number.starts_with(['0', '+']));
        let is_documented = match number {
            Some(number) => number.parse::<u8>().is_ok_and(|number| number <= 50),
            None => count == 1 && *self.text == *"AllBatches",
        };
        self.is_confirmed || is_documented
    }
}

impl PartialEq for BatchName {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for BatchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

crate::wire::values::text_on_the_wire!(BatchName, text);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_names_are_all_batches_alone_and_batch_1_to_50() {
        let is_valid = |name: &str, count| BatchName::documented(name).is_valid_among(count);
        assert!(is_valid("AllBatches", 1) && is_valid("Batch1", 1) && is_valid("Batch50", 300));
        assert!(!is_valid("AllBatches", 2), "all batches are selected alone");
        for name in
            ["Batch0", "Batch51", "Batch01", "Batch+1", "Batch", "batch1", "allbatches", "Batch 1", "", "1"]
        {
            assert!(!is_valid(name, 1), "{name}");
            assert!(BatchName::confirmed(name).is_valid_among(2), "{name}");
        }
    }
}
