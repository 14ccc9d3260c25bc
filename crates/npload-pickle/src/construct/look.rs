//! Looking at a builder's values: each function says what a value is, or `None` if it is
//! something else.

use std::collections::HashMap;

use num_bigint::BigInt;

use crate::builder::{Builder, View};

pub(super) trait Look: Builder {
    /// The number of items of a tuple.
    fn items(&self, value: &Self::Value) -> Option<usize> {
        match self.view(value) {
            View::Tuple(len) => Some(len),
            _ => None,
        }
    }

    /// The number of items of a tuple or a list.
    fn sequence(&self, value: &Self::Value) -> Option<usize> {
        match self.view(value) {
            View::Tuple(len) | View::List(len) => Some(len),
            _ => None,
        }
    }

    fn is_none(&self, value: &Self::Value) -> bool {
        matches!(self.view(value), View::None)
    }

    fn as_int(&self, value: &Self::Value) -> Option<i64> {
        match self.view(value) {
            View::Int(value) => Some(value),
            _ => None,
        }
    }

    /// An int of no more bits.
    fn as_big_int(&self, value: &Self::Value, max_bits: u64) -> Option<BigInt> {
        match self.view(value) {
            View::Int(value) => Some(value.into()),
            View::BigInt(bits) if bits <= max_bits => self.to_big_int(value),
            _ => None,
        }
    }

    /// A bool, or 0 or 1.
    fn as_flag(&self, value: &Self::Value) -> Option<bool> {
        match self.view(value) {
            View::Bool(flag) => Some(flag),
            View::Int(value @ (0 | 1)) => Some(value == 1),
            _ => None,
        }
    }

    fn as_float(&self, value: &Self::Value) -> Option<f64> {
        match self.view(value) {
            View::Float(value) => Some(value),
            _ => None,
        }
    }

    /// A str without surrogates.
    fn as_str<'a>(&'a self, value: &'a Self::Value) -> Option<&'a str> {
        match self.view(value) {
            View::Text(text) => text.as_str(),
            _ => None,
        }
    }

    /// A str, or bytes in ASCII, as which Python 2's names may stay.
    fn as_name<'a>(&'a self, value: &'a Self::Value) -> Option<&'a str> {
        match self.view(value) {
            View::Text(text) => text.as_str(),
            View::Bytes(bytes) if bytes.is_ascii() => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// So many bytes: of bytes, or of a str in Latin-1, as Python 2's become.
    fn as_state<const N: usize>(&self, value: &Self::Value) -> Option<[u8; N]> {
        match self.view(value) {
            View::Bytes(bytes) => bytes.try_into().ok(),
            View::Text(text) if text.as_bytes().len() <= N.saturating_mul(2) => {
                text.to_latin1()?.try_into().ok()
            }
            _ => None,
        }
    }

    /// The entries of a dict whose keys are names.
    fn table(&self, dict: &Self::Value) -> Option<HashMap<String, Self::Value>> {
        let View::Dict(_) = self.view(dict) else {
            return None;
        };
        let pairs = self.pairs(dict).into_iter();
        let named = pairs.filter_map(|(key, value)| Some((self.as_name(&key)?.to_owned(), value)));
        Some(named.collect())
    }

    /// A tuple of lengths: none negative.
    fn as_shape(&self, value: &Self::Value) -> Option<Vec<u64>> {
        let len = self.items(value).filter(|&len| len <= 64)?;
        (0..len)
            .map(|at| u64::try_from(self.as_int(&self.item(value, at)?)?).ok())
            .collect()
    }
}

impl<B: Builder> Look for B {}
