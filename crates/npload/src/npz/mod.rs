//! Archives of arrays: zip's members seen as npy files.

#[cfg(feature = "ndarray")]
mod boxes;
mod closed;
mod cut_off;
mod forward;
mod load_all;
mod load_into;
mod member;
mod part;
mod peek;
mod pending;
mod plan;
mod stream;
mod templates;
mod tiny;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use npload_buffer::{Buffer, ReadAt};

use crate::npy::{Head, Header};
use crate::sniff::{Format, identify, identify_stream, refuse};
use crate::source::{Opened, Source, Stream, open};
use crate::zip::{Archive, Entry, SUFFIX};
use crate::{Array, Error, ErrorKind, LoadOptions, MmapMode, Result};

pub use member::Member;
pub use pending::PendingMember;

/// An npz file: named arrays, each loaded when it is asked for.
///
/// Reads are positional, so one handle serves many threads, and forked processes too.
///
/// ```
/// let npz = npload::Npz::open("../../testdata/npz/savez.npz")?;
/// for key in npz.keys() {
///     println!("{key}: {:?}", npz.get(key)?.shape());
/// }
/// let all = npz.load_all()?;      // on up to 8 cores
/// assert_eq!(all.len(), npz.len());
/// # Ok::<(), npload::Error>(())
/// ```
#[derive(Clone)]
pub struct Npz {
    source: Source,
    archive: Arc<Archive>,
    options: LoadOptions,
}

impl Npz {
    /// Opens the archive of that path, with [`LoadOptions::new`]. Only its directory is read.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], [`ErrorKind::Archive`] when it is a damaged zip file,
    /// [`ErrorKind::NotArray`] or [`ErrorKind::Empty`] when it is something else.
    pub fn open(path: impl AsRef<Path>) -> Result<Npz> {
        LoadOptions::new().open_npz(path)
    }

    pub(crate) fn in_source(source: Source, options: LoadOptions) -> Result<Npz> {
        if options
            .map
            .is_some_and(|map| map.mode() == MmapMode::ReadWrite)
        {
            let message = "members of an archive cannot be mapped for writing (r+): it would break \
                           their checksums; use c, whose changes stay in memory";
            return Err(Error::new(ErrorKind::Mmap, message));
        }
        let archive = Archive::open(source.shared());
        let archive = archive.map_err(|e| source.explain(cut_off::explain(&source, e)))?;
        Ok(Npz {
            source,
            archive: Arc::new(archive),
            options,
        })
    }

    /// Its directory, and members as bytes.
    pub(crate) fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The same archive, whose members are loaded with other options.
    #[must_use]
    pub fn with_options(self, options: LoadOptions) -> Npz {
        Npz { options, ..self }
    }

    /// The file that it reads, if it was opened by a path. Its position means nothing.
    #[must_use]
    pub fn file(&self) -> Option<&File> {
        self.source.file()
    }

    /// How many members it has, duplicates counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.archive.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keys: members' names without `.npy`, in the order of the directory. A name that stands
    /// there twice comes twice; it means the last.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.archive.entries().map(|entry| key_of(entry.name()))
    }

    /// The members' whole names, in the order of [`Npz::keys`].
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.archive.entries().map(|entry| entry.name())
    }

    /// Whether there is a member of that key or name.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.archive.find(key).is_some()
    }

    /// The array of that key, or of the member's whole name.
    ///
    /// # Errors
    /// [`ErrorKind::NoSuchMember`]; [`ErrorKind::NotArray`] when the member is no npy file
    /// ([`Npz::member`] gives its bytes); [`ErrorKind::Checksum`], [`ErrorKind::Archive`] when it is
    /// damaged, [`ErrorKind::Encrypted`], [`ErrorKind::Method`]; else as [`load`](crate::load).
    pub fn get(&self, key: &str) -> Result<Array> {
        let load = || member::load_array(&self.find(key)?, &self.source, &self.options);
        load().map_err(|e| self.locate(e, key))
    }

    /// The member of that key, or of its whole name: an array, an array of objects, or bytes when it
    /// is no npy file.
    ///
    /// # Errors
    /// As [`Npz::get`].
    pub fn member(&self, key: &str) -> Result<Member> {
        let load = || member::load(&self.find(key)?, &self.source, &self.options);
        load().map_err(|e| self.locate(e, key))
    }

    /// All members, in the order of [`Npz::keys`], loaded by as many threads as
    /// [`LoadOptions::threads`] says.
    ///
    /// Arrays of up to 64 KiB share memory with their neighbours, up to 1 MiB together.
    ///
    /// # Errors
    /// That of a member that cannot be loaded; of several, the one that a thread came upon first.
    pub fn load_all(&self) -> Result<Vec<(&str, Member)>> {
        self.load_which(None)
    }

    /// The members of these keys, or of these whole names, in that order, as [`Npz::load_all`] loads
    /// them.
    ///
    /// # Errors
    /// As there, and [`ErrorKind::NoSuchMember`].
    pub fn load_some<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> Result<Vec<Member>> {
        let indices = keys.into_iter().map(|key| Ok(self.find(key)?.index()));
        let indices = indices.collect::<Result<Vec<_>>>()?;
        let which: BTreeSet<_> = indices.iter().copied().collect();
        let loaded = self.load_which(Some(which.clone()))?;
        let loaded: BTreeMap<_, _> = which.into_iter().zip(loaded).collect();
        let member = |index| Some(loaded.get(index)?.1.clone());
        Ok(indices.iter().filter_map(member).collect())
    }

    fn load_which(&self, which: Option<BTreeSet<usize>>) -> Result<Vec<(&str, Member)>> {
        let load = |options: &_| load_all::load(&self.archive, which, &self.source, options);
        let loaded = self.options.keep_warnings(load);
        loaded.map_err(|e| self.source.explain(e))
    }

    /// What the header of an array says; of a compressed member only the first bytes are inflated.
    /// None when the member is no npy file.
    ///
    /// # Errors
    /// As [`Npz::get`], without those of the data.
    pub fn header(&self, key: &str) -> Result<Option<Header>> {
        let read = || member::header(&self.find(key)?, &self.options);
        read().map_err(|e| self.locate(e, key))
    }

    /// Members by name first, then by key, as NumPy looks them up.
    fn find(&self, key: &str) -> Result<Entry<'_>> {
        self.archive.find(key).ok_or_else(|| {
            let message = format!("{key} is not a file in the archive");
            Error::new(ErrorKind::NoSuchMember, message)
        })
    }

    #[cold]
    pub(crate) fn locate(&self, err: Error, key: &str) -> Error {
        let err = match (err.kind(), self.find(key)) {
            (ErrorKind::NoSuchMember, _) | (_, Err(_)) => err,
            (_, Ok(entry)) => err.with_member(entry.name()),
        };
        self.source.explain(err)
    }
}

impl LoadOptions {
    /// [`Npz::open`] with these options. What is no file (a pipe) is read whole, if it begins as an
    /// archive.
    ///
    /// # Errors
    /// As there.
    pub fn open_npz(&self, path: impl AsRef<Path>) -> Result<Npz> {
        let path = path.as_ref();
        let source = match open(path, false)? {
            Opened::File(file) => Source::File(Arc::new(file)),
            Opened::Stream(mut file) => {
                let read = self.read_archive(&mut Stream::new(&mut file, None));
                Source::Other(Arc::new(read.map_err(|e| e.with_path(path))?))
            }
        };
        let opened = Npz::in_source(source.clone(), self.clone());
        opened.map_err(|e| self.name_what_it_is(&source, e).with_path(path))
    }

    /// As [`LoadOptions::open_npz`], for anything that can be read at any position.
    ///
    /// # Errors
    /// As there.
    pub fn open_npz_in(&self, source: impl ReadAt + 'static) -> Result<Npz> {
        let source = Source::Other(Arc::new(source));
        let opened = Npz::in_source(source.clone(), self.clone());
        opened.map_err(|e| self.name_what_it_is(&source, e))
    }

    /// All of a stream that begins as an archive: the directory stands at its end.
    fn read_archive(&self, stream: &mut Stream<'_>) -> Result<Buffer> {
        match identify_stream(stream, self.allow_pickle)? {
            (Format::Npy, _) => Err(one_array()),
            (Format::Pickle, head) => Err(refuse(&head, true)),
            (Format::Zip, head) => {
                let reading = |e| Error::io(e, "reading the archive");
                Ok(stream.read_all(head).map_err(reading)?.into())
            }
        }
    }

    /// The error for what is no archive: what it is instead. Bytes before an archive are allowed,
    /// so that the first ones are looked at only when there is none.
    #[cold]
    fn name_what_it_is(&self, source: &Source, err: Error) -> Error {
        let head = || Head::read(source, 0, source.len()?);
        let Ok(head) = head() else {
            return err;
        };
        match identify(head.bytes(), self.allow_pickle) {
            _ if err.kind() != ErrorKind::Archive => err,
            Ok(Format::Zip) => err,
            Ok(Format::Npy) => one_array(),
            Ok(Format::Pickle) => refuse(head.bytes(), true),
            Err(other) => other,
        }
    }
}

#[cold]
fn one_array() -> Error {
    let message = "this is one array (npy), not an archive: load it as one";
    Error::new(ErrorKind::NotArray, message)
}

/// A member's name without `.npy`.
fn key_of(name: &str) -> &str {
    name.strip_suffix(SUFFIX).unwrap_or(name)
}

#[cold]
fn not_an_array(bytes: u64) -> Error {
    let message = format!("the member is no npy file but {bytes} other bytes");
    Error::new(ErrorKind::NotArray, message)
}

impl fmt::Debug for Npz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Npz({:?}, {} members)", self.source, self.len())
    }
}
