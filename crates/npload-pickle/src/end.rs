//! Where a pickle ends, told by its opcodes' lengths alone: what follows it is not read, and what
//! is large in it is stepped over.

use crate::opcode::{Length, Op};

/// Bytes in which a pickle stands, from its beginning on.
pub trait Bytes {
    /// Why they cannot be read.
    type Error;

    /// `len` bytes from `at` on, or fewer where they end.
    ///
    /// # Errors
    /// Whatever prevents reading.
    fn bytes(&mut self, at: u64, len: usize) -> Result<&[u8], Self::Error>;

    /// Where the byte after the next newline from `at` on is; none if there is none in reach.
    ///
    /// # Errors
    /// Whatever prevents reading.
    fn after_line(&mut self, at: u64) -> Result<Option<u64>, Self::Error>;

    /// Told that the pickle says to go on for `len` bytes from `at`. It may lie.
    ///
    /// # Errors
    /// Whatever prevents reading.
    fn frame(&mut self, at: u64, len: u64) -> Result<(), Self::Error> {
        let _ = (at, len);
        Ok(())
    }
}

/// What [`find_end`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The pickle ends before this byte.
    At(u64),
    /// It has more opcodes than were allowed; those so far end before this byte.
    Later(u64),
    /// What stands at this byte is no opcode, or the bytes end there or behind it.
    Broken(u64),
}

/// Where the pickle at the beginning of these bytes ends, by at most so many opcodes. Nothing else
/// about it is checked.
///
/// ```
/// use npload_pickle::{End, find_end};
/// assert_eq!(find_end(&mut &b"K\x01.rest"[..], 100), Ok(End::At(3)));
/// assert_eq!(find_end(&mut &b"K\x01"[..], 100), Ok(End::Broken(2)));
/// ```
///
/// # Errors
/// Those of the bytes.
pub fn find_end<B: Bytes + ?Sized>(bytes: &mut B, max_opcodes: u64) -> Result<End, B::Error> {
    let mut at = 0_u64;
    for _ in 0..max_opcodes {
        let Some(op) = bytes.bytes(at, 1)?.first().copied().and_then(Op::from_code) else {
            return Ok(End::Broken(at));
        };
        let argument = at.saturating_add(1);
        if op == Op::Stop {
            return Ok(End::At(argument));
        }
        let Some(end) = after(bytes, op, argument)? else {
            return Ok(End::Broken(at));
        };
        at = end;
    }
    Ok(End::Later(at))
}

/// Where the argument ends that begins at `at`.
fn after<B: Bytes + ?Sized>(bytes: &mut B, op: Op, at: u64) -> Result<Option<u64>, B::Error> {
    match op.argument().length() {
        Length::Fixed(len) => {
            let end = at.checked_add(len as u64);
            if op == Op::Frame
                && let (Some(frame), Some(end)) = (count(bytes, at, len)?, end)
            {
                bytes.frame(end, frame)?;
            }
            Ok(end)
        }
        Length::Lines(lines) => {
            let mut end = Some(at);
            for _ in 0..lines {
                let Some(line) = end else { break };
                end = bytes.after_line(line)?;
            }
            Ok(end)
        }
        Length::Counted(width) => counted(bytes, at, width),
    }
}

/// Where what has a count of `width` bytes before it ends.
fn counted<B: Bytes + ?Sized>(
    bytes: &mut B,
    at: u64,
    width: usize,
) -> Result<Option<u64>, B::Error> {
    let len = count(bytes, at, width)?;
    Ok(len.and_then(|len| at.checked_add(width as u64)?.checked_add(len)))
}

fn count<B: Bytes + ?Sized>(bytes: &mut B, at: u64, width: usize) -> Result<Option<u64>, B::Error> {
    let mut word = [0; 8];
    let read = bytes.bytes(at, width)?;
    let Some(place) = word.get_mut(..width).filter(|_| read.len() == width) else {
        return Ok(None);
    };
    place.copy_from_slice(read);
    Ok(Some(u64::from_le_bytes(word)))
}

impl Bytes for &[u8] {
    type Error = std::convert::Infallible;

    fn bytes(&mut self, at: u64, len: usize) -> Result<&[u8], Self::Error> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..));
        let rest = rest.unwrap_or_default();
        Ok(rest.get(..len).unwrap_or(rest))
    }

    fn after_line(&mut self, at: u64) -> Result<Option<u64>, Self::Error> {
        let rest = self.bytes(at, usize::MAX)?;
        let end = rest.iter().position(|&byte| byte == b'\n');
        Ok(end.map(|end| at.saturating_add(end as u64).saturating_add(1)))
    }
}
