//! Opcodes that make one value out of their argument.

use super::Machine;
use crate::builder::Builder;
use crate::error::Result;
use crate::number::{self, Int, IntOrBool};
use crate::opcode::Op;
use crate::options::{Encoding, Limits};
use crate::text::{self, Text};

impl<'a, B: Builder> Machine<'a, B> {
    #[inline(always)]
    pub(super) fn atom(&mut self, op: Op) -> Result<()> {
        let value = match op {
            Op::None => self.builder.none()?,
            Op::Newtrue => self.builder.bool(true)?,
            Op::Newfalse => self.builder.bool(false)?,
            Op::Binint => {
                let value = self.reader.i32()?;
                self.builder.int(value.into())?
            }
            Op::Binint1 => {
                let value = self.reader.u8()?;
                self.builder.int(value.into())?
            }
            Op::Binint2 => {
                let value = self.reader.u16()?;
                self.builder.int(value.into())?
            }
            Op::Binfloat => {
                let value = self.reader.f64()?;
                self.builder.float(value)?
            }
            Op::ShortBinunicode => {
                let len = self.reader.u8()?;
                self.unicode(len.into())?
            }
            Op::Binunicode => {
                let len = self.reader.u32()?;
                self.unicode(len.into())?
            }
            Op::Binunicode8 => {
                let len = self.reader.u64()?;
                self.unicode(len)?
            }
            Op::ShortBinbytes => {
                let len = self.reader.u8()?;
                self.bytes(len.into())?
            }
            Op::Binbytes => {
                let len = self.reader.u32()?;
                self.bytes(len.into())?
            }
            Op::Binbytes8 => {
                let len = self.reader.u64()?;
                self.bytes(len)?
            }
            Op::Bytearray8 => {
                let len = self.reader.u64()?;
                match self.reader.gap(len) {
                    Some(at) => self.builder.long_bytes(len, at, true)?,
                    None => {
                        let (bytes, at) = self.counted(len)?;
                        self.builder.bytearray(bytes, Some(at))?
                    }
                }
            }
            Op::ShortBinstring => {
                let len = self.reader.u8()?;
                self.binstring(len.into())?
            }
            Op::Binstring => {
                let len = self.reader.count4()?;
                self.binstring(len)?
            }
            Op::Long1 => {
                let len = self.reader.u8()?;
                self.long(len.into())?
            }
            Op::Long4 => {
                let len = self.reader.count4()?;
                self.long(len)?
            }
            _ => self.line(op)?,
        };
        self.push_new(value, 0)
    }

    /// The opcodes of protocol 0, whose arguments are lines.
    fn line(&mut self, op: Op) -> Result<B::Value> {
        let line = self.reader.line()?;
        self.count(line.len())?;
        match op {
            Op::Int => match number::parse_int_line(line, &self.options.limits)? {
                IntOrBool::Bool(value) => self.builder.bool(value),
                IntOrBool::Int(value) => self.int(value),
            },
            Op::Long => {
                let value = number::parse_long_line(line, &self.options.limits)?;
                self.int(value)
            }
            Op::Float => {
                let value = number::parse_float_line(line)?;
                self.builder.float(value)
            }
            Op::Unicode => {
                let decoded = text::decode_raw_unicode_escape(line)?;
                self.builder.text(Text::trusted(&decoded), None)
            }
            // The only one left: STRING.
            _ => {
                let bytes = text::decode_quoted(line)?;
                self.string(&bytes, None)
            }
        }
    }

    /// So many bytes of the input, and where they stand.
    #[inline]
    fn counted(&mut self, len: u64) -> Result<(&'a [u8], usize)> {
        let at = self.reader.position();
        let bytes = self.reader.take(len)?;
        self.count(bytes.len())?;
        Ok((bytes, at))
    }

    #[inline]
    fn count(&mut self, len: usize) -> Result<()> {
        let Some(left) = self.bytes_left.checked_sub(len as u64) else {
            let limit = self.options.limits.max_bytes;
            let what = "bytes of text and data";
            return Err(Limits::exceeded("max_bytes", limit, what));
        };
        self.bytes_left = left;
        Ok(())
    }

    #[inline]
    fn unicode(&mut self, len: u64) -> Result<B::Value> {
        let (bytes, at) = self.counted(len)?;
        self.builder.unchecked_text(bytes, at)
    }

    fn bytes(&mut self, len: u64) -> Result<B::Value> {
        if let Some(at) = self.reader.gap(len) {
            return self.builder.long_bytes(len, at, false);
        }
        let (bytes, at) = self.counted(len)?;
        self.builder.bytes(bytes, Some(at))
    }

    fn binstring(&mut self, len: u64) -> Result<B::Value> {
        let (bytes, at) = self.counted(len)?;
        self.string(bytes, Some(at))
    }

    /// A Python 2 string, by the encoding.
    fn string(&mut self, bytes: &[u8], at: Option<usize>) -> Result<B::Value> {
        match self.options.encoding {
            Encoding::Bytes => self.builder.bytes(bytes, at),
            Encoding::Ascii => {
                text::check_ascii(bytes)?;
                self.builder.text(Text::trusted(bytes), at)
            }
            Encoding::Latin1 if bytes.is_ascii() => self.builder.text(Text::trusted(bytes), at),
            Encoding::Latin1 => {
                let decoded = text::from_latin1(bytes);
                self.builder.text(Text::from(decoded.as_str()), None)
            }
        }
    }

    fn long(&mut self, len: u64) -> Result<B::Value> {
        let (bytes, _) = self.counted(len)?;
        let value = number::parse_long(bytes, &self.options.limits)?;
        self.int(value)
    }

    fn int(&mut self, value: Int) -> Result<B::Value> {
        match value {
            Int::Small(value) => self.builder.int(value),
            Int::Big(value) => self.builder.big_int(value),
        }
    }
}
