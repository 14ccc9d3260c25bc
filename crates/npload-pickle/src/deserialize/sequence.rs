//! Items of sequences and entries of maps, one after the other.

use std::slice::Iter;

use serde_core::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::{Value, part};
use crate::convert::mismatch;
use crate::error::{Error, Result};
use crate::object::{Id, Object, PrintOptions};

/// Items that are objects.
pub(super) struct Sequence<'w, 'de> {
    around: Value<'w, 'de>,
    items: Iter<'de, Id>,
    index: usize,
}

impl<'w, 'de> Sequence<'w, 'de> {
    pub(super) fn new(around: Value<'w, 'de>, items: &'de [Id]) -> Self {
        Sequence {
            around,
            items: items.iter(),
            index: 0,
        }
    }
}

impl<'de> SeqAccess<'de> for Sequence<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let Some(&id) = self.items.next() else {
            return Ok(None);
        };
        let index = self.index;
        self.index = index.saturating_add(1);
        // Paid here: a type of no values would ask for nothing.
        self.around.work.charge(1)?;
        part(seed, self.around.held(id), || format!("[{index}]")).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// Entries of a dict.
pub(super) struct Entries<'w, 'de> {
    around: Value<'w, 'de>,
    pairs: Iter<'de, (Id, Id)>,
    last: Option<(Id, Id)>,
}

impl<'w, 'de> Entries<'w, 'de> {
    pub(super) fn new(around: Value<'w, 'de>, pairs: &'de [(Id, Id)]) -> Self {
        Entries {
            around,
            pairs: pairs.iter(),
            last: None,
        }
    }

    /// The key as it stands in the path of an error.
    fn place(&self) -> String {
        let Some((key, _)) = self.last else {
            return String::new();
        };
        let options = PrintOptions {
            max_objects: 4,
            max_bytes: 40,
            ..PrintOptions::default()
        };
        format!("[{}]", self.around.held(key).object.print(&options))
    }
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        self.last = self.pairs.next().copied();
        let Some((key, _)) = self.last else {
            return Ok(None);
        };
        self.around.work.charge(1)?;
        part(seed, self.around.held(key), || {
            format!("key {}", self.place())
        })
        .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let Some((_, value)) = self.last else {
            return Err(serde_core::de::Error::custom(
                "no key came before the value",
            ));
        };
        part(seed, self.around.held(value), || self.place())
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.pairs.len())
    }
}

/// The parts of a complex number.
pub(super) struct Parts(std::array::IntoIter<f64, 2>);

impl Parts {
    pub(super) fn new(parts: [f64; 2]) -> Self {
        Parts(parts.into_iter())
    }
}

impl<'de> SeqAccess<'de> for Parts {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let next = self.0.next();
        next.map(|part| seed.deserialize(part.into_deserializer()))
            .transpose()
    }
}

/// The numbers of a range.
pub(super) struct Ints<'w, 'de> {
    around: Value<'w, 'de>,
    next: Option<i64>,
    stop: i64,
    step: i64,
}

impl<'w, 'de> Ints<'w, 'de> {
    pub(super) fn new(around: Value<'w, 'de>, start: i64, stop: i64, step: i64) -> Self {
        let next = Some(start);
        Ints {
            around,
            next,
            stop,
            step,
        }
    }
}

impl<'de> SeqAccess<'de> for Ints<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let there = |next: &i64| match self.step > 0 {
            true => *next < self.stop,
            false => *next > self.stop,
        };
        let Some(int) = self.next.filter(there) else {
            return Ok(None);
        };
        self.around.work.charge(1)?;
        self.next = int.checked_add(self.step);
        seed.deserialize(int.into_deserializer()).map(Some)
    }
}

/// Bytes one by one.
pub(super) struct ByteItems<'de>(Iter<'de, u8>);

impl<'de> ByteItems<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        ByteItems(bytes.iter())
    }
}

impl<'de> SeqAccess<'de> for ByteItems<'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let next = self.0.next();
        next.map(|byte| seed.deserialize(byte.into_deserializer()))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// A variant and its value.
pub(super) struct Variant<'w, 'de> {
    key: Value<'w, 'de>,
    value: Value<'w, 'de>,
}

impl<'w, 'de> Variant<'w, 'de> {
    pub(super) fn new(key: Value<'w, 'de>, value: Value<'w, 'de>) -> Self {
        Variant { key, value }
    }
}

impl<'w, 'de> EnumAccess<'de> for Variant<'w, 'de> {
    type Error = Error;
    type Variant = Value<'w, 'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant)> {
        Ok((seed.deserialize(self.key)?, self.value))
    }
}

impl<'de> VariantAccess<'de> for Value<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<()> {
        match self.object.get() {
            Object::None => Ok(()),
            other => Err(mismatch("None", other)),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_any(visitor)
    }
}
