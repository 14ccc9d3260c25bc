//! Memory that several arrays share: page by page, 256 KiB cost more to get than to fill.

use npload::{AlignedBuf, Buffer};
use pyo3::prelude::*;

use crate::memory::Memory;

/// What an arena has: two huge pages.
const SIZE: usize = 4 << 20;
/// Larger arrays have memory of their own.
const LARGEST: usize = 1 << 20;
/// What must have been asked for before there is an arena: one array that is kept keeps all of it.
const BEFORE: usize = 1 << 20;
/// Where each part begins: at a multiple of this, as all memory of the engine.
const ALIGNMENT: usize = 64;

/// Gives out memory, each byte once.
#[derive(Default)]
pub(crate) struct Arena {
    current: Option<Current>,
    asked: usize,
}

struct Current {
    owner: Buffer,
    /// What was not given out yet.
    next: *mut u8,
    left: usize,
}

/// A part of an arena, or memory of its own, that nobody else has.
pub(crate) struct Part {
    owner: Buffer,
    data: *mut u8,
    len: usize,
}

impl Arena {
    /// Zeroed memory. `more` is how much may be asked for in all after this.
    pub(crate) fn take(&mut self, len: usize, more: usize) -> std::io::Result<Part> {
        let before = self.asked;
        self.asked = before.saturating_add(len);
        let size = len.checked_next_multiple_of(ALIGNMENT).unwrap_or(len);
        if let Some(current) = self.current.as_mut().filter(|current| current.left >= size) {
            return Ok(current.give(len, size));
        }
        let all = size.saturating_add(more);
        if len > LARGEST || before < BEFORE || all < BEFORE {
            return Ok(Current::new(len)?.give(len, len));
        }
        let current = self.current.insert(Current::new(all.min(SIZE))?);
        Ok(current.give(len, size))
    }
}

impl Current {
    fn new(len: usize) -> std::io::Result<Self> {
        let mut memory = AlignedBuf::zeroed(len)?;
        let next = memory.as_mut_ptr();
        let owner = Buffer::from(memory);
        Ok(Current {
            owner,
            next,
            left: len,
        })
    }

    /// The first `size` bytes of what is left, of which `len` are wanted.
    fn give(&mut self, len: usize, size: usize) -> Part {
        let size = size.min(self.left);
        let data = self.next;
        self.next = data.wrapping_add(size);
        self.left = self.left.saturating_sub(size);
        Part {
            owner: self.owner.clone(),
            data,
            len: len.min(size),
        }
    }
}

impl Part {
    /// Its bytes.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: `give` took `len` bytes of the owner's memory, which are set (zeroed), stay in place
        // while the owner lives, and are given out once; the owner itself is never read.
        unsafe { std::slice::from_raw_parts_mut(self.data, self.len) }
    }

    /// Where it is, and what keeps it there.
    pub(crate) fn into_owner(self, py: Python<'_>) -> PyResult<(*mut u8, Bound<'_, PyAny>)> {
        let owner = Bound::new(py, Memory::new(self.owner))?;
        Ok((self.data, owner.into_any()))
    }
}
