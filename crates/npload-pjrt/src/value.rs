//! Named values: what clients are created with, and what plugins say of themselves.

use std::fmt;
use std::ptr::{null_mut, with_exposed_provenance};

use crate::api::{slice_of, text_of};
use crate::raw::{self, kind};

/// The value of an option, or of an attribute.
///
/// ```
/// use npload_pjrt::Value;
/// assert_eq!(Value::from(8), Value::Int(8));
/// assert_eq!(Value::from("x").to_string(), "x");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A text.
    Text(String),
    /// An integer.
    Int(i64),
    /// Integers.
    Ints(Vec<i64>),
    /// A float.
    Float(f32),
    /// Yes or no.
    Bool(bool),
}

macro_rules! values {
    ($($type:ty: $arm:ident $(by $into:expr)?;)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Value::$arm($($into)?(value))
            }
        }
    )*};
}

values! {
    String: Text;
    &str: Text by String::from;
    i64: Int;
    i32: Int by i64::from;
    Vec<i64>: Ints;
    f32: Float;
    bool: Bool;
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text),
            Value::Int(int) => write!(f, "{int}"),
            Value::Ints(ints) => write!(f, "{ints:?}"),
            Value::Float(float) => write!(f, "{float}"),
            Value::Bool(bool) => write!(f, "{bool}"),
        }
    }
}

/// What a client is created with. Which options there are, the plugin decides.
///
/// ```no_run
/// use npload_pjrt::{ClientOptions, Plugin};
/// // Eight devices, as XLA's plugin for CPUs has it.
/// let options = ClientOptions::new().set("cpu_device_count", 8);
/// let client = Plugin::find()?.client_with(&options)?;
/// assert_eq!(client.devices().len(), 8);
/// # Ok::<(), npload_pjrt::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientOptions {
    values: Vec<(String, Value)>,
}

impl ClientOptions {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        ClientOptions::default()
    }

    /// With this option; one of that name that was there goes away.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let name = name.into();
        self.values.retain(|(other, _)| *other != name);
        self.values.push((name, value.into()));
        self
    }

    /// As the C API has them. They point into this, which must live as long.
    pub(crate) fn named(&self) -> Vec<raw::NamedValue> {
        self.values
            .iter()
            .map(|(name, value)| named(name, value))
            .collect()
    }
}

/// A pointer, or a number, in the first bytes of the C union.
fn first<const N: usize>(bytes: [u8; N]) -> u64 {
    let mut all = [0; size_of::<u64>()];
    all.iter_mut()
        .zip(bytes)
        .for_each(|(place, byte)| *place = byte);
    u64::from_ne_bytes(all)
}

fn pointer<T>(pointer: *const T) -> u64 {
    first(pointer.expose_provenance().to_ne_bytes())
}

fn named(name: &str, value: &Value) -> raw::NamedValue {
    let (kind, value, value_len) = match value {
        Value::Text(text) => (kind::STRING, pointer(text.as_ptr()), text.len()),
        Value::Int(int) => (kind::INT, first(int.to_ne_bytes()), 1),
        Value::Ints(ints) => (kind::INTS, pointer(ints.as_ptr()), ints.len()),
        Value::Float(float) => (kind::FLOAT, first(float.to_ne_bytes()), 1),
        Value::Bool(bool) => (kind::BOOL, first([u8::from(*bool)]), 1),
    };
    raw::NamedValue {
        name: name.as_ptr().cast(),
        name_len: name.len(),
        kind,
        value,
        value_len,
        struct_size: raw::NamedValue::SIZE,
        extension: null_mut(),
    }
}

/// A plugin's own value, copied; none for a kind that this crate does not know.
///
/// # Safety
/// What it points to is alive.
pub(crate) unsafe fn read(named: &raw::NamedValue) -> Option<(String, Value)> {
    // SAFETY: the caller vouches for the name.
    let name = unsafe { text_of(named.name, named.name_len) };
    let bytes = named.value.to_ne_bytes();
    let address = bytes.first_chunk().copied().map_or(0, usize::from_ne_bytes);
    let value = match named.kind {
        kind::STRING => {
            // SAFETY: the caller vouches for the text.
            let text = unsafe { text_of(with_exposed_provenance(address), named.value_len) };
            Value::Text(text)
        }
        kind::INT => Value::Int(i64::from_ne_bytes(bytes)),
        kind::INTS => {
            // SAFETY: the caller vouches for the list.
            let ints = unsafe { slice_of(with_exposed_provenance(address), named.value_len) };
            Value::Ints(ints.to_vec())
        }
        kind::FLOAT => Value::Float(f32::from_ne_bytes(*bytes.first_chunk()?)),
        kind::BOOL => Value::Bool(bytes.first().is_some_and(|&byte| byte != 0)),
        _ => return None,
    };
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_goes_out_and_comes_back() {
        let options = ClientOptions::new()
            .set("a", 1)
            .set("text", "ü")
            .set("ints", vec![1, -2, i64::MAX])
            .set("float", 1.5_f32)
            .set("yes", true)
            .set("a", -7_i64);
        let named = options.named();
        // SAFETY: `options` is alive.
        let back: Vec<_> = named
            .iter()
            .map(|value| unsafe { read(value) }.unwrap())
            .collect();
        assert_eq!(back, options.values);
        assert_eq!(back.last().unwrap(), &("a".to_owned(), Value::Int(-7)));
        assert_eq!(back[1].1.to_string(), "[1, -2, 9223372036854775807]");
    }

    #[test]
    fn a_kind_that_is_not_known_is_left_out() {
        let options = ClientOptions::new().set("a", 1);
        let mut named = options.named().remove(0);
        named.kind = 99;
        // SAFETY: `options` is alive.
        assert_eq!(unsafe { read(&named) }, None);
    }
}
