//! Python objects as JSON.

use std::cell::Cell;

use npload::pickle::{Data as PickleData, PrintOptions};
use npload::{Array, Object, ObjectRef};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::Data;
use super::values::double;

/// As deep as this lists go; what lies deeper is a text.
const DEEPEST: u32 = 64;

/// Numbers, texts, lists and objects for what they are in Python; a dict with keys that are no texts is
/// a list of pairs, an array of numbers nested lists. Everything else, and what lies too deep or is
/// shared too often, is a text as Python's `repr` has it.
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
        let left = all.len().saturating_mul(2).saturating_add(1 << 16);
        let all = All {
            objects,
            shape,
            left: Cell::new(left),
        };
        Axis {
            all: &all,
            axis: 0,
            start: 0,
        }
        .serialize(serializer)
    }
}

/// Objects along axes.
struct All<'a> {
    objects: Vec<ObjectRef<'a>>,
    /// Lengths of the axes; none for one object.
    shape: &'a [usize],
    /// How many may still be written.
    left: Cell<usize>,
}

struct Axis<'a, 'b> {
    all: &'b All<'a>,
    axis: usize,
    start: usize,
}

impl Serialize for Axis<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let axes = self.all.shape.get(self.axis..).unwrap_or_default();
        let Some((&len, inner)) = axes.split_first() else {
            return match self.all.objects.get(self.start) {
                Some(&object) => Item {
                    object,
                    depth: 0,
                    left: &self.all.left,
                }
                .serialize(serializer),
                None => serializer.serialize_unit(),
            };
        };
        // No object, however long the other axes are.
        let len = if self.all.objects.is_empty() { 0 } else { len };
        let stride = inner.iter().fold(1_usize, |n, &len| n.saturating_mul(len));
        let mut seq = serializer.serialize_seq(Some(len))?;
        for i in 0..len {
            seq.serialize_element(&Axis {
                all: self.all,
                axis: self.axis.saturating_add(1),
                start: self.start.saturating_add(stride.saturating_mul(i)),
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

    fn text<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut options = PrintOptions::default();
        options.max_objects = 100;
        serializer.serialize_str(&self.object.print(&options))
    }

    fn list<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items = self.object.items().into_iter().flatten();
        serializer.collect_seq(items.map(|object| self.inside(object)))
    }

    fn dict<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = || self.object.pairs().into_iter().flatten();
        let keys = || pairs().map(|(key, _)| <&str>::try_from(key).ok());
        if keys().any(|key| key.is_none()) {
            return serializer
                .collect_seq(pairs().map(|(key, value)| [self.inside(key), self.inside(value)]));
        }
        let mut map = serializer.serialize_map(Some(pairs().count()))?;
        for (key, (_, value)) in keys().flatten().zip(pairs()) {
            map.serialize_entry(key, &self.inside(value))?;
        }
        map.end()
    }
}

impl Serialize for Item<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        if self.depth > DEEPEST || left == 0 {
            return self.text(serializer);
        }
        match self.object.get() {
            Object::None => serializer.serialize_unit(),
            Object::Bool(value) => serializer.serialize_bool(value),
            Object::Int(value) => serializer.serialize_i64(value),
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
            Object::Data(PickleData::Array(_)) => match Array::try_from(self.object) {
                Ok(array) if array.dtype().check_listing(array.shape()).is_ok() => {
                    Data(array).serialize(serializer)
                }
                _ => self.text(serializer),
            },
            _ => self.text(serializer),
        }
    }
}
