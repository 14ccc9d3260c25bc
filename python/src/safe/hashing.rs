//! What hashing a key takes, told before Python does it, which nothing could stop then.
//!
//! Before Python 3.14 a tuple is hashed anew for each dict that it is put into, with all that it holds. What
//! that takes is found once for each tuple.

use std::collections::HashMap;

use npload_pickle::{Builder as _, Known};

use super::build::PythonBuilder;
use super::special::Special;
use super::value::{self, Kind, Value};

/// Steps of some nanoseconds each: what hashing a Fraction takes, which Python does by powers of large ints,
const FRACTION: u64 = 1024;
/// and a UUID or a range.
const OTHER: u64 = 64;

/// Tuples that take fewer steps are looked at each time.
const REMEMBERED: u64 = 64;

/// What tuples and frozensets take, by their addresses; they stay alive meanwhile.
#[derive(Default)]
pub(super) struct Hashes(HashMap<usize, (Value, u64)>);

impl Hashes {
    fn get(&self, value: &Value) -> Option<u64> {
        self.0.get(&value.as_ptr().addr()).map(|known| known.1)
    }

    pub(super) fn remember(&mut self, value: &Value, steps: u64) {
        let address = value.as_ptr().addr();
        self.0.insert(address, (value.clone(), steps));
    }
}

/// A tuple of which some items were looked at.
struct Open {
    tuple: Value,
    at: usize,
    steps: u64,
}

impl PythonBuilder<'_, '_> {
    /// The steps of hashing a value that may be a key, or of comparing it with an equal one if these are more:
    /// frozensets keep their hash, but are compared by what they hold.
    pub(super) fn steps(&mut self, value: &Value) -> u64 {
        if let Some(steps) = self.steps_at_once(value) {
            return steps;
        }
        let open = |tuple: &Value| Open {
            tuple: tuple.clone(),
            at: 0,
            steps: 1,
        };
        let mut last = open(value);
        let mut around = Vec::new();
        loop {
            let steps = match self.item(&last.tuple, last.at) {
                Some(item) => match self.steps_at_once(&item) {
                    Some(steps) => steps,
                    None => {
                        around.push(std::mem::replace(&mut last, open(&item)));
                        continue;
                    }
                },
                None => {
                    if last.steps >= REMEMBERED {
                        self.hashes.remember(&last.tuple, last.steps);
                    }
                    match around.pop() {
                        Some(outer) => std::mem::replace(&mut last, outer).steps,
                        None => return last.steps,
                    }
                }
            };
            last.steps = last.steps.saturating_add(steps);
            last.at = last.at.saturating_add(1);
        }
    }

    /// Of all but tuples that are not known yet.
    fn steps_at_once(&self, value: &Value) -> Option<u64> {
        if is_plain(value) {
            return Some(1);
        }
        match self.specials.get(value) {
            Some(Special::Made(object)) => return self.steps_at_once(object),
            Some(Special::Tuple { .. }) => return self.hashes.get(value),
            Some(_) => return Some(1),
            None => {}
        }
        if value.is(Kind::Tuple) {
            return self.hashes.get(value);
        }
        if value.is(Kind::FrozenSet) {
            return Some(self.hashes.get(value).unwrap_or(1));
        }
        if value.is(Kind::Int) {
            return Some(self.bits(value) / 64);
        }
        Some(match self.classes.of(value) {
            Some(Known::Fraction) => FRACTION,
            Some(Known::Uuid | Known::Range | Known::Slice) => OTHER,
            _ => 1,
        })
    }
}

/// Whether it is hashed at once: a text, bytes, a small number.
#[inline]
pub(super) fn is_plain(value: &Value) -> bool {
    value.is(Kind::Str)
        || value.is(Kind::Int) && value::to_i64(value).is_some()
        || value.is(Kind::Float)
        || value.is(Kind::Bytes)
}
