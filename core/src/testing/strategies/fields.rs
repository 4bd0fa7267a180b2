//! Models, field by field.
//!
//! `model!` lists the fields of each model with their rules; a value is drawn for each of them by itself, so that
//! none can be forgotten and a failing case shrinks to the fields that matter.

use std::fmt;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::model::patch::Patch;
use crate::model::rules::Rule;

/// Longest list of which the full length is drawn too: longer ones would make every case slow.
const LONGEST: usize = 50;

/// A type that stands in a field of a model.
pub(crate) trait Generate: Clone + fmt::Debug + Sized + 'static {
    /// Values that the rules of the field allow.
    fn within(limits: Limits) -> BoxedStrategy<Self>;
}

/// A model whose fields are known.
pub(crate) trait Reflect: Clone + fmt::Debug + Default + 'static {
    fn fields() -> Vec<FieldStrategy<Self>>;
}

/// What the rules of a field say.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(super) required: bool,
    pub(super) id: bool,
    /// Fewest and most characters.
    pub(super) text: (usize, usize),
    /// Fewest and most entries.
    pub(super) count: (usize, usize),
}

impl Limits {
    pub(super) const NONE: Self =
        Self { required: false, id: false, text: (0, usize::MAX), count: (0, usize::MAX) };

    pub(crate) fn of(rules: &[Rule]) -> Self {
        rules.iter().fold(Self::NONE, |limits, rule| match *rule {
            Rule::Required => Self { required: true, ..limits },
            Rule::Id => Self { id: true, ..limits },
            Rule::Text { least, most } => Self { text: (least, most), ..limits },
            Rule::Count { least, most } => Self { count: (least, most), ..limits },
        })
    }
}

/// A field of a model: its wire name, whether a constructor sets it, and what may stand in it.
pub(crate) struct FieldStrategy<M> {
    name: &'static str,
    by_hand: bool,
    settings: Box<dyn FnOnce() -> BoxedStrategy<Setting<M>>>,
}

impl<M: 'static> FieldStrategy<M> {
    /// A part of the model that no wire name leads to as a whole.
    pub(crate) fn unnamed<F: Generate>(slot: fn(&mut M) -> &mut F) -> Self {
        Self::new("", "", Limits::NONE, slot)
    }

    pub(crate) fn new<F: Generate>(
        name: &'static str,
        by: &str,
        limits: Limits,
        slot: fn(&mut M) -> &mut F,
    ) -> Self {
        let setting = move |value| Setting(Box::new(move |model: &mut M| *slot(model) = value));
        Self {
            name,
            by_hand: !by.is_empty(),
            settings: Box::new(move || F::within(limits).prop_map(setting).boxed()),
        }
    }
}

/// One field with the value that it gets.
pub(crate) struct Setting<M>(Box<dyn FnOnce(&mut M)>);

impl<M> fmt::Debug for Setting<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Setting")
    }
}

/// A model whose fields are drawn each by itself.
pub(super) fn each_field<M: Reflect>() -> BoxedStrategy<M> {
    filled(Just(M::default()), &[])
}

/// What is drawn from `base`, with all fields drawn that are not set by hand nor among the `others`.
pub(super) fn filled<M: Reflect>(
    base: impl Strategy<Value = M> + 'static,
    others: &[&str],
) -> BoxedStrategy<M> {
    let fields = M::fields().into_iter().filter(|field| !field.by_hand && !others.contains(&field.name));
    let settings: Vec<_> = fields.map(|field| (field.settings)()).collect();
    (base, settings)
        .prop_map(|(mut model, settings)| {
            for setting in settings {
                (setting.0)(&mut model);
            }
            model
        })
        .boxed()
}

impl<T: Generate> Generate for Option<T> {
    fn within(limits: Limits) -> BoxedStrategy<Self> {
        let value = T::within(limits);
        if limits.required { value.prop_map(Some).boxed() } else { option::weighted(0.3, value).boxed() }
    }
}

/// Mostly short; a list with a limit is full now and then, of the same entry.
impl<T: Generate> Generate for Vec<T> {
    fn within(limits: Limits) -> BoxedStrategy<Self> {
        let (least, most) = limits.count;
        let few = vec(T::within(Limits::NONE), least..=most.min(least + 2));
        if most > LONGEST {
            return few.boxed();
        }
        prop_oneof![30 => few, 1 => full(T::within(Limits::NONE), most)].boxed()
    }
}

/// As many of the same as there may be.
pub(super) fn full<T: Clone + fmt::Debug>(
    row: impl Strategy<Value = T>,
    most: usize,
) -> impl Strategy<Value = Vec<T>> {
    row.prop_map(move |row| vec![row; most])
}

impl<T: Generate> Generate for Patch<T> {
    fn within(limits: Limits) -> BoxedStrategy<Self> {
        let value = T::within(limits).prop_map(Patch::Set);
        prop_oneof![3 => Just(Patch::Keep), 1 => Just(Patch::Clear), 1 => value].boxed()
    }
}

/// `any` of these types is what `$strategy` gives.
macro_rules! arbitrary {
    ($($type:ty => $strategy:expr;)*) => {$(
        impl ::proptest::arbitrary::Arbitrary for $type {
            type Parameters = ();
            type Strategy = ::proptest::strategy::BoxedStrategy<Self>;

            fn arbitrary_with((): ()) -> Self::Strategy {
                ::proptest::strategy::Strategy::boxed($strategy)
            }
        }
    )*};
}
pub(crate) use arbitrary;

/// `any` of these types may stand in any field.
macro_rules! generate {
    ($($type:ty),* $(,)?) => {$(
        impl $crate::testing::strategies::fields::Generate for $type {
            fn within(
                _: $crate::testing::strategies::fields::Limits,
            ) -> ::proptest::strategy::BoxedStrategy<Self> {
                ::proptest::strategy::Strategy::boxed(::proptest::arbitrary::any::<Self>())
            }
        }
    )*};
}
pub(crate) use generate;

/// `any` of these models has each field or not, by itself; no rule ties its fields to each other.
macro_rules! plain {
    ($($model:ty),* $(,)?) => {
        $crate::testing::strategies::fields::arbitrary! { $($model => $crate::testing::strategies::fields::each_field();)* }
        $crate::testing::strategies::fields::generate! { $($model),* }
    };
}
pub(super) use plain;
