//! A position in the input. Nothing here allocates; a length that the input does not have is
//! [`ErrorKind::Truncated`].

use crate::error::{Error, ErrorKind, Result};
use crate::walk::Gap;

#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    /// What is read of now: up to the next gap.
    bytes: &'a [u8],
    position: usize,
    /// All that is there.
    all: &'a [u8],
    gaps: &'a [Gap],
    /// How many bytes the gaps before had.
    skipped: usize,
    /// Bytes of the gaps to come, and of what follows in the file.
    more: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader::with_gaps(bytes, &[], bytes.len())
    }

    /// The same bytes, from a position on.
    pub(crate) fn at(bytes: &'a [u8], position: usize) -> Self {
        Reader {
            position,
            ..Reader::new(bytes)
        }
    }

    /// Of `total` bytes all but those in the gaps, or behind what is needed.
    pub(crate) fn with_gaps(bytes: &'a [u8], gaps: &'a [Gap], total: usize) -> Self {
        let until = gaps.first().map_or(bytes.len(), |gap| gap.at);
        Reader {
            bytes: bytes.get(..until).unwrap_or(bytes),
            position: 0,
            all: bytes,
            gaps,
            skipped: 0,
            more: total.saturating_sub(bytes.len()),
        }
    }

    /// Where in the input it stands.
    #[inline]
    pub(crate) fn position(&self) -> usize {
        self.position.saturating_add(self.skipped)
    }

    /// Steps over a gap of that length, if there is one here; where it began.
    #[inline]
    pub(crate) fn gap(&mut self, len: u64) -> Option<usize> {
        let (gap, gaps) = self.gaps.split_first()?;
        if gap.at != self.position || gap.len as u64 != len {
            return None;
        }
        let at = self.position();
        self.gaps = gaps;
        self.skipped = self.skipped.saturating_add(gap.len);
        self.more = self.more.saturating_sub(gap.len);
        let until = gaps.first().map_or(self.all.len(), |gap| gap.at);
        self.bytes = self.all.get(..until).unwrap_or(self.all);
        Some(at)
    }

    /// The next byte, if there is one.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.position)?;
        self.position = self.position.saturating_add(1);
        Some(byte)
    }

    /// What follows.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    pub(crate) fn left(&self) -> usize {
        let here = self.all.len().saturating_sub(self.position);
        here.saturating_add(self.more)
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8> {
        self.next().ok_or_else(|| cut(1, 0))
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        match rest.first_chunk() {
            Some(chunk) => {
                self.position = self.position.saturating_add(N);
                Ok(*chunk)
            }
            None => Err(cut(N as u64, rest.len())),
        }
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    #[inline]
    pub(crate) fn i32(&mut self) -> Result<i32> {
        self.array().map(i32::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    #[inline]
    pub(crate) fn f64(&mut self) -> Result<f64> {
        self.array().map(f64::from_be_bytes)
    }

    /// A count of four bytes that must not be negative.
    pub(crate) fn count4(&mut self) -> Result<u64> {
        let count = self.i32()?;
        u64::try_from(count).map_err(|_| {
            Error::new(
                ErrorKind::Argument,
                format!("a byte count of {count}, which is negative"),
            )
        })
    }

    #[inline]
    pub(crate) fn take(&mut self, len: u64) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let taken = usize::try_from(len).ok().and_then(|len| rest.get(..len));
        match taken {
            Some(taken) => {
                self.position = self.position.saturating_add(taken.len());
                Ok(taken)
            }
            None => Err(cut(len, rest.len())),
        }
    }

    /// A line, without its newline.
    pub(crate) fn line(&mut self) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            return Err(Error::new(
                ErrorKind::Truncated,
                format!(
                    "pickle data was truncated: no newline in the last {} bytes",
                    rest.len()
                ),
            ));
        };
        self.position = self.position.saturating_add(end).saturating_add(1);
        Ok(rest.get(..end).unwrap_or_default())
    }
}

#[cold]
fn cut(needed: u64, left: usize) -> Error {
    Error::new(
        ErrorKind::Truncated,
        format!("pickle data was truncated: {needed} bytes expected, {left} left"),
    )
}
