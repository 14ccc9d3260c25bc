//! Handlers of `builtins` and `_codecs`.

use super::look::Look;
use super::{Checked, Known, Mismatch, count};
use crate::builder::{Builder, View};
use crate::data::Data;
use crate::options::Work;

/// Bits of the ints of a range or a slice: their hashes, and a range's length, are computed each time.
const MAX_BITS: u64 = 1024;

/// `complex(float, float)`.
pub(super) fn complex<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    let part = |at| builder.as_float(&builder.item(args, at)?);
    match (count(builder, args), part(0), part(1)) {
        (2, Some(real), Some(imaginary)) => Ok(builder.construct(Data::Complex(real, imaginary))?),
        _ => Err(Mismatch::Schema("two floats")),
    }
}

/// `bytes()`: how protocols below 3 write empty bytes.
pub(super) fn bytes<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    match count(builder, args) {
        0 => Ok(builder.bytes(&[], None)?),
        _ => Err(Mismatch::Schema("no arguments")),
    }
}

/// `bytearray()`, `bytearray(bytes)`, and Python 2's `bytearray(text, 'latin-1')`.
pub(super) fn bytearray<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("bytes, or a text and 'latin-1'");
    let argument = |at| builder.item(args, at).ok_or(SCHEMA);
    match count(builder, args) {
        0 => Ok(builder.bytearray(&[], None)?),
        1 => {
            let bytes = argument(0)?;
            match builder.view(&bytes) {
                View::Bytes(_) | View::LongBytes { mutable: false, .. } => {
                    Ok(builder.construct(Data::ByteArray(bytes))?)
                }
                _ => Err(SCHEMA),
            }
        }
        2 => {
            let bytes = latin1(builder, args)?;
            Ok(builder.construct(Data::ByteArray(bytes))?)
        }
        _ => Err(SCHEMA),
    }
}

/// `_codecs.encode(text, 'latin1')`: how protocols below 3 write bytes.
pub(super) fn encode<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    match count(builder, args) {
        2 => latin1(builder, args),
        _ => Err(Mismatch::Schema("a text and 'latin1'")),
    }
}

fn latin1<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("a text of characters below U+0100 and 'latin1'");
    let text = builder.item(args, 0).ok_or(SCHEMA)?;
    let codec = builder.item(args, 1).ok_or(SCHEMA)?;
    if !matches!(builder.view(&text), View::Text(_) | View::LongText(_))
        || !matches!(builder.as_str(&codec), Some("latin1" | "latin-1"))
    {
        return Err(SCHEMA);
    }
    builder.latin1(&text)?.ok_or(SCHEMA)
}

/// `set(list)` and `frozenset(list)`.
pub(super) fn set<B: Builder>(
    builder: &mut B,
    work: &mut Work,
    known: Known,
    args: &B::Value,
) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("a list or a tuple");
    let items = builder.item(args, 0).ok_or(SCHEMA)?;
    let len = builder.sequence(&items).ok_or(SCHEMA)?;
    if count(builder, args) != 1 {
        return Err(SCHEMA);
    }
    for at in 0..len {
        let item = builder.item(&items, at).ok_or(SCHEMA)?;
        work.charge_hashing(builder.hashing(&item))?;
    }
    Ok(builder.construct(match known {
        Known::Set => Data::Set(items),
        _ => Data::FrozenSet(items),
    })?)
}

/// `range(start, stop, step)`.
pub(super) fn range<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("three ints of at most 1024 bits, the last not 0");
    let [start, stop, step] = three(builder, args).ok_or(SCHEMA)?;
    let int = |value| match builder.view(value) {
        View::Int(_) => true,
        View::BigInt(bits) => bits <= MAX_BITS,
        _ => false,
    };
    let ints = int(&start) && int(&stop) && int(&step);
    if !ints || builder.as_int(&step) == Some(0) {
        return Err(SCHEMA);
    }
    Ok(builder.construct(Data::Range(start, stop, step))?)
}

/// `slice(start, stop, step)` of simple values: newer Pythons hash slices by what they hold.
pub(super) fn slice<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("three numbers, texts or None");
    let [start, stop, step] = three(builder, args).ok_or(SCHEMA)?;
    let simple = |value| {
        matches!(
            builder.view(value),
            View::None
                | View::Bool(_)
                | View::Int(_)
                | View::BigInt(..=MAX_BITS)
                | View::Float(_)
                | View::Text(_)
                | View::LongText(_)
                | View::Bytes(_)
        )
    };
    if !simple(&start) || !simple(&stop) || !simple(&step) {
        return Err(SCHEMA);
    }
    Ok(builder.construct(Data::Slice(start, stop, step))?)
}

fn three<B: Builder>(builder: &B, args: &B::Value) -> Option<[B::Value; 3]> {
    if count(builder, args) != 3 {
        return None;
    }
    Some([
        builder.item(args, 0)?,
        builder.item(args, 1)?,
        builder.item(args, 2)?,
    ])
}
