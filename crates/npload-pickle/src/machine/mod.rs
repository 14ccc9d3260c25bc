//! The machine: opcodes in, a builder's values out.
//!
//! One loop without recursion. Every opcode checks that its arguments are there, that the stack
//! holds enough above the last MARK, and that what it works on is of its type; lengths are held
//! against the input before anything is allocated, and [`Limits`] bound the rest. A global is a
//! name, and a call is built only by a typed handler (see [`Known`](crate::Known)).

mod call;
mod collect;
mod make;
mod memo;
mod stack;

use memo::Memo;
use stack::{Growth, Stack};

use crate::builder::{Builder, Place, Slot};
use crate::error::{Error, ErrorKind, Result};
use crate::opcode::Op;
use crate::options::{Limits, Options, Work};
use crate::reader::Reader;
use crate::walk::Gap;

/// Runs one pickle on a [`Builder`].
///
/// ```
/// use npload_pickle::{Buffer, Machine, ObjectBuilder, Options};
/// let input = b"\x80\x02K\x2a.garbage";
/// let mut builder = ObjectBuilder::new(Buffer::from(input.to_vec()));
/// let done = Machine::new(input, &Options::new(), &mut builder).run()?;
/// assert_eq!(done.end, 5);                                  // what follows is not read
/// assert_eq!(builder.finish(done.value).to_string(), "42");
/// # Ok::<(), npload_pickle::Error>(())
/// ```
pub struct Machine<'a, B: Builder> {
    reader: Reader<'a>,
    options: &'a Options,
    builder: &'a mut B,
    stack: Stack<B::Value>,
    memo: Memo<B::Value>,
    protocol: u8,
    /// How many more the limits allow.
    opcodes_left: u64,
    objects_left: u64,
    bytes_left: u64,
    buffers: u64,
    work: Work,
    /// How much deeper values became while others may have held them.
    late: u32,
    /// Where the current opcode stands.
    offset: usize,
}

/// What a pickle gave.
#[derive(Clone, Copy, Debug)]
pub struct Finished<V> {
    /// The value that STOP found.
    pub value: V,
    /// Where the input goes on, after STOP.
    pub end: usize,
    /// The protocol that the pickle named; 0 if it named none.
    pub protocol: u8,
}

impl<'a, B: Builder> Machine<'a, B> {
    /// A machine at the start of a pickle.
    pub fn new(input: &'a [u8], options: &'a Options, builder: &'a mut B) -> Self {
        Machine::with_gaps(input, &[], input.len(), options, builder)
    }

    /// A machine that has only a part of the `total` bytes of the input: long bytes may be left out,
    /// and what follows the pickle. A [`Walk`](crate::Walk) finds both. The builder gets the long
    /// ones as [`Builder::long_bytes`]; every place is one in the whole input. A gap that is not just
    /// an opcode's bytes is an error: try it again with all bytes.
    pub fn with_gaps(
        input: &'a [u8],
        gaps: &'a [Gap],
        total: usize,
        options: &'a Options,
        builder: &'a mut B,
    ) -> Self {
        Machine {
            reader: Reader::with_gaps(input, gaps, total),
            options,
            builder,
            stack: Stack::new(),
            memo: Memo::new(),
            protocol: 0,
            opcodes_left: options.limits.max_opcodes,
            objects_left: options.limits.max_objects,
            bytes_left: options.limits.max_bytes,
            buffers: 0,
            work: Work::new(total, &options.limits),
            late: 0,
            offset: 0,
        }
    }

    /// Runs to STOP.
    ///
    /// # Errors
    /// Every [`ErrorKind`], with opcode and byte; whatever the builder refuses.
    pub fn run(mut self) -> Result<Finished<B::Value>> {
        loop {
            self.offset = self.reader.position();
            let Some(code) = self.reader.next() else {
                return Err(Error::new(ErrorKind::Empty, "Ran out of input").at(self.offset, None));
            };
            let Some(op) = Op::from_code(code) else {
                return Err(unknown(code).at(self.offset, None));
            };
            let Some(left) = self.opcodes_left.checked_sub(1) else {
                let limit = self.options.limits.max_opcodes;
                let error = Limits::exceeded("max_opcodes", limit, "opcodes");
                return Err(error.at(self.offset, Some(op)));
            };
            self.opcodes_left = left;
            if op == Op::Stop {
                let value = self.stack.pop().map_err(|e| e.at(self.offset, Some(op)))?;
                return Ok(Finished {
                    value: value.value,
                    end: self.reader.position(),
                    protocol: self.protocol,
                });
            }
            if let Err(error) = self.step(op) {
                return Err(error.at(self.offset, Some(op)));
            }
        }
    }

    // A call for each opcode costs as much as most opcodes do.
    #[inline(always)]
    fn step(&mut self, op: Op) -> Result<()> {
        match op {
            Op::Proto => self.proto(),
            Op::Frame => self.frame(),
            Op::Stop => Ok(()),

            Op::Mark => self.mark(),
            Op::Pop => self.stack.pop_or_unmark(),
            Op::PopMark => {
                let count = self.stack.take_mark()?;
                self.stack.take(count);
                Ok(())
            }
            Op::Dup => {
                let top = self.stack.top_mut()?;
                top.place = top.place.shared();
                let slot = top.clone();
                self.stack.push_slot(slot);
                Ok(())
            }

            Op::Memoize => self.put(self.memo.len()),
            Op::Binput => {
                let index = self.reader.u8()?;
                self.put(index.into())
            }
            Op::LongBinput => {
                let index = self.reader.u32()?;
                self.put(index.into())
            }
            Op::Put => self.put_line(),
            Op::Binget => {
                let index = self.reader.u8()?;
                self.get(index.into())
            }
            Op::LongBinget => {
                let index = self.reader.u32()?;
                self.get(index.into())
            }
            Op::Get => self.get_line(),

            Op::EmptyTuple | Op::Tuple1 | Op::Tuple2 | Op::Tuple3 | Op::Tuple => self.tuple(op),
            Op::EmptyList | Op::List => self.list(op),
            Op::EmptyDict => self.empty_dict(),
            Op::Dict => self.dict(),
            Op::EmptySet => self.empty_set(),
            Op::Frozenset => self.frozenset(),
            Op::Append | Op::Appends => self.append(op),
            Op::Setitem | Op::Setitems => self.set_items(op),
            Op::Additems => self.add_items(),

            Op::Global => self.global(),
            Op::StackGlobal => self.stack_global(),
            Op::Reduce | Op::Newobj => self.reduce(op),
            Op::NewobjEx => self.newobj_ex(),
            Op::Inst => self.inst(),
            Op::Obj => self.obj(),
            Op::Build => self.build(),
            Op::Ext1 | Op::Ext2 | Op::Ext4 => self.extension(op),
            Op::Persid | Op::Binpersid => self.persistent(op),
            Op::NextBuffer => self.next_buffer(),
            Op::ReadonlyBuffer => self.readonly_buffer(),

            _ => self.atom(op),
        }
    }

    /// Puts a value that was just made on the stack.
    #[inline]
    fn push_new(&mut self, value: B::Value, depth: u32) -> Result<()> {
        let Some(left) = self.objects_left.checked_sub(1) else {
            let limit = self.options.limits.max_objects;
            return Err(Limits::exceeded("max_objects", limit, "objects"));
        };
        self.objects_left = left;
        self.stack.push(value, depth);
        Ok(())
    }

    /// The depth of something that holds what is `inside` deep.
    #[inline]
    fn around(&self, inside: u32) -> Result<u32> {
        self.check_depth(inside.saturating_add(1))
    }

    /// After something was put into a value.
    #[inline]
    fn grown(&mut self, growth: Growth) -> Result<()> {
        if self.work.is_brittle && growth.depth > growth.before {
            self.grown_deeper(growth);
        }
        self.check_depth(growth.depth).map(drop)
    }

    /// The memo learns the new depth. What holds the value already does not: so much deeper may all be.
    fn grown_deeper(&mut self, growth: Growth) {
        let mut is_shared = growth.place.is_shared();
        if let Some(entry) = growth
            .place
            .index()
            .and_then(|index| self.memo.get_mut(index))
        {
            is_shared |= entry.place.is_shared();
            entry.depth = entry.depth.max(growth.depth);
        }
        if is_shared {
            let more = growth.depth.saturating_sub(growth.before);
            self.late = self.late.saturating_add(more);
        }
    }

    #[inline]
    fn check_depth(&self, depth: u32) -> Result<u32> {
        let limits = &self.options.limits;
        let is_brittle = self.work.is_brittle;
        if depth > limits.max_nesting
            || is_brittle && depth.saturating_add(self.late) > limits.max_recursion
        {
            return Err(too_deep(limits, is_brittle));
        }
        Ok(depth)
    }

    fn proto(&mut self) -> Result<()> {
        let protocol = self.reader.u8()?;
        if protocol > 5 {
            return Err(Error::new(
                ErrorKind::Argument,
                format!("unsupported pickle protocol: {protocol}; the last one is 5"),
            ));
        }
        self.protocol = protocol;
        Ok(())
    }

    /// A frame promises that so many bytes follow; nothing else in it counts, as in CPython.
    fn frame(&mut self) -> Result<()> {
        let len = self.reader.u64()?;
        let left = self.reader.left();
        if len > left as u64 {
            return Err(Error::new(
                ErrorKind::Truncated,
                format!("pickle data was truncated: a frame of {len} bytes, {left} left"),
            ));
        }
        Ok(())
    }

    #[inline]
    fn mark(&mut self) -> Result<()> {
        let open = self.stack.marks().saturating_add(1);
        self.check_depth(u32::try_from(open).unwrap_or(u32::MAX))?;
        self.stack.mark();
        Ok(())
    }

    #[inline]
    fn put(&mut self, index: u64) -> Result<()> {
        let limit = self.options.limits.max_memo;
        if self.memo.len() >= limit {
            return Err(Limits::exceeded("max_memo", limit, "memo entries"));
        }
        let top = self.stack.top_mut()?;
        let place = match top.place.is_known() {
            true => Place::entry(index).shared(),
            false => Place::entry(index),
        };
        top.place = place;
        // Not a clone of what was just written: reading that as a whole would wait for it.
        let (value, depth) = (top.value.clone(), top.depth);
        self.memo.put(
            index,
            Slot {
                value,
                depth,
                place,
            },
        )
    }

    #[inline]
    fn get(&mut self, index: u64) -> Result<()> {
        match self.memo.get_mut(index) {
            Some(slot) => {
                let (depth, place) = (slot.depth, slot.place.shared());
                slot.place = place;
                let value = slot.value.clone();
                self.stack.push_slot(Slot {
                    value,
                    depth,
                    place,
                });
                Ok(())
            }
            None => Err(missing(&index)),
        }
    }

    fn put_line(&mut self) -> Result<()> {
        let index = crate::number::parse_index_line(self.reader.line()?)?;
        match u64::try_from(index) {
            Ok(index) => self.put(index),
            Err(_) => Err(Error::new(
                ErrorKind::Argument,
                format!("a memo index of {index}, which is negative"),
            )),
        }
    }

    fn get_line(&mut self) -> Result<()> {
        let index = crate::number::parse_index_line(self.reader.line()?)?;
        match u64::try_from(index) {
            Ok(index) => self.get(index),
            Err(_) => Err(missing(&index)),
        }
    }
}

#[cold]
fn too_deep(limits: &Limits, is_brittle: bool) -> Error {
    let (name, limit) = match is_brittle && limits.max_recursion < limits.max_nesting {
        true => ("max_recursion", limits.max_recursion),
        false => ("max_nesting", limits.max_nesting),
    };
    Limits::exceeded(name, limit.into(), "values in each other")
}

#[cold]
fn missing(index: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Memo,
        format!("Memo value not found at index {index}"),
    )
}

#[cold]
pub(crate) fn unknown(code: u8) -> Error {
    Error::new(
        ErrorKind::Opcode,
        format!(
            "invalid load key, '{}': no opcode",
            char::from(code).escape_default()
        ),
    )
}

/// The error of an opcode that found another type than its own.
#[cold]
fn wrong_type(expected: &str, found: &str) -> Error {
    Error::new(
        ErrorKind::Type,
        format!("{expected} expected, {found} found"),
    )
}
