//! A file that takes the place of another once it is whole.
//!
//! It is written beside its place, under a name of its own, and renamed into it: whoever looks at the
//! path sees what was there or what is new, and nothing in between, also after a crash. What fails
//! on the way is removed again.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::fault::step;

/// What becomes of a file that is in the place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is replaced.
    Goes,
    /// It stays, and that is an error.
    Stays,
}

/// A new file beside its place. Dropped before [`Replacement::commit`], it is removed.
pub(crate) struct Replacement {
    path: PathBuf,
    beside: PathBuf,
    file: Option<File>,
}

impl Replacement {
    /// A new, empty file that is to replace `path`, with the mode and the owner of what is `replaced`.
    ///
    /// The owner is kept where the system allows it. A file that may not be written is not replaced
    /// either, though its folder would permit that.
    pub(crate) fn begin(path: PathBuf, replaced: Option<&Metadata>) -> io::Result<Self> {
        if replaced.is_some() {
            // Refused as it would be if it were written in place.
            OpenOptions::new().write(true).open(&path)?;
        }
        step("create")?;
        let (beside, file) = open_beside(&path, replaced)?;
        let made = Replacement {
            path,
            beside,
            file: Some(file),
        };
        if let Some(replaced) = replaced {
            step("mode")?;
            made.take_after(replaced)?;
        }
        Ok(made)
    }

    /// The file, readable too.
    pub(crate) fn file(&self) -> io::Result<&File> {
        self.file
            .as_ref()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Puts it in its place; with `durable`, in such a way that it is there after a power failure.
    pub(crate) fn commit(mut self, existing: Existing, durable: bool) -> io::Result<()> {
        if durable {
            step("sync")?;
            self.file()?.sync_all()?;
        }
        step("rename")?;
        if existing == Existing::Goes || !self.link()? {
            fs::rename(&self.beside, &self.path)?;
            // Nothing is left to be removed.
            self.file = None;
        }
        if durable && cfg!(unix) {
            step("sync folder")?;
            let folder = self
                .path
                .parent()
                .filter(|path| !path.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(())
    }

    /// Gives it the name of its place, unless a file has that: then it is an error. False where there are
    /// no second names, and no file of that one.
    fn link(&self) -> io::Result<bool> {
        let linked = fs::hard_link(&self.beside, &self.path);
        match linked {
            Ok(()) => Ok(true),
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => Err(err),
            Err(_) if fs::symlink_metadata(&self.path).is_ok() => {
                Err(io::ErrorKind::AlreadyExists.into())
            }
            Err(_) => Ok(false),
        }
    }

    #[cfg(unix)]
    fn take_after(&self, replaced: &Metadata) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        let file = self.file()?;
        let mine = file.metadata()?;
        let mut mode = replaced.mode() & 0o7777;
        if (mine.uid(), mine.gid()) != (replaced.uid(), replaced.gid()) {
            let both = fchown(file, Some(replaced.uid()), Some(replaced.gid()));
            let kept = both.or_else(|_| fchown(file, None, Some(replaced.gid())));
            if kept.is_err() || file.metadata()?.uid() != replaced.uid() {
                // Who it now belongs to is not who was to have these.
                mode &= 0o1777;
            }
        }
        if mode == mine.mode() & 0o7777 {
            return Ok(());
        }
        file.set_permissions(fs::Permissions::from_mode(mode))
    }

    #[cfg(not(unix))]
    fn take_after(&self, replaced: &Metadata) -> io::Result<()> {
        self.file()?.set_permissions(replaced.permissions())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.beside);
        }
    }
}

/// A new file in the folder of `path`, and its path. Other threads may be making theirs there, and
/// a process that was killed may have left one of the same number. Nobody may look into it who may not
/// look into what it replaces.
fn open_beside(path: &Path, replaced: Option<&Metadata>) -> io::Result<(PathBuf, File)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    if let Some(replaced) = replaced {
        use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
        options.mode(replaced.mode() & 0o700);
    }
    #[cfg(not(unix))]
    let _ = replaced;
    loop {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!(".npload-{}-{n}.new", std::process::id());
        let beside = path.with_file_name(name);
        match options.open(&beside) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return Ok((beside, opened?)),
        }
    }
}
