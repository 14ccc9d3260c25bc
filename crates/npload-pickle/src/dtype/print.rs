//! Dtypes as text. [`Extent`](super::Extent) bounds how deep this recurses.

use std::fmt::{self, Display, Formatter};

use super::{DType, Field, NaObject};
use crate::text::Text;

impl Display for DType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            DType::Plain {
                kind,
                itemsize,
                order,
                unit,
            } => {
                match kind {
                    'U' => write!(f, "'{order}U{}", itemsize / 4)?,
                    'O' => f.write_str("'|O")?,
                    _ => write!(f, "'{order}{kind}{itemsize}")?,
                }
                match unit {
                    Some((unit, 1)) => write!(f, "[{unit}]'"),
                    Some((unit, count)) => write!(f, "[{count}{unit}]'"),
                    None => f.write_str("'"),
                }
            }
            DType::MlDtypes(name) => write!(f, "'{name}'"),
            DType::String { coerce, na_object } => {
                f.write_str("StringDType(")?;
                if *na_object != NaObject::Unset {
                    write!(f, "na_object={na_object}")?;
                    f.write_str(if *coerce { "" } else { ", " })?;
                }
                f.write_str(if *coerce { ")" } else { "coerce=False)" })
            }
            DType::Subarray { base, shape, .. } => write!(f, "({base}, {})", shape_text(shape)),
            DType::Struct {
                fields, itemsize, ..
            } if in_order(fields) => descr(f, fields, *itemsize),
            DType::Struct {
                fields, itemsize, ..
            } => dict(f, fields, *itemsize),
        }
    }
}

/// Whether each field begins where those before it end, or later.
fn in_order(fields: &[Field]) -> bool {
    let mut end = 0;
    fields.iter().all(|field| {
        let fine = field.offset >= end;
        end = field.offset.saturating_add(field.dtype.itemsize());
        fine
    })
}

/// `[('a', '<i2'), ('', '|V2'), (('title', 'b'), '<f4', (2,))]`.
fn descr(f: &mut Formatter<'_>, fields: &[Field], itemsize: u64) -> fmt::Result {
    let mut comma = "";
    let mut end = 0;
    let padding = |f: &mut Formatter<'_>, to: u64, end: u64, comma: &str| match to.checked_sub(end)
    {
        Some(size @ 1..) => write!(f, "{comma}('', '|V{size}')").map(|()| ", "),
        _ => Ok(if comma.is_empty() { "" } else { ", " }),
    };
    f.write_str("[")?;
    for field in fields {
        comma = padding(f, field.offset, end, comma)?;
        f.write_str(comma)?;
        let name = Text::from(field.name.as_str());
        match &field.title {
            Some(title) => write!(f, "(({}, {name}), ", Text::from(title.as_str()))?,
            None => write!(f, "({name}, ")?,
        }
        match &*field.dtype {
            DType::Subarray { base, shape, .. } => write!(f, "{base}, {})", shape_text(shape))?,
            dtype => write!(f, "{dtype})")?,
        }
        comma = ", ";
        end = field.offset.saturating_add(field.dtype.itemsize());
    }
    padding(f, itemsize, end, comma)?;
    f.write_str("]")
}

/// `{'names': ['x'], 'formats': ['<f4'], 'offsets': [4], 'itemsize': 16}`.
fn dict(f: &mut Formatter<'_>, fields: &[Field], itemsize: u64) -> fmt::Result {
    let list = |f: &mut Formatter<'_>,
                write: &dyn Fn(&mut Formatter<'_>, &Field) -> fmt::Result| {
        fields.iter().enumerate().try_for_each(|(at, field)| {
            f.write_str(if at == 0 { "" } else { ", " })?;
            write(f, field)
        })
    };
    f.write_str("{'names': [")?;
    list(f, &|f, field| Text::from(field.name.as_str()).fmt(f))?;
    f.write_str("], 'formats': [")?;
    list(f, &|f, field| field.dtype.fmt(f))?;
    f.write_str("], 'offsets': [")?;
    list(f, &|f, field| field.offset.fmt(f))?;
    if fields.iter().any(|field| field.title.is_some()) {
        f.write_str("], 'titles': [")?;
        list(f, &|f, field| match &field.title {
            Some(title) => Text::from(title.as_str()).fmt(f),
            None => f.write_str("None"),
        })?;
    }
    write!(f, "], 'itemsize': {itemsize}}}")
}

impl Display for NaObject {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            NaObject::Unset => f.write_str("<no value>"),
            NaObject::None => f.write_str("None"),
            NaObject::NaN => f.write_str("nan"),
            NaObject::Text(text) => Text::from(text.as_str()).fmt(f),
        }
    }
}

/// A shape as Python writes tuples.
#[doc(hidden)]
#[must_use]
pub fn shape_text(shape: &[u64]) -> String {
    match shape {
        [one] => format!("({one},)"),
        _ => {
            let lens: Vec<_> = shape.iter().map(u64::to_string).collect();
            format!("({})", lens.join(", "))
        }
    }
}
