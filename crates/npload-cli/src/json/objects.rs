//! Python objects as JSON.

use std::cell::Cell;

use npload::pickle::{Data as PickleData, NdData, PrintOptions};
use npload::{Array, DType, Object, ObjectRef, Order};
use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::Data;
use super::values::{Double, double};

/// As deep as this lists go; what lies deeper is cut.
const DEEPEST: u32 = 64;

/// Ints of more bits are cut: their digits take quadratic time.
const WIDEST: u64 = 1 << 20;

/// Numbers, texts, lists and objects for what they are in Python; a dict with keys that are no texts is
/// a list of pairs, an array nested lists, a scalar of NumPy's what the array's element is. Everything
/// else is a text as Python's `repr` has it. What lies too deep or is shared too often is cut:
/// `{"npload:cut": "repr, short"}`.
pub(crate) enum Objects {
    /// An array of them.
    Array(npload::ObjectArray),
    /// What a pickle holds.
    One(npload::Objects),
}

impl Serialize for Objects {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (objects, shape, all) = match self {
            Objects::Array(array) => (array.iter().collect(), array.shape(), array.objects()),
            Objects::One(objects) => (vec![objects.root_object()], &[][..], objects),
        };
        // What shares no objects is never cut short.
        let costs = all.iter().map(|(_, object)| cost(object));
        let all = costs.fold(1 << 20, |all: usize, cost| {
            all.saturating_add(cost.saturating_mul(2))
        });
        let left = Cell::new(all);
        Axis {
            objects: &objects,
            shape,
            start: 0,
            depth: 0,
            left: &left,
        }
        .serialize(serializer)
    }
}

/// What writing an object costs, about as many bytes as it is written with, without what it holds.
fn cost(object: Object<'_>) -> usize {
    let bytes = match object {
        Object::Text(text) => text.as_bytes().len(),
        Object::Bytes(bytes) | Object::ByteArray(bytes) => bytes.len(),
        Object::BigInt(value) => usize::try_from(value.bits() / 3).unwrap_or(usize::MAX),
        _ => 0,
    };
    bytes.saturating_add(8)
}

/// Objects along axes.
struct Axis<'a, 'b> {
    objects: &'b [ObjectRef<'a>],
    /// Lengths of the axes that are left; none for one object.
    shape: &'b [usize],
    start: usize,
    depth: u32,
    /// How much may still be written.
    left: &'b Cell<usize>,
}

impl Serialize for Axis<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some((&len, inner)) = self.shape.split_first() else {
            return match self.objects.get(self.start) {
                Some(&object) => Item {
                    object,
                    depth: self.depth,
                    left: self.left,
                }
                .serialize(serializer),
                None => serializer.serialize_unit(),
            };
        };
        // No object, however long the other axes are.
        let len = if self.objects.is_empty() { 0 } else { len };
        let stride = inner.iter().fold(1_usize, |n, &len| n.saturating_mul(len));
        let mut seq = serializer.serialize_seq(Some(len))?;
        for i in 0..len {
            seq.serialize_element(&Axis {
                shape: inner,
                start: self.start.saturating_add(stride.saturating_mul(i)),
                ..*self
            })?;
        }
        seq.end()
    }
}

/// One object.
struct Item<'a, 'b> {
    object: ObjectRef<'a>,
    depth: u32,
    left: &'b Cell<usize>,
}

impl<'a, 'b> Item<'a, 'b> {
    fn inside(&self, object: ObjectRef<'a>) -> Item<'a, 'b> {
        Item {
            object,
            depth: self.depth.saturating_add(1),
            left: self.left,
        }
    }

    /// As Python's `repr`, whole if it is no longer than such texts are.
    fn text<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.repr())
    }

    fn repr(&self) -> String {
        let options = PrintOptions::new().max_objects(100);
        let text = npload::object_repr(self.object, &options, &npload::PrintOptions::default());
        self.charge(text.len());
        text
    }

    /// What says that something is not there.
    fn cut<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let options = PrintOptions::new().max_objects(8).max_bytes(80);
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("npload:cut", &self.object.print(&options))?;
        map.end()
    }

    fn charge(&self, cost: usize) {
        self.left.set(self.left.get().saturating_sub(cost));
    }

    fn list<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items = self.object.items().into_iter().flatten();
        serializer.collect_seq(items.map(|object| self.inside(object)))
    }

    fn dict<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = || self.object.pairs().into_iter().flatten();
        let keys = || {
            pairs().map(|(key, _)| match key.get() {
                Object::Text(text) => text.as_str(),
                _ => None,
            })
        };
        if keys().any(|key| key.is_none()) {
            return serializer
                .collect_seq(pairs().map(|(key, value)| [self.inside(key), self.inside(value)]));
        }
        let mut map = serializer.serialize_map(Some(pairs().count()))?;
        for (key, (_, value)) in keys().flatten().zip(pairs()) {
            self.charge(key.len());
            map.serialize_entry(key, &self.inside(value))?;
        }
        map.end()
    }

    /// An int of any size.
    fn int<S: Serializer>(&self, serializer: S, digits: String) -> Result<S::Ok, S::Error> {
        let digits = RawValue::from_string(digits).map_err(S::Error::custom)?;
        digits.serialize(serializer)
    }

    fn array<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(array) = Array::try_from(self.object) {
            if array.dtype().check_listing(array.shape()).is_err() {
                return self.text(serializer);
            }
            let bytes = array.size().saturating_mul(array.dtype().itemsize());
            if bytes > self.left.get() {
                return self.cut(serializer);
            }
            self.charge(bytes);
            return Data(array).serialize(serializer);
        }
        let Some(array) = self.object.array() else {
            return self.text(serializer);
        };
        let NdData::Objects(items) = array.data else {
            return self.text(serializer);
        };
        let shape: Result<Vec<usize>, _> = array.shape.iter().map(|&n| n.try_into()).collect();
        let all = self.object.objects();
        let objects: Vec<_> = items.iter().map(|&id| all.object(id)).collect();
        Axis {
            objects: &objects,
            shape: &shape.map_err(S::Error::custom)?,
            start: 0,
            depth: self.depth.saturating_add(1),
            left: self.left,
        }
        .serialize(serializer)
    }

    /// A scalar of NumPy's, as an array's element.
    fn scalar(&self) -> Option<Array> {
        let Object::Data(PickleData::Scalar(dtype, bytes)) = self.object.get() else {
            return None;
        };
        let dtype = DType::try_from(&**dtype).ok()?;
        let bytes = self.object.objects().buffer(*bytes)?;
        Array::from_bytes(dtype, &[], Order::C, bytes).ok()
    }
}

impl Serialize for Item<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cost = cost(self.object.get());
        if self.depth > DEEPEST || cost > self.left.get() {
            return self.cut(serializer);
        }
        self.charge(cost);
        match self.object.get() {
            Object::None => serializer.serialize_unit(),
            Object::Bool(value) => serializer.serialize_bool(value),
            Object::Int(value) => serializer.serialize_i64(value),
            Object::BigInt(value) if value.bits() <= WIDEST => {
                self.int(serializer, value.to_string())
            }
            Object::BigInt(_) => self.cut(serializer),
            Object::Float(value) => double(value, serializer),
            Object::Text(text) => match text.as_str() {
                Some(text) => serializer.serialize_str(text),
                None => self.text(serializer),
            },
            Object::Bytes(bytes) | Object::ByteArray(bytes) => {
                serializer.collect_str(&bytes.iter().map(|&b| char::from(b)).collect::<String>())
            }
            Object::List(_)
            | Object::Tuple(_)
            | Object::Set(_)
            | Object::FrozenSet(_)
            | Object::Deque(..) => self.list(serializer),
            Object::Dict(_)
            | Object::OrderedDict(_)
            | Object::DefaultDict(..)
            | Object::Counter(_) => self.dict(serializer),
            Object::Data(PickleData::Array(_)) => self.array(serializer),
            Object::Data(PickleData::Scalar(..)) => match self.scalar() {
                Some(array) => Data(array).serialize(serializer),
                None => self.text(serializer),
            },
            Object::Data(PickleData::Complex(re, im)) => {
                [*re, *im].map(Double).serialize(serializer)
            }
            _ => self.text(serializer),
        }
    }
}
