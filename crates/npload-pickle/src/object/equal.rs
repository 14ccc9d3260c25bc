//! Equality of objects.
//!
//! Two objects are the same if nothing that can be reached from them tells them apart. Pairs are
//! assumed to be equal once they are looked at (union and find): cycles end, sharing costs nothing,
//! and the whole takes no more steps than the objects have parts.

use std::collections::HashMap;
use std::sync::Arc;

use super::keys::Classes;
use super::node::{Id, Reduced};
use super::reference::ObjectRef;
use super::{Object, Objects};
use crate::data::{Contents, DType, Data};

/// Objects are equal if they are of the same types and hold equal objects: `1`, `1.0` and `True`
/// are three. Sets and dicts have no order, but `OrderedDict`s and the arguments of calls have. Floats
/// are equal as in Python, but one that is not a number equals every other such: what is loaded
/// twice is equal. Identity does not count (`[a, a]` may equal `[a, b]`), nor where something
/// stands in its pickle. Arrays and scalars of NumPy's are equal if their dtypes, byte order included,
/// orders and bytes are: `-0.0` in one is not `0.0`, and NaNs differ by their bits.
///
/// ```
/// use npload_pickle::Objects;
/// let a = Objects::load(b"}(K\x01NK\x02Nu.")?;
/// let b = Objects::load(b"\x80\x04}(K\x02NK\x01Nu.")?;
/// assert_eq!(a, b);                                           // {1: None, 2: None}
/// # Ok::<(), npload_pickle::Error>(())
/// ```
impl PartialEq for Objects {
    fn eq(&self, other: &Self) -> bool {
        self.root_object() == other.root_object()
    }
}

impl Eq for Objects {}

/// See [`Objects`]' equality.
impl PartialEq for ObjectRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        if std::ptr::eq(self.objects(), other.objects()) && self.id() == other.id() {
            return true;
        }
        Comparison {
            a: self.objects(),
            b: other.objects(),
            classes: Classes::default(),
            same: HashMap::new(),
            dtypes: HashMap::new(),
            todo: vec![(self.id(), other.id())],
        }
        .run()
    }
}

impl Eq for ObjectRef<'_> {}

struct Comparison<'a> {
    a: &'a Objects,
    b: &'a Objects,
    classes: Classes<'a>,
    /// For objects of `a`, then of `b`: one that is assumed to be its equal. Who has none is its own.
    same: HashMap<usize, usize>,
    /// Dtypes that were compared, which are shared by many arrays.
    dtypes: HashMap<(*const DType, *const DType), bool>,
    todo: Vec<(Id, Id)>,
}

impl<'a> Comparison<'a> {
    fn run(mut self) -> bool {
        while let Some((a, b)) = self.todo.pop() {
            if (self.is_leaf(a) || self.assume(a, b)) && !self.alike(a, b) {
                return false;
            }
        }
        true
    }

    /// Assumes that two are equal; whether that is new.
    fn assume(&mut self, a: Id, b: Id) -> bool {
        let a = self.find(a.index());
        let b = self.find(self.a.len().saturating_add(b.index()));
        if a != b {
            self.same.insert(b, a);
        }
        a != b
    }

    fn find(&mut self, mut at: usize) -> usize {
        while let Some(&next) = self.same.get(&at) {
            if let Some(&after) = self.same.get(&next) {
                self.same.insert(at, after);
            }
            at = next;
        }
        at
    }

    /// Whether they hold nothing and are compared at once, without keeping that they were.
    fn is_leaf(&self, a: Id) -> bool {
        use Object as O;
        matches!(
            self.a.get(a),
            O::None | O::Bool(_) | O::Int(_) | O::Float(_) | O::Global(_)
        )
    }

    /// Whether two are equal if what they hold is; that is left to be done.
    fn alike(&mut self, a: Id, b: Id) -> bool {
        use Object as O;
        match (self.a.get(a), self.b.get(b)) {
            (O::None, O::None) => true,
            (O::Bool(a), O::Bool(b)) => a == b,
            (O::Int(a), O::Int(b)) => a == b,
            (O::BigInt(a), O::BigInt(b)) => a == b,
            (O::Float(a), O::Float(b)) => same_float(a, b),
            (O::Text(a), O::Text(b)) => a == b,
            (O::Bytes(a), O::Bytes(b)) | (O::ByteArray(a), O::ByteArray(b)) => a == b,
            (O::List(a), O::List(b)) | (O::Tuple(a), O::Tuple(b)) => self.in_order(a, b),
            (O::Deque(a, most), O::Deque(b, max)) => most == max && self.in_order(a, b),
            (O::Set(a), O::Set(b)) | (O::FrozenSet(a), O::FrozenSet(b)) => {
                let [a, b] = [a, b].map(|items| -> Vec<_> {
                    let pair = |&id: &Id| (id, id);
                    items.iter().map(pair).collect()
                });
                self.by_key(&a, &b)
            }
            (O::Dict(a), O::Dict(b)) | (O::Counter(a), O::Counter(b)) => self.by_key(a, b),
            (O::DefaultDict(factory, a), O::DefaultDict(other, b)) => {
                self.todo.push((factory, other));
                self.by_key(a, b)
            }
            (O::OrderedDict(a), O::OrderedDict(b)) => self.pairs_in_order(a, b),
            (O::Data(a), O::Data(b)) => self.data(a, b),
            (O::Global(a), O::Global(b)) => (&a.module, &a.name) == (&b.module, &b.name),
            (O::Reduced(a), O::Reduced(b)) => self.calls(a, b),
            (O::Extension(a), O::Extension(b)) => a == b,
            (O::Incomplete(a), O::Incomplete(b)) | (O::Persistent(a), O::Persistent(b)) => {
                self.todo.push((a, b));
                true
            }
            _ => false,
        }
    }

    fn in_order(&mut self, a: &[Id], b: &[Id]) -> bool {
        self.todo.extend(a.iter().copied().zip(b.iter().copied()));
        a.len() == b.len()
    }

    fn pairs_in_order(&mut self, a: &[(Id, Id)], b: &[(Id, Id)]) -> bool {
        for (a, b) in a.iter().zip(b) {
            self.todo.extend([(a.0, b.0), (a.1, b.1)]);
        }
        a.len() == b.len()
    }

    /// Pairs whose keys are equal, whatever their order. Keys that only equal themselves, such as
    /// calls, are taken in the order in which they stand.
    fn by_key(&mut self, a: &[(Id, Id)], b: &[(Id, Id)]) -> bool {
        if a.len() != b.len() {
            return false;
        }
        let texts = |(a, b): (&(Id, Id), &(Id, Id))| match (self.a.get(a.0), self.b.get(b.0)) {
            (Object::Text(a), Object::Text(b)) => a == b,
            (Object::Int(a), Object::Int(b)) => a == b,
            _ => false,
        };
        if a.iter().zip(b).all(texts) {
            return self.pairs_in_order(a, b);
        }
        let mut found = HashMap::with_capacity(b.len());
        let mut own = Vec::new();
        for &(key, value) in b {
            match self.classes.class(&self.b.store, true, key) {
                class if self.classes.is_own(class) => own.push((key, value)),
                class => drop(found.insert(class, (key, value))),
            }
        }
        let mut own = own.into_iter();
        for &(key, value) in a {
            let other = match self.classes.class(&self.a.store, false, key) {
                class if self.classes.is_own(class) => own.next(),
                class => found.remove(&class),
            };
            let Some(other) = other else {
                return false;
            };
            self.todo.extend([(key, other.0), (value, other.1)]);
        }
        true
    }

    fn calls(&mut self, a: &Reduced, b: &Reduced) -> bool {
        self.todo.push((a.callable, b.callable));
        self.todo.push((a.args, b.args));
        a.op == b.op
            && self.maybe(a.kwargs, b.kwargs)
            && self.in_order(&a.states, &b.states)
            && self.in_order(&a.items, &b.items)
            && self.pairs_in_order(&a.pairs, &b.pairs)
    }

    fn maybe(&mut self, a: Option<Id>, b: Option<Id>) -> bool {
        self.todo.extend(a.zip(b));
        a.is_some() == b.is_some()
    }

    fn dtypes(&mut self, a: &Arc<DType>, b: &Arc<DType>) -> bool {
        let key = (Arc::as_ptr(a), Arc::as_ptr(b));
        *self.dtypes.entry(key).or_insert_with(|| a == b)
    }

    fn data(&mut self, a: &'a Data<Id>, b: &'a Data<Id>) -> bool {
        use Data as D;
        match (a, b) {
            (D::Complex(a, x), D::Complex(b, y)) => same_float(*a, *b) && same_float(*x, *y),
            (D::Range(a, b, c), D::Range(x, y, z)) | (D::Slice(a, b, c), D::Slice(x, y, z)) => {
                self.in_order(&[*a, *b, *c], &[*x, *y, *z])
            }
            (D::Time(a, zone), D::Time(b, other)) => a == b && self.maybe(*zone, *other),
            (D::DateTime(day, a, zone), D::DateTime(date, b, other)) => {
                day == date && a == b && self.maybe(*zone, *other)
            }
            (D::TimeZone(a, name), D::TimeZone(b, other)) => a == b && self.maybe(*name, *other),
            (D::DType(a, meta), D::DType(b, other)) => {
                self.dtypes(a, b) && self.maybe(*meta, *other)
            }
            (D::Scalar(a, bytes), D::Scalar(b, other)) => {
                self.todo.push((*bytes, *other));
                self.dtypes(a, b)
            }
            (D::Array(a), D::Array(b)) => {
                let elements = match (&a.contents, &b.contents) {
                    (Contents::Objects(a), Contents::Objects(b)) => {
                        self.todo.push((*a, *b));
                        true
                    }
                    (Contents::Bytes(a), Contents::Bytes(b)) => {
                        self.a.bytes_of(*a) == self.b.bytes_of(*b)
                    }
                    _ => false,
                };
                elements
                    && (&a.shape, a.fortran, &a.axes) == (&b.shape, b.fortran, &b.axes)
                    && self.dtypes(&a.dtype, &b.dtype)
            }
            // What holds no other object.
            (D::Date(a), D::Date(b)) => a == b,
            (D::TimeDelta(a), D::TimeDelta(b)) => a == b,
            (D::Decimal(a), D::Decimal(b)) => a == b,
            (D::Fraction(a, b), D::Fraction(x, y)) => (a, b) == (x, y),
            (D::Uuid(a, safe), D::Uuid(b, other)) => (a, safe) == (b, other),
            _ => false,
        }
    }
}

fn same_float(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equal(a: &[u8], b: &[u8]) -> bool {
        let [a, b] = [a, b].map(|pickle| Objects::load(pickle).unwrap());
        let equal = a == b;
        assert_eq!(b == a, equal);
        let (same, other) = (&a, &b);
        assert!(*same == a && *other == b);
        equal
    }

    #[test]
    fn types_and_what_they_hold_count_and_order_only_where_there_is_one() {
        for (a, b, same) in [
            (&b"K\x01."[..], &b"I1\n."[..], true),
            (b"K\x01.", b"\x88.", false),
            (b"K\x01.", b"G\x3f\xf0\0\0\0\0\0\0.", false),
            (b"](K\x01K\x02e.", b"](K\x02K\x01e.", false),
            (b"](K\x01K\x02e.", b"(K\x01K\x02t.", false),
            (b"}(K\x01NK\x02Nu.", b"}(K\x02NK\x01Nu.", true),
            (b"}(K\x01NNNu.", b"}(K\x01NK\x02Nu.", false),
            (b"\x8f(K\x01K\x02\x90.", b"\x8f(K\x02K\x01\x90.", true),
            (b"Fnan\n.", b"F-nan\n.", true),
            (b"F0\n.", b"F-0.0\n.", true),
            // The key of one is an int, of the other a float.
            (b"}K\x01Ns.", b"}F1\nNs.", false),
            (b"cos\nsystem\n)R.", b"cos\nsystem\n)R.", true),
            (b"cos\nsystem\n)R.", b"cos\npopen\n)R.", false),
            (b"]q\x00h\x00a.", b"]q\x00]q\x01h\x00aa.", true),
        ] {
            assert_eq!(equal(a, b), same, "{a:?} {b:?}");
        }
    }

    #[test]
    fn keys_that_equal_themselves_alone_are_compared_as_they_stand() {
        let keys = |names: &[&str]| {
            let mut pickle = b"}(".to_vec();
            for name in names {
                pickle.extend(format!("cm\n{name}\n)RN").bytes());
            }
            [&pickle[..], b"u."].concat()
        };
        assert!(equal(&keys(&["a", "b"]), &keys(&["a", "b"])));
        assert!(!equal(&keys(&["a", "b"]), &keys(&["b", "a"])));
    }

    #[test]
    fn a_billion_laughs_and_a_million_levels_are_compared_at_once() {
        let laughs = [&b"]"[..], &b"2\x86".repeat(10_000), b"."].concat();
        let limits = crate::Limits::new().max_nesting(u32::MAX);
        let load = |pickle: &[u8]| crate::Options::new().limits(limits).load(pickle).unwrap();
        assert_eq!(load(&laughs), load(&laughs));
        let deep = |end: &[u8]| load(&[end, &b"\x85".repeat(1_000_000), b"."].concat());
        assert_eq!(deep(b"K\x01"), deep(b"K\x01"));
        assert_ne!(deep(b"K\x01"), deep(b"K\x02"));
    }
}
