//! Handlers of `numpy.dtype` and its state, and of `StringDType`.
//!
//! Source: NumPy's `arraydescr_reduce` and `arraydescr_setstate`. NumPy believes the state, and
//! can be crashed by it; here every part must agree with every other.

use std::sync::Arc;

use super::look::Look;
use super::{Checked, Known, Mismatch, count};
use crate::builder::{Builder, View};
use crate::data::{DType, Data, Field, NaObject};
use crate::dtype::Extent;
use crate::options::Work;

/// `dtype(name, align, copy)`: a letter and a size, or a type of `ml_dtypes`.
pub(super) fn dtype<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("the name of a type, such as 'f8', and two flags");
    let flag = |at| builder.as_flag(&builder.item(args, at)?);
    if count(builder, args) != 3 || flag(1).is_none() || flag(2).is_none() {
        return Err(SCHEMA);
    }
    let name = builder.item(args, 0).ok_or(SCHEMA)?;
    let dtype = match builder.view(&name) {
        View::Global(Some(Known::MlDtypes(name))) => Some(DType::MlDtypes(name)),
        _ => builder.as_name(&name).and_then(DType::parse),
    };
    let dtype = Arc::new(dtype.ok_or(SCHEMA)?);
    Ok(builder.construct(Data::DType(dtype, None))?)
}

/// `StringDType()` and `_convert_to_stringdtype_kwargs(coerce[, na_object])`.
pub(super) fn string_dtype<B: Builder>(
    builder: &mut B,
    known: Known,
    args: &B::Value,
) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("a flag, and None, nan or a text");
    let coerce = match (known, count(builder, args)) {
        (Known::StringDType, 0) => Some(true),
        (Known::StringDTypeKwargs, 1..=2) => builder
            .item(args, 0)
            .and_then(|flag| builder.as_flag(&flag)),
        _ => None,
    };
    let coerce = coerce.ok_or(SCHEMA)?;
    let na_object = match builder.item(args, 1) {
        None => NaObject::Unset,
        Some(na) => match builder.view(&na) {
            View::None => NaObject::None,
            View::Float(value) if value.is_nan() => NaObject::NaN,
            View::Text(text) => NaObject::Text(text.as_str().ok_or(SCHEMA)?.to_owned()),
            _ => return Err(SCHEMA),
        },
    };
    let dtype = Arc::new(DType::String { coerce, na_object });
    Ok(builder.construct(Data::DType(dtype, None))?)
}

/// What a field costs, its names and its dtype: many dtypes may share their fields' texts.
const FIELD: u64 = 64;

const STATE: Mismatch = Mismatch::Schema("what agrees with the dtype's name and with itself");

/// `(version, order, subarray, names, fields, itemsize, alignment, flags[, metadata])`.
pub(super) fn state<B: Builder>(
    builder: &mut B,
    work: &mut Work,
    dtype: &DType,
    state: &B::Value,
) -> Checked<Data<B::Value>> {
    let parts = State::take(builder, state).ok_or(STATE)?;
    let fields = builder.items(&parts.names).unwrap_or_default() as u64;
    work.charge(fields.saturating_mul(FIELD))?;
    let (dtype, metadata) = parts.apply(builder, dtype).ok_or(STATE)?;
    Ok(Data::DType(Arc::new(dtype), metadata))
}

struct State<V> {
    order: char,
    subarray: V,
    names: V,
    fields: V,
    itemsize: i64,
    aligned: bool,
    metadata: Option<V>,
}

impl<V: Clone> State<V> {
    fn take<B: Builder<Value = V>>(builder: &B, state: &V) -> Option<Self> {
        let len = builder.items(state).filter(|len| matches!(len, 8 | 9))?;
        let item = |at| builder.item(state, at);
        let int = |at| builder.as_int(&item(at)?);
        if !matches!((int(0)?, len), (3, 8) | (4, 9)) {
            return None;
        }
        let mut order = builder.item(state, 1).and_then(|order| {
            let mut chars = builder.as_name(&order)?.chars();
            chars.next().filter(|_| chars.as_str().is_empty())
        })?;
        if order == '=' {
            order = '<';
        }
        int(6)?;
        Some(State {
            order,
            subarray: item(2)?,
            names: item(3)?,
            fields: item(4)?,
            itemsize: int(5)?,
            aligned: int(7)? & 0x80 != 0,
            metadata: item(8),
        })
    }

    fn apply<B: Builder<Value = V>>(
        self,
        builder: &B,
        dtype: &DType,
    ) -> Option<(DType, Option<V>)> {
        let void = matches!(
            dtype,
            DType::Plain { kind: 'V', .. } | DType::Struct { .. } | DType::Subarray { .. }
        );
        let plain = builder.is_none(&self.subarray)
            && builder.is_none(&self.names)
            && builder.is_none(&self.fields);
        let sized = u64::try_from(self.itemsize) == Ok(dtype.itemsize());
        let metadata = self.metadata.clone().filter(|data| !builder.is_none(data));
        let (new, metadata) = match dtype {
            DType::Plain {
                kind: kind @ ('M' | 'm'),
                ..
            } if plain => {
                let (unit, metadata) = match metadata {
                    None => (None, None),
                    Some(data) => {
                        let (unit, rest) = unit(builder, &data)?;
                        (Some(unit), rest)
                    }
                };
                let new = DType::Plain {
                    kind: *kind,
                    itemsize: 8,
                    order: self.order_of(true)?,
                    unit: unit.filter(|(unit, _)| unit != "generic"),
                };
                (new, metadata)
            }
            DType::Plain { kind, itemsize, .. } if plain => {
                let flexible = matches!(kind, 'S' | 'U' | 'V');
                if (flexible && !sized) || (!flexible && self.itemsize != -1) {
                    return None;
                }
                let ordered = match kind {
                    'U' => true,
                    'S' | 'V' | 'O' | 'b' => false,
                    _ => *itemsize > 1,
                };
                let new = DType::Plain {
                    kind: *kind,
                    itemsize: *itemsize,
                    order: self.order_of(ordered)?,
                    unit: None,
                };
                (new, metadata)
            }
            // Only little-endian ones exist.
            DType::MlDtypes(name) if plain && sized && matches!(self.order, '<' | '|') => {
                (DType::MlDtypes(name), metadata)
            }
            _ if void && sized && self.order == '|' => {
                if builder.is_none(&self.subarray) {
                    (self.structure(builder, dtype.itemsize())?, metadata)
                } else {
                    (self.subarray(builder, dtype.itemsize())?, metadata)
                }
            }
            _ => return None,
        };
        match &metadata {
            Some(data) if !matches!(builder.view(data), View::Dict(_)) => None,
            _ => Some((new, metadata)),
        }
    }

    fn order_of(&self, ordered: bool) -> Option<char> {
        match self.order {
            '<' | '>' if ordered => Some(self.order),
            '|' if !ordered => Some('|'),
            _ => None,
        }
    }

    fn subarray<B: Builder<Value = V>>(&self, builder: &B, size: u64) -> Option<DType> {
        builder.items(&self.subarray).filter(|&len| len == 2)?;
        let base = as_dtype(builder, &builder.item(&self.subarray, 0)?)?;
        let shape = builder.item(&self.subarray, 1)?;
        let shape = match builder.as_int(&shape) {
            Some(len) => vec![u64::try_from(len).ok()?],
            None => builder.as_shape(&shape)?,
        };
        let bytes = shape
            .iter()
            .try_fold(base.itemsize(), |size, &len| size.checked_mul(len))?;
        let extent = Extent::around(std::iter::once(&*base))?;
        (bytes == size).then_some(DType::Subarray {
            base,
            shape,
            extent,
        })
    }

    fn structure<B: Builder<Value = V>>(&self, builder: &B, itemsize: u64) -> Option<DType> {
        let len = builder.items(&self.names)?;
        let entries = builder.table(&self.fields)?;
        let fields: Vec<_> = (0..len)
            .map(|at| {
                let name = builder.item(&self.names, at)?;
                let name = builder.as_name(&name)?;
                field(builder, name, entries.get(name)?, itemsize)
            })
            .collect::<Option<_>>()?;
        let mut names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
        names.sort_unstable();
        if !names.is_sorted_by(|a, b| a < b) {
            return None; // a name twice
        }
        let extent = Extent::around(fields.iter().map(|field| &*field.dtype))?;
        Some(DType::Struct {
            fields,
            itemsize,
            aligned: self.aligned,
            extent,
        })
    }
}

/// `(dtype, offset[, title])`.
fn field<B: Builder>(builder: &B, name: &str, entry: &B::Value, itemsize: u64) -> Option<Field> {
    let len = builder.items(entry).filter(|len| matches!(len, 2 | 3))?;
    let dtype = as_dtype(builder, &builder.item(entry, 0)?)?;
    let offset = u64::try_from(builder.as_int(&builder.item(entry, 1)?)?).ok()?;
    let end = offset.checked_add(dtype.itemsize())?;
    let title = match len {
        3 => {
            let title = builder.item(entry, 2)?;
            Some(builder.as_name(&title)?.to_owned())
        }
        _ => None,
    };
    (end <= itemsize).then(|| Field {
        name: name.to_owned(),
        title,
        offset,
        dtype,
    })
}

/// A dtype whose state is there, if it needs one.
pub(super) fn as_dtype<B: Builder>(builder: &B, value: &B::Value) -> Option<Arc<DType>> {
    match builder.view(value) {
        View::DType(dtype) => Some(dtype.clone()),
        _ => None,
    }
}

/// A unit of time and how many of it, and the metadata beside it.
type Unit<V> = ((String, i32), Option<V>);

/// `(metadata, (unit, count, 1, 1))`.
fn unit<B: Builder>(builder: &B, data: &B::Value) -> Option<Unit<B::Value>> {
    const UNITS: [&str; 14] = [
        "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic",
    ];
    builder.items(data).filter(|&len| len == 2)?;
    let metadata = builder.item(data, 0).filter(|data| !builder.is_none(data));
    let unit = builder.item(data, 1)?;
    builder.items(&unit).filter(|&len| len == 4)?;
    let int = |at| builder.as_int(&builder.item(&unit, at)?);
    if (int(2)?, int(3)?) != (1, 1) {
        return None;
    }
    let count = i32::try_from(int(1)?).ok().filter(|&count| count > 0)?;
    let name = builder.item(&unit, 0)?;
    let name = builder.as_name(&name)?;
    UNITS
        .contains(&name)
        .then(|| ((name.to_owned(), count), metadata))
}
