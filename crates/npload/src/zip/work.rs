//! What threads read members with, made before they start.

use std::io;
use std::sync::Mutex;

use npload_buffer::AlignedBuf;

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

/// libdeflate, where it is there.
#[derive(Default)]
pub(crate) struct OneShot {
    #[cfg(feature = "libdeflate")]
    pub(super) state: libdeflater::Decompressor,
    /// A small member's contents, on the way to where they belong.
    #[cfg(feature = "libdeflate")]
    contents: Room,
}

impl OneShot {
    /// What the deflated `bytes` hold, if that is `size` bytes.
    #[cfg(feature = "libdeflate")]
    pub(super) fn inflate(&mut self, bytes: &[u8], size: u64) -> Option<&[u8]> {
        let out = self.contents.of(usize::try_from(size).ok()?).ok()?;
        let made = self.state.deflate_decompress(bytes, out).ok()?;
        (made == out.len()).then_some(out)
    }

    /// Nothing: such members are streamed.
    #[cfg(not(feature = "libdeflate"))]
    pub(super) fn inflate(&mut self, _: &[u8], _: u64) -> Option<&[u8]> {
        None
    }
}

impl Inflaters {
    pub(crate) fn new(threads: usize) -> Self {
        let inflater = |_| Inflater::default();
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
