//! Bytes that many threads read at positions of their own.

use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::Buffer;

/// Bytes that can be read at any position, by many threads at once.
///
/// ```
/// use npload_buffer::{Buffer, ReadAt};
/// let bytes = Buffer::from(b"hello".to_vec());
/// let mut two = [0; 2];
/// bytes.read_exact_at(&mut two, 3)?;
/// assert_eq!(&two, b"lo");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// What refers to such bytes (`&T`, [`Box`], [`Arc`]) is such bytes too, so that a source may be
/// shared, or chosen at run time.
pub trait ReadAt: Send + Sync {
    /// How many bytes there are, now.
    ///
    /// # Errors
    /// What the operating system says.
    fn len(&self) -> io::Result<u64>;

    /// Whether there are none.
    ///
    /// # Errors
    /// As [`ReadAt::len`].
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `buf` with the bytes from `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when there are fewer; else what the operating system says.
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()>;

    /// How much stack its methods may take, in bytes. Large loads call them on threads of their own,
    /// whose stacks are this and 96 KiB. By default 2 MiB, as much as the standard library gives to
    /// a thread; what only asks the operating system can say 0.
    fn stack_size(&self) -> usize {
        2 << 20
    }

    /// All of its bytes, where they are in memory already.
    fn as_buffer(&self) -> Option<&Buffer> {
        None
    }

    /// The file whose bytes these are, from its first to its last: reads may go to it instead.
    fn as_file(&self) -> Option<&File> {
        None
    }
}

impl ReadAt for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn stack_size(&self) -> usize {
        0
    }

    fn as_file(&self) -> Option<&File> {
        Some(self)
    }

    #[cfg(unix)]
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buf, offset)
    }

    #[cfg(windows)]
    fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(self, buf, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    buf = buf.get_mut(n..).unwrap_or_default();
                    offset = offset.saturating_add(n as u64);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

impl ReadAt for [u8] {
    fn len(&self) -> io::Result<u64> {
        Ok(<[u8]>::len(self) as u64)
    }

    fn stack_size(&self) -> usize {
        0
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = start
            .checked_add(buf.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(self.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl ReadAt for Vec<u8> {
    fn len(&self) -> io::Result<u64> {
        ReadAt::len(self.as_slice())
    }

    fn stack_size(&self) -> usize {
        0
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.as_slice().read_exact_at(buf, offset)
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<T: ReadAt + ?Sized> ReadAt for $pointer {
            fn len(&self) -> io::Result<u64> {
                T::len(self)
            }

            fn is_empty(&self) -> io::Result<bool> {
                T::is_empty(self)
            }

            fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
                T::read_exact_at(self, buf, offset)
            }

            fn stack_size(&self) -> usize {
                T::stack_size(self)
            }

            fn as_buffer(&self) -> Option<&Buffer> {
                T::as_buffer(self)
            }

            fn as_file(&self) -> Option<&File> {
                T::as_file(self)
            }
        }
    )*};
}

forward!(&T, Box<T>, Arc<T>);

impl ReadAt for Buffer {
    fn len(&self) -> io::Result<u64> {
        ReadAt::len(&**self)
    }

    fn stack_size(&self) -> usize {
        0
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        (**self).read_exact_at(buf, offset)
    }

    fn as_buffer(&self) -> Option<&Buffer> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn check(source: &dyn ReadAt) {
        assert_eq!(source.len().unwrap(), 5);
        let mut buf = [0; 2];
        source.read_exact_at(&mut buf, 3).unwrap();
        assert_eq!(&buf, b"lo");
        for offset in [4, 5, 6, u64::MAX - 1, u64::MAX] {
            let err = source.read_exact_at(&mut buf, offset).unwrap_err();
            let kinds = [io::ErrorKind::UnexpectedEof, io::ErrorKind::InvalidInput];
            assert!(kinds.contains(&err.kind()), "{offset}: {err}");
        }
        source.read_exact_at(&mut [], 5).unwrap();
    }

    #[test]
    fn files_and_memory_read_alike() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"hello").unwrap();
        check(&file);
        check(&Buffer::from(b"hello".to_vec()));
        check(&b"hello".to_vec());
    }

    #[test]
    fn what_refers_to_a_source_is_one() {
        let buffer = Buffer::from(b"hello".to_vec());
        let shared: Arc<dyn ReadAt> = Arc::new(buffer.clone());
        let boxed: Box<dyn ReadAt> = Box::new(shared.clone());
        for source in [&shared as &dyn ReadAt, &boxed, &&buffer] {
            check(source);
            // No copy is made of what is in memory already.
            assert_eq!(source.as_buffer().unwrap().as_ptr(), buffer.as_ptr());
        }
    }

    /// A source whose methods take much stack.
    struct Hungry;

    impl ReadAt for Hungry {
        fn len(&self) -> io::Result<u64> {
            Ok(0)
        }

        fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
            Ok(())
        }

        fn stack_size(&self) -> usize {
            64 << 20
        }
    }

    #[test]
    fn what_refers_to_a_source_needs_its_stack() {
        let shared: Arc<dyn ReadAt> = Arc::new(Hungry);
        let boxed: Box<dyn ReadAt> = Box::new(shared.clone());
        for source in [&shared as &dyn ReadAt, &boxed, &&Hungry] {
            assert_eq!(source.stack_size(), 64 << 20);
        }
        let file = Arc::new(tempfile::tempfile().unwrap());
        let memory = (vec![0_u8], Buffer::empty());
        for source in [
            &file as &dyn ReadAt,
            &memory.0,
            &memory.1,
            &memory.0.as_slice(),
        ] {
            assert_eq!(source.stack_size(), 0);
        }
    }
}
