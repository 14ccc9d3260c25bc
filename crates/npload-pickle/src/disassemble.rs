//! Opcodes as `pickletools.dis` lists them. Nothing is run; hostile input gives an error where it
//! stops making sense.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use num_bigint::BigInt;

use crate::error::{Error, ErrorKind, Result};
use crate::number::{self, Int, IntOrBool};
use crate::object::float_text;
use crate::opcode::{Argument as Kind, Op};
use crate::options::Limits;
use crate::reader::Reader;
use crate::text::{self, Text, write_bytes};

/// The opcodes of a pickle, to STOP.
///
/// ```
/// let lines: Result<Vec<_>, _> = npload_pickle::disassemble(b"\x80\x02(K\x01K\x02tq\x00.")
///     .map(|instruction| instruction.map(|i| i.to_string()))
///     .collect();
/// assert_eq!(lines?, [
///     r"    0: \x80 PROTO      2",
///     r"    2: (    MARK",
///     r"    3: K        BININT1    1",
///     r"    5: K        BININT1    2",
///     r"    7: t        TUPLE      (MARK at 2)",
///     r"    8: q    BINPUT     0",
///     r"   10: .    STOP",
/// ]);
/// # Ok::<(), npload_pickle::Error>(())
/// ```
#[must_use]
pub fn disassemble(input: &[u8]) -> Disassembly<'_> {
    disassemble_at(input, 0)
}

/// The opcodes of the pickle that starts at a byte of the input, with offsets in all of it.
///
/// ```
/// let line = npload_pickle::disassemble_at(b"..N.", 2).next().unwrap()?.to_string();
/// assert_eq!(line, "    2: N    NONE");
/// # Ok::<(), npload_pickle::Error>(())
/// ```
#[must_use]
pub fn disassemble_at(input: &[u8], start: usize) -> Disassembly<'_> {
    Disassembly {
        reader: Reader::at(input, start),
        done: false,
        marks: Vec::new(),
        above: 0,
        memo: HashSet::new(),
        highest: 0,
    }
}

/// See [`disassemble`].
#[derive(Debug)]
pub struct Disassembly<'a> {
    reader: Reader<'a>,
    done: bool,
    /// Where the open MARKs stand, and how many values were above the one before.
    marks: Vec<(usize, usize)>,
    /// How many values are above the last MARK, as far as the opcodes tell.
    above: usize,
    memo: HashSet<u64>,
    highest: u8,
}

/// One opcode; prints as `pickletools.dis` does.
#[derive(Clone, Debug, PartialEq)]
pub struct Instruction<'a> {
    /// Where it stands.
    pub offset: usize,
    /// What it is.
    pub op: Op,
    /// Its argument.
    pub argument: Argument<'a>,
    /// How many MARKs are open before it.
    pub depth: usize,
    /// Where the MARK stands that it takes away.
    pub mark: Option<usize>,
    /// The index at which MEMOIZE puts.
    pub memo: Option<u64>,
}

/// An opcode's argument; prints as Python's `repr`.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument<'a> {
    /// None.
    Nothing,
    /// A bool: INT's `00` and `01`.
    Bool(bool),
    /// A number that fits.
    Int(i64),
    /// A length or index.
    UInt(u64),
    /// Any other number.
    BigInt(BigInt),
    /// A float.
    Float(f64),
    /// A text as [`Text::as_bytes`] has it; of Python 2 strings, the bytes as Latin-1.
    Text(Cow<'a, [u8]>),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A bytearray.
    ByteArray(&'a [u8]),
}

impl<'a> Disassembly<'a> {
    /// The highest protocol among the opcodes so far.
    #[must_use]
    pub fn highest_protocol(&self) -> u8 {
        self.highest
    }

    /// Where the pickle goes on: behind STOP, once that was listed.
    #[must_use]
    pub fn position(&self) -> usize {
        self.reader.position()
    }

    /// The next opcode, whatever stands on the stack; nothing behind STOP or where it cannot be read.
    pub(crate) fn next_opcode(&mut self) -> Option<(usize, Op, Argument<'a>)> {
        if self.done {
            return None;
        }
        let offset = self.reader.position();
        let op = Op::from_code(self.reader.next()?)?;
        self.done = op == Op::Stop;
        Some((offset, op, self.argument(op).ok()?))
    }

    fn instruction(&mut self, offset: usize, op: Op) -> Result<Instruction<'a>> {
        let argument = self.argument(op)?;
        let depth = self.marks.len();
        let takes_mark = op.takes_mark() || (op == Op::Pop && self.above == 0 && depth > 0);
        let mut mark = None;
        if takes_mark {
            let Some((at, above)) = self.marks.pop() else {
                return Err(Error::new(ErrorKind::Stack, "no MARK exists on stack"));
            };
            mark = Some(at);
            self.above = above;
        }
        let memo = (op == Op::Memoize).then_some(self.memo.len() as u64);
        let put = match (op, &argument) {
            (Op::Put, Argument::Int(index)) => u64::try_from(*index).ok(),
            (Op::Binput | Op::LongBinput, Argument::UInt(index)) => Some(*index),
            _ => memo,
        };
        self.memo.extend(put);
        if op == Op::Mark {
            self.marks.push((offset, self.above));
            self.above = 0;
        } else {
            let (pops, pushes) = op.effect();
            let pops = if takes_mark && op == Op::Pop { 0 } else { pops };
            self.above = self.above.saturating_sub(pops).saturating_add(pushes);
        }
        self.highest = self.highest.max(op.protocol());
        Ok(Instruction {
            offset,
            op,
            argument,
            depth,
            mark,
            memo,
        })
    }

    fn argument(&mut self, op: Op) -> Result<Argument<'a>> {
        let reader = &mut self.reader;
        let limits = Limits::default();
        let latin1 = |bytes: &[u8]| Argument::Text(text::from_latin1(bytes).into_bytes().into());
        let int = |int| match int {
            Int::Small(value) => Argument::Int(value),
            Int::Big(value) => Argument::BigInt(value),
        };
        let unicode = |bytes: &'a [u8]| -> Result<Argument<'a>> {
            Text::parse(bytes)?;
            Ok(Argument::Text(bytes.into()))
        };
        Ok(match op.argument() {
            Kind::Nothing => Argument::Nothing,
            Kind::UInt1 => Argument::UInt(reader.u8()?.into()),
            Kind::UInt2 => Argument::UInt(reader.u16()?.into()),
            Kind::UInt4 => Argument::UInt(reader.u32()?.into()),
            Kind::UInt8 => Argument::UInt(reader.u64()?),
            Kind::Int4 => Argument::Int(reader.i32()?.into()),
            Kind::Float8 => Argument::Float(reader.f64()?),
            Kind::DecimalLine => match number::parse_int_line(reader.line()?, &limits)? {
                IntOrBool::Bool(value) => Argument::Bool(value),
                IntOrBool::Int(value) => int(value),
            },
            Kind::LongLine => int(number::parse_long_line(reader.line()?, &limits)?),
            Kind::FloatLine => Argument::Float(number::parse_float_line(reader.line()?)?),
            Kind::QuotedLine => latin1(&text::decode_quoted(reader.line()?)?),
            Kind::Line => latin1(&text::decode_escapes(reader.line()?)?),
            Kind::LinePair => {
                let mut pair = text::decode_escapes(reader.line()?)?;
                pair.push(b' ');
                pair.extend(text::decode_escapes(reader.line()?)?);
                latin1(&pair)
            }
            Kind::UnicodeLine => {
                Argument::Text(text::decode_raw_unicode_escape(reader.line()?)?.into())
            }
            Kind::Long1 => {
                let len = reader.u8()?.into();
                int(number::parse_long(reader.take(len)?, &limits)?)
            }
            Kind::Long4 => {
                let len = reader.count4()?;
                int(number::parse_long(reader.take(len)?, &limits)?)
            }
            Kind::String1 => {
                let len = reader.u8()?.into();
                latin1(reader.take(len)?)
            }
            Kind::String4 => {
                let len = reader.count4()?;
                latin1(reader.take(len)?)
            }
            Kind::Bytes1 => {
                let len = reader.u8()?.into();
                Argument::Bytes(reader.take(len)?)
            }
            Kind::Bytes4 => {
                let len = reader.u32()?.into();
                Argument::Bytes(reader.take(len)?)
            }
            Kind::Bytes8 => {
                let len = reader.u64()?;
                Argument::Bytes(reader.take(len)?)
            }
            Kind::ByteArray8 => {
                let len = reader.u64()?;
                Argument::ByteArray(reader.take(len)?)
            }
            Kind::Unicode1 => {
                let len = reader.u8()?.into();
                unicode(reader.take(len)?)?
            }
            Kind::Unicode4 => {
                let len = reader.u32()?.into();
                unicode(reader.take(len)?)?
            }
            Kind::Unicode8 => {
                let len = reader.u64()?;
                unicode(reader.take(len)?)?
            }
        })
    }
}

impl<'a> Iterator for Disassembly<'a> {
    type Item = Result<Instruction<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let offset = self.reader.position();
        let op = match self.reader.next().map(|code| (code, Op::from_code(code))) {
            Some((_, Some(op))) => op,
            Some((code, None)) => {
                self.done = true;
                return Some(Err(crate::machine::unknown(code).at(offset, None)));
            }
            None => {
                self.done = true;
                let error = Error::new(ErrorKind::Empty, "pickle exhausted before seeing STOP");
                return Some(Err(error.at(offset, None)));
            }
        };
        let instruction = self.instruction(offset, op);
        self.done = op == Op::Stop || instruction.is_err();
        Some(instruction.map_err(|error| error.at(offset, Some(op))))
    }
}

impl fmt::Display for Instruction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = char::from(self.op.code());
        let code = match code {
            ' '..='~' => code.to_string(),
            _ => format!("\\x{:02x}", self.op.code()),
        };
        let indent = self.depth.saturating_mul(4);
        let name = self.op.name();
        write!(f, "{:5}: {code:<4} {:indent$}", self.offset, "")?;
        let mark = self.mark.map(|at| format!(" (MARK at {at})"));
        let memo = self.memo.map(|index| format!(" (as {index})"));
        let note = mark.or(memo).unwrap_or_default();
        match &self.argument {
            Argument::Nothing if note.is_empty() => f.write_str(name),
            Argument::Nothing => write!(f, "{name:<10}{note}"),
            argument => write!(f, "{name:<10} {argument}{note}"),
        }
    }
}

impl fmt::Display for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Argument::Nothing => Ok(()),
            Argument::Bool(true) => f.write_str("True"),
            Argument::Bool(false) => f.write_str("False"),
            Argument::Int(value) => write!(f, "{value}"),
            Argument::UInt(value) => write!(f, "{value}"),
            // Python prints no more digits than 4300 either: it takes quadratic time.
            Argument::BigInt(value) if value.bits() > 14_284 => {
                write!(f, "<int of {} bits>", value.bits())
            }
            Argument::BigInt(value) => write!(f, "{value}"),
            Argument::Float(value) => f.write_str(&float_text(*value)),
            Argument::Text(text) => write!(f, "{}", Text::trusted(text)),
            Argument::Bytes(bytes) => write_bytes(f, bytes),
            Argument::ByteArray(bytes) => {
                f.write_str("bytearray(")?;
                write_bytes(f, bytes)?;
                f.write_str(")")
            }
        }
    }
}
