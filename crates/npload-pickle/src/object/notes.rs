//! What the machine told a builder, kept for [`scan`](crate::scan()).

use super::Objects;
use super::build::ObjectBuilder;
use super::node::{Id, Node};
use crate::builder::Note;
use crate::error::Result;
use crate::opcode::Op;

/// A [`Note`] that outlives what it speaks of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noted {
    pub(crate) offset: usize,
    pub(crate) op: Op,
    pub(crate) what: What,
    /// How many there are in a row, of which this is the first.
    pub(crate) count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum What {
    /// The global that is made next.
    Global(Id),
    Call(Id),
    /// A known callable with other arguments than its own.
    Mismatch(Id),
    Build(Id),
    Extension(i64),
    PersistentId(Id),
    Buffer,
}

impl ObjectBuilder {
    /// Keeps what the machine tells; the same in a row once, if it is to be `joined`.
    pub(crate) fn with_notes(mut self, joined: bool) -> Self {
        self.notes = Some(Vec::new());
        self.joins_notes = joined;
        self
    }

    /// The notes, and the objects so far.
    pub(crate) fn into_notes(mut self) -> Result<(Vec<Noted>, Objects)> {
        let notes = self.notes.take().unwrap_or_default();
        let root = self.push(Node::None)?;
        let store = self.store;
        Ok((notes, Objects { store, root }))
    }

    #[inline]
    pub(super) fn take_note(&mut self, offset: usize, op: Op, note: Note<'_, Id>) {
        let Some(notes) = &mut self.notes else {
            return;
        };
        let what = match note {
            Note::Global(_) => match Id::from_index(self.store.nodes.len()) {
                Ok(id) => What::Global(id),
                Err(_) => return, // the global itself will be refused
            },
            Note::Call(call) => What::Call(call.callable),
            Note::Build(target) => What::Build(*target),
            Note::Extension(code) => What::Extension(code),
            Note::PersistentId(id) => What::PersistentId(*id),
            Note::Buffer => What::Buffer,
        };
        // Of a call it may be said later that it is none of those before it.
        let joins = self.joins_notes && !matches!(what, What::Call(_));
        if let Some(last) = notes.last_mut().filter(|_| joins)
            && (last.op, last.what) == (op, what)
        {
            last.count = last.count.saturating_add(1);
            return;
        }
        notes.push(Noted {
            offset,
            op,
            what,
            count: 1,
        });
    }

    /// Says of the call that was just noted that its arguments are not the known callable's.
    pub(super) fn note_mismatch(&mut self, callable: Id) {
        if let Some(last) = self.notes.as_mut().and_then(|notes| notes.last_mut()) {
            last.what = What::Mismatch(callable);
        }
    }
}
