//! An object by itself as a deserializer.

use serde_core::de::{Deserializer, Visitor};
use serde_core::forward_to_deserialize_any;

use super::{DeserializeLimits, Value, Work};
use crate::error::{Error, Result};
use crate::object::ObjectRef;

/// What a [`Value`] does, within limits of its own.
macro_rules! as_value {
    ($($method:ident($($arg:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($arg: $type,)* visitor: V) -> Result<V::Value> {
            let work = Work::new(self.objects(), &DeserializeLimits::default());
            Value::new(self, &work).$method($($arg,)* visitor)
        }
    )*};
}

/// Within the default [`DeserializeLimits`].
impl<'de> Deserializer<'de> for ObjectRef<'de> {
    type Error = Error;

    as_value! {
        deserialize_any();
        deserialize_f32();
        deserialize_f64();
        deserialize_option();
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_newtype_struct(name: &'static str);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_ignored_any();
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf
        map struct identifier
    }
}
