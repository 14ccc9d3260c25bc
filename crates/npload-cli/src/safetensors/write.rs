//! Writing a safetensors file: the header, then the tensors one after the other.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use npload::{ByteOrder, DType};
use serde_json::json;

use super::{MAX_HEADER, METADATA, name_of};

/// The tensors' bytes begin at a multiple of this, and go by falling sizes of their elements: each lies
/// aligned in memory that the file is mapped to.
const ALIGN: usize = 64;

/// What is copied at a time: a multiple of every element's size.
const BLOCK: usize = 256 << 10;

/// A tensor to be written.
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    /// One that [`name_of`] knows.
    pub(crate) dtype: &'a DType,
    pub(crate) shape: &'a [usize],
    /// Its bytes in C order.
    pub(crate) open: Box<dyn Fn() -> io::Result<Box<dyn Read + 'a>> + 'a>,
}

impl Entry<'_> {
    pub(crate) fn nbytes(&self) -> u64 {
        let size = self.dtype.itemsize() as u64;
        match self.shape.contains(&0) {
            true => 0,
            false => self
                .shape
                .iter()
                .fold(size, |n, &len| n.saturating_mul(len as u64)),
        }
    }

    /// How many bytes of an element are one number.
    fn width(&self) -> usize {
        match self.dtype.kind() {
            'c' => self.dtype.itemsize() / 2,
            _ => self.dtype.itemsize(),
        }
    }
}

/// Writes them; `told` hears of the bytes of tensors that were written.
pub(crate) fn write(
    entries: &[Entry<'_>],
    metadata: &BTreeMap<String, String>,
    out: &mut dyn Write,
    told: &dyn Fn(u64),
) -> io::Result<()> {
    let mut by_size: Vec<&Entry<'_>> = entries.iter().collect();
    by_size.sort_by_key(|entry| std::cmp::Reverse(entry.width()));
    out.write_all(&header(&by_size, metadata)?)?;
    for entry in by_size {
        copy(entry, out, told)?;
    }
    Ok(())
}

fn header(entries: &[&Entry<'_>], metadata: &BTreeMap<String, String>) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 8];
    let mut between = b'{';
    let mut pair = |name: &str, value: &serde_json::Value| -> io::Result<()> {
        bytes.push(between);
        between = b',';
        serde_json::to_writer(&mut bytes, name)?;
        bytes.push(b':');
        serde_json::to_writer(&mut bytes, value)?;
        Ok(())
    };
    if !metadata.is_empty() {
        pair(METADATA, &json!(metadata))?;
    }
    let mut begin = 0_u64;
    for entry in entries {
        let end = begin.saturating_add(entry.nbytes());
        let info = json!({
            "dtype": name_of(entry.dtype),
            "shape": entry.shape,
            "data_offsets": [begin, end],
        });
        pair(entry.name, &info)?;
        begin = end;
    }
    if bytes.len() == 8 {
        bytes.push(b'{');
    }
    bytes.push(b'}');
    bytes.resize(bytes.len().next_multiple_of(ALIGN), b' ');
    let len = (bytes.len() as u64).saturating_sub(8);
    if len > MAX_HEADER {
        let message =
            format!("so many names make a header of {len} bytes, and readers take {MAX_HEADER}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    if let Some(place) = bytes.first_chunk_mut() {
        *place = len.to_le_bytes();
    }
    Ok(bytes)
}

/// Copies elements, the lowest byte of each first.
fn copy(entry: &Entry<'_>, out: &mut dyn Write, told: &dyn Fn(u64)) -> io::Result<()> {
    let swap = match entry.dtype.byteorder() {
        Some(ByteOrder::Big) => entry.width(),
        _ => 1,
    };
    let mut left = entry.nbytes();
    let mut reader = (entry.open)()?;
    let mut block = vec![0; usize::try_from(left).unwrap_or(BLOCK).min(BLOCK)];
    while left > 0 {
        let len = usize::try_from(left).unwrap_or(BLOCK).min(block.len());
        let piece = block.get_mut(..len).unwrap_or_default();
        reader.read_exact(piece)?;
        if swap > 1 {
            piece.chunks_exact_mut(swap).for_each(<[u8]>::reverse);
        }
        out.write_all(piece)?;
        told(len as u64);
        left = left.saturating_sub(len as u64);
    }
    // What checks itself does so at its end.
    let mut more = [0];
    match reader.read(&mut more)? {
        0 => Ok(()),
        _ => Err(io::Error::other("there are more bytes than the array has")),
    }
}
