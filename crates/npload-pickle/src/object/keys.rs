//! Equal keys are one key: of dicts the first key stays with the last value, of sets the first
//! element, as in Python.
//!
//! Equality is Python's for `None`, numbers, texts, bytes, days, times without a zone, spans of
//! time, zones, UUIDs, globals, and tuples and frozensets of them. Decimals are equal if they are
//! written the same, and to no other number; other objects are equal to themselves. Tuples get a
//! number for what they hold, bottom up and once each, so that no sharing makes this more than
//! linear.
//!
//! What Python hashes to the same number costs nothing here: Rust's hashes are seeded.

use std::collections::HashMap;

use num_bigint::BigInt;

use super::node::{Id, Node};
use super::store::Store;
use crate::data::{Data, Date, Time, TimeDelta};

/// Up to this many keys are compared with each other before anything is hashed.
const FEW: usize = 8;

/// Joins the equal keys of all dicts and sets.
pub(super) fn join(store: &mut Store) {
    let mut classes = Classes::default();
    let mut changes = Vec::new();
    for (index, node) in store.nodes.iter().enumerate() {
        let change = match node {
            Node::Dict(pairs) => classes.join_pairs(store, pairs).map(Change::Pairs),
            Node::Mapping(mapping) => classes.join_pairs(store, &mapping.pairs).map(Change::Pairs),
            Node::Set(items) | Node::FrozenSet(items) => {
                classes.join_items(store, items).map(Change::Items)
            }
            _ => None,
        };
        changes.extend(change.map(|change| (index, change)));
    }
    for (index, change) in changes {
        match (store.nodes.get_mut(index), change) {
            (Some(Node::Dict(to)), Change::Pairs(pairs)) => *to = pairs,
            (Some(Node::Mapping(mapping)), Change::Pairs(pairs)) => mapping.pairs = pairs,
            (Some(Node::Set(to) | Node::FrozenSet(to)), Change::Items(items)) => *to = items,
            _ => {}
        }
    }
}

enum Change {
    Pairs(Vec<(Id, Id)>),
    Items(Vec<Id>),
}

/// What makes keys equal.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    None,
    Int(i64),
    BigInt(&'a BigInt),
    Float(u64),
    Text(&'a [u8]),
    Bytes(&'a [u8]),
    Tuple(Vec<u32>),
    FrozenSet(Vec<u32>),
    Complex(u64, u64),
    Date(Date),
    Time(Time),
    DateTime(Date, Time),
    TimeDelta(TimeDelta),
    TimeZone(TimeDelta),
    Decimal(&'a str),
    Fraction(&'a BigInt, &'a BigInt),
    Uuid(u128),
    Global(&'a str, &'a str),
    /// Of which of two stores.
    Itself(bool, Id),
}

/// Numbers for keys: equal keys have one. Keys may be those of two stores.
#[derive(Default)]
pub(super) struct Classes<'a> {
    /// The keys of a dict before, which are distinct: records repeat them.
    distinct: Vec<Id>,
    by_key: HashMap<Key<'a>, u32>,
    by_id: HashMap<(bool, Id), u32>,
    /// Whether something in the keys of a number is only equal to itself.
    own: Vec<bool>,
}

impl<'a> Classes<'a> {
    /// The pairs with equal keys joined, if there are any.
    fn join_pairs(&mut self, store: &'a Store, pairs: &[(Id, Id)]) -> Option<Vec<(Id, Id)>> {
        let keys = pairs.iter().map(|pair| pair.0);
        if self.distinct.iter().copied().eq(keys.clone()) {
            return None;
        }
        if are_few_and_distinct(store, keys.clone()) {
            self.distinct.clear();
            self.distinct.extend(keys);
            return None;
        }
        let mut places = HashMap::with_capacity(pairs.len());
        let mut joined: Vec<(Id, Id)> = Vec::new();
        for &(key, value) in pairs {
            let place = *places
                .entry(self.class(store, false, key))
                .or_insert(joined.len());
            match joined.get_mut(place) {
                Some(pair) => pair.1 = value,
                None => joined.push((key, value)),
            }
        }
        (joined.len() < pairs.len()).then_some(joined)
    }

    /// The items with equal ones joined, if there are any.
    fn join_items(&mut self, store: &'a Store, items: &[Id]) -> Option<Vec<Id>> {
        if are_few_and_distinct(store, items.iter().copied()) {
            return None;
        }
        let pairs: Vec<_> = items.iter().map(|&id| (id, id)).collect();
        let joined = self.join_pairs(store, &pairs)?;
        Some(joined.into_iter().map(|pair| pair.0).collect())
    }

    /// The number of all keys that equal this one, which is of the one store or the `other`. What a
    /// tuple or frozenset holds is older than it is, so this ends.
    pub(super) fn class(&mut self, store: &'a Store, other: bool, id: Id) -> u32 {
        let mut todo = vec![id];
        while let Some(&next) = todo.last() {
            if !self.by_id.contains_key(&(other, next)) {
                let held = match store.node(next) {
                    Node::Tuple { items, .. } => &**items,
                    Node::FrozenSet(items) => items,
                    _ => &[],
                };
                let before = todo.len();
                let new = held.iter().copied();
                todo.extend(new.filter(|&id| !self.by_id.contains_key(&(other, id))));
                if todo.len() > before {
                    continue;
                }
                let class = self.enter(self.key(store, other, next));
                self.by_id.insert((other, next), class);
            }
            todo.pop();
        }
        self.by_id.get(&(other, id)).copied().unwrap_or(u32::MAX)
    }

    /// Whether keys of that number are equal to nothing of another store.
    pub(super) fn is_own(&self, class: u32) -> bool {
        let own = usize::try_from(class).ok().and_then(|at| self.own.get(at));
        own.copied().unwrap_or(true)
    }

    fn enter(&mut self, key: Key<'a>) -> u32 {
        let new = u32::try_from(self.by_key.len()).unwrap_or(u32::MAX);
        let own = match &key {
            Key::Itself(..) => true,
            Key::Tuple(held) | Key::FrozenSet(held) => held.iter().any(|&class| self.is_own(class)),
            _ => false,
        };
        let class = *self.by_key.entry(key).or_insert(new);
        if class == new {
            self.own.push(own);
        }
        class
    }

    fn key(&self, store: &'a Store, other: bool, id: Id) -> Key<'a> {
        let classes = |items: &[Id]| -> Vec<u32> {
            let class = |&id| self.by_id.get(&(other, id)).copied().unwrap_or(u32::MAX);
            items.iter().map(class).collect()
        };
        let itself = Key::Itself(other, id);
        match store.node(id) {
            Node::None => Key::None,
            Node::Bool(value) => Key::Int(i64::from(*value)),
            Node::Int(value) => Key::Int(*value),
            Node::BigInt(value) => Key::BigInt(value),
            Node::Float(value) => float(*value).unwrap_or(itself),
            Node::Text(piece) => Key::Text(store.bytes(piece)),
            Node::Bytes(piece) => Key::Bytes(store.bytes(piece)),
            Node::Tuple { items, .. } => Key::Tuple(classes(items)),
            Node::FrozenSet(items) => {
                let mut classes = classes(items);
                classes.sort_unstable();
                classes.dedup();
                Key::FrozenSet(classes)
            }
            Node::Global(global) => Key::Global(&global.module, &global.name),
            Node::Data(data) => of_data(data).unwrap_or(itself),
            _ => itself,
        }
    }
}

fn of_data(data: &Data<Id>) -> Option<Key<'_>> {
    // Python's folds do not count where times are compared.
    let unfolded = |time: &Time| Time {
        fold: false,
        ..*time
    };
    Some(match data {
        Data::Complex(real, imaginary) if *imaginary == 0.0 => float(*real)?,
        Data::Complex(real, imaginary) if real.is_nan() || imaginary.is_nan() => return None,
        // 0.0 and not -0.0.
        Data::Complex(real, imaginary) => {
            Key::Complex((real + 0.0).to_bits(), (imaginary + 0.0).to_bits())
        }
        Data::Date(date) => Key::Date(*date),
        Data::Time(time, None) => Key::Time(unfolded(time)),
        Data::DateTime(date, time, None) => Key::DateTime(*date, unfolded(time)),
        Data::TimeDelta(delta) => Key::TimeDelta(*delta),
        Data::TimeZone(delta, _) => Key::TimeZone(*delta),
        Data::Decimal(text) => Key::Decimal(text),
        Data::Fraction(numerator, denominator) => Key::Fraction(numerator, denominator),
        Data::Uuid(int, _) => Key::Uuid(*int),
        _ => return None,
    })
}

/// A float equals the int that it is; one that is not a number equals nothing. Floats from 2⁶³ on
/// are told apart from ints.
fn float<'a>(value: f64) -> Option<Key<'a>> {
    if value.is_nan() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let int = value as i64;
    #[expect(clippy::cast_precision_loss, reason = "compared after it")]
    if int as f64 == value && int != i64::MAX {
        return Some(Key::Int(int));
    }
    Some(Key::Float(value.to_bits()))
}

/// Whether the keys are certainly distinct, by a look that hashes nothing.
fn are_few_and_distinct(store: &Store, keys: impl ExactSizeIterator<Item = Id> + Clone) -> bool {
    keys.len() <= FEW
        && keys.clone().enumerate().all(|(at, a)| {
            keys.clone()
                .skip(at.saturating_add(1))
                .all(|b| match (store.node(a), store.node(b)) {
                    (Node::Text(a), Node::Text(b)) => store.bytes(a) != store.bytes(b),
                    (Node::Int(a), Node::Int(b)) => a != b,
                    (Node::Text(_), _) | (_, Node::Text(_)) => a != b,
                    _ => false,
                })
        })
}
