//! What threads read members with, made before they start.

use std::io;
use std::sync::Mutex;

use npload_buffer::AlignedBuf;

use super::Method;

/// One for each thread, used again for the next member. Made on the calling thread, so that the
/// others have nothing to allocate: glibc would give each an arena of 64 MiB of address space, and
/// keep it.
#[derive(Default)]
pub(crate) struct Inflaters(Mutex<Vec<Inflater>>);

/// What one thread works with.
#[derive(Default)]
pub(crate) struct Inflater {
    /// The bytes of the archive that are in flight.
    pub(super) input: Room,
    pub(super) one_shot: OneShot,
}

/// Decoders that want all bytes of a member, where they are there.
#[derive(Default)]
pub(crate) struct OneShot {
    #[cfg(feature = "libdeflate")]
    deflate: libdeflater::Decompressor,
    /// Made when it is needed: few archives have such members.
    #[cfg(feature = "zstd")]
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    /// A small member's contents, on the way to where they belong.
    contents: Room,
}

/// What such a decoder made.
#[cfg_attr(
    not(any(feature = "libdeflate", feature = "zstd")),
    expect(dead_code, reason = "nothing decompresses at once")
)]
pub(super) enum Made {
    Bytes(usize),
    /// There is more than there was room for.
    NoRoom,
    /// The bytes are damaged, or something follows them.
    Nothing,
}

impl OneShot {
    /// Whether there is one for the method.
    pub(super) fn knows(method: Method) -> bool {
        (method == Method::Deflate && cfg!(feature = "libdeflate"))
            || (method == Method::Zstd && cfg!(feature = "zstd"))
    }

    /// Decompresses all of `input` into `out`.
    #[cfg_attr(
        not(any(feature = "libdeflate", feature = "zstd")),
        expect(
            unused_variables,
            clippy::unused_self,
            reason = "nothing decompresses at once"
        )
    )]
    pub(super) fn decompress(&mut self, method: Method, input: &[u8], out: &mut [u8]) -> Made {
        match method {
            #[cfg(feature = "libdeflate")]
            Method::Deflate => match self.deflate.deflate_decompress(input, out) {
                Ok(made) => Made::Bytes(made),
                Err(libdeflater::DecompressionError::InsufficientSpace) => Made::NoRoom,
                Err(_) => Made::Nothing,
            },
            #[cfg(feature = "zstd")]
            Method::Zstd => {
                let decoder = self.zstd.get_or_insert_default();
                match decoder.decompress_to_buffer(input, out) {
                    Ok(made) => Made::Bytes(made),
                    // The error has no kind, only the library's text.
                    Err(err) if err.to_string() == "Destination buffer is too small" => {
                        Made::NoRoom
                    }
                    Err(_) => Made::Nothing,
                }
            }
            _ => Made::Nothing,
        }
    }

    /// What the compressed `bytes` hold, if that is `size` bytes.
    pub(super) fn contents(&mut self, method: Method, bytes: &[u8], size: u64) -> Option<&[u8]> {
        let mut contents = std::mem::take(&mut self.contents);
        let out = contents.of(usize::try_from(size).ok()?).ok()?;
        let (room, made) = (out.len(), self.decompress(method, bytes, out));
        self.contents = contents;
        let whole = matches!(made, Made::Bytes(made) if made == room);
        whole.then(|| self.contents.0.get(..room)).flatten()
    }
}

impl Inflaters {
    /// For so many threads; whether there are members by `zstd`.
    pub(crate) fn new(threads: usize, zstd: bool) -> Self {
        let inflater = |_| {
            let mut inflater = Inflater::default();
            if zstd {
                // Nothing is in nothing, but the decoder is there then.
                inflater.one_shot.decompress(Method::Zstd, &[], &mut []);
            }
            inflater
        };
        Inflaters(Mutex::new((0..threads).map(inflater).collect()))
    }

    pub(crate) fn take(&self) -> Option<Inflater> {
        self.0.lock().ok()?.pop()
    }

    /// Keeps it for the next: there is room in the vector, since it came from there.
    pub(crate) fn give_back(&self, inflater: Inflater) {
        if let Ok(mut free) = self.0.lock() {
            free.push(inflater);
        }
    }
}

/// Memory that is used again and again, straight from the system.
#[derive(Default)]
pub(super) struct Room(AlignedBuf);

impl Room {
    /// `len` bytes of it. What they hold is left from before.
    ///
    /// # Errors
    /// That of taking memory.
    pub(super) fn of(&mut self, len: usize) -> io::Result<&mut [u8]> {
        if self.0.len() < len {
            // Nothing in it is needed any more, so it is not moved.
            self.0 = AlignedBuf::default();
            self.0 = AlignedBuf::mapped(len)?;
        }
        Ok(self.0.get_mut(..len).unwrap_or_default())
    }
}
