//! Bytes that come one after the other and whose number is not known.

use std::io::{self, Read};

use npload_buffer::AlignedBuf;

/// What is read before more memory is taken: a length that lies costs this much at most.
const FIRST: usize = 512 << 10;

/// What is read at once of a reader that would be asked for single bytes.
pub(crate) const BLOCK: usize = 64 << 10;

/// A reader, and how many bytes it is known to have at most.
pub(crate) struct Stream<'a> {
    reader: &'a mut dyn Read,
    /// Bytes left, where the reader can tell.
    left: Option<u64>,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(reader: &'a mut dyn Read, left: Option<u64>) -> Self {
        Stream { reader, left }
    }

    /// How many bytes are left, where the reader can tell.
    pub(crate) fn left(&self) -> Option<u64> {
        self.left
    }

    /// Reads until `bytes` holds `len` bytes or the source ends; whether it holds them.
    pub(crate) fn read_up_to(&mut self, bytes: &mut Vec<u8>, len: usize) -> io::Result<bool> {
        let missing = len.saturating_sub(bytes.len());
        let got = (&mut *self.reader)
            .take(missing as u64)
            .read_to_end(bytes)?;
        self.took(got);
        Ok(bytes.len() >= len)
    }

    /// `len` bytes in aligned memory, or as many as there are: the number is the second value.
    /// Memory grows as the bytes arrive, unless it is known that they are there. `told` hears how
    /// many have come.
    pub(crate) fn read_aligned(
        &mut self,
        len: usize,
        told: &dyn Fn(usize) -> io::Result<()>,
    ) -> io::Result<(AlignedBuf, usize)> {
        let known = self.left.is_some_and(|left| left >= len as u64);
        let mut buf = if known || len <= FIRST {
            AlignedBuf::zeroed(len)?
        } else {
            AlignedBuf::mapped(FIRST)?
        };
        let mut filled = 0;
        loop {
            while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
                match self.reader.read(rest) {
                    Ok(0) => return Ok((buf, filled)),
                    Ok(n) if n > rest.len() => return Err(io::ErrorKind::InvalidData.into()),
                    Ok(n) => {
                        filled = filled.saturating_add(n);
                        self.took(n);
                        told(n)?;
                    }
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(e) => return Err(e),
                }
            }
            if filled == len {
                return Ok((buf, filled));
            }
            buf.grow(buf.len().saturating_mul(2).min(len))?;
        }
    }

    /// Everything that is left, after what `bytes` has. Where it is known how much that is, no more
    /// memory is taken.
    pub(crate) fn read_all(&mut self, mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        if let Some(left) = self.left {
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            let taken = bytes.try_reserve_exact(left);
            taken.map_err(|_| io::ErrorKind::OutOfMemory)?;
        }
        self.reader.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads everything that is left and keeps nothing; how much it was.
    pub(crate) fn skip_all(&mut self) -> io::Result<u64> {
        let skipped = io::copy(&mut *self.reader, &mut io::sink())?;
        self.left = self.left.map(|_| 0);
        Ok(skipped)
    }

    fn took(&mut self, bytes: usize) {
        self.left = self.left.map(|left| left.saturating_sub(bytes as u64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_follows_the_bytes_that_arrive() {
        let mut reader: &[u8] = &[7; 3 << 20];
        let mut stream = Stream::new(&mut reader, None);
        let (buf, filled) = stream.read_aligned(usize::MAX >> 1, &|_| Ok(())).unwrap();
        assert_eq!(filled, 3 << 20);
        assert!(buf.len() <= 4 << 20, "{}", buf.len());
        assert!(buf[..filled].iter().all(|&b| b == 7));
    }

    #[test]
    fn it_reads_no_byte_further_than_asked() {
        let mut reader: &[u8] = b"addataNEXT";
        let mut stream = Stream::new(&mut reader, None);
        let mut head = b"he".to_vec();
        assert!(stream.read_up_to(&mut head, 4).unwrap());
        assert_eq!(head, b"head");
        let (buf, filled) = stream.read_aligned(4, &|_| Ok(())).unwrap();
        assert_eq!((&*buf, filled), (&b"data"[..], 4));
        assert_eq!(reader, b"NEXT");
    }

    #[test]
    fn all_of_a_known_length_takes_exactly_that() {
        let long = vec![7; (3 << 20) + 5];
        let mut reader = io::Cursor::new(&long);
        let mut stream = Stream::new(&mut reader, Some(long.len() as u64));
        let mut bytes = Vec::new();
        assert!(stream.read_up_to(&mut bytes, 4).unwrap());
        let bytes = stream.read_all(bytes).unwrap();
        assert!(bytes == long);
        assert_eq!(bytes.capacity(), long.len());
        let mut reader: &[u8] = b"few";
        let err = Stream::new(&mut reader, Some(u64::MAX)).read_all(Vec::new());
        assert_eq!(err.unwrap_err().kind(), io::ErrorKind::OutOfMemory);
    }
}
