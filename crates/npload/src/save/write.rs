//! `save`, `savez`, and their options: to a path, or to a writer.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::Path;

use super::npy::Npy;
use super::{NewMember, Savable, SaveOptions};
use crate::sink::{
    Contents, Existing, FileSink, Place, Replacement, Seeking, Sink, StreamSink, WORTH_THREADS,
    place, writing,
};
use crate::zip::{Compression, write_archive};
use crate::{Error, ErrorKind, Result};

/// Saves an array as an npy file: the bytes of `numpy.save`.
///
/// The path is taken as it is; NumPy adds `.npy` where it lacks that. A file that is there is replaced
/// once the new one is whole, and left as it is if anything fails ([`SaveOptions::save`]).
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("x.npy");
/// npload::save(&path, &[1.0_f64, 2.0, 3.0])?;
/// assert_eq!(npload::load(&path)?.into_array()?.view::<f64>()?.sum(), 6.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`SaveOptions::save`].
pub fn save(path: impl AsRef<Path>, array: &(impl Savable + ?Sized)) -> Result<()> {
    SaveOptions::new().save(path, array)
}

/// Saves arrays under names as an npz file, stored: what `numpy.savez` does.
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("x.npz");
/// npload::savez(&path, [("w", vec![1.0_f32, 2.0]), ("b", vec![0.5])])?;
/// assert_eq!(npload::Npz::open(&path)?.get("b")?.shape(), [1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`SaveOptions::savez`].
pub fn savez<N: AsRef<str>, A: Savable>(
    path: impl AsRef<Path>,
    arrays: impl IntoIterator<Item = (N, A)>,
) -> Result<()> {
    SaveOptions::new().savez(path, arrays)
}

/// Saves arrays under names as an npz file, deflated: what `numpy.savez_compressed` does.
///
/// # Errors
/// As [`SaveOptions::savez`].
pub fn savez_compressed<N: AsRef<str>, A: Savable>(
    path: impl AsRef<Path>,
    arrays: impl IntoIterator<Item = (N, A)>,
) -> Result<()> {
    let options = SaveOptions::new().compression(Compression::DEFLATE);
    options.savez(path, arrays)
}

impl SaveOptions {
    /// Saves an array as an npy file.
    ///
    /// The file is written beside its place and renamed into it: if anything fails, or the program
    /// ends, what was there stays as it was. Symbolic links are followed; a file that is replaced
    /// keeps its mode, and its owner where the system allows that. Other hard links to it keep what
    /// they have. Pipes and devices are written into.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] with what the operating system says; [`ErrorKind::DType`] for a dtype that no
    /// header describes; [`ErrorKind::ObjectArray`] for Python objects; [`ErrorKind::Shape`] for an
    /// array that cannot exist; [`ErrorKind::Interrupted`].
    pub fn save(&self, path: impl AsRef<Path>, array: &(impl Savable + ?Sized)) -> Result<()> {
        let npy = Npy::new(array.saved()?)?;
        self.check()?;
        self.to_path(path.as_ref(), &mut |sink| self.put(sink, &npy))
    }

    /// Saves an array as an npy file to a writer, from where it stands.
    ///
    /// # Errors
    /// As [`SaveOptions::save`]; what was written before an error is in the writer.
    pub fn save_to(&self, writer: impl Write, array: &(impl Savable + ?Sized)) -> Result<()> {
        let npy = Npy::new(array.saved()?)?;
        self.check()?;
        finish(&mut StreamSink::new(writer), &mut |sink| {
            self.put(sink, &npy)
        })
    }

    /// Saves arrays under names as an npz file, as [`SaveOptions::save`] saves one.
    ///
    /// The bytes depend on the arrays, their names and these options alone. Stored members begin where
    /// [`SaveOptions::align`] says, so that they can be mapped.
    ///
    /// # Errors
    /// As [`SaveOptions::save`]; [`ErrorKind::Argument`] for two arrays of one name, or a name that no
    /// archive can have. They name the member.
    pub fn savez<N: AsRef<str>, A: Savable>(
        &self,
        path: impl AsRef<Path>,
        arrays: impl IntoIterator<Item = (N, A)>,
    ) -> Result<()> {
        let arrays: Vec<(N, A)> = arrays.into_iter().collect();
        self.savez_members(path, members_of(&arrays)?)
    }

    /// As [`SaveOptions::savez`], of members that need not be arrays.
    ///
    /// # Errors
    /// As there.
    pub fn savez_members<'a>(
        &self,
        path: impl AsRef<Path>,
        members: impl IntoIterator<Item = NewMember<'a>>,
    ) -> Result<()> {
        let members = self.zip_members(members)?;
        self.to_path(path.as_ref(), &mut |sink| self.archive(sink, &members))
    }

    /// Saves arrays under names as an npz file to a writer. Checksums and sizes of large members follow
    /// them, since what was written stays as it is; [`SaveOptions::savez_to_seekable`] puts them before.
    ///
    /// # Errors
    /// As [`SaveOptions::savez`]; what was written before an error is in the writer.
    pub fn savez_to<'a>(
        &self,
        writer: impl Write,
        members: impl IntoIterator<Item = NewMember<'a>>,
    ) -> Result<()> {
        let members = self.zip_members(members)?;
        let mut sink = StreamSink::new(writer);
        finish(&mut sink, &mut |sink| self.archive(sink, &members))
    }

    /// The same to a writer that can seek, from where it stands.
    ///
    /// # Errors
    /// As there.
    pub fn savez_to_seekable<'a>(
        &self,
        writer: impl Write + Seek,
        members: impl IntoIterator<Item = NewMember<'a>>,
    ) -> Result<()> {
        let members = self.zip_members(members)?;
        let mut sink = Seeking::new(writer).map_err(writing)?;
        finish(&mut sink, &mut |sink| self.archive(sink, &members))
    }

    /// Writes a file of any kind as [`SaveOptions::save`] writes one: it is there when `write` has returned
    /// and all is written, or else what was there before.
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("x.txt");
    /// npload::SaveOptions::new().write(&path, |out| writeln!(out, "one line"))?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "one line\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Io`] with what the operating system or `write` says, or the [`Error`] that is in that.
    pub fn write(
        &self,
        path: impl AsRef<Path>,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        let mut write = Some(write);
        self.to_path(path.as_ref(), &mut |sink| match write.take() {
            Some(write) => write(&mut Writer(sink)).map_err(writing),
            None => Ok(()),
        })
    }

    fn zip_members<'a>(
        &self,
        members: impl IntoIterator<Item = NewMember<'a>>,
    ) -> Result<Vec<crate::zip::NewMember<'a>>> {
        self.check()?;
        let made = members
            .into_iter()
            .map(|member| member.into_zip(self.compression));
        let made: Vec<_> = made.collect::<Result<_>>()?;
        let mut names = HashSet::with_capacity(made.len());
        for member in &made {
            if !names.insert(&*member.name) {
                let message = "two members have this name, and a reader would see only the last";
                return Err(Error::new(ErrorKind::Argument, message).with_member(&member.name));
            }
        }
        Ok(made)
    }

    pub(super) fn archive(
        &self,
        sink: &mut dyn Sink,
        members: &[crate::zip::NewMember<'_>],
    ) -> Result<()> {
        let total = members
            .iter()
            .fold(0_u64, |sum, member| sum.saturating_add(member.work()));
        let meter = self.meter(total);
        write_archive(sink, members, self.align, self.threads_for(total), &meter)?;
        meter.finish()
    }

    /// Writes an npy file's bytes.
    fn put(&self, sink: &mut dyn Sink, npy: &Npy<'_>) -> Result<()> {
        let meter = self.meter(npy.len());
        sink.write(npy.header()).map_err(writing)?;
        meter.advance(npy.header().len())?;
        let told = |bytes| meter.advance(bytes);
        let threads = match npy.len() < WORTH_THREADS {
            true => 1,
            false => self.threads_for(npy.len()),
        };
        sink.write_contents(&npy.data(), threads, &told)?;
        meter.finish()
    }

    /// Writes what a path leads to: a file as a whole, or into a pipe or a device.
    pub(super) fn to_path(
        &self,
        path: &Path,
        write: &mut dyn FnMut(&mut dyn Sink) -> Result<()>,
    ) -> Result<()> {
        let failed = |err| Error::io(err, "creating the file");
        let made = match place(path).map_err(failed) {
            Ok(Place::File {
                replaced: Some(_), ..
            }) if self.create_new => Err(failed(io::ErrorKind::AlreadyExists.into())),
            Ok(Place::File {
                path: place,
                replaced,
            }) => Replacement::begin(place, replaced.as_ref())
                .map_err(failed)
                .and_then(|new| self.replace(new, write)),
            Ok(Place::Direct) => open_as_it_is(path)
                .map_err(failed)
                .and_then(|file| finish(&mut FileSink::new(&file, 0, false), write)),
            Err(err) => Err(err),
        };
        made.map_err(|err| err.with_path(path))
    }

    fn replace(
        &self,
        new: Replacement,
        write: &mut dyn FnMut(&mut dyn Sink) -> Result<()>,
    ) -> Result<()> {
        let file = new.file().map_err(writing)?;
        finish(&mut FileSink::new(file, 0, true), write)?;
        let in_place = match self.create_new {
            true => Existing::Stays,
            false => Existing::Goes,
        };
        new.commit(in_place, self.durable).map_err(writing)
    }
}

/// A sink as a writer.
struct Writer<'s>(&'s mut dyn Sink);

impl Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Opens a pipe or a device. Nothing is cut off: it may be an open file of somebody's.
fn open_as_it_is(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

fn finish(sink: &mut dyn Sink, write: &mut dyn FnMut(&mut dyn Sink) -> Result<()>) -> Result<()> {
    write(sink)?;
    sink.flush().map_err(writing)
}

fn members_of<N: AsRef<str>, A: Savable>(arrays: &[(N, A)]) -> Result<Vec<NewMember<'_>>> {
    let members = arrays.iter().map(|(name, array)| {
        let name = name.as_ref();
        let saved = array.saved().map_err(|err| err.with_member(name))?;
        Ok(NewMember::array(name, saved))
    });
    members.collect()
}
