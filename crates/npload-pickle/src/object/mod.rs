//! A pickle's objects, as data.
//!
//! All objects lie in one arena and refer to each other by [`Id`]: identity, sharing and cycles
//! are kept, and nothing here, printing and dropping included, recurses.

mod array;
mod build;
mod equal;
pub(crate) mod joblib;
mod keys;
mod node;
mod notes;
mod print;
mod reference;
mod store;

pub use array::{NdArray, NdData};
pub use build::ObjectBuilder;
pub use node::{GlobalName, Id, Reduced};
pub(crate) use notes::What;
pub use print::PrintOptions;
pub(crate) use print::{float as float_text, uuid};
pub use reference::ObjectRef;

use npload_buffer::Buffer;
use num_bigint::BigInt;

use crate::data::{Contents, Data};
use crate::error::Result;
use crate::machine::Machine;
use crate::options::Options;
use crate::text::Text;
use node::{MappingKind, Node};
use store::Store;

/// The objects of one pickle.
///
/// ```
/// use npload_pickle::{Object, Objects};
/// // pickle.dumps({"x": [1, 2.5]})
/// let objects = Objects::load(b"\x80\x02}q\x00X\x01\x00\x00\x00xq\x01]q\x02(K\x01G@\x04\0\0\0\0\0\0es.")?;
/// assert_eq!(objects.to_string(), "{'x': [1, 2.5]}");
/// let x = objects.entry(objects.root(), "x").unwrap();
/// let Object::List(items) = objects.get(x) else { panic!() };
/// assert!(matches!(objects.get(items[0]), Object::Int(1)));
/// # Ok::<(), npload_pickle::Error>(())
/// ```
///
/// A call stays a call:
///
/// ```
/// use npload_pickle::{Object, Objects};
/// let objects = Objects::load(b"cos\nsystem\n(S'reboot'\ntR.")?;
/// assert_eq!(objects.to_string(), "os.system('reboot')");
/// assert!(matches!(objects.get(objects.root()), Object::Reduced(_)));
/// # Ok::<(), npload_pickle::Error>(())
/// ```
pub struct Objects {
    store: Store,
    root: Id,
}

/// An object, seen.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Object<'a> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An int that fits.
    Int(i64),
    /// Any other int.
    BigInt(&'a BigInt),
    /// A float.
    Float(f64),
    /// A str.
    Text(Text<'a>),
    /// Bytes; [`Objects::buffer`] shares them.
    Bytes(&'a [u8]),
    /// A bytearray, or an out-of-band buffer.
    ByteArray(&'a [u8]),
    /// A list.
    List(&'a [Id]),
    /// A tuple.
    Tuple(&'a [Id]),
    /// A dict: its pairs in order, no key twice.
    Dict(&'a [(Id, Id)]),
    /// A set, in the order of the pickle.
    Set(&'a [Id]),
    /// A frozenset, in the order of the pickle.
    FrozenSet(&'a [Id]),
    /// `collections.OrderedDict`.
    OrderedDict(&'a [(Id, Id)]),
    /// `collections.defaultdict`: the factory and the pairs.
    DefaultDict(Id, &'a [(Id, Id)]),
    /// `collections.Counter`.
    Counter(&'a [(Id, Id)]),
    /// `collections.deque`, and its `maxlen`.
    Deque(&'a [Id], Option<u64>),
    /// A value of another type on the list; never one of the above.
    Data(&'a Data<Id>),
    /// The name of a global.
    Global(&'a GlobalName),
    /// A call that was not run.
    Reduced(&'a Reduced),
    /// A value of a type on the list that never got its state: the global that it is of.
    Incomplete(Id),
    /// A code of the extension registry, if such are kept.
    Extension(i64),
    /// A persistent id, if such are kept.
    Persistent(Id),
}

/// Short: how many they are and how the root begins.
impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let options = PrintOptions::new().max_objects(16).max_bytes(80);
        let root = self.print(self.root, &options);
        write!(f, "Objects({} objects, {root})", self.len())
    }
}

impl Objects {
    /// The objects of the pickle at the start of these bytes, which are copied once.
    ///
    /// # Errors
    /// See [`Machine::run`].
    pub fn load(input: impl AsRef<[u8]>) -> Result<Objects> {
        Options::new().load(input)
    }

    /// The object that was pickled.
    #[must_use]
    pub fn root(&self) -> Id {
        self.root
    }

    /// How many objects there are, those included that only helped to make others.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always a root")]
    pub fn len(&self) -> usize {
        self.store.nodes.len()
    }

    /// An object. An id of other objects gives any or `None`.
    #[must_use]
    pub fn get(&self, id: Id) -> Object<'_> {
        match self.store.node(id) {
            Node::None => Object::None,
            Node::Bool(value) => Object::Bool(*value),
            Node::Int(value) => Object::Int(*value),
            Node::BigInt(value) => Object::BigInt(value),
            Node::Float(value) => Object::Float(*value),
            Node::Text(piece) => Object::Text(Text::trusted(self.store.bytes(piece))),
            Node::Bytes(piece) => Object::Bytes(self.store.bytes(piece)),
            Node::ByteArray(piece) => Object::ByteArray(self.store.bytes(piece)),
            Node::List(items) => Object::List(items),
            Node::Tuple { items, .. } => Object::Tuple(items),
            Node::Dict(pairs) => Object::Dict(pairs),
            Node::Set(items) => Object::Set(items),
            Node::FrozenSet(items) => Object::FrozenSet(items),
            Node::Mapping(mapping) => match mapping.kind {
                MappingKind::Ordered => Object::OrderedDict(&mapping.pairs),
                MappingKind::Default(factory) => Object::DefaultDict(factory, &mapping.pairs),
                MappingKind::Counter => Object::Counter(&mapping.pairs),
            },
            Node::Deque(deque) => Object::Deque(&deque.items, deque.max_len),
            Node::Data(data) => Object::Data(data),
            Node::Global(global) => Object::Global(global),
            Node::Reduced(reduced) => Object::Reduced(reduced),
            Node::Pending(pending) => Object::Incomplete(pending.1.callable),
            Node::Extension(code) => Object::Extension(*code),
            Node::Persistent(id) => Object::Persistent(*id),
        }
    }

    /// All objects, in the order in which the pickle made them.
    pub fn iter(&self) -> impl Iterator<Item = (Id, Object<'_>)> {
        (0..self.len())
            .filter_map(|index| Id::from_index(index).ok())
            .map(|id| (id, self.get(id)))
    }

    /// The value of a key that is a text, in a dict or one of `collections`' dicts.
    #[must_use]
    pub fn entry(&self, dict: Id, key: &str) -> Option<Id> {
        let is_key = |id| matches!(self.get(id), Object::Text(text) if text == key);
        let pair = self.store.pairs(dict)?.iter().find(|pair| is_key(pair.0))?;
        Some(pair.1)
    }

    /// How many bytes the pickle was read from.
    pub(crate) fn input_len(&self) -> usize {
        self.store.input.len()
    }

    /// The bytes of an array's elements.
    pub(crate) fn elements(&self, array: Id) -> Option<&[u8]> {
        match self.get(array) {
            Object::Data(Data::Array(array)) => match array.contents {
                Contents::Bytes(bytes) => self.bytes_of(bytes),
                Contents::Objects(_) => None,
            },
            _ => None,
        }
    }

    /// Bytes, a bytearray's bytes, or a text's.
    pub(crate) fn bytes_of(&self, id: Id) -> Option<&[u8]> {
        match self.get(id) {
            Object::Bytes(bytes) | Object::ByteArray(bytes) => Some(bytes),
            Object::Text(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// The memory of bytes, a bytearray or a text, shared.
    #[must_use]
    pub fn buffer(&self, id: Id) -> Option<Buffer> {
        self.store.buffer(id)
    }
}

impl Options {
    /// The objects of the pickle at the start of these bytes, which are copied once.
    ///
    /// # Errors
    /// See [`Machine::run`].
    pub fn load(&self, input: impl AsRef<[u8]>) -> Result<Objects> {
        self.load_buffer(Buffer::from(input.as_ref().to_vec()))
    }

    /// The objects of the pickle at the start of this memory, which they share and keep alive.
    ///
    /// # Errors
    /// See [`Machine::run`].
    pub fn load_buffer(&self, input: Buffer) -> Result<Objects> {
        let mut builder = ObjectBuilder::new(input.clone());
        let done = Machine::new(&input, self, &mut builder).run()?;
        Ok(builder.finish(done.value))
    }
}
