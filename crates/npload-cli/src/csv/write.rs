//! An array as a csv file.

use std::borrow::Cow;
use std::io::{self, Write};

use npload::{DType, Order, Part, Value};

use crate::info::tuple;

/// Which cells an array's records have.
pub(crate) struct Plan {
    /// Of a line before them.
    header: Option<Vec<String>>,
    /// How many elements make a record: the cells of one that has no fields.
    elements: usize,
    delimiter: u8,
}

impl Plan {
    /// The plan of an array; or why it is no table.
    pub(crate) fn of(part: &Part<'_>, delimiter: u8, header: bool) -> Result<Self, String> {
        let fields = part.dtype().fields();
        let (elements, most) = match (part.shape(), fields) {
            ([] | [_], _) => (1, 1),
            (&[_, columns], None) => (columns, 2),
            (_, None) => (0, 2),
            (_, Some(_)) => (0, 1),
        };
        if part.shape().len() > most {
            let what = if fields.is_some() {
                "structs"
            } else {
                "values"
            };
            let axes = if most == 1 { "one axis" } else { "two axes" };
            return Err(format!(
                "a table has {axes} of {what} at most, and this array has {}: {}",
                part.shape().len(),
                tuple(part.shape())
            ));
        }
        let listed = part.dtype().check_listing(part.shape());
        listed.map_err(|err| err.message().to_owned())?;
        match fields {
            None => check(part.dtype(), "elements")?,
            Some(fields) => {
                for field in fields {
                    check(
                        &field.dtype,
                        &format!("those of the field {:?}", field.name),
                    )?;
                }
            }
        }
        let names = fields.filter(|_| header);
        Ok(Plan {
            header: names.map(|fields| fields.iter().map(|field| field.name.clone()).collect()),
            elements,
            delimiter,
        })
    }
}

/// Whether elements have a text by which they are known.
fn check(dtype: &DType, whose: &str) -> Result<(), String> {
    match dtype {
        DType::Number(..)
        | DType::Str(..)
        | DType::Bytes(_)
        | DType::DateTime(..)
        | DType::TimeDelta(..) => Ok(()),
        other => Err(format!("{whose} are {other}, which no cell holds")),
    }
}

/// Writes an array's records; `told` hears of the bytes of elements that were written.
pub(crate) fn write(
    part: &Part<'_>,
    plan: &Plan,
    out: &mut dyn Write,
    told: &dyn Fn(u64),
) -> io::Result<()> {
    let mut line = Vec::new();
    if let Some(names) = &plan.header {
        for name in names {
            cell(&mut line, Cow::Borrowed(name.as_bytes()), plan.delimiter);
        }
        end(&mut line);
        out.write_all(&line)?;
        line.clear();
    }
    if plan.elements == 0 {
        // Records without cells would be empty lines, which count for nothing.
        return Ok(());
    }
    let shape = part.block_shape_in(Order::C, part.block_bytes(Order::C));
    let mut in_record = 0_usize;
    for block in part.blocks_in(Order::C, &shape)? {
        let block = block?;
        for value in block.array.iter() {
            match value? {
                Value::Struct(record) => {
                    for (_, value) in record.iter() {
                        cell(&mut line, text(value)?, plan.delimiter);
                    }
                }
                value => cell(&mut line, text(&value)?, plan.delimiter),
            }
            in_record = in_record.saturating_add(1);
            if in_record == plan.elements {
                end(&mut line);
                out.write_all(&line)?;
                line.clear();
                in_record = 0;
            }
        }
        told(block.array.nbytes() as u64);
    }
    Ok(())
}

/// What stands in a cell: of numbers the fewest digits that tell them from others.
fn text(value: &Value) -> io::Result<Cow<'_, [u8]>> {
    Ok(match value {
        Value::Bytes(bytes) => bytes.into(),
        Value::Str(text) => match text.as_str() {
            Some(text) => text.as_bytes().into(),
            None => {
                let message = format!("{value}: it has characters that UTF-8 cannot write");
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        },
        other => other.to_string().into_bytes().into(),
    })
}

/// Appends a cell and a delimiter.
fn cell(line: &mut Vec<u8>, text: Cow<'_, [u8]>, delimiter: u8) {
    let needs_quotes = |&byte: &u8| byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r');
    // A line must not look as if it had nothing in it, no quote be taken for one, and nothing for the mark
    // that begins some files in UTF-8.
    let is_mark = line.is_empty() && text.starts_with(b"\xef\xbb\xbf");
    if text.is_empty() || is_mark || text.iter().any(needs_quotes) {
        line.push(b'"');
        for &byte in text.iter() {
            if byte == b'"' {
                line.push(b'"');
            }
            line.push(byte);
        }
        line.push(b'"');
    } else {
        line.extend_from_slice(&text);
    }
    line.push(delimiter);
}

/// Ends a line in the place of its last delimiter.
fn end(line: &mut Vec<u8>) {
    line.pop();
    line.push(b'\n');
}
