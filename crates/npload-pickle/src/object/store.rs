//! The arena itself.

use npload_buffer::Buffer;

use super::node::{Id, Node, Piece};
use crate::builder::View;
use crate::data::Data;
use crate::text::Text;

#[derive(Debug)]
pub(crate) struct Store {
    pub(super) input: Buffer,
    pub(super) nodes: Vec<Node>,
}

impl Store {
    #[inline]
    pub(super) fn node(&self, id: Id) -> &Node {
        self.nodes.get(id.index()).unwrap_or(&Node::None)
    }

    #[inline]
    pub(super) fn node_mut(&mut self, id: Id) -> Option<&mut Node> {
        self.nodes.get_mut(id.index())
    }

    pub(super) fn bytes<'a>(&'a self, piece: &'a Piece) -> &'a [u8] {
        match piece {
            Piece::Input { start, len } => self
                .input
                .get(*start..start.saturating_add(*len))
                .unwrap_or_default(),
            Piece::Owned(bytes) => bytes,
        }
    }

    /// The memory of a piece, shared.
    pub(super) fn buffer(&self, id: Id) -> Option<Buffer> {
        match self.node(id) {
            Node::Text(piece) | Node::Bytes(piece) | Node::ByteArray(piece) => Some(match piece {
                Piece::Input { start, len } => self.input.slice(*start..start.saturating_add(*len)),
                Piece::Owned(bytes) => (**bytes).clone(),
            }),
            _ => None,
        }
    }

    /// The items of a list or a tuple.
    pub(super) fn sequence(&self, id: Id) -> Vec<Id> {
        match self.node(id) {
            Node::List(items) => items.clone(),
            Node::Tuple { items, .. } => items.to_vec(),
            _ => Vec::new(),
        }
    }

    /// The pairs of a dict of any kind.
    pub(super) fn pairs(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.node(id) {
            Node::Dict(pairs) => Some(pairs),
            Node::Mapping(mapping) => Some(&mapping.pairs),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn is_hashable(&self, id: Id) -> bool {
        match self.node(id) {
            Node::Tuple { hashable, .. } => *hashable,
            Node::List(_)
            | Node::Dict(_)
            | Node::Set(_)
            | Node::ByteArray(_)
            | Node::Mapping(_)
            | Node::Deque(_) => false,
            Node::Data(data) => !matches!(**data, Data::Array(_)),
            _ => true,
        }
    }

    #[inline]
    pub(super) fn view(&self, id: Id) -> View<'_> {
        match self.node(id) {
            Node::None => View::None,
            Node::Bool(value) => View::Bool(*value),
            Node::Int(value) => View::Int(*value),
            Node::BigInt(value) => View::BigInt(value.bits()),
            Node::Float(value) => View::Float(*value),
            Node::Text(piece) => View::Text(Text::trusted(self.bytes(piece))),
            Node::Bytes(piece) => View::Bytes(self.bytes(piece)),
            Node::ByteArray(piece) => View::ByteArray(self.bytes(piece)),
            Node::List(items) => View::List(items.len()),
            Node::Tuple { items, .. } => View::Tuple(items.len()),
            Node::Dict(pairs) => View::Dict(pairs.len()),
            Node::Mapping(mapping) => View::Dict(mapping.pairs.len()),
            Node::Set(_) => View::Set,
            Node::FrozenSet(_) => View::Other("frozenset"),
            Node::Deque(_) => View::Deque,
            Node::Global(global) => View::Global(global.known),
            Node::Pending(pending) => View::Pending(pending.0),
            Node::Reduced(_) | Node::Extension(_) | Node::Persistent(_) => View::Inert,
            Node::Data(data) => view_data(data),
        }
    }
}

fn view_data(data: &Data<Id>) -> View<'_> {
    match data {
        Data::DType(dtype, _) => View::DType(dtype.clone()),
        Data::TimeDelta(delta) => View::TimeDelta(*delta),
        Data::TimeZone(..) => View::TimeZone,
        other => View::Other(other.type_name()),
    }
}
