//! An array as the contents of an npy file: its header, and its elements behind it.

use std::fs::File;
use std::io;

use super::saved::{Held, Saved};
use super::sequence::Sequence;
use crate::npy::write_header;
use crate::sink::{Contents, copy, write_bytes};
use crate::{Error, ErrorKind, Result};

/// The bytes of an npy file.
pub(super) struct Npy<'a> {
    header: Vec<u8>,
    array: Saved<'a>,
    /// The elements, where they are streamed.
    sequence: Option<Sequence<'a>>,
}

impl<'a> Npy<'a> {
    /// # Errors
    /// [`ErrorKind::DType`] for what no descr describes; [`ErrorKind::Shape`] for an array that cannot
    /// exist; [`ErrorKind::ObjectArray`] for Python objects, which only a pickle holds.
    pub(super) fn new(array: Saved<'a>) -> Result<Self> {
        let is_pickled = matches!(array.memory, Held::Pickle(_));
        if array.dtype.has_object() && !is_pickled {
            let message = "Object arrays cannot be saved when allow_pickle=False: they hold Python \
                           objects, which only Python can pickle";
            return Err(Error::new(ErrorKind::ObjectArray, message));
        }
        let header = write_header(&array.dtype, &array.shape, array.order, None)?;
        let sequence = match array.memory {
            Held::Stream(stream) => Some(Sequence::new(stream, array.nbytes())),
            _ => None,
        };
        Ok(Npy {
            header,
            array,
            sequence,
        })
    }

    /// The same, for threads that ask for pieces up to so many bytes behind each other.
    pub(super) fn keeping(mut self, bytes: usize) -> Self {
        self.sequence = self.sequence.map(|sequence| sequence.keeping(bytes));
        self
    }

    /// How many bytes precede the elements.
    pub(super) fn data_offset(&self) -> u64 {
        self.header.len() as u64
    }

    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    /// The elements alone.
    pub(super) fn data(&self) -> Data<'_, 'a> {
        Data(&self.array, self.sequence.as_ref())
    }
}

impl Contents for Npy<'_> {
    fn len(&self) -> u64 {
        self.data_offset().saturating_add(self.array.nbytes())
    }

    fn read(&self, at: u64, dest: &mut [u8]) -> Result<()> {
        let Some(left) = self.data_offset().checked_sub(at) else {
            return self
                .data()
                .read(at.saturating_sub(self.data_offset()), dest);
        };
        let of_header = usize::try_from(left).unwrap_or(usize::MAX).min(dest.len());
        let (header, data) = dest.split_at_mut(of_header);
        copy(&self.header, at, header)?;
        if data.is_empty() {
            return Ok(());
        }
        self.data().read(0, data)
    }

    fn is_streamed(&self) -> bool {
        self.sequence.is_some()
    }

    fn release(&self) {
        if let Some(sequence) = &self.sequence {
            sequence.release();
        }
    }
}

/// The elements of an array, without a header.
pub(super) struct Data<'s, 'a>(&'s Saved<'a>, Option<&'s Sequence<'a>>);

impl Contents for Data<'_, '_> {
    fn len(&self) -> u64 {
        self.0.nbytes()
    }

    fn read(&self, at: u64, dest: &mut [u8]) -> Result<()> {
        if let Some(sequence) = self.1 {
            return sequence.read(at, dest);
        }
        let mut done = Ok(());
        let mut rest = dest;
        let len = rest.len();
        self.0.layout.pieces(at, len, &mut |piece| {
            let all = piece.size.saturating_mul(piece.count).min(rest.len());
            let (dest, behind) = std::mem::take(&mut rest).split_at_mut(all);
            rest = behind;
            let (offset, stride) = (piece.offset, piece.stride);
            match &self.0.memory {
                Held::Other(memory) => memory.gather(offset, stride, piece.size, dest),
                // Read above.
                Held::Stream(_) => {}
                Held::Pickle(pickle) => {
                    let at = u64::try_from(offset).unwrap_or(u64::MAX);
                    if let Err(err) = copy(pickle, at, dest) {
                        done = Err(err);
                    }
                }
                Held::Bytes(bytes, origin) => {
                    let mut from = origin.checked_add_signed(offset);
                    for place in dest.chunks_exact_mut(piece.size) {
                        let at = from.map_or(u64::MAX, |from| from as u64);
                        if let Err(err) = copy(bytes, at, place) {
                            done = Err(err);
                        }
                        from = from.and_then(|from| from.checked_add_signed(stride));
                    }
                }
            }
        });
        done
    }

    fn write_into(
        &self,
        at: u64,
        len: usize,
        file: &File,
        place: Option<u64>,
    ) -> Option<io::Result<()>> {
        if let (Held::Other(memory), true) = (&self.0.memory, self.0.layout.is_one_run()) {
            return memory.write_into(isize::try_from(at).ok()?, len, file, place);
        }
        let at = usize::try_from(at).ok()?;
        let bytes = self.as_slice()?.get(at..at.saturating_add(len))?;
        Some(write_bytes(bytes, file, place))
    }

    fn as_slice(&self) -> Option<&[u8]> {
        let (bytes, origin): (&[u8], usize) = match &self.0.memory {
            Held::Bytes(bytes, origin) => (bytes, *origin),
            Held::Pickle(pickle) => (pickle, 0),
            Held::Other(_) | Held::Stream(_) => return None,
        };
        if !self.0.layout.is_one_run() {
            return None;
        }
        let len = usize::try_from(self.0.nbytes()).ok()?;
        bytes.get(origin..)?.get(..len)
    }
}
