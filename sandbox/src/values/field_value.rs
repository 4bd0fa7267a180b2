//! Values of the fields that a list is filtered and sorted by, and their order.

use std::borrow::Cow;
use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::time::UnixTime;

/// The value of a field. The values of one field have the same kind, or are absent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FieldValue<'a> {
    Absent,
    Time(UnixTime),
    Number(Decimal),
    Text(Cow<'a, str>),
}

/// The place of a value in the order of all values of its field. A lower value has the same or a lower rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(u128);

/// The ranks of a value. The second one decides between values that have the same first one, and so on: that of a text
/// ranks 15 bytes. The third one of an id ranks its last 2 bytes.
pub(crate) type Ranks = [Rank; RANKS];

pub(crate) const RANKS: usize = 3;
/// A number that is greater than the cents of every decimal, whose mantissa has 96 bits.
const LIMIT: i128 = 1 << 103;
/// Number of bytes of a text that its rank has, behind a byte that is 1.
const RANKED_BYTES: usize = size_of::<u128>() - 1;

impl FieldValue<'_> {
    /// Returns the order of two values of one field. A field that is not set is first.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Time(left), Self::Time(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (left, right) => (*left != Self::Absent).cmp(&(*right != Self::Absent)),
        }
    }

    /// Whether the text of the value starts with a prefix.
    pub(crate) fn starts_with(&self, prefix: &str) -> bool {
        match self {
            Self::Absent | Self::Time(_) => false,
            Self::Number(number) => number.to_string().starts_with(prefix),
            Self::Text(text) => text.starts_with(prefix),
        }
    }

    /// Returns the ranks of the value, which agree with [`order`](Self::order).
    pub(crate) fn ranks(&self) -> Ranks {
        match self {
            Self::Absent => Rank::ABSENT.alone(),
            Self::Time(time) => Rank::new(1 + time.0.as_nanos(), true).alone(),
            Self::Number(number) => {
                // Most amounts are whole cents.
                let (digits, scale) = (number.mantissa(), number.scale());
                let (cents, is_exact) = match scale {
                    0 => (digits * 100, true),
                    1 => (digits * 10, true),
                    2 => (digits, true),
                    _ => {
                        let unit = 10_i128.pow(scale - 2);
                        (digits.div_euclid(unit), digits.rem_euclid(unit) == 0)
                    }
                };
                Rank::new(1 + cents.abs_diff(-LIMIT), is_exact).alone()
            }
            Self::Text(text) => Rank::of_text(text.as_bytes()),
        }
    }
}

impl Rank {
    pub(crate) const ABSENT: Self = Self(0);
    /// The least rank of a value that is set.
    pub(crate) const LEAST: Self = Self(1);
    pub(crate) const GREATEST: Self = Self(u128::MAX);

    /// Returns a rank whose lowest bit is set if other values have the same number.
    fn new(number: u128, is_exact: bool) -> Self {
        Self(number << 1 | u128::from(!is_exact))
    }

    /// Returns the ranks of a value that has one.
    fn alone(self) -> Ranks {
        let next = if self.is_exact() { Self::ABSENT } else { self };
        [self, next, next]
    }

    /// Returns the ranks of a text.
    pub(crate) fn of_text(text: &[u8]) -> Ranks {
        let mut ranks = [Self::ABSENT; RANKS];
        let mut rest = text;
        for index in 0..RANKS {
            let (part, next) = rest.split_at(rest.len().min(RANKED_BYTES));
            let mut bytes = [0; size_of::<u128>()];
            bytes[0] = 1;
            bytes[1..=part.len()].copy_from_slice(part);
            // A zero byte looks like the end of the text.
            let has_zero = part.contains(&0);
            let rank = Self::new(u128::from_be_bytes(bytes), next.is_empty() && !has_zero);
            ranks[index..].fill(if rank.is_exact() { Self::ABSENT } else { rank });
            ranks[index] = rank;
            if rank.is_exact() || has_zero {
                break;
            }
            rest = next;
        }
        ranks
    }

    pub(crate) fn is_exact(self) -> bool {
        self.0 & 1 == 0
    }

    /// Returns the next lower rank.
    pub(crate) fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// Returns the next higher rank.
    pub(crate) fn after(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Returns the rank of the value in the opposite order.
    pub(crate) fn reversed(self) -> Self {
        Self(!self.0)
    }

    /// Returns the order of the values that have these ranks; `None` if only the values themselves decide.
    pub(crate) fn order(left: impl Fn(usize) -> Self, right: impl Fn(usize) -> Self) -> Option<Ordering> {
        for index in 0..RANKS {
            let (left, right) = (left(index), right(index));
            if left != right || left.is_exact() {
                return Some(left.cmp(&right));
            }
        }
        None
    }

    /// Whether the text that has these ranks starts with a prefix; `None` if only the text itself decides.
    pub(crate) fn starts_with(text: impl Fn(usize) -> Self, prefix: &str) -> Option<bool> {
        if prefix.contains('\0') {
            return None;
        }
        let ranks = Self::of_text(prefix.as_bytes());
        for (index, part) in prefix.as_bytes().chunks(RANKED_BYTES).enumerate() {
            let unranked_bits = 1 + 8 * (RANKED_BYTES - part.len());
            let wanted = ranks.get(index)?;
            if (text(index).0 ^ wanted.0) >> unranked_bits != 0 {
                return Some(false);
            }
        }
        Some(true)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts() -> impl Strategy<Value = String> {
        "[a\0]{0,3}|INV0{11,16}[ab\0]?|(8ad09b|a{39})[ab]{5,11}\0?"
    }

    fn values() -> impl Strategy<Value = (FieldValue<'static>, FieldValue<'static>)> {
        let number = || {
            let digits = prop_oneof![-300_i64..300, any::<i64>()];
            let long = any::<i64>().prop_map(|high| i128::from(high) << 32 | 7);
            let digits = prop_oneof![digits.prop_map(i128::from), long];
            (digits, prop_oneof![0_u32..5, 24_u32..29])
                .prop_map(|(digits, scale)| FieldValue::Number(Decimal::from_i128_with_scale(digits, scale)))
        };
        let text = || texts().prop_map(|text| FieldValue::Text(text.into()));
        let time = || (0_u64..4).prop_map(|seconds| FieldValue::Time(UnixTime::from_secs(seconds)));
        let absent = || Just(FieldValue::Absent);
        prop_oneof![
            (number(), number()),
            (prop_oneof![text(), absent()], prop_oneof![text(), absent()]),
            (prop_oneof![time(), absent()], prop_oneof![time(), absent()]),
        ]
    }

    proptest! {
        #[test]
        fn ranks_have_the_order_of_the_values((left, right) in values()) {
            let order = left.order(&right);
            let (left, right) = (left.ranks(), right.ranks());
            let ranked = Rank::order(|index| left[index], |index| right[index]);
            prop_assert!(ranked.is_none_or(|ranked| ranked == order));
            prop_assert!(order.is_gt() || left[0] <= right[0]);
            prop_assert!(order.is_lt() || left[0] >= right[0]);
            prop_assert_eq!(right[0].reversed().cmp(&left[0].reversed()), left[0].cmp(&right[0]));
        }

        #[test]
        fn ranks_know_the_start_of_a_text(text in texts(), prefix in texts(), is_start: bool) {
            let text = if is_start { format!("{prefix}{text}") } else { text };
            let starts = text.starts_with(&prefix);
            let ranks = FieldValue::Text(text.into()).ranks();
            let known = Rank::starts_with(|index| ranks[index], &prefix);
            prop_assert_eq!(known.is_none(), prefix.contains('\0') || starts && prefix.len() > 45);
            prop_assert!(known.is_none_or(|known| known == starts));
        }
    }

    #[test]
    fn ids_numbers_and_words_are_in_order_without_their_texts() {
        let texts =
            ["2c92c0f86a8dd422016a9e7a70116b0d", "2c92c0f86a8dd422016a9e7a70116b0e", "TMP-INV-00000001"];
        for (left, right) in texts.iter().zip(&texts[1..]).chain([(&"Draft", &"Posted"), (&"a", &"a")]) {
            let (ranked, other) = (Rank::of_text(left.as_bytes()), Rank::of_text(right.as_bytes()));
            assert_eq!(Rank::order(|index| ranked[index], |index| other[index]), Some(left.cmp(right)));
        }
    }
}
