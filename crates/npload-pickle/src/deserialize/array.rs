//! Arrays as nested sequences.

use serde_core::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_core::forward_to_deserialize_any;

use super::{Value, visit_scalar};
use crate::convert::Scalar;
use crate::data::DType;
use crate::error::{Error, Result};
use crate::object::{Id, NdArray, NdData};

/// An array, or what is left of it when indices are chosen.
pub(super) struct Elements<'w, 'de> {
    around: Value<'w, 'de>,
    dtype: &'de DType,
    contents: Contents<'de>,
    /// Lengths and distances of the axes that are left, outermost first.
    axes: Vec<(u64, u64)>,
    /// Which element comes first.
    start: u64,
}

#[derive(Clone, Copy)]
enum Contents<'de> {
    Bytes(&'de [u8]),
    Objects(&'de [Id]),
}

impl<'w, 'de> Elements<'w, 'de> {
    pub(super) fn new(around: Value<'w, 'de>, array: &NdArray<'de>) -> Option<Self> {
        let contents = match array.data {
            NdData::Bytes(_) => {
                Contents::Bytes(around.object.objects().elements(around.object.id())?)
            }
            NdData::Objects(items) => Contents::Objects(items),
        };
        // Objects lie in C order in any case.
        let fortran = array.fortran && matches!(contents, Contents::Bytes(_));
        let mut distance = 1_u64;
        let mut axis = |&len: &u64| {
            let this = distance;
            distance = distance.saturating_mul(len);
            (len, this)
        };
        let mut axes: Vec<_> = match fortran {
            true => array.shape.iter().map(&mut axis).collect(),
            false => array.shape.iter().rev().map(&mut axis).collect(),
        };
        if !fortran {
            axes.reverse();
        }
        if let Some(order) = array.axes {
            axes = order
                .iter()
                .filter_map(|&at| axes.get(at).copied())
                .collect();
        }
        Some(Elements {
            around,
            dtype: array.dtype,
            contents,
            axes,
            start: 0,
        })
    }

    pub(super) fn visit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.around.work.charge(1)?;
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let Some((&(len, distance), _)) = self.axes.split_first() else {
            return match self.contents {
                Contents::Objects(items) => match items.get(start) {
                    Some(&id) => self.around.held(id).inside()?.deserialize_any(visitor),
                    None => Err(self.around.refused()),
                },
                Contents::Bytes(bytes) => {
                    let size = usize::try_from(self.dtype.itemsize()).unwrap_or(usize::MAX);
                    let from = start.saturating_mul(size);
                    let scalar = bytes
                        .get(from..from.saturating_add(size))
                        .and_then(|bytes| Scalar::decode(self.dtype, bytes));
                    match scalar {
                        Some(scalar) => visit_scalar(visitor, scalar),
                        None => Err(self.around.refused()),
                    }
                }
            };
        };
        visitor.visit_seq(Axis {
            elements: self.inside()?,
            len,
            distance,
            index: 0,
        })
    }

    /// The same, one level deeper: types that hold themselves would go on for ever.
    fn inside(self) -> Result<Self> {
        let around = self.around.inside()?;
        Ok(Elements { around, ..self })
    }

    /// What is left of it at an index of its first axis.
    fn at(&self, index: u64, distance: u64) -> Self {
        Elements {
            axes: self.axes.get(1..).unwrap_or_default().to_vec(),
            start: self.start.saturating_add(index.saturating_mul(distance)),
            ..*self
        }
    }
}

/// The first axis of an array.
struct Axis<'w, 'de> {
    elements: Elements<'w, 'de>,
    len: u64,
    distance: u64,
    index: u64,
}

impl<'de> SeqAccess<'de> for Axis<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let index = self.index;
        if index >= self.len {
            return Ok(None);
        }
        self.index = index.saturating_add(1);
        self.elements.around.work.charge(1)?;
        seed.deserialize(self.elements.at(index, self.distance))
            .map(Some)
            .map_err(|e| e.inside(&format!("[{index}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        usize::try_from(self.len.saturating_sub(self.index)).ok()
    }
}

impl<'de> Deserializer<'de> for Elements<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.visit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.contents {
            Contents::Objects(items) if self.axes.is_empty() => {
                let start = usize::try_from(self.start).unwrap_or(usize::MAX);
                match items.get(start) {
                    Some(&id) => self.around.held(id).deserialize_option(visitor),
                    None => Err(self.around.refused()),
                }
            }
            _ => visitor.visit_some(self.inside()?),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self.inside()?)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
