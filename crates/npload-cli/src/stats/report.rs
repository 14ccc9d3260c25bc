//! What was found out, as a table, as arrays along an axis, or for a JSON document.

use std::io;

use npload::num_complex::Complex;
use npload::{Array, PrintOptions, Value};

use super::cells::Statistics;
use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::info::tuple;
use crate::json::{Data, Measured, Numbers};
use crate::run::Console;
use crate::{escape, sizes};

const HEAD: [(&str, Align); 11] = [
    ("name", Align::Left),
    ("dtype", Align::Left),
    ("shape", Align::Left),
    ("count", Align::Right),
    ("nan", Align::Right),
    ("inf", Align::Right),
    ("zeros", Align::Right),
    ("min", Align::Right),
    ("max", Align::Right),
    ("mean", Align::Right),
    ("std", Align::Right),
];

/// An array, or a field of one.
pub(super) struct Subject {
    pub(super) key: Option<String>,
    /// Empty where elements are the numbers.
    pub(super) field: String,
    pub(super) dtype: String,
    pub(super) shape: Vec<usize>,
}

/// What is said of one file.
pub(super) enum Report {
    Table(Columns),
    Arrays { axis: isize, begun: bool },
    Document(Vec<Measured>),
}

impl Report {
    pub(super) fn new(json: bool, axis: Option<isize>) -> Self {
        match (json, axis) {
            (true, _) => Report::Document(Vec::new()),
            (false, None) => Report::Table(Columns::new(&HEAD)),
            (false, Some(axis)) => Report::Arrays { axis, begun: false },
        }
    }

    /// Of numbers what is known of them; of what is none nothing.
    pub(super) fn array(
        &mut self,
        subject: Subject,
        name: &str,
        statistics: Option<Statistics>,
        console: &mut Console<'_>,
    ) -> io::Result<()> {
        let dtype = escape::name(&subject.dtype).into_owned();
        let shape = tuple(&subject.shape);
        match self {
            Report::Document(arrays) => arrays.push(measured(subject, statistics)),
            Report::Table(columns) => {
                let mut row = vec![name.to_owned(), dtype, shape];
                match &statistics {
                    None => row.push("no numbers".to_owned()),
                    Some(statistics) => row.extend(cells(statistics)),
                }
                columns.push(row);
            }
            Report::Arrays { axis, begun } => {
                if std::mem::replace(begun, true) {
                    writeln!(console.out)?;
                }
                let Some(statistics) = statistics else {
                    return writeln!(console.out, "{name}: {dtype} {shape}: no numbers");
                };
                let count = sizes::exact(statistics.count);
                let each = format!("of {count} each along axis {axis}");
                writeln!(console.out, "{name}: {dtype} {shape}, {each}")?;
                for (what, array) in named(&statistics) {
                    let text = array.format(&PrintOptions::default());
                    writeln!(console.out, "{what}:\n{}", escape::values(&text))?;
                }
            }
        }
        Ok(())
    }

    /// A member that is no array.
    pub(super) fn bytes(
        &mut self,
        key: &str,
        size: u64,
        console: &mut Console<'_>,
    ) -> io::Result<()> {
        let name = escape::name(key);
        let bytes = sizes::exact_bytes(size);
        match self {
            Report::Document(arrays) => {
                let key = key.to_owned();
                arrays.push(Measured::Bytes { key, size });
            }
            Report::Table(columns) => {
                columns.push(vec![name.into_owned(), format!("{bytes}, no array")]);
            }
            Report::Arrays { begun, .. } => {
                if std::mem::replace(begun, true) {
                    writeln!(console.out)?;
                }
                writeln!(console.out, "{name}: {bytes}, no array")?;
            }
        }
        Ok(())
    }

    /// What went wrong, and its place among the arrays, if it has one there.
    pub(super) fn fail(
        &mut self,
        name: Option<&str>,
        failure: Failure,
        console: &mut Console<'_>,
    ) -> io::Result<()> {
        console.fail(&failure)?;
        match self {
            Report::Document(arrays) => arrays.push(Measured::Error { error: failure }),
            Report::Table(columns) => {
                if let Some(name) = name {
                    columns.push(vec![name.to_owned(), "not read".to_owned()]);
                }
            }
            Report::Arrays { .. } => {}
        }
        Ok(())
    }
}

/// The arrays of a result with their names, in the order in which they are told.
fn named(statistics: &Statistics) -> impl Iterator<Item = (&'static str, &Array)> {
    let all = [
        ("nan", Some(&statistics.nan)),
        ("inf", statistics.inf.as_ref()),
        ("zeros", statistics.zeros.as_ref()),
        ("min", Some(&statistics.min)),
        ("max", Some(&statistics.max)),
        ("mean", Some(&statistics.mean)),
        ("std", statistics.std.as_ref()),
    ];
    all.into_iter()
        .filter_map(|(name, array)| Some((name, array?)))
}

/// The cells of a row from `count` on.
fn cells(statistics: &Statistics) -> Vec<String> {
    let mut cells = vec![sizes::exact(statistics.count)];
    for (what, _) in HEAD.iter().skip(4) {
        let found = named(statistics).find(|(name, _)| name == what);
        let value = found.and_then(|(_, array)| array.get(&[]).ok());
        cells.push(match (*what, value) {
            (_, None) => "-".to_owned(),
            ("min" | "max", Some(value)) => value.to_string(),
            (_, Some(Value::UInt(count))) => sizes::exact(count),
            (_, Some(Value::Float64(value))) => Value::Float64(rounded(value)).to_string(),
            (_, Some(Value::Complex128(value))) => {
                let value = Complex::new(rounded(value.re), rounded(value.im));
                Value::Complex128(value).to_string()
            }
            (_, Some(value)) => value.to_string(),
        });
    }
    cells
}

/// To eight digits: who wants all of them asks for JSON.
fn rounded(value: f64) -> f64 {
    format!("{value:.7e}").parse().unwrap_or(value)
}

fn measured(subject: Subject, statistics: Option<Statistics>) -> Measured {
    let Subject {
        key,
        field,
        dtype,
        shape,
    } = subject;
    let field = Some(field).filter(|field| !field.is_empty());
    let mut numbers = Numbers {
        key,
        field,
        dtype,
        shape,
        count: None,
        nan: None,
        inf: None,
        zeros: None,
        min: None,
        max: None,
        mean: None,
        std: None,
    };
    if let Some(found) = statistics {
        numbers.count = Some(found.count);
        numbers.nan = Some(Data(found.nan));
        numbers.inf = found.inf.map(Data);
        numbers.zeros = found.zeros.map(Data);
        numbers.min = Some(Data(found.min));
        numbers.max = Some(Data(found.max));
        numbers.mean = Some(Data(found.mean));
        numbers.std = found.std.map(Data);
    }
    Measured::Array(Box::new(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_digits_are_shown() {
        for (value, text) in [
            (1.0 / 3.0, "0.33333333"),
            (1e9 + 0.25, "1000000000.0"),
            (2.0, "2.0"),
            (1.234_567_891e-9, "1.2345679e-09"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(Value::Float64(rounded(value)).to_string(), text);
        }
    }
}
