//! The stack and its MARKs. No opcode reaches below the last MARK, as in CPython.

use crate::builder::{Items, Place, Slot};
use crate::error::{Error, ErrorKind, Result};

pub(super) struct Stack<V> {
    slots: Vec<Slot<V>>,
    marks: Vec<usize>,
    /// Where the last MARK stands; 0 without one.
    fence: usize,
}

impl<V: Clone> Stack<V> {
    pub(super) fn new() -> Self {
        Stack {
            slots: Vec::with_capacity(64),
            marks: Vec::new(),
            fence: 0,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, value: V, depth: u32) {
        self.slots.push(Slot::new(value, depth));
    }

    /// A value that is known elsewhere, too.
    #[inline]
    pub(super) fn push_slot(&mut self, slot: Slot<V>) {
        self.slots.push(slot);
    }

    #[inline]
    pub(super) fn mark(&mut self) {
        self.fence = self.slots.len();
        self.marks.push(self.fence);
    }

    pub(super) fn marks(&self) -> usize {
        self.marks.len()
    }

    /// How many values there are above the last MARK.
    #[inline]
    fn above(&self) -> usize {
        self.slots.len().saturating_sub(self.fence)
    }

    #[inline]
    pub(super) fn need(&self, needed: usize) -> Result<()> {
        if self.above() < needed {
            return Err(self.underflow(needed));
        }
        Ok(())
    }

    #[cold]
    fn underflow(&self, needed: usize) -> Error {
        let (above, s) = (self.above(), if self.above() == 1 { "" } else { "s" });
        let are = if needed == 1 { "is" } else { "are" };
        let mark = if self.marks.is_empty() {
            ""
        } else {
            " above the last MARK"
        };
        Error::new(
            ErrorKind::Stack,
            format!("the stack holds {above} value{s}{mark}, and {needed} {are} needed"),
        )
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Result<Slot<V>> {
        self.need(1)?;
        self.slots.pop().ok_or_else(|| self.underflow(1))
    }

    #[inline]
    pub(super) fn top(&self) -> Result<&Slot<V>> {
        match self.slots.last() {
            Some(slot) if self.above() > 0 => Ok(slot),
            _ => Err(self.underflow(1)),
        }
    }

    #[inline]
    pub(super) fn top_mut(&mut self) -> Result<&mut Slot<V>> {
        self.need(1)?;
        let empty = || Error::new(ErrorKind::Stack, "the stack is empty");
        self.slots.last_mut().ok_or_else(empty)
    }

    /// POP: the top value, or the last MARK if nothing is above it.
    pub(super) fn pop_or_unmark(&mut self) -> Result<()> {
        if self.above() == 0 && !self.marks.is_empty() {
            self.unmark();
            return Ok(());
        }
        self.pop().map(drop)
    }

    /// Takes the last MARK away; its values are now above the one before. Says how many they are.
    #[inline]
    pub(super) fn take_mark(&mut self) -> Result<usize> {
        if self.marks.is_empty() {
            return Err(Error::new(ErrorKind::Stack, "could not find MARK"));
        }
        let count = self.above();
        self.unmark();
        Ok(count)
    }

    #[inline]
    fn unmark(&mut self) {
        self.marks.pop();
        self.fence = self.marks.last().copied().unwrap_or_default();
    }

    /// The top `count` values, where they are.
    #[inline]
    pub(super) fn peek(&self, count: usize) -> &[Slot<V>] {
        let from = self.slots.len().saturating_sub(count);
        self.slots.get(from..).unwrap_or_default()
    }

    /// The top `count` values, and how deep the deepest of them is.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> (u32, Items<'_, V>) {
        let from = self.slots.len().saturating_sub(count);
        let items = self.slots.get(from..).unwrap_or_default();
        let depth = items
            .iter()
            .map(|slot| slot.depth)
            .max()
            .unwrap_or_default();
        (depth, Items::new(&mut self.slots, from))
    }

    /// The lowest of the top `count` values.
    pub(super) fn take_deepest(&mut self, count: usize) -> Option<Slot<V>> {
        let at = self.slots.len().saturating_sub(count);
        (at < self.slots.len()).then(|| self.slots.remove(at))
    }

    /// The value under the top `count` ones, where it is known, how deep it was and is, and these values.
    #[inline]
    pub(super) fn target(&mut self, count: usize) -> Result<(V, Growth, Items<'_, V>)> {
        self.need(count.saturating_add(1))?;
        let at = self.slots.len().saturating_sub(count).saturating_sub(1);
        let [target, items @ ..] = self.slots.get_mut(at..).unwrap_or_default() else {
            return Err(self.underflow(1));
        };
        let inside = items
            .iter()
            .map(|slot| slot.depth)
            .max()
            .unwrap_or_default();
        let growth = Growth::of(target, inside);
        let value = target.value.clone();
        let items = Items::new(&mut self.slots, at.saturating_add(1));
        Ok((value, growth, items))
    }
}

/// How deep a value is to which something was added.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    pub(super) before: u32,
    pub(super) depth: u32,
    pub(super) place: Place,
}

impl Growth {
    /// Of a value that now holds what is `inside` deep.
    #[inline]
    pub(super) fn of<V>(target: &mut Slot<V>, inside: u32) -> Growth {
        let before = target.depth;
        target.depth = before.max(inside.saturating_add(1));
        Growth {
            before,
            depth: target.depth,
            place: target.place,
        }
    }
}
