//! What a pickle is read from: memory, a file of which long bytes are left where they are until an
//! array takes them, or a stream, of which nothing behind the pickle is read.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use npload::AlignedBuf;
use npload_pickle::{Gap, Step, Walk};

/// The first read of a file, and the first behind long bytes.
const FIRST: usize = 4 << 10;
/// The largest.
const LARGEST: usize = 1 << 20;

/// The bytes of a pickle.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    /// Those that are in memory.
    pub(super) bytes: &'a [u8],
    pub(super) gaps: &'a [Gap],
    /// Where each gap ends in the whole input, and how many bytes are left out up to there.
    ends: &'a [(usize, usize)],
    /// How many there are in all.
    pub(super) total: usize,
    guessed: bool,
    /// Where the others are, and where the pickle begins in it.
    file: Option<(&'a File, u64)>,
}

impl<'a> Input<'a> {
    pub(super) fn memory(bytes: &'a [u8]) -> Self {
        Input {
            bytes,
            gaps: &[],
            ends: &[],
            total: bytes.len(),
            guessed: false,
            file: None,
        }
    }

    /// Bytes that are in memory, by their place in the whole input.
    #[inline]
    pub(super) fn get(&self, at: usize, len: usize) -> &'a [u8] {
        let before = self.ends.partition_point(|&(end, _)| end <= at);
        let skipped = before.checked_sub(1).and_then(|last| self.ends.get(last));
        let at = at.saturating_sub(skipped.map_or(0, |&(_, skipped)| skipped));
        let end = at.saturating_add(len);
        self.bytes.get(at..end).unwrap_or_default()
    }

    /// Reads bytes of a gap.
    pub(super) fn read(&self, at: usize, to: &mut [u8]) -> io::Result<()> {
        match self.file {
            Some((file, start)) => read_exactly(file, to, start.saturating_add(at as u64)),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The same read again without guessing, if it was guessed which bytes are long.
    pub(super) fn exactly(&self) -> io::Result<Option<InFile<'a>>> {
        match self.file {
            Some((file, start)) if self.guessed => InFile::read(file, start, false).map(Some),
            _ => Ok(None),
        }
    }
}

/// A pickle in a file, its long bytes left out.
pub(super) struct InFile<'a> {
    file: &'a File,
    start: u64,
    /// With huge pages where there is much of it.
    memory: AlignedBuf,
    /// How much of it was read.
    len: usize,
    gaps: Vec<Gap>,
    ends: Vec<(usize, usize)>,
    total: usize,
    guessed: bool,
}

impl<'a> InFile<'a> {
    /// Reads from `start` on, to the pickle's end or the file's. Guessing which bytes are long is right
    /// for all honest pickles, and fast.
    pub(super) fn read(file: &'a File, start: u64, guesses: bool) -> io::Result<Self> {
        let size = file.metadata()?.len().saturating_sub(start);
        let mut this = InFile {
            file,
            start,
            memory: AlignedBuf::default(),
            len: 0,
            gaps: Vec::new(),
            ends: Vec::new(),
            total: usize::try_from(size).unwrap_or(usize::MAX),
            guessed: false,
        };
        let mut walk = Walk::leaving_out(guesses);
        this.read_along(&mut walk)?;
        this.guessed = walk.has_guessed();
        Ok(this)
    }

    fn read_along(&mut self, walk: &mut Walk) -> io::Result<()> {
        let mut piece = FIRST;
        // Of the gaps.
        let mut skipped = 0_usize;
        loop {
            match walk.next(self.bytes()) {
                Step::End(end) => {
                    self.len = self.len.min(end);
                    return Ok(());
                }
                Step::Lost => return Ok(()),
                Step::Need(need) => {
                    let missing = need.saturating_sub(self.len);
                    let read = self.more(missing.max(piece), skipped)?;
                    if read < missing {
                        return Ok(());
                    }
                    piece = piece.saturating_mul(2).min(LARGEST);
                }
                Step::Long { at, len } => {
                    let left = self.total.saturating_sub(skipped).saturating_sub(at);
                    if len > left {
                        return Ok(());
                    }
                    let end = at.saturating_add(len);
                    if end < self.len {
                        // They were read with what follows, and stay.
                        walk.leave_out(end);
                        continue;
                    }
                    self.len = at;
                    skipped = skipped.saturating_add(len);
                    self.gaps.push(Gap { at, len });
                    self.ends.push((at.saturating_add(skipped), skipped));
                    walk.leave_out(at);
                    piece = FIRST;
                }
            }
        }
    }

    /// Reads up to so many bytes more.
    fn more(&mut self, count: usize, skipped: usize) -> io::Result<usize> {
        let at = self.len.saturating_add(skipped);
        let rest = self.total.saturating_sub(at);
        let count = count.min(rest);
        let end = self.len.saturating_add(count);
        if end > self.memory.len() {
            let twice = self.memory.len().saturating_mul(2);
            self.memory
                .grow(twice.clamp(end, self.len.saturating_add(rest)))?;
        }
        let to = self.memory.get_mut(self.len..end).unwrap_or_default();
        read_exactly(self.file, to, self.start.saturating_add(at as u64))?;
        self.len = end;
        Ok(count)
    }

    fn bytes(&self) -> &[u8] {
        self.memory.get(..self.len).unwrap_or_default()
    }

    pub(super) fn input(&self) -> Input<'_> {
        Input {
            bytes: self.bytes(),
            gaps: &self.gaps,
            ends: &self.ends,
            total: self.total,
            guessed: self.guessed,
            file: Some((self.file, self.start)),
        }
    }
}

/// Reads bytes that were there when the file's size was asked for.
fn read_exactly(file: &File, to: &mut [u8], at: u64) -> io::Result<()> {
    file.read_exact_at(to, at).map_err(|err| match err.kind() {
        io::ErrorKind::UnexpectedEof => {
            let size = file.metadata().map_or(0, |data| data.len());
            let text = format!(
                "the file became shorter while it was read: {} bytes expected at byte {at}, and the file \
                 has {size} now",
                to.len()
            );
            io::Error::new(io::ErrorKind::UnexpectedEof, text)
        }
        _ => err,
    })
}

/// Reads a pickle from a stream; `head` was read already. What follows the pickle in `head` stays there.
/// `peek` is what the stream has at hand, if it tells. Nothing behind the pickle is read, but for up to
/// `ahead` bytes.
pub(super) fn read_stream(
    reader: &mut impl Read,
    head: &[u8],
    ahead: usize,
    mut peek: impl FnMut() -> Option<Vec<u8>>,
) -> io::Result<Vec<u8>> {
    let mut bytes = head.to_vec();
    let mut walk = Walk::exact();
    while let Step::Need(need) = walk.next(&bytes) {
        let missing = need.saturating_sub(bytes.len());
        let before = bytes.len();
        let at_hand = match missing < FIRST && ahead == 0 {
            true => peek().unwrap_or_default(),
            false => Vec::new(),
        };
        if at_hand.len() > missing {
            bytes.extend(&at_hand);
            if let Step::End(end) = walk.next(&bytes) {
                bytes.truncate(end);
            }
            let taken = bytes.len().saturating_sub(before);
            bytes.truncate(before);
            if reader.take(taken as u64).read_to_end(&mut bytes)? < taken {
                break;
            }
            continue;
        }
        // Memory grows as bytes arrive.
        let piece = missing.max(ahead).min(LARGEST);
        let read = reader.take(piece as u64).read_to_end(&mut bytes)?;
        if read < piece.min(missing) {
            break;
        }
    }
    Ok(bytes)
}
