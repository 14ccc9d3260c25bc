//! An object by itself as a deserializer.

use serde_core::de::{Deserializer, Visitor};
use serde_core::forward_to_deserialize_any;

use super::{DeserializeLimits, Value, Work};
use crate::error::{Error, Result};
use crate::object::ObjectRef;

/// Within the default [`DeserializeLimits`].
impl<'de> Deserializer<'de> for ObjectRef<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let work = Work::new(self.objects(), &DeserializeLimits::default());
        Value::new(self, &work).deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let work = Work::new(self.objects(), &DeserializeLimits::default());
        Value::new(self, &work).deserialize_option(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let work = Work::new(self.objects(), &DeserializeLimits::default());
        Value::new(self, &work).deserialize_seq(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        let work = Work::new(self.objects(), &DeserializeLimits::default());
        Value::new(self, &work).deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let work = Work::new(self.objects(), &DeserializeLimits::default());
        Value::new(self, &work).deserialize_enum(name, variants, visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let work = Work::new(self.objects(), &DeserializeLimits::default());
        Value::new(self, &work).deserialize_unit(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        map struct identifier
    }
}
