//! Arrays that grow: rows appended to an npy file.
//!
//! The rows are written behind the data first, and the header's length is changed then, in one small
//! write: a reader, or who comes after a crash, sees the old length or the new one. Rows that no header
//! counts are bytes behind the array, which readers pass over and the next append writes over.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use npload_buffer::lock_file;

use super::npy::Npy;
use super::{Savable, SaveOptions};
use crate::array::{Axes, Order};
use crate::dtype::DType;
use crate::npy::{MAGIC, Parsed, data_offset, parse_header};
use crate::sink::{FileSink, Sink, writing};
use crate::{Error, ErrorKind, Result};

/// Appends to an npy file along the first axis, in place.
///
/// NumPy leaves room in its headers for the length to grow, so that no data move. Each append is there
/// for readers when it returns. One process at a time may append to a file.
///
/// ```
/// use npload::NpyAppender;
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("x.npy");
/// npload::save(&path, &[1.0_f64, 2.0])?;
/// let mut appender = NpyAppender::open(&path)?;
/// appender.append(&[3.0_f64])?;
/// assert_eq!(appender.shape(), [3]);
/// assert_eq!(npload::load(&path)?.into_array()?.shape(), [3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct NpyAppender {
    file: File,
    path: PathBuf,
    options: SaveOptions,
    /// The header's bytes, as they are in the file.
    header: Vec<u8>,
    dtype: DType,
    shape: Axes<usize>,
}

impl NpyAppender {
    /// Opens a file that holds one array, to append to it.
    ///
    /// # Errors
    /// [`ErrorKind::Io`]; what parsing a header fails with; [`ErrorKind::Argument`] for an array that
    /// cannot grow along its first axis (without axes, in Fortran order, of objects), for a file with
    /// more than one array, and where another appender is at work.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        SaveOptions::new().append_npy(path)
    }

    /// What its elements are.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// The array's shape now.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Appends an array, whose dtype and further axes are those of the file's.
    ///
    /// # Errors
    /// [`ErrorKind::Type`] for another dtype, [`ErrorKind::Shape`] for other axes, [`ErrorKind::Header`]
    /// where the header has no room for the length; [`ErrorKind::Io`]; [`ErrorKind::Interrupted`]. The
    /// file's array is then what it was.
    pub fn append(&mut self, array: &(impl Savable + ?Sized)) -> Result<()> {
        let saved = array.saved()?;
        let appended = self.append_saved(
            &Npy::new(saved.saved_in_c()?)?,
            saved.dtype(),
            saved.shape(),
        );
        appended.map_err(|err| err.with_path(&self.path))
    }

    fn append_saved(&mut self, rows: &Npy<'_>, dtype: &DType, shape: &[usize]) -> Result<()> {
        if *dtype != self.dtype {
            let message = format!(
                "the file has {}, and what is to be appended {dtype}",
                self.dtype
            );
            return Err(Error::new(ErrorKind::Type, message));
        }
        let (Some((more, axes)), Some((len, own))) =
            (shape.split_first(), self.shape.split_first())
        else {
            return Err(other_shape(&self.shape, shape));
        };
        if axes != own {
            return Err(other_shape(&self.shape, shape));
        }
        let mut grown = self.shape.clone();
        if let Some(first) = grown.first_mut() {
            *first = len
                .checked_add(*more)
                .ok_or_else(|| other_shape(&self.shape, shape))?;
        }
        let header = self.grown_header(&grown)?;
        let end = self.end();
        let was = self.file.metadata().map_err(writing)?.len();
        if let Err(err) = self.write_rows(rows, end) {
            // What was there before is still counted by the header; the rest is let go of.
            let _ = self.file.set_len(was.max(end));
            return Err(err);
        }
        self.write_header(&header)?;
        self.header = header;
        self.shape = grown;
        Ok(())
    }

    fn write_rows(&mut self, rows: &Npy<'_>, end: u64) -> Result<()> {
        use crate::sink::Contents;
        let data = rows.data();
        let meter = self.options.meter(data.len());
        self.file.seek(SeekFrom::Start(end)).map_err(writing)?;
        let mut sink = FileSink::new(&self.file, end, true);
        // One thread: a mapping of a file that others read is none of this process's alone.
        sink.write_contents(&data, 1, &|bytes| meter.advance(bytes))?;
        sink.flush().map_err(writing)?;
        if self.options.durable {
            self.file.sync_data().map_err(writing)?;
        }
        meter.finish()
    }

    /// Writes what differs of the header, at once: a page of the file is never seen half written.
    fn write_header(&mut self, header: &[u8]) -> Result<()> {
        let differs = |(a, b): (&u8, &u8)| a != b;
        let pairs = || self.header.iter().zip(header);
        let Some(first) = pairs().position(differs) else {
            return Ok(());
        };
        let last = pairs().rposition(differs).unwrap_or(first);
        let changed = header.get(first..=last).unwrap_or_default();
        self.file
            .seek(SeekFrom::Start(first as u64))
            .map_err(writing)?;
        self.file.write_all(changed).map_err(writing)?;
        if self.options.durable {
            self.file.sync_data().map_err(writing)?;
        }
        Ok(())
    }

    /// Where the data end that the header counts.
    fn end(&self) -> u64 {
        let items = self
            .shape
            .iter()
            .fold(1_u64, |n, &len| n.saturating_mul(len as u64));
        let size = items.saturating_mul(self.dtype.itemsize() as u64);
        size.saturating_add(self.header.len() as u64)
    }

    /// The header with another first length, all else as it is: notes, spelling, version.
    fn grown_header(&self, shape: &[usize]) -> Result<Vec<u8>> {
        let no_room = || {
            let message = format!(
                "the header has no room for the length {}: save the array anew, which leaves some",
                shape.first().copied().unwrap_or_default()
            );
            Error::new(ErrorKind::Header, message)
        };
        let (start, end) = first_length(&self.header).ok_or_else(no_room)?;
        let digits = shape.first().copied().unwrap_or_default().to_string();
        let mut header = self.header.get(..start).unwrap_or_default().to_vec();
        header.extend_from_slice(digits.as_bytes());
        header.extend_from_slice(self.header.get(end..).unwrap_or_default());
        // The blanks before the newline take up the difference.
        let newline = header.pop().filter(|&byte| byte == b'\n');
        while header.len() >= self.header.len() && header.last() == Some(&b' ') {
            header.pop();
        }
        let fill = self.header.len().saturating_sub(1);
        header.resize(header.len().max(fill), b' ');
        header.extend(newline);
        // Whatever the header looked like: it must now say just this.
        let says_it = |header: &[u8]| match parse_header(header, usize::MAX) {
            Ok(Parsed::Header(parsed)) => {
                parsed.dtype() == &self.dtype
                    && parsed.shape() == shape
                    && parsed.data_offset() == header.len()
            }
            _ => false,
        };
        match header.len() == self.header.len() && newline.is_some() && says_it(&header) {
            true => Ok(header),
            false => Err(no_room()),
        }
    }
}

/// Where the first length of the shape stands in a header.
fn first_length(header: &[u8]) -> Option<(usize, usize)> {
    let find = |from: usize, what: &[u8]| {
        let rest = header.get(from..)?;
        let at = rest.windows(what.len()).position(|window| window == what)?;
        at.checked_add(from)?.checked_add(what.len())
    };
    // The last, since a field may be named so, too.
    let mut key = None;
    let mut from = 0;
    while let Some(found) = find(from, b"'shape'") {
        key = Some(found);
        from = found;
    }
    let start = find(key?, b"(")?;
    let digits = header
        .get(start..)?
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    (digits > 0).then(|| (start, start.saturating_add(digits)))
}

impl SaveOptions {
    /// [`NpyAppender::open`], with these options: `durable` waits for the disk before and after each
    /// length changes.
    ///
    /// # Errors
    /// As there.
    pub fn append_npy(&self, path: impl AsRef<Path>) -> Result<NpyAppender> {
        let path = path.as_ref();
        open(path, self).map_err(|err| err.with_path(path))
    }
}

fn open(path: &Path, options: &SaveOptions) -> Result<NpyAppender> {
    let opening = |err| Error::io(err, "opening the file");
    let mut file = File::options()
        .read(true)
        .write(true)
        .open(path)
        .map_err(opening)?;
    if !file.metadata().map_err(opening)?.is_file() {
        return Err(refused("only a file can be appended to"));
    }
    if !lock_file(&file).map_err(opening)? {
        return Err(refused(
            "another appender has this file open: one at a time may append",
        ));
    }
    let head = read_up_to(&file, 12).map_err(opening)?;
    let most = file.metadata().map_err(opening)?.len();
    let len = data_offset(&head).filter(|&len| len <= most);
    let len = len.unwrap_or(head.len() as u64);
    let mut header = vec![0; usize::try_from(len).unwrap_or_default()];
    file.seek(SeekFrom::Start(0)).map_err(opening)?;
    file.read_exact(&mut header).map_err(opening)?;
    let Parsed::Header(parsed) = parse_header(&header, crate::MAX_HEADER_SIZE)? else {
        let message = "the file ends within its header: it holds no array to append to";
        return Err(Error::new(ErrorKind::Truncated, message));
    };
    if parsed.dtype().has_object() {
        return Err(refused(
            "arrays of Python objects are one pickle, and cannot be appended to",
        ));
    }
    let [_, further @ ..] = parsed.shape() else {
        return Err(refused("an array without axes cannot grow"));
    };
    if parsed.order() == Order::F && !further.is_empty() {
        return Err(refused(
            "the array is in Fortran order, in which its last axis could grow: save it in C order",
        ));
    }
    let appender = NpyAppender {
        dtype: parsed.dtype().clone(),
        shape: Axes::from_slice(parsed.shape()),
        file,
        path: path.to_owned(),
        options: options.clone(),
        header,
    };
    let end = appender.end();
    if most < end {
        let message =
            format!("the array needs {end} bytes, and the file has {most}: it is cut off");
        return Err(Error::new(ErrorKind::Truncated, message));
    }
    let mut file = &appender.file;
    file.seek(SeekFrom::Start(end)).map_err(opening)?;
    if read_up_to(file, MAGIC.len() as u64).map_err(opening)? == MAGIC {
        return Err(refused(
            "another array follows the first one, and would be written over",
        ));
    }
    Ok(appender)
}

/// The next bytes, so many or fewer where the file ends.
fn read_up_to(file: &File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cold]
fn refused(message: &'static str) -> Error {
    Error::new(ErrorKind::Argument, message)
}

#[cold]
fn other_shape(own: &[usize], other: &[usize]) -> Error {
    let message = format!(
        "the file has shape {}, and what is to be appended {}: they may differ in the first length alone",
        crate::npy::tuple_repr(own),
        crate::npy::tuple_repr(other)
    );
    Error::new(ErrorKind::Shape, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::with_hook;
    use crate::{Array, Buffer, load, save};

    fn file() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.npy");
        (dir, path)
    }

    fn values(path: &Path) -> Vec<u8> {
        load(path)
            .unwrap()
            .into_array()
            .unwrap()
            .to_bytes()
            .unwrap()
    }

    #[test]
    fn what_grew_is_what_would_have_been_saved_at_once() {
        let (_dir, path) = file();
        let (_other, whole) = file();
        save(&path, &vec![0_u8; 0]).unwrap();
        let mut appender = NpyAppender::open(&path).unwrap();
        let mut all = Vec::new();
        for i in 0..120_usize {
            let more = vec![i as u8; i];
            appender.append(&more).unwrap();
            all.extend(more);
            assert_eq!(values(&path), all);
        }
        save(&whole, &all).unwrap();
        assert!(std::fs::read(&path).unwrap() == std::fs::read(&whole).unwrap());
    }

    #[test]
    fn the_note_and_the_spelling_of_a_header_stay() {
        let (_dir, path) = file();
        let dtype = DType::parse("bfloat16").unwrap();
        let rows = |n: usize| {
            let bytes = Buffer::from(vec![1; n * 6]);
            Array::from_bytes(dtype.clone(), &[n, 3], Order::C, bytes).unwrap()
        };
        save(&path, &rows(9)).unwrap();
        NpyAppender::open(&path).unwrap().append(&rows(2)).unwrap();
        let array = load(&path).unwrap().into_array().unwrap();
        assert_eq!((array.dtype(), array.shape()), (&dtype, [11, 3].as_slice()));
        // No dictionary of NumPy's, but room.
        let mut other =
            b"\x93NUMPY\x01\0\x76\0{'shape':(0x2,), 'descr':'|u1', 'fortran_order':False}".to_vec();
        other.resize(127, b' ');
        other.extend_from_slice(b"\nab");
        std::fs::write(&path, &other).unwrap();
        let err = NpyAppender::open(&path)
            .unwrap()
            .append(&[1_u8])
            .unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Header);
        assert!(std::fs::read(&path).unwrap() == other);
    }

    #[test]
    fn what_cannot_be_appended_is_refused_and_the_file_stays() {
        let (_dir, path) = file();
        save(&path, &[[1_i32, 2], [3, 4]].concat()).unwrap();
        let was = std::fs::read(&path).unwrap();
        let mut appender = NpyAppender::open(&path).unwrap();
        assert_eq!(
            appender.append(&[1_i64]).unwrap_err().kind(),
            ErrorKind::Type
        );
        let two = Array::from_bytes(
            DType::parse("<i4").unwrap(),
            &[1, 1],
            Order::C,
            Buffer::from(vec![0; 4]),
        );
        assert_eq!(
            appender.append(&two.unwrap()).unwrap_err().kind(),
            ErrorKind::Shape
        );
        assert_eq!(
            NpyAppender::open(&path).err().unwrap().kind(),
            ErrorKind::Argument
        );
        drop(appender);
        assert!(std::fs::read(&path).unwrap() == was);
        let mut both = was.clone();
        both.extend(&was);
        std::fs::write(&path, &both).unwrap();
        let err = NpyAppender::open(&path).err().unwrap();
        assert!(err.message().contains("another array follows"), "{err}");
        std::fs::write(&path, &was[..130]).unwrap();
        assert_eq!(
            NpyAppender::open(&path).err().unwrap().kind(),
            ErrorKind::Truncated
        );
        std::fs::write(&path, &was[..50]).unwrap();
        assert_eq!(
            NpyAppender::open(&path).err().unwrap().kind(),
            ErrorKind::Truncated
        );
    }

    #[test]
    fn rows_that_no_header_counts_are_written_over() {
        let (_dir, path) = file();
        save(&path, &[1_u8, 2]).unwrap();
        let full = || Err(io::ErrorKind::StorageFull.into());
        let mut appender = NpyAppender::open(&path).unwrap();
        let more = vec![3_u8; 1 << 20];
        let err = with_hook(move |_| full(), || appender.append(&more).unwrap_err());
        assert_eq!(err.io_kind(), Some(io::ErrorKind::StorageFull));
        assert_eq!(values(&path), [1, 2]);
        drop(appender);
        // As after a crash between rows and header.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend([9; 1000]);
        std::fs::write(&path, bytes).unwrap();
        NpyAppender::open(&path).unwrap().append(&[3_u8]).unwrap();
        assert_eq!(values(&path), [1, 2, 3]);
    }
}
