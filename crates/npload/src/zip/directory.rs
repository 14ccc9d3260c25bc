//! The central directory: from its bytes to records of a fixed size.
//!
//! Everything here comes from the file and is checked once; afterwards records are trusted to
//! describe the directory's bytes (not the members: those are checked when they are opened).
//! Memory: at most one record (48 bytes) per 46 bytes of directory. Format: APPNOTE.TXT 4.3.12,
//! 4.5.3 (zip64), 4.6.9 (Unicode path).

use crate::error::{Error, ErrorKind, Result};
use crate::zip::name::{self, OddName};

const SIGNATURE: [u8; 4] = *b"PK\x01\x02";
const FIXED_LEN: usize = 46;
/// The newest version of the format that Python's `zipfile` reads, times ten.
const NEWEST_VERSION: u8 = 63;
const IN_ZIP64: u64 = 0xffff_ffff;

/// One member, as the directory describes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    /// Negative if it would lie before the source: opening the member is then an error.
    pub(super) header_offset: i64,
    pub(super) compressed_size: u64,
    pub(super) size: u64,
    /// Where its name begins in the directory's bytes.
    pub(super) name_at: usize,
    pub(super) crc: u32,
    pub(super) name_len: u16,
    pub(super) flags: u16,
    pub(super) method: u16,
    /// Whether its name is among [`Directory::odd_names`].
    pub(super) odd: bool,
}

/// All members, in the directory's order.
pub(super) struct Directory {
    pub(super) records: Vec<Record>,
    /// Names that are not simply bytes of the directory, by index.
    pub(super) odd_names: Vec<OddName>,
    /// Whether every member begins behind the one before it.
    pub(super) ascending: bool,
}

/// Reads a directory from its front, as far as it is there.
pub(super) struct Parser {
    /// Where the directory begins in the source.
    start: u64,
    /// Added to every header's offset.
    shift: i128,
    /// How many members are promised: a hint, nothing more.
    count: usize,
    /// How many of its bytes are parsed.
    at: usize,
    previous: Option<i64>,
    directory: Directory,
}

impl Parser {
    pub(super) fn new(start: u64, shift: i128, count: u64) -> Self {
        Parser {
            start,
            shift,
            count: usize::try_from(count).unwrap_or(usize::MAX),
            at: 0,
            previous: None,
            directory: Directory {
                records: Vec::new(),
                odd_names: Vec::new(),
                ascending: true,
            },
        }
    }

    /// Parses on in the directory's first `bytes`, which begin with those that were parsed before; a
    /// record that they cut off is left for the next call, or an error if they are `all`.
    ///
    /// # Errors
    /// [`ErrorKind::Archive`] where a record is cut off or is none; [`ErrorKind::Encoding`] for a name
    /// that is not the UTF-8 that it is flagged as; [`ErrorKind::Method`] for a newer format.
    pub(super) fn parse(&mut self, bytes: &[u8], all: bool) -> Result<()> {
        let Directory {
            records,
            odd_names,
            ascending,
        } = &mut self.directory;
        let most = bytes.len().checked_div(FIXED_LEN).unwrap_or_default();
        let wanted = self.count.min(most).saturating_sub(records.len());
        records.try_reserve_exact(wanted).map_err(|_| {
            let text = format!("no memory for the directory's {} members", self.count);
            Error::new(ErrorKind::OutOfMemory, text)
        })?;
        let mut rest = bytes.get(self.at..).unwrap_or_default();
        while !rest.is_empty() {
            self.at = bytes.len().saturating_sub(rest.len());
            let here = |err: Error| err.at(self.start.saturating_add(self.at as u64));
            let Some((raw, behind)) = split(rest).map_err(here)? else {
                if all {
                    return Err(here(cut_off(rest.len())));
                }
                return Ok(());
            };
            let mut record = Record {
                name_at: self.at.saturating_add(FIXED_LEN),
                ..raw.record
            };
            if name::is_plain(raw.name, record.flags) && raw.extra.is_empty() {
                // Nearly every record of an npz.
            } else if let Some(odd) = read_odd(&raw, &mut record, records.len()).map_err(here)? {
                record.odd = true;
                odd_names.push(odd);
            }
            if raw.version > NEWEST_VERSION {
                return Err(here(too_new(raw.version)));
            }
            if self.shift != 0 {
                let moved = i128::from(record.header_offset).saturating_add(self.shift);
                record.header_offset = clamped(moved);
            }
            *ascending &= self.previous < Some(record.header_offset);
            self.previous = Some(record.header_offset);
            records.push(record);
            rest = behind;
        }
        self.at = bytes.len();
        Ok(())
    }

    pub(super) fn finish(self) -> Directory {
        self.directory
    }
}

/// A record's parts as they stand in the directory.
struct Raw<'a> {
    record: Record,
    version: u8,
    name: &'a [u8],
    extra: &'a [u8],
}

/// The first record and what follows it; none if the record is cut off.
#[inline]
fn split(bytes: &[u8]) -> Result<Option<(Raw<'_>, &[u8])>> {
    let Some((h, rest)) = bytes.split_first_chunk::<FIXED_LEN>() else {
        return Ok(None);
    };
    if !h.starts_with(&SIGNATURE) {
        return Err(Error::new(
            ErrorKind::Archive,
            format!(
                "Bad magic number for central directory: {}",
                super::repr::bytes(&[h[0], h[1], h[2], h[3]])
            ),
        ));
    }
    let name_len = u16::from_le_bytes([h[28], h[29]]);
    let extra_len = u16::from_le_bytes([h[30], h[31]]);
    let comment_len = u16::from_le_bytes([h[32], h[33]]);
    let parts = rest
        .split_at_checked(usize::from(name_len))
        .and_then(|(name, rest)| Some((name, rest.split_at_checked(usize::from(extra_len))?)));
    let parts = parts.and_then(|(name, (extra, rest))| {
        Some((name, extra, rest.get(usize::from(comment_len)..)?))
    });
    let Some((name, extra, rest)) = parts else {
        return Ok(None);
    };
    let record = Record {
        header_offset: i64::from(u32::from_le_bytes([h[42], h[43], h[44], h[45]])),
        compressed_size: u64::from(u32::from_le_bytes([h[20], h[21], h[22], h[23]])),
        size: u64::from(u32::from_le_bytes([h[24], h[25], h[26], h[27]])),
        name_at: 0,
        crc: u32::from_le_bytes([h[16], h[17], h[18], h[19]]),
        name_len,
        flags: u16::from_le_bytes([h[8], h[9]]),
        method: u16::from_le_bytes([h[10], h[11]]),
        odd: false,
    };
    let raw = Raw {
        record,
        version: h[6],
        name,
        extra,
    };
    Ok(Some((raw, rest)))
}

/// Applies the extra fields; the name, if it is not simply the bytes.
fn read_odd(raw: &Raw<'_>, record: &mut Record, index: usize) -> Result<Option<OddName>> {
    let unicode = read_extra(raw, record)?;
    if unicode.is_none() && name::is_plain(raw.name, record.flags) {
        return Ok(None);
    }
    let original = name::decode(raw.name, record.flags)?;
    let name = name::until_nul(unicode.unwrap_or(&original)).into();
    Ok(Some(OddName {
        index,
        original,
        name,
    }))
}

/// Applies zip64 sizes and offsets; the name from a Unicode path field that matches.
fn read_extra<'a>(raw: &Raw<'a>, record: &mut Record) -> Result<Option<&'a str>> {
    let mut unicode = None;
    let mut rest = raw.extra;
    // Up to three bytes behind the last field are no field; some writers pad.
    while let Some((&[i0, i1, l0, l1], behind)) = rest.split_first_chunk() {
        let (id, len) = (u16::from_le_bytes([i0, i1]), u16::from_le_bytes([l0, l1]));
        let Some((field, behind)) = behind.split_at_checked(usize::from(len)) else {
            let text = format!("Corrupt extra field {id:04x} (size={len})");
            return Err(Error::new(ErrorKind::Archive, text));
        };
        match id {
            0x0001 => read_zip64(field, record)?,
            0x7075 => unicode = read_unicode_path(field, raw.name)?.or(unicode),
            _ => {}
        }
        rest = behind;
    }
    Ok(unicode)
}

/// Only values whose 32 bits are all ones stand in the field, in this order.
fn read_zip64(mut field: &[u8], record: &mut Record) -> Result<()> {
    let mut next = |what: &str| match field.split_first_chunk() {
        Some((value, rest)) => {
            field = rest;
            Ok(u64::from_le_bytes(*value))
        }
        None => Err(Error::new(
            ErrorKind::Archive,
            format!("Corrupt zip64 extra field. {what} not found."),
        )),
    };
    if record.size == IN_ZIP64 || record.size == u64::MAX {
        record.size = next("File size")?;
    }
    if record.compressed_size == IN_ZIP64 {
        record.compressed_size = next("Compress size")?;
    }
    if record.header_offset == IN_ZIP64.cast_signed() {
        record.header_offset = clamped(i128::from(next("Header offset")?));
    }
    Ok(())
}

/// As near as 64 bits come; no source reaches the ends of their range.
fn clamped(offset: i128) -> i64 {
    i64::try_from(offset).unwrap_or(if offset < 0 { i64::MIN } else { i64::MAX })
}

/// A name in UTF-8 that replaces the header's, if it was made for this very name.
fn read_unicode_path<'a>(field: &'a [u8], name: &[u8]) -> Result<Option<&'a str>> {
    let corrupt = |why: &str| {
        let text = format!("Corrupt unicode path extra field (0x7075){why}");
        Error::new(ErrorKind::Archive, text)
    };
    let Some((&[version, c0, c1, c2, c3], unicode)) = field.split_first_chunk() else {
        return Err(corrupt(""));
    };
    if version != 1 || u32::from_le_bytes([c0, c1, c2, c3]) != crc32fast::hash(name) {
        return Ok(None);
    }
    let unicode = std::str::from_utf8(unicode).map_err(|_| corrupt(": invalid utf-8 bytes"))?;
    Ok((!unicode.is_empty()).then_some(unicode))
}

#[cold]
fn cut_off(left: usize) -> Error {
    let text = format!("Truncated central directory: a record does not fit its last {left} bytes");
    Error::new(ErrorKind::Archive, text)
}

#[cold]
fn too_new(version: u8) -> Error {
    let (major, minor) = (version / 10, version % 10);
    let text = format!("zip file version {major}.{minor}: 6.3 is the newest that is read");
    Error::new(ErrorKind::Method, text)
}
