//! Members added to an archive, replaced and removed.

use std::fs;
use std::path::{Path, PathBuf};

use super::members::copied_lead;
use super::{NewMember, SaveOptions};
use crate::zip::{Body, Entry, NewMember as ZipMember, SUFFIX};
use crate::{Error, ErrorKind, Npz, Result};

/// Changes to an archive: members added, replaced and removed, all at once.
///
/// [`NpzEdit::commit`] writes the archive anew, beside its place, and renames it into it; members that
/// stay are copied as they are compressed. Until then nothing is changed.
///
/// ```
/// use npload::{NewMember, NpzEdit, Savable};
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("x.npz");
/// npload::savez(&path, [("a", [1.0_f64]), ("b", [2.0])])?;
/// let c = [3.0_f64, 4.0];
/// let mut edit = NpzEdit::open(&path)?;
/// edit.add(NewMember::array("c", c.saved()?))?;
/// edit.remove("a")?;
/// edit.commit()?;
/// assert_eq!(npload::Npz::open(&path)?.keys().collect::<Vec<_>>(), ["b", "c"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct NpzEdit<'a> {
    npz: Npz,
    path: PathBuf,
    options: SaveOptions,
    /// What becomes of each member, in the directory's order.
    old: Vec<Fate<'a>>,
    added: Vec<NewMember<'a>>,
}

enum Fate<'a> {
    Stays,
    Goes,
    Becomes(Box<NewMember<'a>>),
}

impl<'a> NpzEdit<'a> {
    /// Opens the archive of that path; new members are stored.
    ///
    /// # Errors
    /// As [`Npz::open`]; [`ErrorKind::Io`] for what is no file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        SaveOptions::new().edit_npz(path)
    }

    /// Adds a member.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] when there is one of that name; [`NpzEdit::set`] replaces it.
    pub fn add(&mut self, member: NewMember<'a>) -> Result<()> {
        if self.find(member.name()).is_some() {
            let message = "the archive has a member of this name: replace it, or choose another";
            let err = Error::new(ErrorKind::Argument, message).with_member(member.name());
            return Err(err.with_path(&self.path));
        }
        self.added.push(member);
        Ok(())
    }

    /// Replaces the member of that name, in its place.
    ///
    /// # Errors
    /// [`ErrorKind::NoSuchMember`].
    pub fn replace(&mut self, member: NewMember<'a>) -> Result<()> {
        match self.find(member.name()) {
            None => Err(self.no_such(member.name())),
            Some(_) => self.set(member),
        }
    }

    /// Adds a member, or replaces the one of that name in its place.
    ///
    /// # Errors
    /// None today.
    pub fn set(&mut self, member: NewMember<'a>) -> Result<()> {
        match self.find(member.name()) {
            None => self.added.push(member),
            Some(Found::Old(index)) => {
                self.forget(member.name());
                if let Some(fate) = self.old.get_mut(index) {
                    *fate = Fate::Becomes(Box::new(member));
                }
            }
            Some(Found::New(index)) => {
                if let Some(place) = self.added.get_mut(index) {
                    *place = member;
                }
            }
        }
        Ok(())
    }

    /// Removes the member of that key or name.
    ///
    /// # Errors
    /// [`ErrorKind::NoSuchMember`].
    pub fn remove(&mut self, key: &str) -> Result<()> {
        let with_suffix = format!("{key}{SUFFIX}");
        for name in [key, &with_suffix] {
            match self.find(name) {
                Some(Found::Old(_)) => {
                    self.forget(name);
                    return Ok(());
                }
                Some(Found::New(index)) => {
                    self.added.remove(index);
                    return Ok(());
                }
                None => {}
            }
        }
        Err(self.no_such(key))
    }

    /// Writes the archive as it is to be.
    ///
    /// # Errors
    /// As [`SaveOptions::savez_members`]; [`ErrorKind::Changed`] when the file is not the one that was
    /// opened; [`ErrorKind::Archive`] and others for a member that stays and is damaged. The file is
    /// then what it was.
    pub fn commit(self) -> Result<()> {
        let place = self.path.clone();
        self.write(&place)
    }

    /// Writes the archive as it is to be to another path, as [`SaveOptions::savez_members`] does; the one
    /// that was opened stays as it is.
    ///
    /// # Errors
    /// As [`NpzEdit::commit`].
    pub fn save_as(self, path: impl AsRef<Path>) -> Result<()> {
        self.write(path.as_ref())
    }

    fn write(self, place: &Path) -> Result<()> {
        let NpzEdit {
            npz,
            path,
            options,
            old,
            added,
        } = self;
        let mut members: Vec<ZipMember<'_>> =
            Vec::with_capacity(old.len().saturating_add(added.len()));
        for (entry, fate) in npz.archive().entries().zip(old) {
            match fate {
                Fate::Stays => members.push(copied(entry).map_err(|err| err.with_path(&path))?),
                Fate::Goes => {}
                Fate::Becomes(new) => members.push(new.into_zip(options.compression)?),
            }
        }
        for new in added {
            members.push(new.into_zip(options.compression)?);
        }
        options.check()?;
        options.to_path(place, &mut |sink| {
            options.archive(sink, &members)?;
            check_same(&npz, &path)
        })
    }

    fn find(&self, name: &str) -> Option<Found> {
        if let Some(index) = self.added.iter().position(|member| member.name() == name) {
            return Some(Found::New(index));
        }
        let mut entries = self.npz.archive().entries().zip(&self.old).enumerate();
        let is_it = |(_, (entry, fate)): &(usize, (Entry<'_>, &Fate<'_>))| match fate {
            Fate::Goes => false,
            _ => entry.name() == name,
        };
        // Of several the last counts, as when it is read.
        Some(Found::Old(entries.rfind(is_it)?.0))
    }

    /// All members of that name go.
    fn forget(&mut self, name: &str) {
        for (entry, fate) in self.npz.archive().entries().zip(&mut self.old) {
            if entry.name() == name {
                *fate = Fate::Goes;
            }
        }
    }

    #[cold]
    fn no_such(&self, name: &str) -> Error {
        let message = format!("{name} is not a file in the archive");
        Error::new(ErrorKind::NoSuchMember, message).with_path(&self.path)
    }
}

enum Found {
    Old(usize),
    New(usize),
}

impl SaveOptions {
    /// [`NpzEdit::open`], writing with these options: they say how new members are compressed, and how
    /// those that are stored, old ones too, are aligned.
    ///
    /// # Errors
    /// As there.
    pub fn edit_npz<'a>(&self, path: impl AsRef<Path>) -> Result<NpzEdit<'a>> {
        let path = path.as_ref();
        let npz = Npz::open(path)?;
        if npz.file().is_none() {
            let message =
                "this is no file: what comes through a pipe cannot be changed in its place";
            return Err(Error::new(ErrorKind::Argument, message).with_path(path));
        }
        Ok(NpzEdit {
            old: npz.archive().entries().map(|_| Fate::Stays).collect(),
            npz,
            path: path.to_owned(),
            options: self.clone(),
            added: Vec::new(),
        })
    }
}

/// A member as it is; if it is stored, its array is aligned.
fn copied(entry: Entry<'_>) -> Result<ZipMember<'_>> {
    Ok(ZipMember {
        name: entry.name().into(),
        lead: copied_lead(entry)?,
        body: Body::Copy(entry),
    })
}

/// Whether the path still leads to the file that was opened, unchanged.
fn check_same(npz: &Npz, path: &Path) -> Result<()> {
    let failed = |err| Error::io(err, "looking at the archive again");
    let Some(file) = npz.file() else {
        return Ok(());
    };
    let (opened, now) = (
        file.metadata().map_err(failed)?,
        fs::metadata(path).map_err(failed)?,
    );
    #[cfg(unix)]
    let same_file = {
        use std::os::unix::fs::MetadataExt;
        (opened.dev(), opened.ino()) == (now.dev(), now.ino())
    };
    #[cfg(not(unix))]
    let same_file = opened.len() == now.len();
    if same_file && !npz.archive().has_changed() {
        return Ok(());
    }
    let message = "the archive changed since it was opened, and is left as it is now: open it again, \
                   and make the changes anew";
    Err(Error::new(ErrorKind::Changed, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Compression, Savable};

    fn archive() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.npz");
        let options = SaveOptions::new().compression(Compression::DEFLATE);
        options
            .savez(&path, [("a", vec![1_i32; 1000]), ("b", vec![2; 3])])
            .unwrap();
        (dir, path)
    }

    fn contents(path: &Path) -> Vec<(String, Vec<u8>)> {
        let npz = Npz::open(path).unwrap();
        let all = npz.load_all().unwrap();
        all.into_iter()
            .map(|(key, member)| {
                (
                    key.to_owned(),
                    member.into_array().unwrap().to_bytes().unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn members_are_added_replaced_and_removed_and_the_others_copied() {
        let (_dir, path) = archive();
        let (new, other) = ([7_u8, 8], [9_u8]);
        let mut edit = NpzEdit::open(&path).unwrap();
        edit.add(NewMember::array("c", new.saved().unwrap()))
            .unwrap();
        edit.replace(NewMember::array("b", other.saved().unwrap()))
            .unwrap();
        edit.commit().unwrap();
        let a = (1_i32).to_ne_bytes().repeat(1000);
        let expected = [("a", a.clone()), ("b", vec![9]), ("c", vec![7, 8])];
        assert_eq!(
            contents(&path),
            expected.map(|(key, bytes)| (key.to_owned(), bytes))
        );
        let mut edit = NpzEdit::open(&path).unwrap();
        edit.remove("b.npy").unwrap();
        edit.remove("c").unwrap();
        edit.commit().unwrap();
        assert_eq!(contents(&path), [("a".to_owned(), a)]);
    }

    #[test]
    fn what_is_not_there_or_there_already_is_refused() {
        let (_dir, path) = archive();
        let was = fs::read(&path).unwrap();
        let new = [7_u8];
        let member = |key| NewMember::array(key, new.saved().unwrap());
        let mut edit = NpzEdit::open(&path).unwrap();
        assert_eq!(
            edit.add(member("a")).unwrap_err().kind(),
            ErrorKind::Argument
        );
        assert_eq!(
            edit.replace(member("z")).unwrap_err().kind(),
            ErrorKind::NoSuchMember
        );
        assert_eq!(
            edit.remove("z").unwrap_err().kind(),
            ErrorKind::NoSuchMember
        );
        edit.add(member("z")).unwrap();
        edit.set(member("z")).unwrap();
        edit.remove("z").unwrap();
        drop(edit);
        assert!(fs::read(&path).unwrap() == was);
    }

    #[test]
    fn an_archive_that_somebody_replaced_meanwhile_is_left_alone() {
        let (dir, path) = archive();
        let mut edit = NpzEdit::open(&path).unwrap();
        edit.remove("a").unwrap();
        crate::savez(&path, [("other", [1_u8])]).unwrap();
        assert_eq!(edit.commit().unwrap_err().kind(), ErrorKind::Changed);
        assert_eq!(contents(&path), [("other".to_owned(), vec![1])]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn copied_members_are_aligned_too() {
        let (_dir, path) = archive();
        crate::savez(&path, [("abc", vec![1_i32; 100]), ("d", vec![2; 100])]).unwrap();
        let mut edit = SaveOptions::new().align(4096).edit_npz(&path).unwrap();
        edit.remove("abc").unwrap();
        edit.commit().unwrap();
        let npz = Npz::open(&path).unwrap();
        let range = npz
            .archive()
            .entry(0)
            .unwrap()
            .stored_range()
            .unwrap()
            .unwrap();
        assert_eq!((range.start + 128) % 4096, 0);
    }
}
