//! The members of an archive that is to be saved.

use std::borrow::Cow;

use super::Saved;
use super::npy::Npy;
use crate::Result;
use crate::sink::{Contents, Plain};
use crate::zip::{Body, Compression, NewMember as ZipMember, SUFFIX};

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

    /// Its name in the archive.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn into_zip(self, compression: Compression) -> Result<ZipMember<'a>> {
        let (contents, lead): (Box<dyn Contents + 'a>, u64) = match self.what {
            What::Array(array) => {
                let npy = Npy::new(array).map_err(|err| err.with_member(&self.name))?;
                let lead = npy.data_offset();
                (Box::new(npy), lead)
            }
            What::Bytes(bytes) => (Box::new(Plain(bytes)), 0),
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
