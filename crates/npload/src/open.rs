//! A file opened and not loaded, whatever it is.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use npload_buffer::{Buffer, ReadAt};
use npload_pickle::{End, find_end};

use crate::npy::{Head, Header, Parsed, parse_header, truncated_header};
use crate::object::{Pickle, stream_pickle, take_pickle};
use crate::sniff::{Format, Looks, identify, identify_stream, refuse};
use crate::source::{BLOCK, Opened, Source, Stream, open as open_path};
use crate::{Error, LoadOptions, Npy, Npz, Peeked, Result};

/// A file that was opened and not loaded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Handle {
    /// An npy file: one array.
    Npy(Npy),
    /// An npz file: named arrays.
    Npz(Npz),
    /// A pickle, where they are allowed.
    Pickle(Pickle),
}

/// Opens the file of that path, whatever it is, and loads nothing.
///
/// ```
/// use npload::Handle;
/// match npload::open("../../testdata/npz/savez.npz")? {
///     Handle::Npy(npy) => println!("{:?}", npy.header().shape()),
///     Handle::Npz(npz) => println!("{:?}", npz.keys().collect::<Vec<_>>()),
///     _ => {}
/// }
/// # Ok::<(), npload::Error>(())
/// ```
///
/// # Errors
/// As [`load`](crate::load), without those of the data.
pub fn open(path: impl AsRef<Path>) -> Result<Handle> {
    LoadOptions::new().open(path)
}

impl LoadOptions {
    /// [`open`] with these options. What is no file (a pipe) is read as [`LoadOptions::open_reader`]
    /// reads it.
    ///
    /// # Errors
    /// As there.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Handle> {
        let path = path.as_ref();
        match open_path(path, self.needs_write())? {
            Opened::File(file) => self.handle_in(Source::File(Arc::new(file))),
            Opened::Stream(file) => {
                let handle = self.open_reader(&mut BufReader::with_capacity(BLOCK, file));
                handle.map_err(|e| e.with_path(path))
            }
        }
    }

    /// As [`LoadOptions::open`], for what a reader gives next, which is kept in memory: an array as
    /// far as its header says, one of Python objects as far as its pickle goes where pickles are
    /// allowed, an archive to the reader's end, since its directory stands there. What is neither is
    /// refused by its first bytes. Of a pickle single bytes are asked for: give a
    /// [`BufReader`] where each read is a system call.
    ///
    /// ```
    /// use npload::LoadOptions;
    /// let bytes = std::fs::read("../../testdata/npy/f8-le-2d-c.npy")?;
    /// let mut reader = bytes.as_slice();
    /// let handle = LoadOptions::new().open_reader(&mut reader)?;
    /// assert_eq!(handle.peek()[0].size, bytes.len() as u64);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn open_reader(&self, reader: &mut impl Read) -> Result<Handle> {
        let mut stream = Stream::new(reader, None);
        let (format, head) = identify_stream(&mut stream, self.allow_pickle)?;
        let bytes = match format {
            Format::Npy => self.read_array(&mut stream, head)?,
            Format::Zip => stream
                .read_all(head)
                .map_err(|e| Error::io(e, "reading the archive"))?,
            Format::Pickle => {
                check_pickle(&head, || Ok(head.clone()))?;
                let pickle = stream_pickle(&mut stream, head, self)?;
                return self.open_source(pickle);
            }
        };
        self.open_source(Buffer::from(bytes))
    }

    /// The header of an npy file, of which `bytes` are the first, and get what else it has; nothing
    /// if the stream ends before.
    fn read_header(&self, stream: &mut Stream<'_>, bytes: &mut Vec<u8>) -> Result<Option<Header>> {
        loop {
            match parse_header(bytes, self.max_header_size)? {
                Parsed::Header(header) => return Ok(Some(header)),
                Parsed::NeedMore(needed) => {
                    let read = stream.read_up_to(bytes, needed);
                    if !read.map_err(|e| Error::io(e, "reading the array's header"))? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// An npy file, of which `bytes` are the first: to its end, or as far as the stream goes. Where
    /// pickles are not allowed, one is not read: whoever loads it is refused.
    fn read_array(&self, stream: &mut Stream<'_>, mut bytes: Vec<u8>) -> Result<Vec<u8>> {
        let Some(header) = self.read_header(stream, &mut bytes)? else {
            return Ok(bytes);
        };
        if header.dtype().has_object() {
            if self.allow_pickle {
                take_pickle(stream, &mut bytes, header.data_offset())?;
            }
        } else {
            let end = header.data_offset().saturating_add(header.nbytes());
            let read = stream.read_up_to(&mut bytes, end);
            read.map_err(|e| Error::io(e, "reading the array"))?;
        }
        Ok(bytes)
    }

    /// [`Handle::peek`] of what a reader gives next. Of an array only the header is read, so that
    /// [`Peeked::size`] is what the header says; an archive is read to the reader's end.
    ///
    /// # Errors
    /// As [`peek`](crate::peek).
    pub fn peek_reader(&self, reader: &mut impl Read) -> Result<Vec<Peeked>> {
        let mut stream = Stream::new(reader, None);
        let (format, mut head) = identify_stream(&mut stream, self.allow_pickle)?;
        if format == Format::Zip {
            let read = stream.read_all(head);
            let bytes = read.map_err(|e| Error::io(e, "reading the archive"))?;
            return Ok(self.open_source(Buffer::from(bytes))?.peek());
        }
        if format == Format::Pickle {
            check_pickle(&head, || Ok(head.clone()))?;
            let rest = stream.skip_all();
            let rest = rest.map_err(|e| Error::io(e, "reading the pickle"))?;
            return Ok(vec![Peeked::of_pickle(
                rest.saturating_add(head.len() as u64),
            )]);
        }
        let Some(header) = self.read_header(&mut stream, &mut head)? else {
            return Err(truncated_header(&head));
        };
        self.warn(header.warnings());
        let nbytes = match header.dtype().has_object() {
            true => stream
                .skip_all()
                .map_err(|e| Error::io(e, "reading the array"))?,
            false => header.nbytes() as u64,
        };
        let size = nbytes.saturating_add(header.data_offset() as u64);
        Ok(vec![Peeked::of_npy(header, size)])
    }

    /// As [`LoadOptions::open`], for anything that can be read at any position.
    ///
    /// # Errors
    /// As there.
    pub fn open_source(&self, source: impl ReadAt + 'static) -> Result<Handle> {
        self.handle_in(Source::Other(Arc::new(source)))
    }

    pub(crate) fn handle_in(&self, source: Source) -> Result<Handle> {
        let find = || {
            let len = source.len()?;
            let head = Head::read(&source, 0, len)?;
            match identify(head.bytes(), self.allow_pickle)? {
                Format::Npy => {
                    let npy = Npy::in_source(source.clone(), len, &head, self.clone())?;
                    Ok(Handle::Npy(npy))
                }
                Format::Zip => Ok(Handle::Npz(Npz::in_source(source.clone(), self.clone())?)),
                Format::Pickle => {
                    check_pickle(head.bytes(), || first_bytes(&source, len))?;
                    let pickle = Pickle::in_source(source.clone(), 0, len, self.clone());
                    Ok(Handle::Pickle(pickle))
                }
            }
        };
        find().map_err(|e| source.explain(e))
    }
}

/// Refuses what does not look like a pickle: whoever loads would find out, who opens would not.
/// What does not is one all the same if its first bytes, of which there are more than in `head`, are
/// opcodes to the end.
fn check_pickle(head: &[u8], first: impl FnOnce() -> Result<Vec<u8>>) -> Result<()> {
    if Looks::first(head).is_pickle || are_pickles(&first()?) {
        return Ok(());
    }
    Err(refuse(head, false))
}

/// So many of a file's first bytes are looked at: an int in a pickle may have 100,000 digits.
const FIRST: u64 = 128 << 10;

fn first_bytes(source: &Source, len: u64) -> Result<Vec<u8>> {
    let mut first = vec![0; usize::try_from(len.min(FIRST)).unwrap_or_default()];
    source.read_exact_at(&mut first, 0)?;
    Ok(first)
}

/// Whether pickles are in a row and nothing else, by the lengths of their opcodes. So many of them
/// are no accident, whatever follows.
fn are_pickles(bytes: &[u8]) -> bool {
    const ENOUGH: usize = 4;
    let mut rest = bytes;
    for _ in 0..ENOUGH {
        let Ok(End::At(end)) = find_end(&mut &*rest, FIRST) else {
            return false;
        };
        let pickle = usize::try_from(end)
            .ok()
            .and_then(|end| rest.split_at_checked(end));
        let Some((pickle, behind)) = pickle else {
            return false;
        };
        // A STOP alone stops nothing.
        if pickle.len() < 2 {
            return false;
        }
        rest = behind;
        if rest.trim_ascii().is_empty() {
            return true;
        }
    }
    true
}

impl Handle {
    /// One [`Peeked`] for an npy file or a pickle, one for each member of an npz. Headers only are read.
    #[must_use]
    pub fn peek(&self) -> Vec<Peeked> {
        match self {
            Handle::Npy(npy) => vec![npy.peek()],
            Handle::Npz(npz) => npz.peek(),
            Handle::Pickle(pickle) => vec![pickle.peek()],
        }
    }
}
