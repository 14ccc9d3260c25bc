//! How far a pickle reaches, and where its long bytes are, found without running it: for those who
//! read one from a stream, or do not want all of it in memory.

use crate::opcode::{Argument, Length, Op};

/// From this size on bytes and bytearrays may be left out: 64 KiB.
const LONG: u64 = 64 << 10;

/// A walk over opcodes, in bytes that are read as it goes.
///
/// ```
/// use npload_pickle::{Step, Walk};
/// let pickle = b"K\x01\x85.and more";
/// let mut walk = Walk::exact();
/// assert_eq!(walk.next(&pickle[..1]), Step::Need(2));
/// assert_eq!(walk.next(&pickle[..3]), Step::Need(4));
/// assert_eq!(walk.next(pickle), Step::End(4));
/// ```
#[derive(Clone, Debug)]
pub struct Walk {
    at: usize,
    /// Where the first of two lines ends, once it is found.
    first_line: usize,
    /// Up to here no newline was found.
    looked: usize,
    leaves_out: bool,
    /// Whether whole frames may be stepped over.
    guesses: bool,
    guessed: bool,
}

/// Where a [`Walk`] stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many bytes must be there before it can go on.
    Need(usize),
    /// Bytes or a bytearray of this length stand there, and may be left out.
    Long {
        /// Where they begin in what was read.
        at: usize,
        /// How many they are.
        len: usize,
    },
    /// The pickle ends before this byte.
    End(usize),
    /// No opcode: a machine will not come as far, or says so.
    Lost,
}

/// Bytes that were left out of a pickle, for [`Machine::with_gaps`](crate::Machine::with_gaps).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where they would begin in what is there.
    pub at: usize,
    /// How many they are.
    pub len: usize,
}

impl Walk {
    /// A walk that asks for no byte behind the pickle, but for what its frames claim.
    #[must_use]
    pub fn exact() -> Self {
        Walk {
            at: 0,
            first_line: 0,
            looked: 0,
            leaves_out: false,
            guesses: false,
            guessed: false,
        }
    }

    /// A walk that stops at long bytes. One that guesses steps over whole frames that do not seem to
    /// be the last: what they hold may lie, and then the gaps are none.
    #[must_use]
    pub fn leaving_out(guesses: bool) -> Self {
        Walk {
            leaves_out: true,
            guesses,
            ..Walk::exact()
        }
    }

    /// Whether it stepped over a frame.
    #[must_use]
    pub fn has_guessed(&self) -> bool {
        self.guessed
    }

    /// Goes on at this byte: where long bytes began that were left out, or behind those that were not.
    pub fn leave_out(&mut self, at: usize) {
        self.at = at;
    }

    /// Goes on as far as it can. `bytes` is what was read, always from the start.
    pub fn next(&mut self, bytes: &[u8]) -> Step {
        loop {
            let Some(&code) = bytes.get(self.at) else {
                return Step::Need(self.at.saturating_add(1));
            };
            let Some(op) = Op::from_code(code) else {
                return Step::Lost;
            };
            let start = self.at.saturating_add(1);
            let end = match op {
                Op::Stop => return Step::End(start),
                Op::Frame => self.frame(bytes, start),
                _ => self.end_of(op.argument(), bytes, start),
            };
            let end = match end {
                Ok(end) => end,
                Err(step) => return step,
            };
            if end > bytes.len() {
                return Step::Need(end);
            }
            self.at = end;
            self.first_line = 0;
        }
    }

    /// Where to go on at a FRAME.
    fn frame(&mut self, bytes: &[u8], start: usize) -> Result<usize, Step> {
        let (len, inside) = count(bytes, start, 8)?;
        let end = inside.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
        if end > bytes.len() {
            return Err(Step::Need(end));
        }
        let last = bytes.get(end.saturating_sub(1));
        if self.guesses && last != Some(&Op::Stop.code()) {
            self.guessed = true;
            return Ok(end);
        }
        Ok(inside)
    }

    fn end_of(&mut self, argument: Argument, bytes: &[u8], start: usize) -> Result<usize, Step> {
        let width = match argument.length() {
            Length::Fixed(len) => return Ok(start.saturating_add(len)),
            Length::Lines(1) => return self.line(bytes, start),
            // Two: a module and a name.
            Length::Lines(_) => {
                if self.first_line == 0 {
                    self.first_line = self.line(bytes, start)?;
                }
                return self.line(bytes, self.first_line);
            }
            Length::Counted(width) => width,
        };
        let may_be_long = matches!(
            argument,
            Argument::Bytes4 | Argument::Bytes8 | Argument::ByteArray8
        );
        let (len, from) = count(bytes, start, width)?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if may_be_long && self.leaves_out && len as u64 >= LONG {
            return Err(Step::Long { at: from, len });
        }
        Ok(from.saturating_add(len))
    }

    /// Behind the newline.
    fn line(&mut self, bytes: &[u8], start: usize) -> Result<usize, Step> {
        let from = self.looked.max(start);
        let rest = bytes.get(from..).unwrap_or_default();
        match rest.iter().position(|&byte| byte == b'\n') {
            Some(at) => Ok(from.saturating_add(at).saturating_add(1)),
            None => {
                self.looked = bytes.len();
                Err(Step::Need(bytes.len().max(start).saturating_add(1)))
            }
        }
    }
}

/// A little-endian count of so many bytes, and where it ends.
fn count(bytes: &[u8], start: usize, width: usize) -> Result<(u64, usize), Step> {
    let end = start.saturating_add(width);
    let Some(digits) = bytes.get(start..end) else {
        return Err(Step::Need(end));
    };
    let digits = digits.iter().rev();
    let value = digits.fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    Ok((value, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_by_need(pickle: &[u8], mut walk: Walk) -> (Step, usize) {
        let mut have = 0;
        loop {
            match walk.next(&pickle[..have]) {
                Step::Need(need) if need <= pickle.len() => {
                    assert!(need > have);
                    have = need;
                }
                step => return (step, have),
            }
        }
    }

    #[test]
    fn no_byte_behind_the_pickle_is_asked_for() {
        for pickle in [
            &b"N."[..],
            b"I01\n.",
            b"cos\nsystem\n.",
            b"X\x02\0\0\0ab.",
            b"\x80\x04\x95\x0b\0\0\0\0\0\0\0]\x94(K\x01\x8c\x02hi\x94e.",
            b"\x8d\x01\0\0\0\0\0\0\0a\x85.",
            b"\x8a\x02\x01\x01G........M\x01\x02J\x01\x02\x03\x04t.",
        ] {
            let mut followed = pickle.to_vec();
            followed.extend(b"behind.");
            let (step, have) = read_by_need(&followed, Walk::exact());
            assert_eq!(step, Step::End(pickle.len()), "{pickle:?}");
            assert_eq!(have, pickle.len(), "{pickle:?}");
            let (step, _) = read_by_need(&followed, Walk::leaving_out(true));
            assert_eq!(step, Step::End(pickle.len()), "{pickle:?}");
        }
    }

    #[test]
    fn lies_end_in_a_need_or_are_lost() {
        let long = b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff";
        assert_eq!(Walk::exact().next(long), Step::Need(usize::MAX));
        let frame = b"\x95\xff\xff\xff\xff\xff\xff\xff\xff.";
        assert_eq!(Walk::exact().next(frame), Step::Need(usize::MAX));
        assert_eq!(Walk::exact().next(b"\0"), Step::Lost);
    }

    #[test]
    fn long_bytes_may_be_left_out() {
        let mut pickle = b"B\0\0\x01\0".to_vec();
        pickle.extend(b"0.");
        let mut walk = Walk::leaving_out(true);
        let long = Step::Long {
            at: 5,
            len: 1 << 16,
        };
        assert_eq!(walk.next(&pickle), long);
        walk.leave_out(5);
        assert_eq!(walk.next(&pickle), Step::End(7));
    }
}
