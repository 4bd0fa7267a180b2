//! Strategies for models, field by field.
//!
//! `model!` lists the fields of each model with their rules. A value is generated for each field independently. No
//! field can be missed, and a failing case shrinks to the fields that cause the failure.

use std::fmt;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::model::patch::Patch;
pub(crate) use crate::model::rules::Limits;

/// Largest maximum length at which full lists are generated. Longer lists would make every case slow.
const MAX_FULL_LENGTH: usize = 50;

/// A type of the fields of a model.
pub(crate) trait Generate: Clone + fmt::Debug + Sized + 'static {
    /// Generates values that satisfy the rules of a field.
    fn within(limits: Limits) -> BoxedStrategy<Self>;
}

/// A model that lists its fields.
pub(crate) trait Reflect: Clone + fmt::Debug + Default + 'static {
    fn fields() -> Vec<FieldStrategy<Self>>;
}

/// The strategy of a field, with its wire name and whether a constructor sets it.
pub(crate) struct FieldStrategy<M> {
    name: &'static str,
    by_hand: bool,
    settings: Box<dyn FnOnce() -> BoxedStrategy<Setting<M>>>,
}

impl<M: 'static> FieldStrategy<M> {
    /// Creates the strategy of a part of the model without a wire name.
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

/// An assignment of a generated value to a field.
pub(crate) struct Setting<M>(Box<dyn FnOnce(&mut M)>);

impl<M> fmt::Debug for Setting<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Setting")
    }
}

/// Generates a model with independent fields.
pub(super) fn each_field<M: Reflect>() -> BoxedStrategy<M> {
    filled(Just(M::default()), &[])
}

/// Generates a model from `base`, and generates all of its fields except those set by hand and those in `others`.
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

/// Generates short lists in most cases. A list with a maximum length is occasionally full, with identical entries.
impl<T: Generate> Generate for Vec<T> {
    fn within(limits: Limits) -> BoxedStrategy<Self> {
        let (least, most) = limits.count;
        let few = vec(T::within(Limits::NONE), least..=most.min(least + 2));
        if most > MAX_FULL_LENGTH {
            return few.boxed();
        }
        prop_oneof![30 => few, 1 => full(T::within(Limits::NONE), most)].boxed()
    }
}

/// Generates a list of `most` identical entries.
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

/// Implements `Arbitrary` for types, each with its strategy.
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

/// Implements `Generate` for types whose values are valid in any field.
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

/// Implements the strategies of models whose fields are independent of each other.
macro_rules! plain {
    ($($model:ty),* $(,)?) => {
        $crate::testing::strategies::fields::arbitrary! { $($model => $crate::testing::strategies::fields::each_field();)* }
        $crate::testing::strategies::fields::generate! { $($model),* }
    };
}
pub(super) use plain;
