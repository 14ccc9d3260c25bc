//! What the arena holds.

use std::num::NonZeroU32;

use npload_buffer::Buffer;
use num_bigint::BigInt;

use crate::builder::Call;
use crate::construct::Known;
use crate::data::Data;
use crate::error::{Error, ErrorKind, Result};
use crate::opcode::Op;

/// An object of an [`Objects`](crate::Objects): two equal ids are one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(NonZeroU32);

impl Id {
    pub(super) fn from_index(index: usize) -> Result<Id> {
        u32::try_from(index)
            .ok()
            .and_then(|index| NonZeroU32::new(index.checked_add(1)?))
            .map(Id)
            .ok_or_else(|| Error::new(ErrorKind::Limit, "more than 4294967294 objects"))
    }

    pub(super) fn index(self) -> usize {
        (self.0.get() as usize).saturating_sub(1)
    }
}

/// Bytes of the input, or bytes that were decoded.
#[derive(Debug)]
pub(super) enum Piece {
    Input { start: usize, len: usize },
    Owned(Box<Buffer>),
}

#[derive(Debug)]
pub(super) enum Node {
    None,
    Bool(bool),
    Int(i64),
    BigInt(Box<BigInt>),
    Float(f64),
    Text(Piece),
    Bytes(Piece),
    ByteArray(Piece),
    List(Vec<Id>),
    Tuple { items: Box<[Id]>, hashable: bool },
    Dict(Vec<(Id, Id)>),
    Set(Vec<Id>),
    FrozenSet(Vec<Id>),
    Mapping(Box<Mapping>),
    Deque(Box<Deque>),
    Data(Box<Data<Id>>),
    Global(Box<GlobalName>),
    Pending(Box<(Known, Call<Id>)>),
    Reduced(Box<Reduced>),
    Extension(i64),
    Persistent(Id),
}

/// The dicts of `collections`.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) kind: MappingKind,
    pub(super) pairs: Vec<(Id, Id)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MappingKind {
    Ordered,
    Default(Id),
    Counter,
}

/// Items, of which the last `max_len` count.
#[derive(Debug)]
pub(super) struct Deque {
    pub(super) items: Vec<Id>,
    pub(super) max_len: Option<u64>,
}

impl Deque {
    /// Forgets the items before the last `max_len`, if they are many or `now`.
    pub(super) fn trim(&mut self, now: bool) {
        let Some(max) = self.max_len.and_then(|max| usize::try_from(max).ok()) else {
            return;
        };
        let slack = if now { 0 } else { max.saturating_add(1024) };
        if self.items.len() > max.saturating_add(slack) {
            let surplus = self.items.len().saturating_sub(max);
            self.items.drain(..surplus);
        }
    }
}

/// The name of a global. Nothing was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalName {
    /// The module, by Python 3's name.
    pub module: String,
    /// The name in it.
    pub name: String,
    /// What it is, if it is on the list.
    pub known: Option<Known>,
    /// Where the opcode stands that names it.
    pub offset: usize,
}

/// A call that was not run, and what was done to its result.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reduced {
    /// REDUCE, NEWOBJ, NEWOBJ_EX, INST or OBJ.
    pub op: Op,
    /// Where that opcode stands.
    pub offset: usize,
    /// What would be called: a [`GlobalName`], or another [`Reduced`].
    pub callable: Id,
    /// Its arguments: a tuple.
    pub args: Id,
    /// NEWOBJ_EX's keyword arguments: a dict.
    pub kwargs: Option<Id>,
    /// The states that BUILD would set, in order: usually one.
    pub states: Vec<Id>,
    /// What would be appended or added to it.
    pub items: Vec<Id>,
    /// The keys and values that would be set in it.
    pub pairs: Vec<(Id, Id)>,
}

impl From<Call<Id>> for Reduced {
    fn from(call: Call<Id>) -> Self {
        Reduced {
            op: call.op,
            offset: call.offset,
            callable: call.callable,
            args: call.args,
            kwargs: call.kwargs,
            states: Vec::new(),
            items: Vec::new(),
            pairs: Vec::new(),
        }
    }
}
