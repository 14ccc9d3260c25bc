//! How the elements of a column print: NumPy looks at all of them first, then at each.

use super::float::FloatFormat;
use super::real::Real;
use super::{PrintOptions, scalar, time};
use crate::array::value::{Nested, Value};
use crate::dtype::{DType, Number};
use crate::python_repr;

/// What a column is part of.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) options: &'a PrintOptions,
    /// Whether the column has axes, or is a single element.
    pub(super) has_axes: bool,
    /// Inside a structured scalar, floats print as scalars do.
    pub(super) scalar: bool,
}

/// How the elements of an array print, or of one field of its elements.
#[derive(Debug)]
pub(super) enum Format {
    Bool {
        padded: bool,
    },
    Int {
        width: usize,
    },
    Float(FloatFormat),
    Complex {
        re: FloatFormat,
        im: FloatFormat,
    },
    Time {
        width: usize,
    },
    /// `S` and `U`, in quotes.
    Quoted,
    Struct(Vec<Format>),
    Array {
        base: Box<Format>,
        threshold: usize,
        edge: usize,
    },
    /// What NumPy does not line up: void, ml_dtypes' types, floats in a structured scalar.
    Plain,
}

impl Format {
    /// The format that suits these elements of this dtype.
    pub(super) fn new(dtype: &DType, column: &[&Value], context: Context<'_>) -> Format {
        match dtype {
            DType::Number(number, _) => Format::of_numbers(*number, column, context),
            DType::Bytes(_) | DType::Str(..) => Format::Quoted,
            DType::Void(_) | DType::Object => Format::Plain,
            DType::DateTime(..) | DType::TimeDelta(..) => Format::of_times(column),
            DType::Struct(dtype) => {
                let fields = dtype.fields.iter().enumerate().map(|(i, field)| {
                    let column: Vec<&Value> = column
                        .iter()
                        .filter_map(|value| match value {
                            Value::Struct(record) => record.values.get(i),
                            _ => None,
                        })
                        .collect();
                    Format::new(&field.dtype, &column, context)
                });
                Format::Struct(fields.collect())
            }
            DType::Subarray(dtype) => {
                let column: Vec<&Value> = column
                    .iter()
                    .filter_map(|value| match value {
                        Value::Array(nested) => Some(&nested.values),
                        _ => None,
                    })
                    .flatten()
                    .collect();
                let inner = Context {
                    has_axes: true,
                    ..context
                };
                Format::Array {
                    base: Box::new(Format::new(&dtype.base, &column, inner)),
                    threshold: context.options.threshold,
                    edge: context.options.edgeitems,
                }
            }
        }
    }

    fn of_numbers(number: Number, column: &[&Value], context: Context<'_>) -> Format {
        match number {
            Number::Bool => Format::Bool {
                padded: context.has_axes,
            },
            Number::Int8 | Number::Int16 | Number::Int32 | Number::Int64 => {
                let ints = || column.iter().filter_map(|value| value.as_i64());
                let ends = [ints().min(), ints().max()];
                let widths = ends.into_iter().flatten().map(|v| v.to_string().len());
                Format::Int {
                    width: widths.max().unwrap_or(0),
                }
            }
            Number::UInt8 | Number::UInt16 | Number::UInt32 | Number::UInt64 => {
                let largest = column.iter().filter_map(|value| value.as_u64()).max();
                Format::Int {
                    width: largest.map_or(0, |v| v.to_string().len()),
                }
            }
            Number::Float16 | Number::Float32 | Number::Float64 | Number::LongDouble => {
                if context.scalar {
                    return Format::Plain;
                }
                let data: Vec<Real> = column.iter().filter_map(|v| v.real()).collect();
                Format::Float(FloatFormat::new(&data, context.options, ""))
            }
            Number::Complex64 | Number::Complex128 | Number::CLongDouble => {
                let parts = column.iter().filter_map(|v| v.complex());
                let (re, im): (Vec<Real>, Vec<Real>) = parts.unzip();
                Format::Complex {
                    re: FloatFormat::new(&re, context.options, ""),
                    im: FloatFormat::new(&im, context.options, "+"),
                }
            }
            _ => Format::Plain,
        }
    }

    /// Room for the earliest, the latest, and NaT: as in NumPy, what lies between does not count.
    fn of_times(column: &[&Value]) -> Format {
        let known = || column.iter().filter(|value| value.as_i64().is_some());
        let ends = [
            known().min_by_key(|value| value.as_i64()),
            known().max_by_key(|value| value.as_i64()),
        ];
        let nat = column.iter().find(|value| value.as_i64().is_none());
        let widths = ends.into_iter().chain([nat]).flatten();
        Format::Time {
            width: widths
                .map(|value| time_text(value).len())
                .max()
                .unwrap_or(0),
        }
    }

    /// The element's text.
    pub(super) fn write(&self, value: &Value) -> String {
        match (self, value) {
            (Format::Bool { padded: true }, Value::Bool(true)) => " True".to_owned(),
            (Format::Int { width }, Value::Int(v)) => format!("{v:>width$}"),
            (Format::Int { width }, Value::UInt(v)) => format!("{v:>width$}"),
            (Format::Float(format), _) => {
                let mut text = String::with_capacity(24);
                if let Some(real) = value.real() {
                    format.push(&mut text, real);
                }
                text
            }
            (Format::Complex { re, im }, _) => {
                let mut text = String::with_capacity(48);
                if let Some(parts) = value.complex() {
                    re.push(&mut text, parts.0);
                    im.push(&mut text, parts.1);
                    // The j stands before the spaces that line the column up.
                    text.insert(text.trim_end().len(), 'j');
                }
                text
            }
            (Format::Time { width }, _) => format!("{:>width$}", time_text(value)),
            (Format::Quoted, Value::Bytes(bytes)) => python_repr::bytes(bytes),
            (Format::Quoted, Value::Str(text)) => python_repr::code_points(text.code_points()),
            (Format::Struct(formats), Value::Struct(record)) => {
                let parts = formats.iter().zip(&record.values);
                let parts: Vec<String> = parts.map(|(format, value)| format.write(value)).collect();
                let comma = if parts.len() == 1 { "," } else { "" };
                format!("({}{comma})", parts.join(", "))
            }
            (
                Format::Array {
                    base,
                    threshold,
                    edge,
                },
                Value::Array(nested),
            ) => {
                let edge = (nested.values.len() > *threshold).then_some(*edge);
                nested_text(base, nested, edge)
            }
            // Numbers in structs and subarrays have formats of their own.
            (_, value) => scalar::text(value, &PrintOptions::default()),
        }
    }
}

fn time_text(value: &Value) -> String {
    match value {
        Value::DateTime(count, unit) => format!("'{}'", time::datetime(*count, *unit)),
        Value::TimeDelta(Value::NAT, _) => "'NaT'".to_owned(),
        Value::TimeDelta(count, _) => count.to_string(),
        _ => String::new(),
    }
}

/// A field's array, on one line. With `edge`, so many elements at each end of an axis.
fn nested_text(format: &Format, nested: &Nested, edge: Option<usize>) -> String {
    fn write(
        format: &Format,
        shape: &[usize],
        values: &[Value],
        edge: Option<usize>,
        out: &mut String,
    ) {
        let Some((&len, inner)) = shape.split_first() else {
            out.extend(values.first().map(|value| format.write(value)));
            return;
        };
        out.push('[');
        let size = inner.iter().fold(1, |n: usize, &m| n.saturating_mul(m));
        let (head, tail) = match edge {
            // NumPy's a[-0:] is everything.
            Some(0) => (0, 0),
            Some(edge) if len > edge.saturating_mul(2) => (edge, len.saturating_sub(edge)),
            _ => (len, len),
        };
        for (n, i) in (0..head).chain(tail..len).enumerate() {
            if n > 0 {
                out.push_str(", ");
            }
            if i == tail {
                out.push_str("..., ");
            }
            let start = i.saturating_mul(size);
            let part = values.get(start..start.saturating_add(size));
            write(format, inner, part.unwrap_or_default(), edge, out);
        }
        out.push(']');
    }
    let mut out = String::new();
    write(format, nested.shape(), &nested.values, edge, &mut out);
    out
}

impl Value {
    /// It as one of NumPy's floats.
    pub(super) fn real(&self) -> Option<Real> {
        match self {
            Value::Float16(v) => Some(Real::Half(*v)),
            Value::Float32(v) => Some(Real::Single(*v)),
            Value::Float64(v) => Some(Real::Double(*v)),
            Value::LongDouble(v) => Some(Real::Long(*v)),
            _ => None,
        }
    }

    /// It as one of NumPy's complex numbers.
    pub(super) fn complex(&self) -> Option<(Real, Real)> {
        match self {
            Value::Complex64(v) => Some((Real::Single(v.re), Real::Single(v.im))),
            Value::Complex128(v) => Some((Real::Double(v.re), Real::Double(v.im))),
            Value::CLongDouble(v) => Some((Real::Long(v.re), Real::Long(v.im))),
            _ => None,
        }
    }
}
