//! Strategies for single values: text, amounts, dates, ids, enumerations and custom fields.

use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use serde_json::value::RawValue;

use super::fields::{Generate, Limits, arbitrary, generate};
use crate::error::reason::Reason;
use crate::model::envelope::Envelope;
use crate::types::{
    AccountId, AccountNumber, Amount, BillRunId, BillRunKey, BillRunNumber, ContactId, CreditMemoId, Date,
    DateTime, DebitMemoId, FileId, InvoiceId, InvoiceItemId, InvoiceKey, InvoiceNumber, JobId, PaymentId,
    ProductRatePlanChargeId, Secret, SubscriptionId, TaxationItemId,
};
use crate::wire::fields::ExtraFields;

/// Generates text with a number of characters in the given range.
///
/// Most characters are letters. The others are any Unicode characters, including quotes and control characters.
pub fn text(characters: RangeInclusive<usize>) -> BoxedStrategy<String> {
    let character = prop_oneof![
        24 => proptest::char::range('a', 'z'),
        8 => proptest::char::range(' ', '~'),
        3 => select(vec!['ä', 'ß', '請', '🧾', '"', '\\', '\n', '\u{0}', '\u{7f}', '\u{2028}', '\u{202e}']),
        1 => any::<char>(),
    ];
    vec(character, characters).prop_map(String::from_iter).boxed()
}

/// Generates text with a number of characters in the given range, without control characters.
pub(super) fn printable(characters: RangeInclusive<usize>) -> BoxedStrategy<String> {
    let visible = |letter: char| if letter.is_control() { '·' } else { letter };
    text(characters).prop_map(move |text| text.chars().map(visible).collect()).boxed()
}

/// Generates amounts of money with two decimals, from -10,000,000.00 to 10,000,000.00.
///
/// Sums of these amounts are always exact. [`any::<Amount>()`](Amount) generates any number that JSON can represent.
pub fn money() -> BoxedStrategy<Amount> {
    (-1_000_000_000..=1_000_000_000_i64).prop_map(|cents| amount(cents, 2)).boxed()
}

fn amount(mantissa: i64, scale: u32) -> Amount {
    Amount::new(mantissa, scale).expect("at most 28 decimals")
}

/// Generates money, numbers with up to 28 digits and decimals, and literals that a decimal cannot represent.
fn amounts() -> BoxedStrategy<Amount> {
    // Largest mantissa of a `Decimal`, which has 96 bits.
    const MAX_MANTISSA: i128 = (1 << 96) - 1;
    let decimal = (-MAX_MANTISSA..=MAX_MANTISSA, 0..=28_u32).prop_map(|(mantissa, scale)| {
        Amount::from(
            Decimal::try_from_i128_with_scale(mantissa, scale).expect("at most 96 bits and 28 decimals"),
        )
    });
    let digits = || vec(proptest::char::range('0', '9'), 1..=20).prop_map(String::from_iter);
    let exponent = prop_oneof![
        Just(String::new()),
        (select(vec!["e", "E", "e+", "e-"]), 0..40_u8).prop_map(|(mark, power)| format!("{mark}{power}")),
    ];
    let literal = (any::<bool>(), any::<u128>(), option::of(digits()), exponent).prop_map(
        |(negative, whole, fraction, exponent)| {
            let (sign, point) = (if negative { "-" } else { "" }, if fraction.is_some() { "." } else { "" });
            let text = format!("{sign}{whole}{point}{}{exponent}", fraction.unwrap_or_default());
            text.parse::<Amount>().expect("a number by JSON's grammar")
        },
    );
    prop_oneof![
        8 => money(),
        2 => (any::<i64>(), 0..=28_u32).prop_map(|(mantissa, scale)| amount(mantissa, scale)),
        2 => decimal,
        1 => literal,
        1 => select(vec![Amount::ZERO, amount(0, 2), amount(-1, 28), amount(10_000_000_000, 9)]),
    ]
    .boxed()
}

/// Generates dates from 2000 to 2035, and occasionally of any year. Month ends and leap days are frequent.
fn dates() -> BoxedStrategy<Date> {
    let year = prop_oneof![10 => 2000..=2035_u16, 1 => 1..=9999_u16];
    (year, 1..=12_u8, prop_oneof![6 => 1..=31_u8, 1 => Just(31)])
        .prop_map(|(year, month, day)| {
            let latest_valid = (1..=day).rev().find_map(|day| Date::new(year, month, day).ok());
            latest_valid.expect("every month has a first day")
        })
        .boxed()
}

/// Generates wall-clock times, and times in every other accepted format.
fn date_times() -> BoxedStrategy<DateTime> {
    let seconds = || (0..24_u8, 0..60_u8, 0..60_u8);
    let wall = (dates(), seconds()).prop_map(|(date, (hour, minute, second))| {
        DateTime::new(date, hour, minute, second).expect("a valid time of day")
    });
    let time = prop_oneof![
        9 => seconds().prop_map(|(hour, minute, second)| format!("{hour:02}:{minute:02}:{second:02}")),
        1 => Just("23:59:60".to_owned()),
    ];
    let fraction = option::of(vec(proptest::char::range('0', '9'), 1..=9)).prop_map(|digits| {
        digits.map_or_else(String::new, |digits| format!(".{}", String::from_iter(digits)))
    });
    let offset = (select(vec!["+", "-"]), 0..24_u8, 1..60_u8, select(vec![":", ""]))
        .prop_map(|(sign, hours, minutes, colon)| format!("{sign}{hours:02}{colon}{minutes:02}"));
    let zone = prop_oneof![select(vec!["", "Z", "+00:00", "+0000", "-07"]).prop_map(str::to_owned), offset,];
    let other = (dates(), select(vec![" ", "T"]), time, fraction, zone).prop_map(
        |(date, separator, time, fraction, zone)| format!("{date}{separator}{time}{fraction}{zone}"),
    );
    let bare = dates().prop_map(|date| date.to_string());
    let read = |text: String| text.parse::<DateTime>().expect("an accepted format");
    prop_oneof![4 => wall, 1 => other.prop_map(read), 1 => bare.prop_map(read)].boxed()
}

/// Generates ids of 32 hexadecimal digits.
fn hexadecimal() -> BoxedStrategy<String> {
    any::<u128>().prop_map(|id| format!("{id:032x}")).boxed()
}

/// Generates any text that is a valid path segment.
fn odd() -> BoxedStrategy<String> {
    printable(1..=20).prop_map(|text| if matches!(&*text, "." | "..") { "...".into() } else { text }).boxed()
}

/// Generates numbers in the format of the service, such as `INV00000155`.
fn numbers(prefix: &'static str) -> BoxedStrategy<String> {
    (1..100_000_000_u32).prop_map(move |number| format!("{prefix}{number:08}")).boxed()
}

/// Implements strategies for id types. Most ids are 32 hexadecimal digits, the others any valid path segment.
macro_rules! ids {
    ($($id:ty),* $(,)?) => {
        arbitrary! { $($id => prop_oneof![8 => hexadecimal(), 1 => odd()].prop_map(<$id>::from);)* }
        $(impl Generate for $id {
            fn within(limits: Limits) -> BoxedStrategy<Self> {
                if limits.id { hexadecimal().prop_map(Self::from).boxed() } else { any::<Self>().boxed() }
            }
        })*
    };
}

ids! {
    BillRunId, InvoiceId, InvoiceItemId, TaxationItemId, AccountId, SubscriptionId, ContactId,
    ProductRatePlanChargeId, CreditMemoId, DebitMemoId, PaymentId, FileId, JobId,
}

arbitrary! {
    BillRunNumber => prop_oneof![8 => numbers("BR-"), 1 => odd()].prop_map(Self::from);
    InvoiceNumber => prop_oneof![8 => numbers("INV"), 1 => odd()].prop_map(Self::from);
    AccountNumber => prop_oneof![8 => numbers("A"), 1 => odd()].prop_map(Self::from);
    BillRunKey => prop_oneof![any::<BillRunId>().prop_map(Self::from), any::<BillRunNumber>().prop_map(Self::from)];
    InvoiceKey => prop_oneof![any::<InvoiceId>().prop_map(Self::from), any::<InvoiceNumber>().prop_map(Self::from)];
    Amount => amounts();
    Date => dates();
    DateTime => date_times();
    Secret => text(1..=40).prop_map(Self::from);
    ExtraFields => custom_fields();
    Reason => reasons();
    Envelope => envelopes();
}

generate! {
    bool, i64, Amount, Date, DateTime, BillRunNumber, InvoiceNumber, AccountNumber, ExtraFields, Reason, Envelope,
}

impl Generate for Box<str> {
    fn within(limits: Limits) -> BoxedStrategy<Self> {
        String::within(limits).prop_map(Self::from).boxed()
    }
}

impl Generate for String {
    fn within(limits: Limits) -> BoxedStrategy<Self> {
        let (least, most) = limits.text;
        if limits.id {
            return hexadecimal();
        }
        let some = text(least..=most.min(least + 12));
        if most == usize::MAX {
            return some;
        }
        // The maximum length in characters, also with characters of several bytes.
        prop_oneof![30 => some, 1 => select(vec!["x", "é", "🧾"]).prop_map(move |c| c.repeat(most))].boxed()
    }
}

/// Generates no fields in most cases, or one or two fields with names ending in `__c` and any JSON values.
fn custom_fields() -> BoxedStrategy<ExtraFields> {
    let name = prop_oneof![
        8 => vec(proptest::char::range('a', 'z'), 1..=8).prop_map(String::from_iter),
        1 => text(0..=8),
    ];
    let value = prop_oneof![
        text(0..=12).prop_map(|text| serde_json::Value::from(text).to_string()),
        any::<Amount>().prop_map(|amount| amount.to_string()),
        select(vec!["true", "false", "null", "[ ]", "{\"deep\": [1.50, {\"null\": null}]}"])
            .prop_map(str::to_owned),
    ];
    let some = vec((name, value), 1..=2).prop_map(|fields| {
        let mut custom = ExtraFields::default();
        for (name, json) in fields {
            let value = RawValue::from_string(json).expect("valid JSON");
            custom.set(&format!("{name}__c"), &value).expect("valid JSON can be written");
        }
        custom
    });
    prop_oneof![3 => Just(ExtraFields::default()), 1 => some].boxed()
}

fn reasons() -> BoxedStrategy<Reason> {
    let code = prop_oneof![
        (10_000_000..100_000_000_u32).prop_map(|code| code.to_string()),
        select(vec!["", "LOCK_COMPETITION"]).prop_map(str::to_owned),
    ];
    (code, text(0..=20), custom_fields())
        .prop_map(|(code, message, extra)| Reason { code, message, extra })
        .boxed()
}

fn envelopes() -> BoxedStrategy<Envelope> {
    (option::of(any::<bool>()), option::of(numbers("R-")), option::of(numbers("P-")), vec(reasons(), 0..=2))
        .prop_map(|(success, request_id, process_id, reasons)| Envelope {
            success,
            request_id,
            process_id,
            reasons,
        })
        .boxed()
}

/// Generates a known value of an enumeration, or occasionally an unknown one.
pub(crate) fn enum_values(known: &'static [&'static str]) -> BoxedStrategy<String> {
    let unknown = vec(proptest::char::range('a', 'z'), 1..=10).prop_map(|word| {
        let word = String::from_iter(word);
        format!("New{word}")
    });
    prop_oneof![8 => select(known).prop_map(str::to_owned), 1 => unknown].boxed()
}

/// Implements the strategies of an open enumeration.
macro_rules! word {
    ($name:ident: $($text:literal),*) => {
        $crate::testing::strategies::fields::arbitrary! {
            $name => ::proptest::strategy::Strategy::prop_map(
                $crate::testing::strategies::values::enum_values(&[$($text),*]),
                Self::from,
            );
        }
        $crate::testing::strategies::fields::generate! { $name }
    };
}
pub(crate) use word;
