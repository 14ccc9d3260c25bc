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
}

#[derive(Clone, Copy, Debug)]
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
    /// Keeps what the machine tells.
    pub(crate) fn with_notes(mut self) -> Self {
        self.notes = Some(Vec::new());
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
        notes.push(Noted { offset, op, what });
    }

    /// Says of the call that was just noted that its arguments are not the known callable's.
    pub(super) fn note_mismatch(&mut self, callable: Id) {
        if let Some(last) = self.notes.as_mut().and_then(|notes| notes.last_mut()) {
            last.what = What::Mismatch(callable);
        }
    }
}
