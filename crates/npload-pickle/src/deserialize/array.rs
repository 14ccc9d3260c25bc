//! Arrays as nested sequences, and their elements by the dtype.

use serde_core::de::value::StrDeserializer;
use serde_core::de::{
    DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde_core::forward_to_deserialize_any;

use super::sequence::Parts;
use super::{Value, variant};
use crate::convert::{Scalar, narrow};
use crate::data::{DType, Field};
use crate::datetime64;
use crate::error::{Error, Result};
use crate::object::{Id, NdArray, NdData, Object};

/// An array, or what is left of it when indices are chosen, or an element.
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

/// What there is without axes.
enum Leaf<'w, 'de> {
    Object(Value<'w, 'de>),
    Scalar(Scalar<'de>),
    Fields(Fields<'w, 'de>),
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
        let mut axes = distances(array.shape, fortran);
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

    /// One element.
    pub(super) fn scalar(around: Value<'w, 'de>, dtype: &'de DType, bytes: &'de [u8]) -> Self {
        let (axes, contents) = match dtype {
            DType::Subarray { shape, .. } => (distances(shape, false), Contents::Bytes(bytes)),
            _ => (Vec::new(), Contents::Bytes(bytes)),
        };
        let dtype = match dtype {
            DType::Subarray { base, .. } => base,
            dtype => dtype,
        };
        Elements {
            around,
            dtype,
            contents,
            axes,
            start: 0,
        }
    }

    /// The element, if no axes are left.
    fn leaf(&self) -> Result<Option<Leaf<'w, 'de>>> {
        if !self.axes.is_empty() {
            return Ok(None);
        }
        self.around.work.charge(1)?;
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        // Types that hold themselves would go on for ever.
        let around = self.around.inside()?;
        let refused = || self.around.refused();
        let leaf = match self.contents {
            Contents::Objects(items) => {
                let id = *items.get(start).ok_or_else(refused)?;
                Leaf::object(around.held(id), self.dtype)
            }
            Contents::Bytes(bytes) => {
                let size = usize::try_from(self.dtype.itemsize()).unwrap_or(usize::MAX);
                let from = start.saturating_mul(size);
                let bytes = bytes.get(from..from.saturating_add(size));
                let bytes = bytes.ok_or_else(refused)?;
                match self.dtype {
                    DType::Struct { fields, .. } => {
                        Leaf::Fields(Fields::new(around, fields, Contents::Bytes(bytes)))
                    }
                    dtype => {
                        if let DType::Plain {
                            kind: 'S' | 'U' | 'V',
                            ..
                        } = dtype
                        {
                            self.around.work.charge(size)?;
                        }
                        Leaf::Scalar(Scalar::decode(dtype, bytes).ok_or_else(refused)?)
                    }
                }
            }
        };
        Ok(Some(leaf))
    }

    /// The axes that are left.
    fn nested<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.around.work.charge(1)?;
        let Some(&(len, distance)) = self.axes.first() else {
            return Err(self.around.refused());
        };
        visitor.visit_seq(Axis {
            elements: self.inside()?,
            len,
            distance,
            index: 0,
        })
    }

    fn visit_scalar<V: Visitor<'de>>(&self, visitor: V, scalar: Scalar<'de>) -> Result<V::Value> {
        let refused = || self.around.refused();
        match scalar {
            Scalar::Bool(value) => visitor.visit_bool(value),
            Scalar::Int(value) => visitor.visit_i64(value),
            Scalar::UInt(value) => visitor.visit_u64(value),
            Scalar::Float(value) => visitor.visit_f64(value),
            Scalar::Complex(real, imaginary) => visitor.visit_seq(Parts::new([real, imaginary])),
            Scalar::Bytes(bytes) | Scalar::Void(bytes) => visitor.visit_borrowed_bytes(bytes),
            Scalar::Str(text) => visitor.visit_string(text),
            Scalar::DateTime(count, unit) => {
                let text = unit.and_then(|unit| datetime64::iso(count, unit));
                visitor.visit_string(text.ok_or_else(refused)?)
            }
            Scalar::TimeDelta(count, unit) => {
                let seconds = unit.and_then(|unit| datetime64::seconds(count, unit));
                visitor.visit_f64(seconds.ok_or_else(refused)?)
            }
        }
    }

    /// The same, one level deeper.
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

/// Lengths and distances of axes.
fn distances(shape: &[u64], fortran: bool) -> Vec<(u64, u64)> {
    let mut distance = 1_u64;
    let mut axis = |&len: &u64| {
        let this = distance;
        distance = distance.saturating_mul(len);
        (len, this)
    };
    let mut axes: Vec<_> = match fortran {
        true => shape.iter().map(&mut axis).collect(),
        false => shape.iter().rev().map(&mut axis).collect(),
    };
    if !fortran {
        axes.reverse();
    }
    axes
}

impl<'w, 'de> Leaf<'w, 'de> {
    /// An object that stands where the dtype is this: a tuple of fields has their names.
    fn object(value: Value<'w, 'de>, dtype: &'de DType) -> Self {
        match (dtype, value.object.get()) {
            (DType::Struct { fields, .. }, Object::Tuple(items)) if items.len() == fields.len() => {
                Leaf::Fields(Fields::new(value, fields, Contents::Objects(items)))
            }
            _ => Leaf::Object(value),
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

/// The fields of an element: a map by their names, or a sequence.
struct Fields<'w, 'de> {
    around: Value<'w, 'de>,
    fields: &'de [Field],
    contents: Contents<'de>,
    index: usize,
}

impl<'w, 'de> Fields<'w, 'de> {
    fn new(around: Value<'w, 'de>, fields: &'de [Field], contents: Contents<'de>) -> Self {
        let index = 0;
        Fields {
            around,
            fields,
            contents,
            index,
        }
    }

    fn value<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let index = self.index;
        self.index = index.saturating_add(1);
        self.around.work.charge(1)?;
        let refused = || self.around.refused();
        let field = self.fields.get(index).ok_or_else(refused)?;
        let element = match self.contents {
            Contents::Objects(items) => Elements {
                around: self.around,
                dtype: &field.dtype,
                contents: Contents::Objects(items.get(index..).unwrap_or_default()),
                axes: Vec::new(),
                start: 0,
            },
            Contents::Bytes(bytes) => {
                let from = usize::try_from(field.offset).unwrap_or(usize::MAX);
                let size = usize::try_from(field.dtype.itemsize()).unwrap_or(usize::MAX);
                let bytes = bytes.get(from..from.saturating_add(size));
                Elements::scalar(self.around, &field.dtype, bytes.ok_or_else(refused)?)
            }
        };
        seed.deserialize(element)
            .map_err(|e| e.inside(&format!("[{:?}]", field.name)))
    }
}

impl<'de> SeqAccess<'de> for Fields<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        match self.index < self.fields.len() {
            true => self.value(seed).map(Some),
            false => Ok(None),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.fields.len().saturating_sub(self.index))
    }
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let Some(field) = self.fields.get(self.index) else {
            return Ok(None);
        };
        self.around.work.charge(field.name.len())?;
        let name: StrDeserializer<'_, Error> = field.name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        self.value(seed)
    }
}

/// What an element that is an object does itself.
macro_rules! by_the_object {
    ($($method:ident($($arg:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($arg: $type,)* visitor: V) -> Result<V::Value> {
            match self.leaf()? {
                Some(Leaf::Object(value)) => value.$method($($arg,)* visitor),
                Some(Leaf::Scalar(scalar)) => self.visit_scalar(visitor, scalar),
                Some(Leaf::Fields(fields)) => visitor.visit_map(fields),
                None => self.nested(visitor),
            }
        }
    )*};
}

/// The same, where fields are a sequence.
macro_rules! in_order {
    ($($method:ident($($arg:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($arg: $type,)* visitor: V) -> Result<V::Value> {
            match self.leaf()? {
                Some(Leaf::Object(value)) => value.$method($($arg,)* visitor),
                Some(Leaf::Scalar(scalar)) => self.visit_scalar(visitor, scalar),
                Some(Leaf::Fields(fields)) => visitor.visit_seq(fields),
                None => self.nested(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Elements<'_, 'de> {
    type Error = Error;

    by_the_object! {
        deserialize_any();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_ignored_any();
    }

    in_order! {
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.leaf()? {
            Some(Leaf::Object(value)) => value.deserialize_f64(visitor),
            Some(Leaf::Scalar(scalar @ (Scalar::Int(_) | Scalar::UInt(_)))) => {
                visitor.visit_f64(scalar.as_float()?)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.leaf()? {
            Some(Leaf::Object(value)) => value.deserialize_f32(visitor),
            Some(Leaf::Scalar(scalar @ (Scalar::Int(_) | Scalar::UInt(_) | Scalar::Float(_)))) => {
                let int = !matches!(scalar, Scalar::Float(_));
                visitor.visit_f32(narrow(scalar.as_float()?, int)?)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.leaf()? {
            Some(Leaf::Object(value)) => match (self.dtype, value.object.get()) {
                // What stands for a missing text.
                (DType::String { .. }, Object::None | Object::Float(_)) => visitor.visit_none(),
                _ => value.deserialize_option(visitor),
            },
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

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.leaf()? {
            Some(Leaf::Object(value)) => value.deserialize_enum(name, variants, visitor),
            Some(Leaf::Scalar(Scalar::Str(text))) => {
                variant(&text).deserialize_enum(name, variants, visitor)
            }
            _ => Err(self.around.refused()),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf map struct
        identifier
    }
}
