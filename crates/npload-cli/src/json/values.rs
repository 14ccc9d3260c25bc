//! Elements of arrays as JSON.

use npload::{Array, Nested, Value};
use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// Values, nested as the axes are: numbers, texts, lists and objects.
///
/// JSON has no words for some: NaN and the infinities are the texts `"NaN"`, `"Infinity"` and
/// `"-Infinity"`, complex numbers are `[re, im]`, dates and spans of time are texts as NumPy prints
/// them, bytes are a text of the characters U+0000 to U+00FF, raw data (void) is hexadecimal, and a
/// long double is a text, for it may have more digits than a JSON reader keeps.
pub(crate) struct Data(pub(crate) Array);

struct Axis<'a> {
    array: &'a Array,
    /// Of the axes before.
    index: Vec<usize>,
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let index = Vec::new();
        let array = &self.0;
        Axis { array, index }.serialize(serializer)
    }
}

impl Serialize for Axis<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(&len) = self.array.shape().get(self.index.len()) else {
            let value = self.array.get(&self.index).map_err(S::Error::custom)?;
            return Element(&value).serialize(serializer);
        };
        let mut seq = serializer.serialize_seq(Some(len))?;
        for i in 0..len {
            let mut index = self.index.clone();
            index.push(i);
            let array = self.array;
            seq.serialize_element(&Axis { array, index })?;
        }
        seq.end()
    }
}

/// One element.
struct Element<'a>(&'a Value);

impl Serialize for Element<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Bool(v) => serializer.serialize_bool(*v),
            Value::Int(v) => serializer.serialize_i64(*v),
            Value::UInt(v) => serializer.serialize_u64(*v),
            Value::Float16(v) => double(shortest(self.0, f64::from(*v)), serializer),
            Value::Float32(v) | Value::MlFloat(_, v) => single(*v, serializer),
            Value::Float64(v) => double(*v, serializer),
            Value::Complex64(v) | Value::MlComplex(_, v) => {
                [Single(v.re), Single(v.im)].serialize(serializer)
            }
            Value::Complex128(v) => [Double(v.re), Double(v.im)].serialize(serializer),
            Value::CLongDouble(v) => [v.re, v.im]
                .map(|part| Value::LongDouble(part).to_string())
                .serialize(serializer),
            Value::Bytes(bytes) => {
                serializer.collect_str(&bytes.iter().map(|&b| char::from(b)).collect::<String>())
            }
            Value::Void(bytes) => {
                let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
                serializer.serialize_str(&hex)
            }
            Value::Struct(record) => {
                let mut map = serializer.serialize_map(Some(record.iter().len()))?;
                for (name, value) in record.iter() {
                    map.serialize_entry(name, &Element(value))?;
                }
                map.end()
            }
            Value::Array(nested) => Inner {
                nested,
                axis: 0,
                start: 0,
            }
            .serialize(serializer),
            // Texts, times and long doubles are as NumPy prints them.
            other => serializer.collect_str(other),
        }
    }
}

/// A subarray from one of its axes on.
struct Inner<'a> {
    nested: &'a Nested,
    axis: usize,
    /// Which of its elements comes first.
    start: usize,
}

impl Serialize for Inner<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let axes = self.nested.shape().get(self.axis..).unwrap_or_default();
        let Some((&len, inner)) = axes.split_first() else {
            return match self.nested.values().get(self.start) {
                Some(value) => Element(value).serialize(serializer),
                None => serializer.serialize_unit(),
            };
        };
        let stride = inner.iter().fold(1_usize, |n, &len| n.saturating_mul(len));
        let mut seq = serializer.serialize_seq(Some(len))?;
        for i in 0..len {
            seq.serialize_element(&Inner {
                nested: self.nested,
                axis: self.axis.saturating_add(1),
                start: self.start.saturating_add(stride.saturating_mul(i)),
            })?;
        }
        seq.end()
    }
}

struct Single(f32);
pub(super) struct Double(pub(super) f64);

impl Serialize for Single {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        single(self.0, serializer)
    }
}

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        double(self.0, serializer)
    }
}

/// A short float with no more digits than NumPy prints of it: they read back as the same one.
fn shortest(value: &Value, exact: f64) -> f64 {
    value.to_string().parse().unwrap_or(exact)
}

/// With no more digits than a float of 32 bits needs.
fn single<S: Serializer>(value: f32, serializer: S) -> Result<S::Ok, S::Error> {
    match value.is_finite() {
        true => serializer.serialize_f32(value),
        false => double(f64::from(value), serializer),
    }
}

pub(super) fn double<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        return serializer.serialize_f64(value);
    }
    serializer.serialize_str(match value {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    })
}
