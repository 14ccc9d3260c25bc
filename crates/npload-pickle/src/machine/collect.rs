//! Opcodes that make containers and put values into them.

use super::{Machine, wrong_type};
use crate::builder::{Builder, View};
use crate::error::{Error, ErrorKind, Result};
use crate::opcode::Op;

impl<B: Builder> Machine<'_, B> {
    #[inline]
    pub(super) fn tuple(&mut self, op: Op) -> Result<()> {
        let count = match op {
            Op::EmptyTuple => 0,
            Op::Tuple1 => 1,
            Op::Tuple2 => 2,
            Op::Tuple3 => 3,
            _ => self.stack.take_mark()?,
        };
        self.stack.need(count)?;
        let (inside, items) = self.stack.take(count);
        let value = self.builder.tuple(items)?;
        let depth = self.around(inside)?;
        self.push_new(value, depth)
    }

    #[inline]
    pub(super) fn list(&mut self, op: Op) -> Result<()> {
        let count = match op {
            Op::EmptyList => 0,
            _ => self.stack.take_mark()?,
        };
        let (inside, items) = self.stack.take(count);
        let value = self.builder.list(items)?;
        let depth = self.around(inside)?;
        self.push_new(value, depth)
    }

    #[inline]
    pub(super) fn empty_dict(&mut self) -> Result<()> {
        let value = self.builder.dict()?;
        self.push_new(value, 1)
    }

    pub(super) fn dict(&mut self) -> Result<()> {
        let count = self.stack.take_mark()?;
        self.check_pairs(count)?;
        self.hash(count, 2)?;
        let value = self.builder.dict()?;
        let (inside, items) = self.stack.take(count);
        self.builder.set_items(&value, items)?;
        let depth = self.around(inside)?;
        self.push_new(value, depth)
    }

    pub(super) fn empty_set(&mut self) -> Result<()> {
        let value = self.builder.set()?;
        self.push_new(value, 1)
    }

    pub(super) fn frozenset(&mut self) -> Result<()> {
        let count = self.stack.take_mark()?;
        self.hash(count, 1)?;
        let (inside, items) = self.stack.take(count);
        let value = self.builder.frozenset(items)?;
        let depth = self.around(inside)?;
        self.push_new(value, depth)
    }

    #[inline]
    pub(super) fn append(&mut self, op: Op) -> Result<()> {
        let count = match op {
            Op::Append => 1,
            _ => self.stack.take_mark()?,
        };
        let (target, growth, items) = self.stack.target(count)?;
        match self.builder.view(&target) {
            View::List(_) | View::Deque | View::Inert => {}
            other => return Err(wrong_type("a list", other.type_name())),
        }
        self.builder.append(&target, items)?;
        self.grown(growth)
    }

    #[inline]
    pub(super) fn set_items(&mut self, op: Op) -> Result<()> {
        let count = match op {
            Op::Setitem => 2,
            _ => self.stack.take_mark()?,
        };
        self.check_pairs(count)?;
        self.hash(count, 2)?;
        let (target, growth, items) = self.stack.target(count)?;
        match self.builder.view(&target) {
            View::Dict(_) | View::Inert => {}
            other => return Err(wrong_type("a dict", other.type_name())),
        }
        self.builder.set_items(&target, items)?;
        self.grown(growth)
    }

    pub(super) fn add_items(&mut self) -> Result<()> {
        let count = self.stack.take_mark()?;
        self.hash(count, 1)?;
        let (target, growth, items) = self.stack.target(count)?;
        match self.builder.view(&target) {
            View::Set | View::Inert => {}
            other => return Err(wrong_type("a set", other.type_name())),
        }
        self.builder.add(&target, items)?;
        self.grown(growth)
    }

    /// Charges what hashing costs: of the top `count` values, each `step`th from the first.
    #[inline]
    fn hash(&mut self, count: usize, step: usize) -> Result<()> {
        for slot in self.stack.peek(count).iter().step_by(step) {
            self.work
                .charge_hashing(self.builder.hashing(&slot.value))?;
        }
        Ok(())
    }

    #[inline]
    fn check_pairs(&self, count: usize) -> Result<()> {
        if !count.is_multiple_of(2) {
            return Err(Error::new(
                ErrorKind::Stack,
                format!("odd number of items: {count} above the MARK"),
            ));
        }
        Ok(())
    }
}
