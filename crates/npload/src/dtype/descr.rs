//! The descr: the dtype as a header writes it.

use std::sync::Arc;

use super::{ByteOrder, DType, Field, Struct};
use crate::npy::literal::{self, Dialect, Literal};
use crate::python_repr;
use crate::{Error, ErrorKind, Result, Warning};

#[cold]
fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::DType, message.into())
}

impl DType {
    /// Reads a header's descr, as `numpy.lib.format.descr_to_dtype` does: a string; a list of
    /// fields `(name, descr)` or `(name, descr, shape)`, where the name may be `(title, name)`, and
    /// void fields named `''` are padding; a tuple `(descr, shape)`.
    ///
    /// NumPy walks over whatever can be walked over here, so that it takes dictionaries, sets,
    /// bytes and strings as lists of fields by accident; they are errors. Field names and titles
    /// with lone surrogates are errors too, since no Rust string can hold them, as are titles that
    /// are no text.
    ///
    /// # Errors
    /// [`ErrorKind::DType`].
    pub(crate) fn from_descr(descr: &Literal, warnings: &mut Vec<Warning>) -> Result<DType> {
        // As deep as the literal, whose depth is bounded.
        match descr {
            Literal::Str(text) => DType::parse(text),
            Literal::Tuple(items) => match items.as_slice() {
                // NumPy looks at two of them and no further.
                [descr, second, ..] => DType::from_descr(descr, warnings)?.shaped(second, warnings),
                _ => Err(invalid(format!("a tuple without a shape: {descr}"))),
            },
            Literal::List(fields) => {
                let mut made = Vec::with_capacity(fields.len());
                let mut offset: usize = 0;
                for field in fields {
                    let (name, dtype) = parse_field(field, warnings)?;
                    let end = offset.checked_add(dtype.itemsize());
                    let end = end.ok_or_else(|| invalid("a struct that is too large"))?;
                    if !is_padding(name, &dtype) {
                        let (title, name) = parse_name(name)?;
                        made.push(Field {
                            name,
                            title,
                            dtype,
                            offset,
                        });
                    }
                    offset = end;
                }
                Ok(DType::Struct(Arc::new(Struct::new(made, offset, false)?)))
            }
            _ => Err(invalid(format!("no string, list or tuple: {descr}"))),
        }
    }

    /// Reads a descr as a header writes it: `'<f8'`, `[('a', '<i4', (2,))]`, a Python literal.
    ///
    /// ```
    /// let dtype = npload::DType::parse_descr("[('x', '<f4'), ('y', '|S3')]")?;
    /// assert_eq!(dtype.itemsize(), 7);
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::DType`].
    pub fn parse_descr(text: &str) -> Result<DType> {
        let parsed = literal::parse(text, Dialect::Python3);
        let parsed = parsed.map_err(|why| invalid(format!("no literal: {}", why.message)))?;
        DType::from_descr(&parsed.value, &mut Vec::new())
    }

    /// The descr that NumPy writes for it, as a Python literal: `'<f8'`, `[('a', '<i4', (2,))]`.
    ///
    /// ml_dtypes' types are written as void of their size, which is what NumPy can read:
    /// `'<V2'`, `'|V1'`, `'<V4'`. A note in the header tells their names.
    ///
    /// ```
    /// assert_eq!(npload::DType::parse("f4,2i1")?.descr()?, "[('f0', '<f4'), ('f1', '|i1', (2,))]");
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::DType`] for a struct whose fields overlap or are out of order: no descr can
    /// say that.
    pub fn descr(&self) -> Result<String> {
        let mut out = String::new();
        self.write_descr(&mut out)?;
        Ok(out)
    }

    fn write_descr(&self, out: &mut String) -> Result<()> {
        match self {
            DType::Struct(s) => return write_fields(s, out),
            DType::Subarray(s) => {
                out.push('(');
                s.base.write_descr(out)?;
                out.push_str(", ");
                out.push_str(&s.shape_repr());
                out.push(')');
            }
            DType::Number(number, order) if number.is_ml_dtype() => {
                let order = match (number.itemsize(), order) {
                    (1, _) => '|',
                    (_, ByteOrder::Little) => '<',
                    (_, ByteOrder::Big) => '>',
                };
                out.push_str(&format!("'{order}V{}'", number.itemsize()));
            }
            _ => out.push_str(&python_repr::text(&self.typestr())),
        }
        Ok(())
    }
}

fn write_fields(s: &Struct, out: &mut String) -> Result<()> {
    let mut end: usize = 0;
    let mut separator = "[";
    let padding = |out: &mut String, separator: &str, from: usize, to: usize| {
        let bytes = to.checked_sub(from).ok_or_else(|| {
            invalid("dtype.descr is not defined for types with overlapping or out-of-order fields")
        })?;
        if bytes > 0 {
            out.push_str(&format!("{separator}('', '|V{bytes}')"));
        }
        Ok::<bool, Error>(bytes > 0)
    };
    for field in &s.fields {
        if padding(out, separator, end, field.offset)? {
            separator = ", ";
        }
        out.push_str(separator);
        separator = ", ";
        out.push('(');
        out.push_str(&field.name_repr());
        out.push_str(", ");
        match &field.dtype {
            DType::Subarray(inner) => {
                inner.base.write_descr(out)?;
                out.push_str(", ");
                out.push_str(&inner.shape_repr());
            }
            dtype => dtype.write_descr(out)?,
        }
        out.push(')');
        end = field.offset.saturating_add(field.dtype.itemsize());
    }
    if padding(out, separator, end, s.itemsize)? {
        separator = ", ";
    }
    out.push_str(if separator == "[" { "[]" } else { "]" });
    Ok(())
}

/// The name (or title and name) of a field, and its type.
fn parse_field<'a>(
    field: &'a Literal,
    warnings: &mut Vec<Warning>,
) -> Result<(&'a Literal, DType)> {
    let (Literal::Tuple(items) | Literal::List(items)) = field else {
        return Err(invalid(format!("a field that is no tuple: {field}")));
    };
    match items.as_slice() {
        [name, descr] => Ok((name, DType::from_descr(descr, warnings)?)),
        [name, descr, shape] => {
            let dtype = DType::from_descr(descr, warnings)?;
            Ok((name, dtype.shaped(shape, warnings)?))
        }
        _ => Err(invalid(format!(
            "a field of {} parts, where (name, descr) or (name, descr, shape) belongs: {field}",
            items.len()
        ))),
    }
}

/// NumPy's rule: a field without a name, of type void and without fields. A subarray is void for
/// NumPy, whatever it is made of.
fn is_padding(name: &Literal, dtype: &DType) -> bool {
    *name == Literal::Str(String::new()) && matches!(dtype, DType::Void(_) | DType::Subarray(_))
}

/// The title and the name.
fn parse_name(name: &Literal) -> Result<(Option<String>, String)> {
    match name {
        Literal::Tuple(items) => match items.as_slice() {
            [Literal::None, name] => Ok((None, text(name, "name")?)),
            [title, name] => Ok((Some(text(title, "title")?), text(name, "name")?)),
            _ => Err(invalid(format!(
                "a field's name is text or (title, name), and not {name}"
            ))),
        },
        name => Ok((None, text(name, "name")?)),
    }
}

fn text(literal: &Literal, what: &str) -> Result<String> {
    match literal {
        Literal::Str(text) => Ok(text.clone()),
        Literal::Surrogates(_) => Err(invalid(format!(
            "the field {what} {literal} holds a lone surrogate, which is no character"
        ))),
        _ => Err(invalid(format!(
            "field {what}s must be strings, and not {literal}"
        ))),
    }
}
