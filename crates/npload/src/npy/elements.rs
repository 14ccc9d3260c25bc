//! Arrays as streams of bytes: the elements of a part, and a file as it is.

use std::io::{self, Read};

use super::blocks::Blocks;
use super::handle::Npy;
use super::part::Part;
use crate::Result;
use crate::array::{Array, Order};

/// What is read at a time where elements lie as they are wanted.
const BLOCK: usize = 1 << 20;

/// What is read at a time where they are to be turned round: the more, the longer are the pieces that
/// each read finds together.
const TURNED: usize = 32 << 20;

impl<'a> Part<'a> {
    /// The bytes of its elements in `order`, one after the other, as a stream: an array of any size goes
    /// by in a few MiB of memory, or in some tens of MiB where it lies in the other order.
    ///
    /// What is checked is what [`Part::blocks`] checks; reads fail with an [`io::Error`] that holds an
    /// [`Error`](crate::Error).
    ///
    /// ```
    /// use std::io::Read;
    /// use npload::{Npy, Order};
    /// let npy = Npy::open("../../testdata/npy/f8-le-2d-c.npy")?;
    /// let mut bytes = Vec::new();
    /// npy.part()?.reader(Order::C)?.read_to_end(&mut bytes)?;
    /// assert_eq!(bytes, npy.load()?.to_bytes()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// None today.
    pub fn reader(&self, order: Order) -> Result<impl Read + Send + use<'a>> {
        let shape = self.block_shape_in(order, self.block_bytes(order));
        // Of elements without bytes there may be any number.
        let blocks = (self.nbytes() > 0).then(|| self.blocks_in(order, &shape));
        Ok(Elements {
            blocks: blocks.transpose()?,
            order,
            block: None,
            at: 0,
        })
    }

    /// The bytes of blocks by which it is read well in `order`.
    #[must_use]
    pub fn block_bytes(&self, order: Order) -> usize {
        match self.lies_in(order) {
            true => BLOCK,
            false => TURNED,
        }
    }
}

impl Npy {
    /// How many bytes [`Npy::stream`] has.
    #[must_use]
    pub fn size(&self) -> u64 {
        let (_, len, located, _) = self.parts();
        let end = match self.header().dtype().has_object() {
            // Where a pickle ends, only its reader knows.
            true => len,
            false => located
                .data_start()
                .saturating_add(self.header().nbytes() as u64),
        };
        end.saturating_sub(located.base())
    }

    /// The file as it is, header and all, to the end of its array; one of Python objects to the file's end.
    pub fn stream(&self) -> impl Read + Send + '_ {
        let (_, _, located, _) = self.parts();
        File {
            npy: self,
            at: located.base(),
            left: self.size(),
        }
    }
}

/// The bytes of a file that are left to read.
struct File<'a> {
    npy: &'a Npy,
    at: u64,
    left: u64,
}

impl Read for File<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let len = out.len().min(most);
        let (source, ..) = self.npy.parts();
        let read = source.read_exact_at(out.get_mut(..len).unwrap_or_default(), self.at);
        read.map_err(|err| source.explain(err))?;
        self.at = self.at.saturating_add(len as u64);
        self.left = self.left.saturating_sub(len as u64);
        Ok(len)
    }
}

struct Elements<'a> {
    blocks: Option<Blocks<'a>>,
    order: Order,
    /// A block whose elements lie in C order once its axes are in that of the stream.
    block: Option<Array>,
    /// How many of its bytes were given.
    at: usize,
}

impl Elements<'_> {
    fn next_block(&mut self) -> Result<Option<Array>> {
        let Some(block) = self.blocks.as_mut().and_then(Iterator::next) else {
            return Ok(None);
        };
        let array = match self.order {
            Order::C => block?.array,
            Order::F => block?.array.transposed(),
        };
        match array.is_contiguous(Order::C) {
            true => Ok(Some(array)),
            false => array.to_contiguous().map(Some),
        }
    }
}

impl Read for Elements<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let bytes = self
                .block
                .as_ref()
                .and_then(|block| block.contiguous_bytes(Order::C));
            let left = bytes
                .and_then(|bytes| bytes.get(self.at..))
                .unwrap_or_default();
            if left.is_empty() {
                self.at = 0;
                // What was read goes before more is taken.
                self.block = None;
                self.block = self.next_block()?;
                if self.block.is_none() {
                    return Ok(0);
                }
                continue;
            }
            let len = left.len().min(out.len());
            let (from, to) = (left.get(..len), out.get_mut(..len));
            if let (Some(from), Some(to)) = (from, to) {
                to.copy_from_slice(from);
            }
            self.at = self.at.saturating_add(len);
            return Ok(len);
        }
    }
}
