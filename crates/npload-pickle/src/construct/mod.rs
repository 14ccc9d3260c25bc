//! What is built: exact pairs of module and name, each with a handler that checks its arguments
//! against a schema before anything is made. Everything else goes to [`Builder::call`].
//!
//! No handler calls anything, looks up a codec, iterates a range or trusts a length.

mod builtin;
mod collections;
mod dtype;
mod known;
mod look;
mod ndarray;
mod number;
mod time;

pub use known::Known;

use crate::builder::{Builder, Call, Reason, View};
use crate::data::{Contents, Data};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Work;
use look::Look;

/// Why a handler made nothing.
enum Mismatch {
    /// The arguments are not what this text says.
    Schema(&'static str),
    /// The builder failed.
    Failed(Error),
}

impl From<Error> for Mismatch {
    fn from(error: Error) -> Self {
        Mismatch::Failed(error)
    }
}

type Checked<T> = Result<T, Mismatch>;

/// REDUCE, NEWOBJ, NEWOBJ_EX, INST, OBJ.
pub(crate) fn call<B: Builder>(
    builder: &mut B,
    work: &mut Work,
    call: Call<B::Value>,
) -> Result<B::Value> {
    let known = match builder.view(&call.callable) {
        View::Global(Some(known)) => known,
        View::Global(None) | View::Inert => return builder.call(call, Reason::NotListed),
        other => {
            return Err(Error::new(
                ErrorKind::Type,
                format!("a callable expected, {} found", other.type_name()),
            ));
        }
    };
    let made = match call.kwargs {
        Some(_) => Err(Mismatch::Schema("arguments by position")),
        None => handle(builder, work, known, &call),
    };
    match made {
        Ok(value) => Ok(value),
        Err(Mismatch::Schema(expected)) => builder.call(call, Reason::Schema(expected)),
        Err(Mismatch::Failed(error)) => Err(error),
    }
}

fn handle<B: Builder>(
    builder: &mut B,
    work: &mut Work,
    known: Known,
    call: &Call<B::Value>,
) -> Checked<B::Value> {
    let args = &call.args;
    // A buffer is shared, and may lie outside the input; of a scalar's bytes only the length counts.
    if !matches!(known, Known::FromBuffer | Known::Scalar) {
        charge_arguments(builder, work, args)?;
    }
    work.is_brittle |= matches!(known, Known::DefaultDict | Known::Deque);
    match known {
        Known::Complex => builtin::complex(builder, args),
        Known::Bytes => builtin::bytes(builder, args),
        Known::ByteArray => builtin::bytearray(builder, args),
        Known::Set | Known::FrozenSet => builtin::set(builder, work, known, args),
        Known::Range => builtin::range(builder, args),
        Known::Slice => builtin::slice(builder, args),
        Known::Encode => builtin::encode(builder, args),
        Known::OrderedDict => collections::ordered_dict(builder, work, args),
        Known::DefaultDict => collections::default_dict(builder, args),
        Known::Counter => collections::counter(builder, args),
        Known::Deque => collections::deque(builder, args),
        Known::Date => time::date(builder, args),
        Known::Time => time::time(builder, args),
        Known::DateTime => time::datetime(builder, args),
        Known::TimeDelta => time::timedelta(builder, args),
        Known::TimeZone => time::timezone(builder, args),
        Known::Decimal => number::decimal(builder, args),
        Known::Fraction => number::fraction(builder, args),
        Known::Uuid => number::begin_uuid(builder, call),
        Known::Reconstructor => number::reconstruct_uuid(builder, call),
        Known::DTypeType => dtype::dtype(builder, args),
        Known::StringDType | Known::StringDTypeKwargs => dtype::string_dtype(builder, known, args),
        Known::Scalar => ndarray::scalar(builder, work, args),
        Known::NdReconstruct => ndarray::begin(builder, call),
        Known::FromBuffer => ndarray::from_buffer(builder, args),
        Known::NdArray | Known::Object | Known::Type(_) | Known::MlDtypes(_) => {
            Err(Mismatch::Schema("nothing: it stands for itself"))
        }
    }
}

/// BUILD: the state of something that a known call began, or of a dtype.
pub(crate) fn build<B: Builder>(
    builder: &mut B,
    work: &mut Work,
    target: &B::Value,
    state: B::Value,
) -> Result<()> {
    if !matches!(builder.view(target), View::Inert) {
        charge_arguments(builder, work, &state)?;
        if let View::Dict(len) = builder.view(&state) {
            work.charge(len as u64)?;
        }
    }
    let filled = match builder.view(target) {
        View::Inert => return builder.build(target, state),
        View::Pending(Known::Uuid) => number::uuid_state(builder, &state),
        View::Pending(_) => ndarray::state(builder, &state),
        View::DType(dtype) => {
            let dtype = dtype.clone();
            dtype::state(builder, work, &dtype, &state)
        }
        other => {
            return Err(Error::new(
                ErrorKind::Type,
                format!(
                    "an object that takes a state expected, {} found",
                    other.type_name()
                ),
            ));
        }
    };
    match filled {
        Ok(data) => {
            work.is_brittle |= match &data {
                Data::Array(array) => matches!(array.contents, Contents::Objects(_)),
                Data::DType(_, metadata) => metadata.is_some(),
                _ => false,
            };
            builder.fill(target, data)
        }
        Err(Mismatch::Schema(expected)) => Err(Error::new(
            ErrorKind::Refused,
            format!("a state other than {expected}"),
        )),
        Err(Mismatch::Failed(error)) => Err(error),
    }
}

/// Charges what looking at arguments and copying them costs at most: a call of a few bytes may
/// have arguments that many calls share.
fn charge_arguments<B: Builder>(builder: &B, work: &mut Work, args: &B::Value) -> Result<()> {
    for at in 0..count(builder, args) {
        let Some(value) = builder.item(args, at) else {
            break;
        };
        let len = match builder.view(&value) {
            View::Bytes(bytes) | View::ByteArray(bytes) => bytes.len(),
            View::LongBytes { len, .. } => usize::try_from(len).unwrap_or(usize::MAX),
            View::Text(text) => text.as_bytes().len(),
            View::Tuple(len) | View::List(len) | View::Dict(len) | View::LongText(len) => len,
            _ => 0,
        };
        work.charge(len as u64)?;
    }
    Ok(())
}

/// How many arguments there are.
fn count<B: Builder>(builder: &B, args: &B::Value) -> usize {
    builder.items(args).unwrap_or_default()
}
