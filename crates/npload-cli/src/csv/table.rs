//! A csv file as an array.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use clap::ValueEnum;
use npload::{DType, ReadAt, Stream, Struct};

use super::cell;
use super::column::{self, Column};
use super::records::{Malformed, Record, Records};
use crate::failure::Failure;
use crate::place::is_stdin;
use crate::sizes;

/// How many times as large as its file an array may be, where that is not small: one long text makes all long.
const MOST_GROWTH: u64 = 256;

const SMALL: u64 = 256 << 20;

/// How a file is written, and how it is to be read.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    pub(crate) delimiter: u8,
    pub(crate) header: Header,
    /// What the cells are, if that is said.
    pub(crate) dtype: Option<DType>,
}

/// Whether the first line has the columns' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Header {
    /// It has if none of its cells is a number, a bool, or empty
    Auto,
    Yes,
    No,
}

/// A file whose records were gone through: an array, of which the elements are read when they are asked for.
pub(crate) struct Table {
    source: Arc<dyn ReadAt>,
    len: u64,
    delimiter: u8,
    has_header: bool,
    columns: Vec<DType>,
    dtype: DType,
    shape: Vec<usize>,
}

impl Table {
    /// Goes through the file of that path, or through standard input, which is kept in memory; `told`
    /// hears how many bytes were read.
    pub(crate) fn open(path: &Path, format: &Format, told: &dyn Fn(u64)) -> Result<Self, Failure> {
        let unread = |err: io::Error| Failure::unread(path, &err);
        let (source, len) = open(path).map_err(unread)?;
        let mut scan = Scan::new(format);
        let input = Told {
            input: At::new(source.clone(), len),
            told,
        };
        let mut records = Records::new(input, format.delimiter);
        let mut record = Record::default();
        let wrong = |wrong: Malformed| malformed(path, wrong);
        while records.next(&mut record).map_err(wrong)? {
            let added = scan.add(&record);
            added.map_err(|what| malformed(path, Malformed::Line(record.line, what)))?;
        }
        let found = scan.finish();
        let (columns, dtype, shape) = found.map_err(|what| Failure::unfit(path, None, what))?;
        let size = dtype.itemsize() as u64;
        let nbytes = shape
            .iter()
            .fold(size, |n, &len| n.saturating_mul(len as u64));
        if nbytes > len.saturating_mul(MOST_GROWTH).saturating_add(SMALL) {
            let message = format!(
                "its texts would take {} in an array, where each is as long as the longest; --dtype says \
                 how long they may be (U20)",
                sizes::rough(nbytes)
            );
            return Err(Failure::limit(path, message));
        }
        Ok(Table {
            source,
            len,
            delimiter: format.delimiter,
            has_header: scan.names.is_some(),
            columns,
            dtype,
            shape,
        })
    }

    pub(crate) fn dtype(&self) -> &DType {
        &self.dtype
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }
}

/// What is known of a file's records so far.
struct Scan<'f> {
    format: &'f Format,
    names: Option<Vec<String>>,
    columns: Vec<Column>,
    /// What each column was said to be.
    said: Vec<DType>,
    rows: usize,
    scratch: Vec<u8>,
}

/// The dtypes of the columns, and the array's dtype and shape.
type Found = (Vec<DType>, DType, Vec<usize>);

impl<'f> Scan<'f> {
    fn new(format: &'f Format) -> Self {
        Scan {
            format,
            names: None,
            columns: Vec::new(),
            said: Vec::new(),
            rows: 0,
            scratch: Vec::new(),
        }
    }

    fn add(&mut self, record: &Record) -> Result<(), String> {
        if record.len() > MOST_COLUMNS {
            return Err(format!(
                "{} in a line, and {MOST_COLUMNS} are the most",
                sizes::count(record.len(), "cell")
            ));
        }
        if self.columns.is_empty() {
            self.columns = vec![Column::default(); record.len()];
            self.said = self.said(record.len())?;
            let is_header = match self.format.header {
                Header::Yes => true,
                Header::No => false,
                Header::Auto => is_header(record),
            };
            if is_header {
                let name = |cell: &[u8]| match cell {
                    [] => Ok(INDEX.to_owned()),
                    _ => String::from_utf8(cell.to_vec()),
                };
                let names = record.cells().map(name).collect::<Result<Vec<_>, _>>();
                self.names =
                    Some(names.map_err(|_| "the columns' names are not UTF-8".to_owned())?);
                return Ok(());
            }
        }
        if record.len() != self.columns.len() {
            return Err(format!(
                "{}, where the first line has {}",
                sizes::count(record.len(), "cell"),
                self.columns.len()
            ));
        }
        let columns = self.columns.iter_mut();
        for ((column, cell), at) in columns.zip(record.cells()).zip(1_usize..) {
            column.add(cell);
            let said = self.said.get(at.saturating_sub(1));
            // Lengths that are not said are found out.
            if let Some(dtype) = said.filter(|dtype| dtype.itemsize() > 0) {
                self.scratch.clear();
                cell::encode(dtype, cell, &mut self.scratch)
                    .map_err(|why| format!("cell {at}: {why}"))?;
            }
        }
        self.rows = self.rows.saturating_add(1);
        Ok(())
    }

    /// What each of so many columns is said to be.
    fn said(&self, columns: usize) -> Result<Vec<DType>, String> {
        let Some(dtype) = &self.format.dtype else {
            return Ok(Vec::new());
        };
        let said = match dtype.fields() {
            None => vec![dtype.clone(); columns],
            Some(fields) if fields.len() == columns => {
                fields.iter().map(|field| field.dtype.clone()).collect()
            }
            Some(fields) => {
                return Err(format!(
                    "{}, where --dtype has {}",
                    sizes::count(columns, "cell"),
                    sizes::count(fields.len(), "field")
                ));
            }
        };
        match said.iter().find(|dtype| !cell::is_read_as(dtype)) {
            Some(dtype) => Err(format!("cells are not read as {dtype}")),
            None => Ok(said),
        }
    }

    fn finish(&self) -> Result<Found, String> {
        let Some(first) = self.columns.first() else {
            return Err("there is no line in the file".to_owned());
        };
        let fields = self.format.dtype.as_ref().and_then(DType::fields);
        let is_struct = self.names.is_some() || fields.is_some();
        let columns = match (is_struct, self.said.is_empty()) {
            (_, false) => {
                let both = self.columns.iter().zip(&self.said);
                let filled = both
                    .map(|(column, said)| column.fill(said))
                    .collect::<Vec<_>>();
                match is_struct {
                    true => filled,
                    // Texts of one array have one length.
                    false => {
                        let all = self.together(first);
                        self.said.iter().map(|said| all.fill(said)).collect()
                    }
                }
            }
            (true, true) => {
                let dtypes = self.columns.iter().zip(1_usize..);
                let dtypes = dtypes.map(|(column, at)| {
                    let dtype = column.dtype();
                    dtype.map_err(|why| format!("column {at}{}: {why}", self.named(at)))
                });
                dtypes.collect::<Result<Vec<_>, _>>()?
            }
            (false, true) => {
                let dtype = self.together(first).dtype()?;
                vec![dtype; self.columns.len()]
            }
        };
        if !is_struct {
            let dtype = columns.first().cloned();
            let shape = match columns.len() {
                1 => vec![self.rows],
                count => vec![self.rows, count],
            };
            let dtype = dtype.ok_or("there is no cell in the file")?;
            return Ok((columns, dtype, shape));
        }
        let own = fields.map(|fields| fields.iter().map(|field| field.name.clone()).collect());
        let names = self.names.clone().or(own).unwrap_or_default();
        let packed = Struct::packed(names.into_iter().zip(columns.iter().cloned()));
        let packed = packed.map_err(|err| err.message().to_owned())?;
        Ok((columns, DType::Struct(Arc::new(packed)), vec![self.rows]))
    }

    fn together(&self, first: &Column) -> Column {
        let others = self.columns.iter().skip(1);
        others.fold(first.clone(), |all, column| all.and(column))
    }

    /// A column's name, for a message.
    fn named(&self, at: usize) -> String {
        let name = self
            .names
            .as_ref()
            .and_then(|names| names.get(at.saturating_sub(1)));
        name.map_or_else(String::new, |name| format!(" ({name:?})"))
    }
}

impl Stream for Table {
    fn open(&self) -> npload::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(Elements {
            table: self,
            records: Records::new(At::new(self.source.clone(), self.len), self.delimiter),
            record: Record::default(),
            header: self.has_header,
            left: self.shape.first().copied().unwrap_or(0),
            bytes: Vec::new(),
            at: 0,
        }))
    }
}

/// The elements of a table, as they are read.
struct Elements<'t> {
    table: &'t Table,
    records: Records<At>,
    record: Record,
    /// Whether the header comes next.
    header: bool,
    left: usize,
    bytes: Vec<u8>,
    at: usize,
}

impl Elements<'_> {
    /// The bytes of the next record. It was gone through before: what is wrong now was not there then.
    fn next_row(&mut self) -> io::Result<()> {
        let changed = |line: u64| {
            let message = format!("the file changed while it was read, in line {line} or before");
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let next = self.records.next(&mut self.record);
        let is_there = next.map_err(|err| match err {
            Malformed::Io(err) => err,
            Malformed::Line(line, _) => changed(line),
        })?;
        let line = self.record.line;
        if !is_there || self.record.len() != self.table.columns.len() {
            return Err(changed(line));
        }
        if std::mem::take(&mut self.header) {
            return Ok(());
        }
        for (dtype, cell) in self.table.columns.iter().zip(self.record.cells()) {
            cell::encode(dtype, cell, &mut self.bytes).map_err(|_| changed(line))?;
        }
        self.left = self.left.saturating_sub(1);
        Ok(())
    }
}

impl Read for Elements<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.bytes.len() {
            self.bytes.clear();
            self.at = 0;
            if self.left == 0 {
                return Ok(0);
            }
            self.next_row()?;
        }
        let from = self.bytes.get(self.at..).unwrap_or_default();
        let len = from.len().min(out.len());
        for (place, byte) in out.iter_mut().zip(from) {
            *place = *byte;
        }
        self.at = self.at.saturating_add(len);
        Ok(len)
    }
}

/// A file that can be read again, and how long it is; what cannot is read whole.
fn open(path: &Path) -> io::Result<(Arc<dyn ReadAt>, u64)> {
    let whole = |mut input: Box<dyn Read>| -> io::Result<(Arc<dyn ReadAt>, u64)> {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes)?;
        let len = bytes.len() as u64;
        Ok((Arc::new(bytes), len))
    };
    if is_stdin(path) {
        return whole(Box::new(io::stdin().lock()));
    }
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let file = File::open(path)?;
    match metadata.is_file() {
        true => Ok((Arc::new(file), metadata.len())),
        false => whole(Box::new(file)),
    }
}

/// Bytes that can be read at any position, from the first on.
struct At {
    source: Arc<dyn ReadAt>,
    at: u64,
    len: u64,
}

impl At {
    fn new(source: Arc<dyn ReadAt>, len: u64) -> Self {
        At { source, at: 0, len }
    }
}

impl Read for At {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let len = out.len().min(left);
        let dest = out.get_mut(..len).unwrap_or_default();
        self.source.read_exact_at(dest, self.at)?;
        self.at = self.at.saturating_add(len as u64);
        Ok(len)
    }
}

/// A reader of which somebody hears how far it is.
struct Told<'t> {
    input: At,
    told: &'t dyn Fn(u64),
}

impl Read for Told<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.input.read(out)?;
        (self.told)(len as u64);
        Ok(len)
    }
}

fn malformed(path: &Path, wrong: Malformed) -> Failure {
    match wrong {
        Malformed::Io(err) => Failure::unread(path, &err),
        wrong => Failure::damaged(path, None, None, wrong.to_string()),
    }
}

/// The most cells of a line: what is known of each column takes about 130 bytes.
const MOST_COLUMNS: usize = 1 << 18;

/// What a column without a name is called: pandas writes its index so.
const INDEX: &str = "index";

/// Whether a line has the names of columns: no cell is a value. The first may be empty.
fn is_header(record: &Record) -> bool {
    let mut cells = record.cells();
    let first = cells.next().unwrap_or_default();
    let rest = record.len() > 1;
    (column::is_name(first) || rest && first.is_empty()) && cells.all(column::is_name)
}
