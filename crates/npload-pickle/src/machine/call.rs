//! Opcodes that name globals, call them and set states: here nothing but names and arguments.

use super::stack::Growth;
use super::{Machine, wrong_type};
use crate::builder::{Builder, Call, Global, Note, Slot, View};
use crate::compat::fix_import;
use crate::construct::{self, Known};
use crate::error::{Error, ErrorKind, Result};
use crate::opcode::Op;
use crate::text::Text;

impl<B: Builder> Machine<'_, B> {
    pub(super) fn global(&mut self) -> Result<()> {
        let module = name(self.reader.line()?)?;
        let name = name(self.reader.line()?)?;
        let value = self.find(Op::Global, module, name)?;
        self.push_new(value, 0)
    }

    pub(super) fn stack_global(&mut self) -> Result<()> {
        let name = self.stack.pop()?.value;
        let module = self.stack.pop()?.value;
        let text = |value| match self.builder.view(value) {
            View::Text(text) => text
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| surrogates(text)),
            other => Err(wrong_type("a str", other.type_name())),
        };
        let (module, name) = (text(&module)?, text(&name)?);
        let value = self.find(Op::StackGlobal, &module, &name)?;
        self.push_new(value, 0)
    }

    fn find(&mut self, op: Op, module: &str, name: &str) -> Result<B::Value> {
        let (module, name) = if self.protocol < 3 && self.options.fix_imports {
            fix_import(module, name)
        } else {
            (module, name)
        };
        let global = Global {
            module,
            name,
            known: Known::find(module, name),
            offset: self.offset,
        };
        self.builder.note(self.offset, op, Note::Global(&global));
        self.builder.global(&global)
    }

    /// REDUCE and NEWOBJ: a callable and a tuple.
    pub(super) fn reduce(&mut self, op: Op) -> Result<()> {
        let args = self.stack.pop()?;
        let callable = self.stack.pop()?;
        self.call(op, callable, args, None)
    }

    pub(super) fn newobj_ex(&mut self) -> Result<()> {
        let kwargs = self.stack.pop()?;
        let args = self.stack.pop()?;
        let callable = self.stack.pop()?;
        match self.builder.view(&kwargs.value) {
            View::Dict(_) => self.call(Op::NewobjEx, callable, args, Some(kwargs)),
            other => Err(wrong_type("a dict of keywords", other.type_name())),
        }
    }

    pub(super) fn inst(&mut self) -> Result<()> {
        let module = name(self.reader.line()?)?;
        let name = name(self.reader.line()?)?;
        let count = self.stack.take_mark()?;
        let callable = self.find(Op::Inst, module, name)?;
        let (depth, items) = self.stack.take(count);
        let value = self.builder.tuple(items)?;
        let callable = Slot::new(callable, 0);
        self.call(Op::Inst, callable, Slot::new(value, depth), None)
    }

    pub(super) fn obj(&mut self) -> Result<()> {
        let count = self.stack.take_mark()?;
        let Some(callable) = self.stack.take_deepest(count) else {
            return Err(Error::new(
                ErrorKind::Stack,
                "no class above the MARK: 0 values",
            ));
        };
        let (depth, items) = self.stack.take(count.saturating_sub(1));
        let value = self.builder.tuple(items)?;
        self.call(Op::Obj, callable, Slot::new(value, depth), None)
    }

    fn call(
        &mut self,
        op: Op,
        callable: Slot<B::Value>,
        args: Slot<B::Value>,
        kwargs: Option<Slot<B::Value>>,
    ) -> Result<()> {
        match self.builder.view(&args.value) {
            View::Tuple(_) => {}
            other => return Err(wrong_type("a tuple of arguments", other.type_name())),
        }
        let inside = kwargs.as_ref().map_or(0, |slot| slot.depth);
        let depth = self.around(inside.max(args.depth).max(callable.depth))?;
        let call = Call {
            op,
            offset: self.offset,
            callable: callable.value,
            args: args.value,
            kwargs: kwargs.map(|slot| slot.value),
        };
        self.builder.note(self.offset, op, Note::Call(&call));
        let value = construct::call(self.builder, &mut self.work, call)?;
        self.push_new(value, depth)
    }

    pub(super) fn build(&mut self) -> Result<()> {
        self.stack.need(2)?;
        let state = self.stack.pop()?;
        let target = self.stack.top_mut()?;
        let growth = Growth::of(target, state.depth);
        let value = target.value.clone();
        self.grown(growth)?;
        self.builder
            .note(self.offset, Op::Build, Note::Build(&value));
        construct::build(self.builder, &mut self.work, &value, state.value)?;
        let behind = self.builder.bytes_behind(&value, self.reader.rest())?;
        self.reader.take(behind as u64).map(drop)
    }

    pub(super) fn extension(&mut self, op: Op) -> Result<()> {
        let code = match op {
            Op::Ext1 => self.reader.u8()?.into(),
            Op::Ext2 => self.reader.u16()?.into(),
            _ => self.reader.i32()?.into(),
        };
        if code <= 0 {
            return Err(Error::new(
                ErrorKind::Extension,
                format!("extension code {code}, and codes begin at 1"),
            ));
        }
        self.builder.note(self.offset, op, Note::Extension(code));
        match self.builder.extension(code)? {
            Some(value) => self.push_new(value, 0),
            None => Err(Error::new(
                ErrorKind::Extension,
                format!("unregistered extension code {code}: only the program that wrote it knows"),
            )),
        }
    }

    pub(super) fn persistent(&mut self, op: Op) -> Result<()> {
        let id = match op {
            Op::Persid => {
                let line = self.reader.line()?;
                if !line.is_ascii() {
                    return Err(Error::new(
                        ErrorKind::PersistentId,
                        "persistent IDs in protocol 0 must be ASCII strings",
                    ));
                }
                let value = self.builder.text(Text::trusted(line), None)?;
                Slot::new(value, 0)
            }
            _ => self.stack.pop()?,
        };
        self.builder
            .note(self.offset, op, Note::PersistentId(&id.value));
        match self.builder.persistent(&id.value)? {
            Some(value) => {
                let depth = self.around(id.depth)?;
                self.push_new(value, depth)
            }
            None => Err(Error::new(
                ErrorKind::PersistentId,
                "unsupported persistent id encountered: only the program that wrote it knows",
            )),
        }
    }

    pub(super) fn next_buffer(&mut self) -> Result<()> {
        let index = self.buffers;
        self.builder.note(self.offset, Op::NextBuffer, Note::Buffer);
        let Some(value) = self.builder.buffer(index)? else {
            return Err(Error::new(
                ErrorKind::Buffer,
                format!("out-of-band buffer {index}, and {index} were given"),
            ));
        };
        self.buffers = self.buffers.saturating_add(1);
        self.push_new(value, 0)
    }

    pub(super) fn readonly_buffer(&mut self) -> Result<()> {
        let top = self.stack.top()?.value.clone();
        match self.builder.view(&top) {
            View::Bytes(_) | View::ByteArray(_) | View::LongBytes { .. } => {}
            other => return Err(wrong_type("a buffer", other.type_name())),
        }
        self.stack.top_mut()?.value = self.builder.readonly(&top)?;
        Ok(())
    }
}

/// A line that names a module or a global: UTF-8.
fn name(line: &[u8]) -> Result<&str> {
    let text = Text::parse(line)?;
    text.as_str().ok_or_else(|| surrogates(text))
}

#[cold]
fn surrogates(text: Text<'_>) -> Error {
    Error::new(
        ErrorKind::Encoding,
        format!("{text} is no name of a global: it holds lone surrogates"),
    )
}
