//! The central directory: from its bytes to records of a fixed size.
//!
//! Everything here comes from the file and is checked once; afterwards records are trusted to
//! describe the directory (not the members: those are checked when they are opened). Memory: for
//! 46 bytes and a name of directory, at most a record (40 bytes) and the name. Format: APPNOTE.TXT
//! 4.3.12, 4.5.3 (zip64), 4.6.9 (Unicode path).

use super::locate::{Located, no_memory};
use super::name::{self, OddName};
use crate::error::{Error, ErrorKind, Result};

const SIGNATURE: [u8; 4] = *b"PK\x01\x02";
const FIXED_LEN: usize = 46;
/// The newest version of the format that Python's `zipfile` reads, times ten.
const NEWEST_VERSION: u8 = 63;
const IN_ZIP64: u64 = 0xffff_ffff;
/// Room is taken for so many members before they are seen; a larger promise has to prove itself.
const FORESEEN: usize = 16 << 10;
/// And for so many bytes of names.
const FORESEEN_NAMES: usize = 256 << 10;

/// One member, as the directory describes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Record {
    /// Negative if it would lie before the source: opening the member is then an error.
    pub(super) header_offset: i64,
    pub(super) compressed_size: u64,
    pub(super) size: u64,
    pub(super) crc: u32,
    /// Where its name begins in [`Directory::names`].
    pub(super) name_at: u32,
    pub(super) name_len: u16,
    pub(super) flags: u16,
    pub(super) method: u16,
    /// Whether its name is among [`Directory::odd_names`].
    pub(super) odd: bool,
}

/// All members, in the directory's order.
#[derive(PartialEq)]
pub(super) struct Directory {
    pub(super) records: Vec<Record>,
    /// The names one after the other, without the odd ones.
    pub(super) names: String,
    /// Names that are not simply bytes of the directory, by index.
    pub(super) odd_names: Vec<OddName>,
    /// Whether every member begins behind the one before it.
    pub(super) ascending: bool,
}

/// Reads a directory from its front, as far as it is there.
pub(super) struct Parser {
    /// Where the next record begins in the source.
    at: u64,
    /// Added to every header's offset.
    shift: i128,
    previous: Option<i64>,
    /// Becomes [`Directory::names`]: whole names in UTF-8.
    names: Vec<u8>,
    directory: Directory,
}

impl Parser {
    /// For the directory that [`Located`] says there is.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`].
    pub(super) fn new(located: &Located) -> Result<Self> {
        let most = located.size.checked_div(FIXED_LEN).unwrap_or_default();
        let count = usize::try_from(located.count).unwrap_or(usize::MAX);
        let count = count.min(most);
        let bytes = located.size.saturating_sub(count.saturating_mul(FIXED_LEN));
        let (mut records, mut names) = (Vec::new(), Vec::new());
        let reserved = records.try_reserve_exact(count.min(FORESEEN));
        let reserved = reserved.and_then(|()| names.try_reserve_exact(bytes.min(FORESEEN_NAMES)));
        reserved.map_err(|_| no_memory(located.size as u64))?;
        Ok(Parser {
            at: located.start,
            shift: located.shift,
            previous: None,
            names,
            directory: Directory {
                records,
                names: String::new(),
                odd_names: Vec::new(),
                ascending: true,
            },
        })
    }

    /// Parses `bytes`, which stand behind those that were parsed before, and returns how many it
    /// took: a record that they cut off is left for the next call, or an error if there are no more.
    ///
    /// # Errors
    /// [`ErrorKind::Archive`] where a record is cut off or is none; [`ErrorKind::Encoding`] for a name
    /// that is not the UTF-8 that it is flagged as; [`ErrorKind::Method`] for a newer format;
    /// [`ErrorKind::OutOfMemory`]; [`ErrorKind::Limit`] for more members or names than can be numbered.
    pub(super) fn parse(&mut self, bytes: &[u8], last: bool) -> Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let at = self.at;
            let here = |err: Error| err.at(at);
            let Some((raw, behind)) = split(rest).map_err(here)? else {
                if last {
                    return Err(here(cut_off(rest.len())));
                }
                break;
            };
            let record = self.add_name(&raw).map_err(here)?;
            if raw.version > NEWEST_VERSION {
                return Err(here(too_new(raw.version)));
            }
            self.add(record).map_err(here)?;
            let len = rest.len().saturating_sub(behind.len());
            self.at = at.saturating_add(len as u64);
            rest = behind;
        }
        Ok(bytes.len().saturating_sub(rest.len()))
    }

    /// Keeps the name of a record, which then knows where it is, and applies its extra fields.
    fn add_name(&mut self, raw: &Raw<'_>) -> Result<Record> {
        let mut record = raw.record;
        let unicode = if raw.extra.is_empty() {
            None
        } else {
            read_extra(raw, &mut record)?
        };
        if unicode.is_none() && name::is_plain(raw.name, record.flags) {
            record.name_at = u32::try_from(self.names.len()).map_err(|_| too_many())?;
            let reserved = self.names.try_reserve(raw.name.len());
            reserved.map_err(|_| no_memory(self.names.len() as u64))?;
            self.names.extend_from_slice(raw.name);
            return Ok(record);
        }
        let original = name::decode(raw.name, record.flags)?;
        let name = name::until_nul(unicode.unwrap_or(&original)).into();
        self.directory.odd_names.push(OddName {
            index: self.directory.records.len(),
            raw: raw.name.into(),
            original,
            name,
        });
        record.odd = true;
        Ok(record)
    }

    fn add(&mut self, mut record: Record) -> Result<()> {
        if self.shift != 0 {
            let moved = i128::from(record.header_offset).saturating_add(self.shift);
            record.header_offset = clamped(moved);
        }
        let Directory {
            records, ascending, ..
        } = &mut self.directory;
        *ascending &= self.previous < Some(record.header_offset);
        self.previous = Some(record.header_offset);
        if records.len() == records.capacity() {
            if u32::try_from(records.len()).is_err() {
                return Err(too_many());
            }
            let reserved = records.try_reserve(1);
            reserved.map_err(|_| no_memory(size_of_val(records.as_slice()) as u64))?;
        }
        records.push(record);
        Ok(())
    }

    pub(super) fn finish(self) -> Directory {
        Directory {
            // Each was checked, and so all are.
            names: String::from_utf8(self.names).unwrap_or_default(),
            ..self.directory
        }
    }
}

impl Directory {
    /// The name of the member at `index`, if it is odd.
    fn odd_name(&self, index: usize) -> Option<&OddName> {
        let found = self.odd_names.binary_search_by_key(&index, |odd| odd.index);
        self.odd_names.get(found.ok()?)
    }

    /// The name as it is shown.
    pub(super) fn name(&self, index: usize, record: &Record) -> &str {
        if record.odd {
            return self.odd_name(index).map_or("", |odd| &odd.name);
        }
        let start = usize::try_from(record.name_at).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::from(record.name_len));
        self.names.get(start..end).unwrap_or_default()
    }

    /// The name with what follows a NUL in it, which is what messages and comparisons use.
    pub(super) fn original_name(&self, index: usize, record: &Record) -> &str {
        let odd = record.odd.then(|| self.odd_name(index)).flatten();
        odd.map_or_else(|| self.name(index, record), |odd| &odd.original)
    }

    /// Its bytes as they stand in the directory.
    pub(super) fn raw_name(&self, index: usize, record: &Record) -> &[u8] {
        let odd = record.odd.then(|| self.odd_name(index)).flatten();
        odd.map_or_else(|| self.name(index, record).as_bytes(), |odd| &odd.raw)
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
fn too_many() -> Error {
    let text = "the archive has 2**32 members or bytes of names, or more";
    Error::new(ErrorKind::Limit, text)
}

#[cold]
fn too_new(version: u8) -> Error {
    let (major, minor) = (version / 10, version % 10);
    let text = format!("zip file version {major}.{minor}: 6.3 is the newest that is read");
    Error::new(ErrorKind::Method, text)
}
