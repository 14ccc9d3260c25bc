//! Archives made by hand, byte by byte, so that tests can tell lies that no writer tells.

use std::io::Write;
use std::sync::Arc;

use npload_buffer::Buffer;

use super::Archive;
use crate::error::Result;

/// One member: what the headers say, and the bytes that follow.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) name: Vec<u8>,
    pub(super) local_name: Option<Vec<u8>>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) size: u64,
    pub(super) compressed_size: u64,
    pub(super) data: Vec<u8>,
    /// Follows the name in the directory.
    pub(super) extra: Vec<u8>,
    /// Follows the name in the local header.
    pub(super) local_extra: Vec<u8>,
    /// Sizes and offset in a zip64 extra field instead of the record.
    pub(super) zip64: bool,
    pub(super) version: u8,
    /// Instead of where it is.
    pub(super) header_offset: Option<u64>,
}

impl Member {
    /// A stored member.
    pub(super) fn stored(name: &str, data: &[u8]) -> Self {
        Member {
            name: name.into(),
            local_name: None,
            flags: 0,
            method: 0,
            crc: crc32fast::hash(data),
            size: data.len() as u64,
            compressed_size: data.len() as u64,
            data: data.to_vec(),
            extra: Vec::new(),
            local_extra: Vec::new(),
            zip64: false,
            version: 20,
            header_offset: None,
        }
    }

    /// A member whose compressed bytes are given.
    pub(super) fn compressed(name: &str, method: u16, data: &[u8], compressed: Vec<u8>) -> Self {
        Member {
            method,
            compressed_size: compressed.len() as u64,
            data: compressed,
            ..Member::stored(name, data)
        }
    }

    pub(super) fn deflated(name: &str, data: &[u8]) -> Self {
        Member::compressed(name, 8, data, deflate(data))
    }
}

pub(super) fn deflate(data: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::default();
    let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), level);
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

pub(super) fn bzip2(data: &[u8]) -> Vec<u8> {
    let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

pub(super) fn zstd(data: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest)
}

/// The archive of these members.
pub(super) fn zip(members: &[Member]) -> Vec<u8> {
    zip_with(members, |_| {})
}

/// The archive of these members, with zip64 end records if `zip64`, and `comment` at its end.
#[derive(Clone, Default)]
pub(super) struct End {
    pub(super) zip64: bool,
    pub(super) comment: Vec<u8>,
    pub(super) count: Option<u64>,
    pub(super) size: Option<u64>,
    pub(super) offset: Option<u64>,
}

pub(super) fn zip_with(members: &[Member], change: impl FnOnce(&mut End)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for m in members {
        let offset = m.header_offset.unwrap_or(out.len() as u64);
        let local_name = m.local_name.as_ref().unwrap_or(&m.name);
        let in_descriptor = m.flags & 8 != 0;
        let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let local = |n: u64| if in_descriptor { 0 } else { small(n) };
        out.extend_from_slice(b"PK\x03\x04\x14\0");
        out.extend_from_slice(&m.flags.to_le_bytes());
        out.extend_from_slice(&m.method.to_le_bytes());
        out.extend_from_slice(&[0, 0, 0x21, 0]);
        out.extend_from_slice(&local(m.crc.into()).to_le_bytes());
        out.extend_from_slice(&local(m.compressed_size).to_le_bytes());
        out.extend_from_slice(&local(m.size).to_le_bytes());
        out.extend_from_slice(&(local_name.len() as u16).to_le_bytes());
        out.extend_from_slice(&(m.local_extra.len() as u16).to_le_bytes());
        out.extend_from_slice(local_name);
        out.extend_from_slice(&m.local_extra);
        out.extend_from_slice(&m.data);
        if in_descriptor {
            out.extend_from_slice(b"PK\x07\x08");
            out.extend_from_slice(&m.crc.to_le_bytes());
            out.extend_from_slice(&small(m.compressed_size).to_le_bytes());
            out.extend_from_slice(&small(m.size).to_le_bytes());
        }
        let mut extra = Vec::new();
        if m.zip64 {
            extra.extend_from_slice(b"\x01\0\x18\0");
            for n in [m.size, m.compressed_size, offset] {
                extra.extend_from_slice(&n.to_le_bytes());
            }
        }
        extra.extend_from_slice(&m.extra);
        let central = |n: u64| if m.zip64 { u32::MAX } else { small(n) };
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&[m.version, 0]);
        directory.extend_from_slice(&m.flags.to_le_bytes());
        directory.extend_from_slice(&m.method.to_le_bytes());
        directory.extend_from_slice(&[0, 0, 0x21, 0]);
        directory.extend_from_slice(&m.crc.to_le_bytes());
        directory.extend_from_slice(&central(m.compressed_size).to_le_bytes());
        directory.extend_from_slice(&central(m.size).to_le_bytes());
        directory.extend_from_slice(&(m.name.len() as u16).to_le_bytes());
        directory.extend_from_slice(&(extra.len() as u16).to_le_bytes());
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&central(offset).to_le_bytes());
        directory.extend_from_slice(&m.name);
        directory.extend_from_slice(&extra);
    }
    let mut end = End::default();
    change(&mut end);
    let count = end.count.unwrap_or(members.len() as u64);
    let size = end.size.unwrap_or(directory.len() as u64);
    let offset = end.offset.unwrap_or(out.len() as u64);
    out.extend_from_slice(&directory);
    let at = out.len() as u64;
    if end.zip64 {
        out.extend_from_slice(b"PK\x06\x06");
        out.extend_from_slice(&44_u64.to_le_bytes());
        out.extend_from_slice(&[45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for n in [count, count, size, offset] {
            out.extend_from_slice(&n.to_le_bytes());
        }
        out.extend_from_slice(b"PK\x06\x07\0\0\0\0");
        out.extend_from_slice(&at.to_le_bytes());
        out.extend_from_slice(&1_u32.to_le_bytes());
    }
    let short = |n: u64| if end.zip64 { u16::MAX } else { n as u16 };
    let small = |n: u64| if end.zip64 { u32::MAX } else { n as u32 };
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&short(count).to_le_bytes());
    out.extend_from_slice(&short(count).to_le_bytes());
    out.extend_from_slice(&small(size).to_le_bytes());
    out.extend_from_slice(&small(offset).to_le_bytes());
    out.extend_from_slice(&(end.comment.len() as u16).to_le_bytes());
    out.extend_from_slice(&end.comment);
    out
}

/// The archive in memory.
pub(super) fn open(bytes: &[u8]) -> Result<Archive> {
    Archive::open(Arc::new(Buffer::from(bytes.to_vec())))
}

/// The archive in a file.
pub(super) fn open_file(bytes: &[u8]) -> Result<Archive> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Archive::open(Arc::new(file))
}
