//! What a machine makes values with: one trait, so that Rust gets [`Objects`](crate::Objects) and
//! a binding makes its language's own objects straight from the opcodes.

use std::sync::Arc;

use num_bigint::BigInt;

use crate::construct::Known;
use crate::data::{DType, Data, TimeDelta};
use crate::error::{Error, ErrorKind, Result};
use crate::opcode::Op;
use crate::text::Text;

/// A value on the machine's stack, with how deep it nests.
#[derive(Clone, Debug)]
pub(crate) struct Slot<V> {
    pub(crate) value: V,
    pub(crate) depth: u32,
    pub(crate) place: Place,
}

/// Where else a value is known: the number of its memo entry, if it has one, and whether another value
/// may hold it already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place(u32);

impl Place {
    const SHARED: u32 = 1 << 31;

    /// The entry of that number; of one that is too large for this all that is known is that it is shared.
    pub(crate) fn entry(index: u64) -> Place {
        let number = u32::try_from(index.saturating_add(1)).unwrap_or(u32::MAX);
        match number < Place::SHARED {
            true => Place(number),
            false => Place(Place::SHARED),
        }
    }

    pub(crate) fn index(self) -> Option<u64> {
        u64::from(self.0 & !Place::SHARED).checked_sub(1)
    }

    /// Whether it is known anywhere else.
    pub(crate) fn is_known(self) -> bool {
        self.0 != 0
    }

    pub(crate) fn is_shared(self) -> bool {
        self.0 & Place::SHARED != 0
    }

    pub(crate) fn shared(self) -> Place {
        Place(self.0 | Place::SHARED)
    }
}

impl<V> Slot<V> {
    /// A value that nobody else knows.
    #[inline]
    pub(crate) fn new(value: V, depth: u32) -> Self {
        Slot {
            value,
            depth,
            place: Place::default(),
        }
    }
}

/// Values taken off the stack, in order; each is the builder's to keep.
// Two words, which go in registers: an iterator that is passed on through memory costs as much as its items.
#[derive(Debug)]
pub struct Items<'s, V> {
    slots: Option<&'s mut Vec<Slot<V>>>,
    from: usize,
}

impl<'s, V> Items<'s, V> {
    /// Those from there on.
    #[inline]
    pub(crate) fn new(slots: &'s mut Vec<Slot<V>>, from: usize) -> Self {
        let slots = Some(slots);
        Items { slots, from }
    }

    #[inline]
    fn slots(&self) -> &[Slot<V>] {
        let slots = self.slots.as_ref().and_then(|slots| slots.get(self.from..));
        slots.unwrap_or_default()
    }

    /// How many there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots().len()
    }

    /// Whether there are none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots().is_empty()
    }

    /// All of them, where they are.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &V> {
        self.slots().iter().map(|slot| &slot.value)
    }
}

impl<'s, V> IntoIterator for Items<'s, V> {
    type Item = V;
    type IntoIter = TakenItems<'s, V>;

    #[inline]
    fn into_iter(mut self) -> TakenItems<'s, V> {
        let from = self.from;
        TakenItems(self.slots.take().map(|slots| slots.drain(from..)))
    }
}

/// Nobody wants them.
impl<V> Drop for Items<'_, V> {
    #[inline]
    fn drop(&mut self) {
        if let Some(slots) = self.slots.take() {
            slots.truncate(self.from);
        }
    }
}

/// The iterator of [`Items`].
#[derive(Debug)]
pub struct TakenItems<'s, V>(Option<std::vec::Drain<'s, Slot<V>>>);

impl<V> Iterator for TakenItems<'_, V> {
    type Item = V;

    #[inline]
    fn next(&mut self) -> Option<V> {
        self.0.as_mut()?.next().map(|slot| slot.value)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.0.as_ref().map_or(0, ExactSizeIterator::len);
        (len, Some(len))
    }
}

impl<V> ExactSizeIterator for TakenItems<'_, V> {}

/// A global that the pickle names. Nothing is imported: it is a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global<'a> {
    /// The module, by Python 3's name.
    pub module: &'a str,
    /// The name in it, with dots if the pickle has them.
    pub name: &'a str,
    /// What it is, if it is on the list of what is built.
    pub known: Option<Known>,
    /// Where the opcode stands that names it.
    pub offset: usize,
}

/// A call that the pickle asks for.
#[derive(Clone, Debug)]
pub struct Call<V> {
    /// REDUCE, NEWOBJ, NEWOBJ_EX, INST or OBJ.
    pub op: Op,
    /// Where that opcode stands.
    pub offset: usize,
    /// What would be called: a global, or what another call gave.
    pub callable: V,
    /// Its arguments: a tuple.
    pub args: V,
    /// NEWOBJ_EX's keyword arguments: a dict.
    pub kwargs: Option<V>,
}

/// Why the machine did not build what a call or a BUILD asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The callable is not on the list.
    NotListed,
    /// It is, but the arguments are not what the text says they must be.
    Schema(&'static str),
}

/// Something that a loader would do besides making plain values, told as it is met.
#[derive(Clone, Copy, Debug)]
pub enum Note<'a, V> {
    /// A global was named.
    Global(&'a Global<'a>),
    /// A call was asked for.
    Call(&'a Call<V>),
    /// A state would be set on this value.
    Build(&'a V),
    /// A code of the extension registry.
    Extension(i64),
    /// A persistent id.
    PersistentId(&'a V),
    /// An out-of-band buffer.
    Buffer,
}

/// What messages call [`View::Inert`].
pub(crate) const INERT: &str = "call that was not run";

/// What the machine has to know of a value: its type, and the contents of small immutable ones.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum View<'a> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An int that fits.
    Int(i64),
    /// Any other int, by its bits; [`Builder::to_big_int`] has its value.
    BigInt(u64),
    /// A float.
    Float(f64),
    /// A str. One with lone surrogates may be [`View::Other`]: no schema has such. One of thousands of characters may be
    /// [`View::LongText`].
    Text(Text<'a>),
    /// A str that is too long for a name, of so many characters: only as a whole it means something.
    LongText(usize),
    /// Bytes, or a read-only buffer.
    Bytes(&'a [u8]),
    /// A bytearray, or a writable buffer.
    ByteArray(&'a [u8]),
    /// So many bytes that are not in memory, and whether they are a bytearray's.
    LongBytes {
        /// How many.
        len: u64,
        /// Whether they are a bytearray's.
        mutable: bool,
    },
    /// A list of so many.
    List(usize),
    /// A tuple of so many.
    Tuple(usize),
    /// A dict, or one of its subclasses that are built, of so many keys at most.
    Dict(usize),
    /// A set.
    Set,
    /// A deque.
    Deque,
    /// A global.
    Global(Option<Known>),
    /// A value that a known call began and its BUILD will complete.
    Pending(Known),
    /// A dtype.
    DType(Arc<DType>),
    /// A timedelta.
    TimeDelta(TimeDelta),
    /// A time zone of a fixed offset.
    TimeZone,
    /// What a call gave that was not run: it takes every opcode and keeps it as data.
    Inert,
    /// Anything else that is complete.
    Other(&'static str),
}

impl View<'_> {
    /// What Python calls the type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            View::None => "None",
            View::Bool(_) => "bool",
            View::Int(_) | View::BigInt(_) => "int",
            View::Float(_) => "float",
            View::Text(_) | View::LongText(_) => "str",
            View::Bytes(_) | View::LongBytes { mutable: false, .. } => "bytes",
            View::ByteArray(_) | View::LongBytes { mutable: true, .. } => "bytearray",
            View::List(_) => "list",
            View::Tuple(_) => "tuple",
            View::Dict(_) => "dict",
            View::Set => "set",
            View::Deque => "deque",
            View::Global(_) => "global",
            View::Pending(_) => "object without its state",
            View::DType(_) => "dtype",
            View::TimeDelta(_) => "timedelta",
            View::TimeZone => "timezone",
            View::Inert => INERT,
            View::Other(name) => name,
        }
    }
}

/// Makes values. The machine has checked types, limits and schemas before it calls.
///
/// Values are handles: cloning one must give the same object, as the memo does. Every method may
/// fail; the machine adds opcode and byte to the error and stops. A builder whose own failures are
/// more than an [`Error`] keeps them, and returns [`ErrorKind::Builder`].
///
/// `at` is where the bytes stand in the input, if they stand there as they are: a builder that
/// shares the input need not copy them.
#[expect(clippy::missing_errors_doc, reason = "whatever the builder says")]
pub trait Builder {
    /// A handle.
    type Value: Clone;

    /// `None`.
    fn none(&mut self) -> Result<Self::Value>;
    /// `True` or `False`.
    fn bool(&mut self, value: bool) -> Result<Self::Value>;
    /// An int.
    fn int(&mut self, value: i64) -> Result<Self::Value>;
    /// An int that does not fit an `i64`.
    fn big_int(&mut self, value: BigInt) -> Result<Self::Value>;
    /// A float.
    fn float(&mut self, value: f64) -> Result<Self::Value>;
    /// A str.
    fn text(&mut self, text: Text<'_>, at: Option<usize>) -> Result<Self::Value>;
    /// A str whose bytes are still to be checked: a builder that checks them in the same pass as it copies
    /// them may do so. [`Text::parse`] has the error.
    #[inline]
    fn unchecked_text(&mut self, bytes: &[u8], at: usize) -> Result<Self::Value> {
        self.text(Text::parse(bytes)?, Some(at))
    }
    /// Bytes.
    fn bytes(&mut self, bytes: &[u8], at: Option<usize>) -> Result<Self::Value>;
    /// A bytearray.
    fn bytearray(&mut self, bytes: &[u8], at: Option<usize>) -> Result<Self::Value>;
    /// Bytes or a bytearray that were left out of the input, where they stand in the whole of it: only
    /// of a machine [with gaps](crate::Machine::with_gaps). Their view is [`View::LongBytes`].
    fn long_bytes(&mut self, len: u64, at: usize, mutable: bool) -> Result<Self::Value> {
        let _ = (len, at, mutable);
        Err(Error::new(
            ErrorKind::Buffer,
            "bytes that were left out of the input",
        ))
    }

    /// A tuple.
    fn tuple(&mut self, items: Items<'_, Self::Value>) -> Result<Self::Value>;
    /// A list.
    fn list(&mut self, items: Items<'_, Self::Value>) -> Result<Self::Value>;
    /// A frozenset.
    fn frozenset(&mut self, items: Items<'_, Self::Value>) -> Result<Self::Value>;
    /// An empty dict.
    fn dict(&mut self) -> Result<Self::Value>;
    /// An empty set.
    fn set(&mut self) -> Result<Self::Value>;

    /// Appends to a list, a deque, or something inert.
    fn append(&mut self, target: &Self::Value, items: Items<'_, Self::Value>) -> Result<()>;
    /// Sets keys and values, which take turns, in a dict or something inert.
    fn set_items(&mut self, target: &Self::Value, items: Items<'_, Self::Value>) -> Result<()>;
    /// Adds to a set or something inert.
    fn add(&mut self, target: &Self::Value, items: Items<'_, Self::Value>) -> Result<()>;

    /// A global, known or not.
    fn global(&mut self, global: &Global<'_>) -> Result<Self::Value>;
    /// A value of a type on the list, its arguments checked.
    fn construct(&mut self, data: Data<Self::Value>) -> Result<Self::Value>;
    /// A value that `known` began; [`View::Pending`] until it is filled.
    fn begin(&mut self, known: Known, call: Call<Self::Value>) -> Result<Self::Value>;
    /// Completes such a value, or gives a dtype its state, in place.
    fn fill(&mut self, target: &Self::Value, data: Data<Self::Value>) -> Result<()>;
    /// A call that the machine does not build: kept as data, or refused.
    fn call(&mut self, call: Call<Self::Value>, reason: Reason) -> Result<Self::Value>;
    /// A state for something inert: kept as data, or refused.
    fn build(&mut self, target: &Self::Value, state: Self::Value) -> Result<()>;

    /// What a value is.
    fn view<'a>(&'a self, value: &'a Self::Value) -> View<'a>;
    /// How many steps hashing a key takes each time beyond its own bytes: some nanoseconds each, charged
    /// before the key is put anywhere. None, where values that are shared are hashed once.
    #[inline]
    fn hashing(&mut self, key: &Self::Value) -> u64 {
        let _ = key;
        0
    }
    /// The value of an int of any size.
    fn to_big_int(&self, value: &Self::Value) -> Option<BigInt>;
    /// All of a [`View::LongText`], if it has no lone surrogates.
    fn long_text<'a>(&'a self, value: &'a Self::Value) -> Option<&'a str> {
        let _ = value;
        None
    }
    /// An item of a tuple or a list.
    fn item(&self, value: &Self::Value, index: usize) -> Option<Self::Value>;
    /// The keys and values of a dict, in order; of equal keys the last counts.
    fn pairs(&self, dict: &Self::Value) -> Vec<(Self::Value, Self::Value)>;

    /// The bytes of a text as Latin-1: what `_codecs.encode(text, "latin1")` gives, with which
    /// protocols below 3 write bytes. `None` if the text has characters over U+00FF.
    fn latin1(&mut self, text: &Self::Value) -> Result<Option<Self::Value>>;

    /// What a code of the extension registry stands for. `None`: an error that names the code.
    fn extension(&mut self, code: i64) -> Result<Option<Self::Value>> {
        let _ = code;
        Ok(None)
    }

    /// What a persistent id stands for. `None`: an error that shows it.
    fn persistent(&mut self, id: &Self::Value) -> Result<Option<Self::Value>> {
        let _ = id;
        Ok(None)
    }

    /// The out-of-band buffer of that number. `None`: an error.
    fn buffer(&mut self, index: u64) -> Result<Option<Self::Value>> {
        let _ = index;
        Ok(None)
    }

    /// A read-only face of bytes, a bytearray or a buffer.
    fn readonly(&mut self, buffer: &Self::Value) -> Result<Self::Value> {
        Ok(buffer.clone())
    }

    /// How many of the bytes behind the BUILD of `target` are no opcodes: none, but for formats that
    /// put data of their own there.
    ///
    /// # Errors
    /// Where the data cannot be passed over.
    #[inline]
    fn bytes_behind(&mut self, target: &Self::Value, rest: &[u8]) -> Result<usize> {
        let _ = (target, rest);
        Ok(0)
    }

    /// Told of everything that a loader would do besides making plain values.
    #[inline]
    fn note(&mut self, offset: usize, op: Op, note: Note<'_, Self::Value>) {
        let _ = (offset, op, note);
    }
}

/// The error of a builder that refuses a call, for a callable of that name.
///
/// ```
/// use npload_pickle::{Reason, refused};
/// let err = refused("os.system", Reason::NotListed);
/// assert_eq!(err.message(), "os.system would be called, and is not on the safe list");
/// ```
#[must_use]
pub fn refused(callable: &str, reason: Reason) -> Error {
    let message = match reason {
        Reason::NotListed => format!("{callable} would be called, and is not on the safe list"),
        Reason::Schema(expected) => format!("{callable} is called with other than {expected}"),
    };
    Error::new(ErrorKind::Refused, message)
}
