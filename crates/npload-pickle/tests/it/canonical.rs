//! Objects as `testdata/generate/pickles.py` writes them: atoms in place, everything else numbered
//! by first visit, breadth first.

use std::collections::HashMap;
use std::fmt::Write;

use npload_pickle::{DType, Data, Id, NdData, Object, Objects, PrintOptions};
use serde_json::{Value, json};

pub(crate) fn canonical(objects: &Objects) -> Value {
    let mut canonical = Canonical {
        objects,
        numbers: HashMap::new(),
        queue: Vec::new(),
    };
    let root = canonical.value(objects.root());
    let mut nodes = Vec::new();
    while let Some(&id) = canonical.queue.get(nodes.len()) {
        let node = canonical.node(id);
        nodes.push(node);
    }
    json!({"root": root, "nodes": nodes})
}

struct Canonical<'a> {
    objects: &'a Objects,
    numbers: HashMap<Id, usize>,
    queue: Vec<Id>,
}

impl Canonical<'_> {
    fn value(&mut self, id: Id) -> Value {
        if let Some(atom) = self.atom(id) {
            return atom;
        }
        let number = *self.numbers.entry(id).or_insert_with(|| {
            self.queue.push(id);
            self.queue.len() - 1
        });
        json!({"r": number})
    }

    fn atom(&self, id: Id) -> Option<Value> {
        let parts = |parts: &[Id]| -> Value { parts.iter().map(|&part| self.atom(part)).collect() };
        Some(match self.objects.get(id) {
            Object::None => Value::Null,
            Object::Bool(value) => json!(value),
            Object::Int(value) => json!({"i": value.to_string()}),
            Object::BigInt(value) => json!({"i": value.to_string()}),
            Object::Float(value) => json!({"f": double(value)}),
            Object::Text(text) => match text.as_str() {
                Some(text) => json!({"s": text}),
                None => json!({"w": hex(text.as_bytes())}),
            },
            Object::Bytes(bytes) => json!({"b": hex(bytes)}),
            Object::Tuple([]) => json!({"e": "tuple"}),
            Object::FrozenSet([]) => json!({"e": "frozenset"}),
            Object::Global(global) => json!({"g": format!("{}.{}", global.module, global.name)}),
            Object::Data(data) => match data {
                Data::Complex(real, imaginary) => json!({"c": [double(*real), double(*imaginary)]}),
                Data::Range(a, b, c) => json!({"range": parts(&[*a, *b, *c])}),
                Data::Slice(a, b, c) => json!({"slice": parts(&[*a, *b, *c])}),
                Data::DType(dtype, _) => json!({"dtype": dtype.to_string()}),
                Data::Scalar(dtype, bytes) => {
                    let bytes = self.objects.buffer(*bytes).unwrap();
                    json!({"scalar": [dtype.to_string(), hex(&bytes)]})
                }
                Data::Array(_) => return None,
                _ => json!({"x": self.objects.print(id, &PrintOptions::default())}),
            },
            _ => return None,
        })
    }

    fn node(&mut self, id: Id) -> Value {
        let objects = self.objects;
        let (mut node, items) = match objects.get(id) {
            Object::List(items) => (vec![json!("list")], items.to_vec()),
            Object::Tuple(items) => (vec![json!("tuple")], items.to_vec()),
            Object::Set(items) => return self.set("set", items),
            Object::FrozenSet(items) => return self.set("frozenset", items),
            Object::Dict(pairs) => (vec![json!("dict")], flat(pairs)),
            Object::OrderedDict(pairs) => (vec![json!("OrderedDict")], flat(pairs)),
            Object::Counter(pairs) => (vec![json!("Counter")], flat(pairs)),
            Object::DefaultDict(factory, pairs) => {
                (vec![json!("defaultdict"), self.value(factory)], flat(pairs))
            }
            Object::Deque(items, max) => (vec![json!("deque"), json!(max)], items.to_vec()),
            Object::ByteArray(bytes) => return json!(["bytearray", hex(bytes)]),
            Object::Data(Data::Array(_)) => return self.array(id),
            other => panic!("no canonical form of {other:?}"),
        };
        node.extend(items.into_iter().map(|item| self.value(item)));
        node.into()
    }

    fn set(&self, name: &str, items: &[Id]) -> Value {
        let mut node = vec![json!(name)];
        node.extend(self.elements(items));
        node.into()
    }

    fn elements(&self, items: &[Id]) -> Vec<Value> {
        let mut elements: Vec<_> = items.iter().map(|&id| self.element(id)).collect();
        elements.sort_by_key(Value::to_string);
        elements
    }

    fn element(&self, id: Id) -> Value {
        self.atom(id).unwrap_or_else(|| match self.objects.get(id) {
            Object::Tuple(items) => {
                json!({"t": items.iter().map(|&id| self.element(id)).collect::<Vec<_>>()})
            }
            Object::FrozenSet(items) => json!({"fs": self.elements(items)}),
            other => panic!("{other:?} in a set"),
        })
    }

    /// The elements in C order, whatever order they are in.
    fn array(&mut self, id: Id) -> Value {
        let array = self.objects.array(id).unwrap();
        let descr = array.dtype.to_string();
        let shape: Vec<usize> = array.shape.iter().map(|&len| len as usize).collect();
        let bytes = match array.data {
            NdData::Objects(items) => {
                assert!(array.axes.is_none());
                let mut node = vec![json!("objects"), json!(descr), json!(shape)];
                let items = items.to_vec();
                node.extend(items.into_iter().map(|item| self.value(item)));
                return node.into();
            }
            NdData::Bytes(bytes) => bytes,
        };
        let mut strides = vec![0; shape.len()];
        let mut step = array.dtype.itemsize() as usize;
        let order: Vec<_> = match array.fortran {
            true => (0..shape.len()).collect(),
            false => (0..shape.len()).rev().collect(),
        };
        for axis in order {
            strides[axis] = step;
            step *= shape[axis];
        }
        let axes = match array.axes {
            Some(axes) => axes.to_vec(),
            None => (0..shape.len()).collect(),
        };
        let turned: Vec<_> = axes.iter().map(|&axis| shape[axis]).collect();
        let mut offsets = vec![0];
        for &axis in &axes {
            offsets = offsets
                .iter()
                .flat_map(|offset| (0..shape[axis]).map(move |at| (*offset, at)))
                .map(|(offset, at)| offset + at * strides[axis])
                .collect();
        }
        let itemsize = array.dtype.itemsize() as usize;
        let in_order: Vec<u8> = offsets
            .into_iter()
            .flat_map(|offset| bytes[offset..offset + itemsize].to_vec())
            .collect();
        let (descr, in_order) = match (array.to_native, &**array.dtype) {
            (
                true,
                DType::Plain {
                    order: '>', kind, ..
                },
            ) => {
                let unit = match kind {
                    'U' => 4,
                    'c' => itemsize / 2,
                    _ => itemsize,
                };
                let swapped = in_order
                    .chunks(unit)
                    .flat_map(|unit| unit.iter().rev().copied());
                (descr.replace('>', "<"), swapped.collect())
            }
            _ => (descr, in_order),
        };
        json!(["array", descr, turned, hex(&in_order)])
    }
}

fn flat(pairs: &[(Id, Id)]) -> Vec<Id> {
    pairs.iter().flat_map(|pair| [pair.0, pair.1]).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn double(value: f64) -> String {
    hex(&value.to_be_bytes())
}
