//! Objects as whatever implements serde's `Deserialize`.
//!
//! serde recurses, so how deep it may go is bounded; and what objects share is made anew each time,
//! so how much that may be is bounded as well.

mod array;
mod root;
mod sequence;

use std::cell::Cell;

use serde_core::de::value::StrDeserializer;
use serde_core::de::{Deserialize, DeserializeSeed, Deserializer, Unexpected, Visitor};
use serde_core::forward_to_deserialize_any;

use self::array::Elements;
use self::sequence::{ByteItems, Entries, Ints, Parts, Sequence};
use crate::convert::{mismatch, narrow, surrogates};
use crate::data::{Data, Date, Time, TimeDelta};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Id, Object, ObjectRef, Objects, PrintOptions, Reduced, uuid};

/// What `deserialize` may cost.
///
/// ```
/// use npload_pickle::{DeserializeLimits, Objects};
/// let objects = Objects::load(b"]K\x01a.")?;
/// let limits = DeserializeLimits::new().max_depth(0);
/// assert!(objects.root_object().deserialize_within::<Vec<u8>>(&limits).is_err());
/// # Ok::<(), npload_pickle::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeserializeLimits {
    /// How deep values nest: 128. Each level takes some of the thread's stack.
    pub max_depth: u32,
    /// Values that are made, and bytes of texts, beyond 16 for each byte of the input: 2²⁰. Objects
    /// that share objects a billion times meet it.
    pub max_extra_work: u64,
}

impl DeserializeLimits {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// So deep.
    #[must_use]
    pub fn max_depth(mut self, max: u32) -> Self {
        self.max_depth = max;
        self
    }

    /// So many values and bytes beyond the input's share.
    #[must_use]
    pub fn max_extra_work(mut self, max: u64) -> Self {
        self.max_extra_work = max;
        self
    }
}

impl Default for DeserializeLimits {
    fn default() -> Self {
        DeserializeLimits {
            max_depth: 128,
            max_extra_work: 1 << 20,
        }
    }
}

impl Objects {
    /// The object that was pickled, as a Rust value.
    ///
    /// Lists, tuples, sets, deques and arrays of numbers are sequences; dicts are maps or structs, and
    /// so is an instance of a class, by the state that it would be given. `None` is none; texts are
    /// texts, as are dates and times (ISO 8601, `datetime64` included), decimals, fractions and UUIDs;
    /// spans of time are seconds; complex numbers are pairs; ranges are the numbers in them. A
    /// structured element is a map or struct by its fields' names, or a tuple. Bytes that are UTF-8 are
    /// texts where a `String` is asked for, and an int is a float if it is no larger than 2⁵³. A call
    /// that would compute something is an error.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use npload_pickle::Objects;
    /// let objects = Objects::load(b"}X\x01\x00\x00\x00x](K\x01G\x40\x04\0\0\0\0\0\0es.")?;
    /// let map: BTreeMap<String, Vec<f64>> = objects.deserialize()?;
    /// assert_eq!(map["x"], [1.0, 2.5]);
    /// let err = objects.deserialize::<BTreeMap<String, Vec<i32>>>().unwrap_err();
    /// assert_eq!(
    ///     err.to_string(),
    ///     "['x'][1]: invalid type: floating point `2.5`, expected i32"
    /// );
    /// # Ok::<(), npload_pickle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Convert`] with the place in the object; [`ErrorKind::Limit`] by
    /// [`DeserializeLimits`], which [`ObjectRef::deserialize_within`] raises.
    pub fn deserialize<'de, T: Deserialize<'de>>(&'de self) -> Result<T> {
        T::deserialize(self.root_object())
    }
}

impl<'de> ObjectRef<'de> {
    /// As [`Objects::deserialize`], within these limits.
    ///
    /// # Errors
    /// As there.
    pub fn deserialize_within<T: Deserialize<'de>>(self, limits: &DeserializeLimits) -> Result<T> {
        let work = Work::new(self.objects(), limits);
        T::deserialize(Value::new(self, &work))
    }
}

impl serde_core::de::Error for Error {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Error::new(ErrorKind::Convert, message.to_string())
    }
}

/// What may still be done.
struct Work {
    left: Cell<u64>,
    limits: DeserializeLimits,
}

impl Work {
    fn new(objects: &Objects, limits: &DeserializeLimits) -> Self {
        let all = (objects.input_len() as u64).saturating_mul(16);
        Work {
            left: Cell::new(all.saturating_add(limits.max_extra_work)),
            limits: *limits,
        }
    }

    fn charge(&self, work: usize) -> Result<()> {
        match self.left.get().checked_sub(work as u64) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(Error::new(
                ErrorKind::Limit,
                "more values than the pickle's size warrants: what it shares would be made again and \
                 again; raise max_extra_work if the file is trusted",
            )),
        }
    }
}

/// An object on the way to a Rust value.
#[derive(Clone, Copy)]
struct Value<'w, 'de> {
    object: ObjectRef<'de>,
    work: &'w Work,
    depth: u32,
}

impl<'w, 'de> Value<'w, 'de> {
    fn new(object: ObjectRef<'de>, work: &'w Work) -> Self {
        let depth = 0;
        Value {
            object,
            work,
            depth,
        }
    }

    fn held(self, id: Id) -> Self {
        Value {
            object: self.object.objects().object(id),
            ..self
        }
    }

    /// The same, one level deeper.
    fn inside(self) -> Result<Self> {
        let depth = self.depth.saturating_add(1);
        let limit = self.work.limits.max_depth;
        if depth > limit {
            return Err(Error::new(
                ErrorKind::Limit,
                format!(
                    "more than {limit} values in each other; raise max_depth if the stack is large"
                ),
            ));
        }
        Ok(Value { depth, ..self })
    }

    fn text<V: Visitor<'de>>(self, visitor: V, text: &str) -> Result<V::Value> {
        self.work.charge(text.len())?;
        visitor.visit_str(text)
    }

    fn sequence<V: Visitor<'de>>(self, visitor: V, items: &'de [Id]) -> Result<V::Value> {
        visitor.visit_seq(Sequence::new(self.inside()?, items))
    }

    fn map<V: Visitor<'de>>(self, visitor: V, pairs: &'de [(Id, Id)]) -> Result<V::Value> {
        visitor.visit_map(Entries::new(self.inside()?, pairs))
    }

    fn data<V: Visitor<'de>>(self, visitor: V, data: &'de Data<Id>) -> Result<V::Value> {
        match data {
            Data::Complex(real, imaginary) => visitor.visit_seq(Parts::new([*real, *imaginary])),
            Data::Date(date) => self.text(visitor, &iso_date(*date)),
            Data::Time(time, zone) => {
                let zone = self.offset(*zone);
                self.text(visitor, &format!("{}{zone}", iso_time(*time)))
            }
            Data::DateTime(date, time, zone) => {
                let (date, time, zone) = (iso_date(*date), iso_time(*time), self.offset(*zone));
                self.text(visitor, &format!("{date}T{time}{zone}"))
            }
            Data::TimeDelta(delta) => visitor.visit_f64(seconds(*delta)),
            Data::Range(start, stop, step) => {
                let ends = [*start, *stop, *step].map(|id| match self.held(id).object.get() {
                    Object::Int(value) => Some(value),
                    _ => None,
                });
                let [Some(start), Some(stop), Some(step)] = ends else {
                    return Err(self.refused());
                };
                visitor.visit_seq(Ints::new(self.inside()?, start, stop, step))
            }
            Data::Decimal(text) => self.text(visitor, text),
            Data::Fraction(numerator, denominator) => {
                let bits = numerator.bits().saturating_add(denominator.bits());
                self.work
                    .charge(usize::try_from(bits).unwrap_or(usize::MAX))?;
                self.text(visitor, &format!("{numerator}/{denominator}"))
            }
            Data::Uuid(int, _) => self.text(visitor, &uuid(*int)),
            Data::Scalar(..) => match self.element() {
                Some(element) => element.deserialize_any(visitor),
                None => Err(self.refused()),
            },
            Data::Array(_) => self.array(visitor),
            _ => Err(self.refused()),
        }
    }

    /// The offset of a time's zone, as ISO 8601 writes it.
    fn offset(self, zone: Option<Id>) -> String {
        let zone = zone.map(|id| self.held(id).object.get());
        let Some(Object::Data(Data::TimeZone(delta, _))) = zone else {
            return String::new();
        };
        let sign = if delta.days < 0 { '-' } else { '+' };
        let size = seconds(*delta).abs();
        let (whole, micros) = match (delta.days < 0, delta.microseconds) {
            (_, 0) => (size, 0),
            (true, micros) => (size.floor(), 1_000_000_u32.saturating_sub(micros)),
            (false, micros) => (size.floor(), micros),
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "less than a day"
        )]
        let whole = whole as u32;
        let mut text = format!("{sign}{:02}:{:02}", whole / 3600, whole / 60 % 60);
        if !whole.is_multiple_of(60) || micros != 0 {
            text.push_str(&format!(":{:02}", whole % 60));
        }
        if micros != 0 {
            text.push_str(&format!(".{micros:06}"));
        }
        text
    }

    /// The element that it is: a scalar of NumPy's, or an array without axes.
    fn element(self) -> Option<Elements<'w, 'de>> {
        match self.object.get() {
            Object::Data(Data::Scalar(dtype, bytes)) => {
                let bytes = self.object.objects().bytes_of(*bytes)?;
                Some(Elements::scalar(self, dtype, bytes))
            }
            Object::Data(Data::Array(array)) if array.shape.is_empty() => {
                Elements::new(self, &self.object.array()?)
            }
            _ => None,
        }
    }

    fn array<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let elements = self
            .object
            .array()
            .and_then(|array| Elements::new(self, &array));
        match elements {
            Some(elements) => elements.deserialize_any(visitor),
            None => Err(self.refused()),
        }
    }

    /// The state of an instance of a class: what a call gives that is given one state, a dict.
    fn state(self, reduced: &'de Reduced) -> Result<&'de [(Id, Id)]> {
        let pairs = match reduced.states.as_slice() {
            [state] => self.object.objects().get(*state).pairs(),
            _ => None,
        };
        pairs
            .filter(|_| reduced.items.is_empty() && reduced.pairs.is_empty())
            .ok_or_else(|| self.refused())
    }

    #[cold]
    fn refused(self) -> Error {
        let options = PrintOptions {
            max_objects: 8,
            max_bytes: 60,
            ..PrintOptions::default()
        };
        let message = format!(
            "{} cannot be a Rust value: {}",
            self.object.get().type_name(),
            self.object.print(&options)
        );
        Error::new(ErrorKind::Convert, message)
    }
}

fn seconds(delta: TimeDelta) -> f64 {
    let whole = f64::from(delta.days) * 86_400.0 + f64::from(delta.seconds);
    whole + f64::from(delta.microseconds) / 1_000_000.0
}

fn iso_date(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

fn iso_time(time: Time) -> String {
    let text = format!("{:02}:{:02}:{:02}", time.hour, time.minute, time.second);
    match time.microsecond {
        0 => text,
        fraction => format!("{text}.{fraction:06}"),
    }
}

impl<'de> Deserializer<'de> for Value<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.work.charge(1)?;
        match self.object.get() {
            Object::None => visitor.visit_unit(),
            Object::Bool(value) => visitor.visit_bool(value),
            Object::Int(value) => visitor.visit_i64(value),
            Object::BigInt(value) => match (u64::try_from(value), i128::try_from(value)) {
                (Ok(value), _) => visitor.visit_u64(value),
                (_, Ok(value)) => visitor.visit_i128(value),
                _ => match u128::try_from(value) {
                    Ok(value) => visitor.visit_u128(value),
                    Err(_) => Err(self.refused()),
                },
            },
            Object::Float(value) => visitor.visit_f64(value),
            Object::Text(text) => {
                self.work.charge(text.as_bytes().len())?;
                visitor.visit_borrowed_str(text.as_str().ok_or_else(surrogates)?)
            }
            Object::Bytes(bytes) | Object::ByteArray(bytes) => {
                self.work.charge(bytes.len())?;
                visitor.visit_borrowed_bytes(bytes)
            }
            Object::List(items)
            | Object::Tuple(items)
            | Object::Set(items)
            | Object::FrozenSet(items)
            | Object::Deque(items, _) => self.sequence(visitor, items),
            Object::Dict(pairs)
            | Object::OrderedDict(pairs)
            | Object::DefaultDict(_, pairs)
            | Object::Counter(pairs) => self.map(visitor, pairs),
            Object::Data(data) => self.data(visitor, data),
            Object::Reduced(reduced) => self.map(visitor, self.state(reduced)?),
            _ => Err(self.refused()),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.object.get() {
            Object::Int(_) | Object::BigInt(_) => visitor.visit_f64(f64::try_from(self.object)?),
            _ => match self.element() {
                Some(element) => element.deserialize_f64(visitor),
                None => self.deserialize_any(visitor),
            },
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.object.get() {
            Object::Int(_) | Object::BigInt(_) => visitor.visit_f32(f32::try_from(self.object)?),
            Object::Float(value) => visitor.visit_f32(narrow(value, false)?),
            _ => match self.element() {
                Some(element) => element.deserialize_f32(visitor),
                None => self.deserialize_any(visitor),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.object.get() {
            Object::None => visitor.visit_none(),
            Object::Data(Data::Array(_)) => match self.element() {
                Some(element) => element.deserialize_option(visitor),
                None => visitor.visit_some(self.inside()?),
            },
            _ => visitor.visit_some(self.inside()?),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.object.get() {
            Object::Bytes(bytes) | Object::ByteArray(bytes) => {
                self.work.charge(bytes.len())?;
                visitor.visit_seq(ByteItems::new(bytes))
            }
            _ => match self.element() {
                Some(element) => element.deserialize_seq(visitor),
                None => self.deserialize_any(visitor),
            },
        }
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
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self.inside()?)
    }

    /// A text is a variant without values; a dict of one entry is the variant of that name.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.work.charge(1)?;
        if let Some(element) = self.element() {
            return element.deserialize_enum(name, variants, visitor);
        }
        match self.object.get() {
            Object::Text(text) => variant(text.as_str().ok_or_else(surrogates)?)
                .deserialize_enum(name, variants, visitor),
            other => match other.pairs() {
                Some(&[(key, value)]) => {
                    let inside = self.inside()?;
                    visitor.visit_enum(sequence::Variant::new(inside.held(key), inside.held(value)))
                }
                _ => Err(mismatch("a str, or a dict of one entry,", other)),
            },
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if let Some(element) = self.element() {
            return element.deserialize_unit(visitor);
        }
        match self.object.get() {
            Object::None => visitor.visit_unit(),
            other => {
                let found = Unexpected::Other(other.type_name());
                Err(serde_core::de::Error::invalid_type(found, &visitor))
            }
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    /// What is ignored is not walked through.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf
        map struct identifier
    }
}

/// A variant without values.
fn variant(text: &str) -> StrDeserializer<'_, Error> {
    serde_core::de::IntoDeserializer::into_deserializer(text)
}

/// The value of a part, whose place an error tells.
fn part<'de, S: DeserializeSeed<'de>>(
    seed: S,
    value: Value<'_, 'de>,
    place: impl FnOnce() -> String,
) -> Result<S::Value> {
    seed.deserialize(value).map_err(|e| e.inside(&place()))
}
