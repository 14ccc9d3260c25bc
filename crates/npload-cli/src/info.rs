//! `npload info`: what files hold.

use std::io;
use std::path::Path;

use npload::{Header, LoadOptions, Order, Peeked};

use crate::args::Info;
use crate::columns::{Align, Columns};
use crate::failure::{Failure, wrong};
use crate::json::{FileInfo, Files};
use crate::run::Console;
use crate::{escape, foreign, place, sizes};

pub(crate) fn run(info: &Info, options: &LoadOptions, console: &mut Console<'_>) -> io::Result<()> {
    if console.json {
        return run_json(info, options, console);
    }
    let mut report = Report::new();
    for path in &info.files {
        match place::peek(path, options) {
            Ok(arrays) if place::is_npy(&arrays) => report.single(path, &arrays, console)?,
            Ok(arrays) => report.archive(path, &arrays, console)?,
            Err(failure) => {
                report.flush(console)?;
                console.fail(&failure)?;
            }
        }
    }
    report.flush(console)?;
    if info.files.len() > 1 {
        report.total(console)?;
    }
    Ok(())
}

fn run_json(info: &Info, options: &LoadOptions, console: &mut Console<'_>) -> io::Result<()> {
    let mut files = Vec::new();
    for path in &info.files {
        files.push(match place::peek(path, options) {
            Ok(arrays) => {
                for failure in failures(path, &arrays) {
                    console.fail(&failure)?;
                }
                FileInfo::new(path, &arrays)
            }
            Err(failure) => {
                console.fail(&failure)?;
                FileInfo::failed(path, failure)
            }
        });
    }
    console.document(&Files { files })
}

/// What is wrong with each damaged member.
pub(crate) fn failures(path: &Path, arrays: &[Peeked]) -> Vec<Failure> {
    let wrong = arrays.iter().filter_map(wrong);
    wrong.map(|err| Failure::new(path, err)).collect()
}

/// Tables, for people: one for all npy files that follow each other, one for each archive.
struct Report {
    singles: Columns,
    files: usize,
    arrays: usize,
    nbytes: u64,
    /// A line was written: the next table stands apart.
    begun: bool,
}

const HEAD: [(&str, Align); 7] = [
    ("name", Align::Left),
    ("dtype", Align::Left),
    ("shape", Align::Left),
    ("order", Align::Left),
    ("size", Align::Right),
    ("bytes", Align::Right),
    ("compression", Align::Left),
];

impl Report {
    fn new() -> Self {
        Report {
            singles: Columns::new(&HEAD[..6]),
            files: 0,
            arrays: 0,
            nbytes: 0,
            begun: false,
        }
    }

    fn single(
        &mut self,
        path: &Path,
        arrays: &[Peeked],
        console: &mut Console<'_>,
    ) -> io::Result<()> {
        self.files = self.files.saturating_add(1);
        for array in arrays {
            let mut row = self.row(path, escape::path(path), array);
            row.truncate(6);
            self.singles.push(row);
            remark(&mut self.singles, path, array);
        }
        if arrays.iter().any(|array| array.incomplete.is_some()) {
            self.flush(console)?;
            console.fail(&Failure::of(path, "the file ends before its array does"))?;
        }
        Ok(())
    }

    fn archive(
        &mut self,
        path: &Path,
        arrays: &[Peeked],
        console: &mut Console<'_>,
    ) -> io::Result<()> {
        self.flush(console)?;
        self.apart(console)?;
        self.files = self.files.saturating_add(1);
        let mut columns = Columns::new(&HEAD);
        let before = self.nbytes;
        for array in arrays {
            let name = array.key.as_deref().unwrap_or_default();
            let row = self.row(path, escape::name(name).into_owned(), array);
            columns.push(row);
            remark(&mut columns, path, array);
        }
        let stored = arrays.iter().map(|array| array.stored_size);
        let stored = stored.fold(0, u64::saturating_add);
        let nbytes = self.nbytes.saturating_sub(before);
        writeln!(
            console.out,
            "{}: {}, {}, {} in the file{}",
            escape::path(path),
            sizes::count(arrays.len(), "member"),
            sizes::rough(nbytes),
            sizes::rough(stored),
            ratio(nbytes, stored).map_or_else(String::new, |times| format!(" ({times})")),
        )?;
        if let Some(hint) = foreign::hint(arrays) {
            writeln!(console.out, "{hint}")?;
        }
        if !columns.is_empty() {
            columns.write(console.out)?;
        }
        let failures = failures(path, arrays);
        if !failures.is_empty() {
            let wrong = sizes::count(failures.len(), "member");
            let message = format!(
                "{wrong} of {} cannot be read",
                sizes::exact(arrays.len() as u64)
            );
            console.fail(&Failure::of(path, message))?;
        }
        Ok(())
    }

    fn row(&mut self, path: &Path, name: String, array: &Peeked) -> Vec<String> {
        let header = match &array.header {
            Err(err) => return vec![name, format!("error: {}", Failure::new(path, err).here())],
            Ok(header) => header.as_ref(),
        };
        self.arrays = self.arrays.saturating_add(usize::from(header.is_some()));
        let nbytes = header.map_or(array.size, |header| payload(header, array));
        self.nbytes = self.nbytes.saturating_add(nbytes);
        let (dtype, shape, order) = match header {
            None if array.key.is_none() => ("pickle".to_owned(), String::new(), ""),
            None => ("bytes".to_owned(), String::new(), ""),
            Some(header) => (
                dtype(header),
                tuple(header.shape()),
                match header.order() {
                    Order::C => "C",
                    Order::F => "F",
                },
            ),
        };
        let times = ratio(array.size, array.stored_size);
        let compression = match (array.compression, times) {
            ("stored", _) | (_, None) => array.compression.to_owned(),
            (method, Some(times)) => format!("{method} {times}"),
        };
        vec![
            name,
            dtype,
            shape,
            order.to_owned(),
            sizes::rough(nbytes),
            sizes::exact(nbytes),
            compression,
        ]
    }

    fn flush(&mut self, console: &mut Console<'_>) -> io::Result<()> {
        if self.singles.is_empty() {
            return Ok(());
        }
        self.apart(console)?;
        let singles = std::mem::replace(&mut self.singles, Columns::new(&HEAD[..6]));
        singles.write(console.out)
    }

    fn apart(&mut self, console: &mut Console<'_>) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            writeln!(console.out)?;
        }
        Ok(())
    }

    fn total(&mut self, console: &mut Console<'_>) -> io::Result<()> {
        self.apart(console)?;
        writeln!(
            console.out,
            "{}, {}, {} ({} bytes)",
            sizes::count(self.files, "file"),
            sizes::count(self.arrays, "array"),
            sizes::rough(self.nbytes),
            sizes::exact(self.nbytes),
        )
    }
}

/// The lines under an array's row.
fn remark(columns: &mut Columns, path: &Path, array: &Peeked) {
    columns.note(long_dtype(array));
    let incomplete = array.incomplete.as_ref();
    columns.note(incomplete.map(|err| format!("error: {}", Failure::new(path, err).here())));
    if let Ok(Some(header)) = &array.header {
        for warning in header.warnings() {
            let text = warning.to_string();
            columns.note(Some(format!("note: {}", escape::name(&text))));
        }
    }
}

/// A dtype that is wider than this gets a line of its own.
const WIDE: usize = 30;

fn dtype(header: &Header) -> String {
    let text = header.dtype().to_string();
    match header.dtype().fields() {
        Some(fields) if text.len() > WIDE => sizes::count(fields.len(), "field"),
        _ => escape::name(&text).into_owned(),
    }
}

/// The dtype that [`dtype`] cut short.
fn long_dtype(array: &Peeked) -> Option<String> {
    let header = array.header.as_ref().ok()?.as_ref()?;
    let text = header.dtype().to_string();
    let long = header.dtype().fields().is_some() && text.len() > WIDE;
    long.then(|| escape::name(&text).into_owned())
}

/// How many bytes the elements take: of Python objects, their pickle.
pub(crate) fn payload(header: &Header, array: &Peeked) -> u64 {
    match header.dtype().has_object() {
        true => array.size.saturating_sub(header.data_offset() as u64),
        false => header.nbytes() as u64,
    }
}

/// How many times smaller it is in the file: `4.1x`.
#[expect(
    clippy::cast_precision_loss,
    reason = "rounded to a digit or two anyway"
)]
fn ratio(size: u64, stored: u64) -> Option<String> {
    let times = size as f64 / stored as f64;
    (times.is_finite() && times > 1.05).then(|| format!("{times:.1}x"))
}

/// A shape as Python writes it.
pub(crate) fn tuple(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        shape => {
            let lengths: Vec<String> = shape.iter().map(ToString::to_string).collect();
            format!("({})", lengths.join(", "))
        }
    }
}
