//! The headers of an archive that is written: before a member, behind it, and in the directory.
//!
//! Format: APPNOTE.TXT 4.3.7 to 4.3.16, 4.5.3 (zip64).

use crate::zip::name::UTF8;
use crate::{Error, ErrorKind, Result};

/// General purpose flag bit 3: checksum and sizes follow the member.
const FOLLOWS: u16 = 0x8;
/// 1980-01-01, the format's first day: the same arrays make the same bytes on every day.
const DATE: u16 = 0x21;
/// Made by Unix, which gives the attributes below their meaning.
const UNIX: u8 = 3;
/// `rw-------`, as Python's `zipfile` has it.
const ATTRIBUTES: u32 = 0o600 << 16;
/// The extra field that only aligns (its number is that of Android's `zipalign`).
const ALIGNMENT: u16 = 0xd935;
/// What a number of 32 bits says where the true one stands in the zip64 field.
const ELSEWHERE: u32 = u32::MAX;

/// The numbers that 16 and 32 bits hold; tests make them smaller.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) size: u64,
    pub(super) members: u64,
}

impl Bounds {
    pub(super) const FORMAT: Bounds = Bounds {
        size: ELSEWHERE as u64,
        members: u16::MAX as u64,
    };
}

/// What is known of a member's bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) crc: u32,
    pub(super) size: u64,
    pub(super) compressed_size: u64,
}

/// A member that is being written, or has been.
pub(super) struct Record {
    pub(super) name: Box<str>,
    pub(super) method: u16,
    pub(super) sums: Sums,
    /// Where its header begins.
    pub(super) offset: u64,
    /// Whether its own header has sizes of 64 bits.
    pub(super) wide: bool,
    /// Whether the sums follow it.
    pub(super) sums_follow: bool,
}

impl Record {
    fn flags(&self) -> u16 {
        let utf8 = if self.name.is_ascii() { 0 } else { UTF8 };
        utf8 | if self.sums_follow { FOLLOWS } else { 0 }
    }

    fn version(&self, wide: bool) -> u8 {
        match self.method {
            93 => 63,
            _ if wide => 45,
            _ => 20,
        }
    }

    /// The header before its bytes, whose byte number `lead` is to lie at a multiple of `align`.
    pub(super) fn local(&self, align: u64, lead: u64) -> Result<Vec<u8>> {
        let name_len = name_len(&self.name)?;
        let mut extra = Vec::new();
        let (mut size, mut compressed) = (0, 0);
        if !self.sums_follow {
            (size, compressed) = (low(self.sums.size), low(self.sums.compressed_size));
        }
        if self.wide {
            (size, compressed) = (ELSEWHERE, ELSEWHERE);
            extra.extend_from_slice(&self.wide_sizes());
        }
        let before = [30, u64::from(name_len), extra.len() as u64, lead];
        let before = before
            .iter()
            .fold(self.offset, |sum, n| sum.saturating_add(*n));
        let beyond = before.checked_rem(align).unwrap_or(0);
        if beyond != 0 {
            // The field's own head counts.
            let beyond = before.saturating_add(6).checked_rem(align).unwrap_or(0);
            let padding = align.saturating_sub(beyond).checked_rem(align).unwrap_or(0);
            let len = u16::try_from(padding.saturating_add(2)).unwrap_or(u16::MAX);
            extra.extend_from_slice(&ALIGNMENT.to_le_bytes());
            extra.extend_from_slice(&len.to_le_bytes());
            extra.extend_from_slice(&u16::try_from(align).unwrap_or(0).to_le_bytes());
            let padded = extra
                .len()
                .saturating_add(usize::from(len).saturating_sub(2));
            extra.resize(padded, 0);
        }
        let mut out = Vec::with_capacity(extra.len().saturating_add(64));
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&[self.version(self.wide), 0]);
        out.extend_from_slice(&self.flags().to_le_bytes());
        out.extend_from_slice(&self.method.to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&DATE.to_le_bytes());
        let crc = if self.sums_follow { 0 } else { self.sums.crc };
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&compressed.to_le_bytes());
        out.extend_from_slice(&size.to_le_bytes());
        out.extend_from_slice(&name_len.to_le_bytes());
        let extra_len = u16::try_from(extra.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&extra_len.to_le_bytes());
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(&extra);
        Ok(out)
    }

    /// The zip64 field of its own header, which has both sizes or none.
    fn wide_sizes(&self) -> [u8; 20] {
        let sums = match self.sums_follow {
            true => Sums::default(),
            false => self.sums,
        };
        let mut field = [0; 20];
        let parts: [&[u8]; 4] = [
            &1_u16.to_le_bytes(),
            &16_u16.to_le_bytes(),
            &sums.size.to_le_bytes(),
            &sums.compressed_size.to_le_bytes(),
        ];
        let bytes = parts.into_iter().flatten();
        field
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        field
    }

    /// What to write over its header once the sums are known: places from its beginning on, and bytes.
    pub(super) fn corrections(&self) -> [(u64, Vec<u8>); 2] {
        let sums = self.sums;
        let mut narrow = sums.crc.to_le_bytes().to_vec();
        if self.wide {
            let at = 30_u64.saturating_add(self.name.len() as u64);
            return [(14, narrow), (at, self.wide_sizes().to_vec())];
        }
        narrow.extend_from_slice(&low(sums.compressed_size).to_le_bytes());
        narrow.extend_from_slice(&low(sums.size).to_le_bytes());
        [(14, narrow), (0, Vec::new())]
    }

    /// What follows its bytes where the header could not be corrected.
    pub(super) fn descriptor(&self) -> Vec<u8> {
        let mut out = b"PK\x07\x08".to_vec();
        out.extend_from_slice(&self.sums.crc.to_le_bytes());
        for size in [self.sums.compressed_size, self.sums.size] {
            match self.wide {
                true => out.extend_from_slice(&size.to_le_bytes()),
                false => out.extend_from_slice(&low(size).to_le_bytes()),
            }
        }
        out
    }

    /// Its record in the directory.
    pub(super) fn central(&self, bounds: Bounds) -> Result<Vec<u8>> {
        let mut wide = Vec::new();
        let mut narrow = |value: u64| {
            if value < bounds.size {
                return low(value);
            }
            wide.extend_from_slice(&value.to_le_bytes());
            ELSEWHERE
        };
        // In the order of the field.
        let size = narrow(self.sums.size);
        let compressed = narrow(self.sums.compressed_size);
        let offset = narrow(self.offset);
        let mut out = b"PK\x01\x02".to_vec();
        let version = self.version(self.wide || !wide.is_empty());
        out.extend_from_slice(&[version, UNIX, version, 0]);
        out.extend_from_slice(&self.flags().to_le_bytes());
        out.extend_from_slice(&self.method.to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&DATE.to_le_bytes());
        out.extend_from_slice(&self.sums.crc.to_le_bytes());
        out.extend_from_slice(&compressed.to_le_bytes());
        out.extend_from_slice(&size.to_le_bytes());
        out.extend_from_slice(&name_len(&self.name)?.to_le_bytes());
        let wide_len = u16::try_from(wide.len()).unwrap_or(u16::MAX);
        let extra_len = if wide.is_empty() {
            0
        } else {
            wide_len.saturating_add(4)
        };
        out.extend_from_slice(&extra_len.to_le_bytes());
        // Comment, disk, internal attributes.
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(&ATTRIBUTES.to_le_bytes());
        out.extend_from_slice(&offset.to_le_bytes());
        out.extend_from_slice(self.name.as_bytes());
        if !wide.is_empty() {
            out.extend_from_slice(&1_u16.to_le_bytes());
            out.extend_from_slice(&wide_len.to_le_bytes());
            out.extend_from_slice(&wide);
        }
        Ok(out)
    }
}

/// The records behind the directory, which says where it is.
pub(super) fn end(members: u64, start: u64, size: u64, bounds: Bounds) -> Vec<u8> {
    let mut out = Vec::new();
    let wide = members >= bounds.members || start >= bounds.size || size >= bounds.size;
    if wide {
        let here = start.saturating_add(size);
        out.extend_from_slice(b"PK\x06\x06");
        out.extend_from_slice(&44_u64.to_le_bytes());
        out.extend_from_slice(&[45, UNIX, 45, 0]);
        out.extend_from_slice(&[0; 8]);
        for value in [members, members, size, start] {
            out.extend_from_slice(&value.to_le_bytes());
        }
        out.extend_from_slice(b"PK\x06\x07");
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&here.to_le_bytes());
        out.extend_from_slice(&1_u32.to_le_bytes());
    }
    let short = match wide {
        true => u16::MAX,
        false => u16::try_from(members).unwrap_or(u16::MAX),
    };
    out.extend_from_slice(b"PK\x05\x06");
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&short.to_le_bytes());
    out.extend_from_slice(&short.to_le_bytes());
    for value in [size, start] {
        let value = if wide { ELSEWHERE } else { low(value) };
        out.extend_from_slice(&value.to_le_bytes());
    }
    out.extend_from_slice(&[0, 0]);
    out
}

/// A number that was compared with the bounds.
fn low(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(ELSEWHERE)
}

/// # Errors
/// [`ErrorKind::Argument`] for a name that no header holds, or that readers would cut.
pub(super) fn name_len(name: &str) -> Result<u16> {
    if name.contains('\0') {
        let message = "a member's name has no NUL: readers take it for the end";
        return Err(Error::new(ErrorKind::Argument, message).with_member(name));
    }
    u16::try_from(name.len()).map_err(|_| {
        let message = format!(
            "a member's name has 65535 bytes at most, and this {}",
            name.len()
        );
        Error::new(ErrorKind::Argument, message)
    })
}
