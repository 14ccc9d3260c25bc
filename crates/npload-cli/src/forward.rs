//! A stream that is read forwards alone, to find where a pickle in it ends.

use std::io::{self, BufRead, Read};

use npload_pickle::Bytes;

/// Bytes of a stream from some place on, which is the first that [`Bytes`] knows.
pub(crate) struct Forward<R> {
    stream: R,
    /// Where what was read and is kept begins: a few bytes.
    at: u64,
    kept: Vec<u8>,
}

impl<R: BufRead> Forward<R> {
    /// From `start` on.
    pub(crate) fn new(stream: R, start: u64) -> io::Result<Self> {
        let mut forward = Forward {
            stream,
            at: 0,
            kept: Vec::new(),
        };
        forward.go_to(start)?;
        forward.at = 0;
        Ok(forward)
    }

    fn go_to(&mut self, at: u64) -> io::Result<()> {
        let skipped = at.saturating_sub(self.at);
        self.at = at;
        let kept = usize::try_from(skipped).unwrap_or(usize::MAX);
        if kept < self.kept.len() {
            self.kept.drain(..kept);
            return Ok(());
        }
        let left = skipped.saturating_sub(self.kept.len() as u64);
        self.kept.clear();
        io::copy(&mut self.stream.by_ref().take(left), &mut io::sink())?;
        Ok(())
    }
}

impl<R: BufRead> Bytes for Forward<R> {
    type Error = io::Error;

    fn bytes(&mut self, at: u64, len: usize) -> io::Result<&[u8]> {
        self.go_to(at)?;
        let missing = len.saturating_sub(self.kept.len()) as u64;
        let mut stream = self.stream.by_ref().take(missing);
        stream.read_to_end(&mut self.kept)?;
        Ok(self.kept.get(..len).unwrap_or(&self.kept))
    }

    fn after_line(&mut self, at: u64) -> io::Result<Option<u64>> {
        self.go_to(at)?;
        let mut end = at;
        while let Some(&byte) = self.bytes(end, 1)?.first() {
            end = end.saturating_add(1);
            if byte == b'\n' {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }
}
