//! The builder of [`Objects`].

use npload_buffer::Buffer;
use num_bigint::BigInt;

use super::Objects;
use super::joblib::Follow;
use super::keys;
use super::node::{Deque, GlobalName, Id, Mapping, MappingKind, Node, Piece, Reduced};
use super::notes::Noted;
use super::store::Store;
use crate::builder::{Builder, Call, Global, Items, Note, Reason, View};
use crate::construct::Known;
use crate::data::{Contents, Data};
use crate::error::{Error, ErrorKind, Result};
use crate::opcode::Op;
use crate::text::Text;

/// Builds [`Objects`]: everything that a pickle holds, as data. What is not on the list stays a
/// [`Reduced`] call.
///
/// Texts and bytes are ranges of the input, which it shares.
#[derive(Debug)]
pub struct ObjectBuilder {
    pub(super) store: Store,
    buffers: Vec<Buffer>,
    keep: bool,
    /// What the machine told, if anybody asked.
    pub(super) notes: Option<Vec<Noted>>,
    pub(super) joins_notes: bool,
    /// How arrays between opcodes are passed over, if anybody asked.
    pub(super) follow: Option<Box<Follow>>,
}

impl ObjectBuilder {
    /// A builder for the pickle in `input`, the same bytes that the machine reads.
    #[must_use]
    pub fn new(input: Buffer) -> Self {
        ObjectBuilder {
            store: Store {
                input,
                nodes: Vec::new(),
            },
            buffers: Vec::new(),
            keep: false,
            notes: None,
            joins_notes: false,
            follow: None,
        }
    }

    /// The out-of-band buffers, in order; Python's `buffers=`.
    #[must_use]
    pub fn buffers(mut self, buffers: Vec<Buffer>) -> Self {
        self.buffers = buffers;
        self
    }

    /// Whether persistent ids and extension codes stay as objects instead of being errors.
    #[must_use]
    pub fn keep_references(mut self, yes: bool) -> Self {
        self.keep = yes;
        self
    }

    /// The objects, once the machine has given their root. Equal keys are joined here.
    #[must_use]
    pub fn finish(mut self, root: Id) -> Objects {
        keys::join(&mut self.store);
        for node in &mut self.store.nodes {
            if let Node::Deque(deque) = node {
                deque.trim(true);
            }
        }
        Objects {
            store: self.store,
            root,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, node: Node) -> Result<Id> {
        let id = Id::from_index(self.store.nodes.len())?;
        self.store.nodes.push(node);
        Ok(id)
    }

    #[inline]
    fn piece(bytes: &[u8], at: Option<usize>) -> Piece {
        match at {
            Some(start) => Piece::Input {
                start,
                len: bytes.len(),
            },
            None => Piece::Owned(Box::new(Buffer::from(bytes.to_vec()))),
        }
    }

    fn check_hashable(&self, items: &[Id]) -> Result<()> {
        for &id in items {
            self.check_key(id)?;
        }
        Ok(())
    }

    #[inline]
    fn check_key(&self, id: Id) -> Result<()> {
        if !self.store.is_hashable(id) {
            return Err(Error::new(
                ErrorKind::Unhashable,
                format!("unhashable type: '{}'", self.view(&id).type_name()),
            ));
        }
        Ok(())
    }

    /// The node that a value of this kind is.
    fn node_of(&mut self, data: Data<Id>) -> Result<Node> {
        let mapping = |kind, pairs| Ok(Node::Mapping(Box::new(Mapping { kind, pairs })));
        match data {
            Data::ByteArray(bytes) => match self.store.buffer(bytes) {
                Some(bytes) => Ok(Node::ByteArray(Piece::Owned(Box::new(bytes)))),
                None => Ok(Node::ByteArray(Self::piece(&[], None))),
            },
            Data::Set(items) => {
                let items = self.store.sequence(items);
                self.check_hashable(&items)?;
                Ok(Node::Set(items))
            }
            Data::FrozenSet(items) => {
                let items = self.store.sequence(items);
                self.check_hashable(&items)?;
                Ok(Node::FrozenSet(items))
            }
            Data::OrderedDict(pairs) => {
                for &(key, _) in &pairs {
                    self.check_key(key)?;
                }
                mapping(MappingKind::Ordered, pairs)
            }
            Data::DefaultDict(factory) => mapping(MappingKind::Default(factory), Vec::new()),
            Data::Counter(dict) => {
                let pairs = self.store.pairs(dict).unwrap_or_default().to_vec();
                mapping(MappingKind::Counter, pairs)
            }
            Data::Deque(items, max_len) => {
                let items = items.map_or_else(Vec::new, |items| self.store.sequence(items));
                Ok(Node::Deque(Box::new(Deque { items, max_len })))
            }
            Data::Array(mut array) => {
                // NumPy copies the elements; the list may grow afterwards.
                if let Contents::Objects(list) = array.contents {
                    let items = self.store.sequence(list);
                    array.contents = Contents::Objects(self.push(Node::List(items))?);
                }
                Ok(Node::Data(Box::new(Data::Array(array))))
            }
            other => Ok(Node::Data(Box::new(other))),
        }
    }
}

impl Builder for ObjectBuilder {
    type Value = Id;

    fn none(&mut self) -> Result<Id> {
        self.push(Node::None)
    }

    fn bool(&mut self, value: bool) -> Result<Id> {
        self.push(Node::Bool(value))
    }

    #[inline]
    fn int(&mut self, value: i64) -> Result<Id> {
        self.push(Node::Int(value))
    }

    fn big_int(&mut self, value: BigInt) -> Result<Id> {
        self.push(Node::BigInt(Box::new(value)))
    }

    #[inline]
    fn float(&mut self, value: f64) -> Result<Id> {
        self.push(Node::Float(value))
    }

    #[inline]
    fn text(&mut self, text: Text<'_>, at: Option<usize>) -> Result<Id> {
        self.push(Node::Text(Self::piece(text.as_bytes(), at)))
    }

    fn bytes(&mut self, bytes: &[u8], at: Option<usize>) -> Result<Id> {
        self.push(Node::Bytes(Self::piece(bytes, at)))
    }

    fn bytearray(&mut self, bytes: &[u8], at: Option<usize>) -> Result<Id> {
        self.push(Node::ByteArray(Self::piece(bytes, at)))
    }

    #[inline]
    fn tuple(&mut self, items: Items<'_, Id>) -> Result<Id> {
        let items: Box<[Id]> = items.into_iter().collect();
        let hashable = items.iter().all(|&id| self.store.is_hashable(id));
        self.push(Node::Tuple { items, hashable })
    }

    #[inline]
    fn list(&mut self, items: Items<'_, Id>) -> Result<Id> {
        self.push(Node::List(items.into_iter().collect()))
    }

    fn frozenset(&mut self, items: Items<'_, Id>) -> Result<Id> {
        let items: Vec<_> = items.into_iter().collect();
        self.check_hashable(&items)?;
        self.push(Node::FrozenSet(items))
    }

    #[inline]
    fn dict(&mut self) -> Result<Id> {
        self.push(Node::Dict(Vec::new()))
    }

    fn set(&mut self) -> Result<Id> {
        self.push(Node::Set(Vec::new()))
    }

    #[inline]
    fn append(&mut self, target: &Id, items: Items<'_, Id>) -> Result<()> {
        match self.store.node_mut(*target) {
            Some(Node::List(list)) => list.extend(items),
            Some(Node::Deque(deque)) => {
                deque.items.extend(items);
                deque.trim(false);
            }
            Some(Node::Reduced(reduced)) => reduced.items.extend(items),
            _ => return Err(untouchable()),
        }
        Ok(())
    }

    #[inline]
    fn set_items(&mut self, target: &Id, items: Items<'_, Id>) -> Result<()> {
        let mut pairs = match self.store.node_mut(*target) {
            Some(Node::Dict(pairs)) => std::mem::take(pairs),
            Some(Node::Mapping(mapping)) => std::mem::take(&mut mapping.pairs),
            Some(Node::Reduced(reduced)) => std::mem::take(&mut reduced.pairs),
            _ => return Err(untouchable()),
        };
        pairs.reserve(items.len() / 2);
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            self.check_key(key)?;
            pairs.push((key, value));
        }
        match self.store.node_mut(*target) {
            Some(Node::Dict(to)) => *to = pairs,
            Some(Node::Mapping(mapping)) => mapping.pairs = pairs,
            Some(Node::Reduced(reduced)) => reduced.pairs = pairs,
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, target: &Id, items: Items<'_, Id>) -> Result<()> {
        let items: Vec<_> = items.into_iter().collect();
        self.check_hashable(&items)?;
        match self.store.node_mut(*target) {
            Some(Node::Set(set)) => set.extend(items),
            Some(Node::Reduced(reduced)) => reduced.items.extend(items),
            _ => return Err(untouchable()),
        }
        Ok(())
    }

    fn global(&mut self, global: &Global<'_>) -> Result<Id> {
        self.push(Node::Global(Box::new(GlobalName {
            module: global.module.to_owned(),
            name: global.name.to_owned(),
            known: global.known,
            offset: global.offset,
        })))
    }

    fn construct(&mut self, data: Data<Id>) -> Result<Id> {
        let node = self.node_of(data)?;
        self.push(node)
    }

    fn begin(&mut self, known: Known, call: Call<Id>) -> Result<Id> {
        self.push(Node::Pending(Box::new((known, call))))
    }

    fn fill(&mut self, target: &Id, data: Data<Id>) -> Result<()> {
        let node = self.node_of(data)?;
        match self.store.node_mut(*target) {
            Some(to) => {
                *to = node;
                Ok(())
            }
            None => Err(untouchable()),
        }
    }

    fn call(&mut self, call: Call<Id>, reason: Reason) -> Result<Id> {
        if let Reason::Schema(_) = reason {
            self.note_mismatch(call.callable);
        }
        self.push(Node::Reduced(Box::new(Reduced::from(call))))
    }

    fn build(&mut self, target: &Id, state: Id) -> Result<()> {
        match self.store.node_mut(*target) {
            Some(Node::Reduced(reduced)) => {
                reduced.states.push(state);
                Ok(())
            }
            _ => Err(untouchable()),
        }
    }

    #[inline]
    fn view<'a>(&'a self, value: &'a Id) -> View<'a> {
        self.store.view(*value)
    }

    fn to_big_int(&self, value: &Id) -> Option<BigInt> {
        match self.store.node(*value) {
            Node::Int(value) => Some((*value).into()),
            Node::BigInt(value) => Some((**value).clone()),
            _ => None,
        }
    }

    #[inline]
    fn item(&self, value: &Id, index: usize) -> Option<Id> {
        match self.store.node(*value) {
            Node::List(items) => items.get(index).copied(),
            Node::Tuple { items, .. } => items.get(index).copied(),
            _ => None,
        }
    }

    fn pairs(&self, dict: &Id) -> Vec<(Id, Id)> {
        self.store.pairs(*dict).unwrap_or_default().to_vec()
    }

    fn latin1(&mut self, text: &Id) -> Result<Option<Id>> {
        let View::Text(text) = self.store.view(*text) else {
            return Ok(None);
        };
        match text.to_latin1() {
            Some(bytes) => self
                .push(Node::Bytes(Piece::Owned(Box::new(bytes.into()))))
                .map(Some),
            None => Ok(None),
        }
    }

    fn extension(&mut self, code: i64) -> Result<Option<Id>> {
        if self.keep {
            return self.push(Node::Extension(code)).map(Some);
        }
        Ok(None)
    }

    fn persistent(&mut self, id: &Id) -> Result<Option<Id>> {
        if self.keep {
            return self.push(Node::Persistent(*id)).map(Some);
        }
        Ok(None)
    }

    fn buffer(&mut self, index: u64) -> Result<Option<Id>> {
        let buffer = usize::try_from(index)
            .ok()
            .and_then(|index| self.buffers.get(index));
        match buffer {
            Some(buffer) => {
                let piece = Piece::Owned(Box::new(buffer.clone()));
                self.push(Node::ByteArray(piece)).map(Some)
            }
            None => Ok(None),
        }
    }

    fn readonly(&mut self, buffer: &Id) -> Result<Id> {
        match self.store.buffer(*buffer) {
            Some(bytes) => self.push(Node::Bytes(Piece::Owned(Box::new(bytes)))),
            None => Ok(*buffer),
        }
    }

    #[inline]
    fn bytes_behind(&mut self, target: &Id, rest: &[u8]) -> Result<usize> {
        self.array_behind(*target, rest)
    }

    #[inline]
    fn note(&mut self, offset: usize, op: Op, note: Note<'_, Id>) {
        self.take_note(offset, op, note);
    }
}

/// The machine has looked at the type before.
#[cold]
fn untouchable() -> Error {
    Error::new(ErrorKind::Type, "a value that takes nothing")
}
