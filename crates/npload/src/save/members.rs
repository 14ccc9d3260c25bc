//! The members of an archive that is to be saved.

use std::borrow::Cow;

use super::npy::Npy;
use super::sequence::Sequence;
use super::{Saved, Stream};
use crate::npy::data_offset;
use crate::sink::{Contents, Plain};
use crate::zip::{Body, Compression, Entry, LOOK_BACK, NewMember as ZipMember, SUFFIX};
use crate::{Error, ErrorKind, Npz, Result};

/// So many bytes tell how long an npy file's header is.
const HEAD: usize = 12;

/// A member to be: its name, and an array or bytes.
///
/// ```
/// use npload::{NewMember, Savable, SaveOptions};
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("x.npz");
/// let w = [1.0_f64, 2.0];
/// let members = [NewMember::array("w", w.saved()?), NewMember::bytes("README.txt", b"two numbers".as_slice())];
/// SaveOptions::new().savez_members(&path, members)?;
/// assert_eq!(npload::Npz::open(&path)?.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct NewMember<'a> {
    name: String,
    what: What<'a>,
}

enum What<'a> {
    Array(Saved<'a>),
    Bytes(Cow<'a, [u8]>),
    Stream(u64, &'a dyn Stream),
    Copy(Entry<'a>),
}

impl<'a> NewMember<'a> {
    /// An array under this key; the member's name is the key and `.npy`.
    #[must_use]
    pub fn array(key: &str, array: Saved<'a>) -> Self {
        NewMember {
            name: format!("{key}{SUFFIX}"),
            what: What::Array(array),
        }
    }

    /// Bytes under just this name.
    #[must_use]
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        NewMember {
            name: name.into(),
            what: What::Bytes(bytes.into()),
        }
    }

    /// The `len` bytes of a stream under just this name: a file, or a member of another archive. They may
    /// be more than fit in memory.
    ///
    /// ```
    /// use npload::{NewMember, Npy, SaveOptions};
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("x.npz");
    /// let npy = Npy::open("../../testdata/npy/f8-le-2d-c.npy")?;      // as it is, header and all
    /// SaveOptions::new().savez_members(&path, [NewMember::stream("x.npy", npy.size(), &npy)])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stream(name: impl Into<String>, len: u64, stream: &'a dyn Stream) -> Self {
        NewMember {
            name: name.into(),
            what: What::Stream(len, stream),
        }
    }

    /// A member of another archive, at `index` of [`Npz::names`], copied as it is compressed there.
    ///
    /// # Errors
    /// [`ErrorKind::NoSuchMember`].
    pub fn copy(npz: &'a Npz, index: usize) -> Result<Self> {
        let entry = npz.archive().entry(index).ok_or_else(|| {
            let message = format!("member {index} of {}", npz.len());
            Error::new(ErrorKind::NoSuchMember, message)
        })?;
        Ok(NewMember {
            name: entry.name().to_owned(),
            what: What::Copy(entry),
        })
    }

    /// The same under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Its name in the archive.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn into_zip(self, compression: Compression) -> Result<ZipMember<'a>> {
        // Blocks are deflated by threads that ask for them a little out of their order.
        let keep = match compression {
            Compression::Deflate(_) => LOOK_BACK,
            _ => 0,
        };
        let (contents, lead): (Box<dyn Contents + 'a>, u64) = match self.what {
            What::Array(array) => {
                let npy = Npy::new(array).map_err(|err| err.with_member(&self.name))?;
                let lead = npy.data_offset();
                (Box::new(npy.keeping(keep)), lead)
            }
            What::Bytes(bytes) => (Box::new(Plain(bytes)), 0),
            What::Stream(len, stream) => {
                let lead = match compression {
                    Compression::Stored => lead_of(len, stream)?,
                    _ => 0,
                };
                (Box::new(Sequence::new(stream, len).keeping(keep)), lead)
            }
            What::Copy(entry) => {
                return Ok(ZipMember {
                    name: self.name.into(),
                    lead: copied_lead(entry)?,
                    body: Body::Copy(entry),
                });
            }
        };
        Ok(ZipMember {
            name: self.name.into(),
            body: Body::New {
                contents,
                compression,
            },
            lead,
        })
    }
}

/// Where the elements begin in a stream that is an npy file.
fn lead_of(len: u64, stream: &dyn Stream) -> Result<u64> {
    let mut head = [0; HEAD];
    let there = usize::try_from(len).unwrap_or(HEAD).min(HEAD);
    let head = head.get_mut(..there).unwrap_or_default();
    Sequence::new(stream, len).read(0, head)?;
    Ok(data_offset(head).unwrap_or(0))
}

/// Where the elements begin in a member that is copied; nowhere in one that is compressed.
pub(super) fn copied_lead(entry: Entry<'_>) -> Result<u64> {
    let Some(range) = entry.stored_range()? else {
        return Ok(0);
    };
    let mut head = [0; HEAD];
    let there = usize::try_from(entry.size()).unwrap_or(HEAD).min(HEAD);
    let head = head.get_mut(..there).unwrap_or_default();
    entry.read_raw(range.start, head)?;
    Ok(data_offset(head).unwrap_or(0))
}
