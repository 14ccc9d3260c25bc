//! An object together with the objects that it may hold.

use std::fmt;

use super::array::NdArray;
use super::node::Id;
use super::{Object, Objects, PrintOptions};

/// An object where it lies: what it holds can be reached from it.
///
/// ```
/// use npload_pickle::Objects;
/// let objects = Objects::load(b"}(X\x01\x00\x00\x00x](K\x01K\x02eX\x01\x00\x00\x00yNu.")?;
/// let x = objects.root_object().entry("x").unwrap();
/// assert_eq!(x.to_string(), "[1, 2]");
/// assert_eq!(i64::try_from(x.item(1).unwrap())?, 2);
/// # Ok::<(), npload_pickle::Error>(())
/// ```
///
/// Equality is that of [`Objects`]. `i64::try_from`, `String::try_from` and their like convert, and
/// it is a [`serde_core::Deserializer`].
#[derive(Clone, Copy)]
pub struct ObjectRef<'a> {
    objects: &'a Objects,
    id: Id,
}

impl Objects {
    /// The object that was pickled, with all that it holds.
    #[must_use]
    pub fn root_object(&self) -> ObjectRef<'_> {
        self.object(self.root())
    }

    /// An object with all that it holds.
    #[must_use]
    pub fn object(&self, id: Id) -> ObjectRef<'_> {
        ObjectRef { objects: self, id }
    }
}

impl<'a> ObjectRef<'a> {
    /// The objects that it is one of.
    #[must_use]
    pub fn objects(self) -> &'a Objects {
        self.objects
    }

    /// Which of them it is.
    #[must_use]
    pub fn id(self) -> Id {
        self.id
    }

    /// What it is.
    #[must_use]
    pub fn get(self) -> Object<'a> {
        self.objects.get(self.id)
    }

    /// The value of a key that is a text, in a dict or one of `collections`' dicts.
    #[must_use]
    pub fn entry(self, key: &str) -> Option<ObjectRef<'a>> {
        let id = self.objects.entry(self.id, key)?;
        Some(self.objects.object(id))
    }

    /// An item of a list, a tuple or a deque.
    #[must_use]
    pub fn item(self, index: usize) -> Option<ObjectRef<'a>> {
        let id = *self.get().items()?.get(index)?;
        Some(self.objects.object(id))
    }

    /// The items of a list, a tuple, a deque, a set or a frozenset.
    pub fn items(self) -> Option<impl ExactSizeIterator<Item = ObjectRef<'a>>> {
        let objects = self.objects;
        let items = self.get().items()?;
        Some(items.iter().map(move |&id| objects.object(id)))
    }

    /// The keys and values of a dict or one of `collections`' dicts.
    pub fn pairs(self) -> Option<impl ExactSizeIterator<Item = (ObjectRef<'a>, ObjectRef<'a>)>> {
        let objects = self.objects;
        let pairs = self.get().pairs()?;
        Some(
            pairs
                .iter()
                .map(move |&(key, value)| (objects.object(key), objects.object(value))),
        )
    }

    /// The array that it is, without a copy of its elements.
    #[must_use]
    pub fn array(self) -> Option<NdArray<'a>> {
        self.objects.array(self.id)
    }

    /// As Python's `repr`, as far as the options allow.
    #[must_use]
    pub fn print(self, options: &PrintOptions) -> String {
        self.objects.print(self.id, options)
    }
}

impl<'a> Object<'a> {
    /// The items of a list, a tuple, a deque, a set or a frozenset.
    #[must_use]
    pub fn items(self) -> Option<&'a [Id]> {
        match self {
            Object::List(items)
            | Object::Tuple(items)
            | Object::Set(items)
            | Object::FrozenSet(items)
            | Object::Deque(items, _) => Some(items),
            _ => None,
        }
    }

    /// The keys and values of a dict or one of `collections`' dicts.
    #[must_use]
    pub fn pairs(self) -> Option<&'a [(Id, Id)]> {
        match self {
            Object::Dict(pairs)
            | Object::OrderedDict(pairs)
            | Object::DefaultDict(_, pairs)
            | Object::Counter(pairs) => Some(pairs),
            _ => None,
        }
    }
}

/// Within the default [`PrintOptions`].
impl fmt::Display for ObjectRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.print(&PrintOptions::default()))
    }
}

/// Short.
impl fmt::Debug for ObjectRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.print(&PrintOptions::new().max_objects(16).max_bytes(80)))
    }
}
