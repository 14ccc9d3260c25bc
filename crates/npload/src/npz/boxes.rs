//! Boxes of members.

use std::ops::Range;

use npload_buffer::Vacant;

use super::forward::from_reader;
use super::member::{check_size, header, verify};
use super::{Npz, not_an_array};
use crate::npy::{Access, Boxes, refuse_objects_as_bytes};
use crate::source::Meter;
use crate::zip::Entry;
use crate::{Result, Verify};

impl Npz {
    /// Reads boxes of an array side by side, as [`Npy::read_boxes`](crate::Npy::read_boxes) does. A
    /// compressed member is inflated once, up to the last of them. Boxes that leave nothing of the array
    /// out are a read of the whole member, whose checksum is checked.
    ///
    /// # Errors
    /// As there, and as [`Npz::get`].
    pub fn read_boxes(&self, key: &str, boxes: Vec<(Vec<Range<usize>>, &mut [u8])>) -> Result<()> {
        let read = || {
            let entry = self.find(key)?;
            let Some(header) = header(&entry, &self.options)? else {
                return Err(not_an_array(entry.size()));
            };
            refuse_objects_as_bytes(header.dtype(), &self.options)?;
            check_size(&entry, &header)?;
            let start = header.data_offset() as u64;
            self.fill(&entry, start, Boxes::new(&header, boxes)?)
        };
        read().map_err(|e| self.locate(e, key))
    }

    /// `start` is where the array's data begins in the member.
    fn fill(&self, entry: &Entry<'_>, start: u64, boxes: Boxes<'_, '_>) -> Result<()> {
        let options = &self.options;
        let whole = boxes.is_whole();
        let first = !whole && options.verify == Verify::Always;
        let checked = whole && options.verify != Verify::Never;
        let meter = Meter::new(options, boxes.nbytes());
        if first {
            verify(entry, options, &Meter::silent())?;
        }
        if let Some(range) = entry.stored_range()? {
            let end = start.saturating_add(boxes.end());
            let access = Access::At(&self.source, range.start.saturating_add(start));
            if let Some(sum) = boxes.read(access, checked, options, &meter)? {
                entry.check_sum(start..end, &sum)?;
            }
            return meter.finish();
        }
        let mut reader = entry.reader(checked)?;
        let mut at = 0_u64;
        let mut read = |offset: u64, dest: Vacant<'_>| -> Result<()> {
            let dest = dest.into_bytes();
            let from = start.saturating_add(offset);
            reader.skip(from.saturating_sub(at), &|_| meter.check())?;
            let read = std::io::Read::read_exact(&mut reader, dest);
            read.map_err(|e| from_reader(e, from))?;
            at = from.saturating_add(dest.len() as u64);
            meter.check()
        };
        boxes.read(Access::Stream(&mut read), false, options, &meter)?;
        if checked {
            // The read that finds the end checks size and checksum.
            reader.skip(u64::MAX, &|_| meter.check())?;
        }
        meter.finish()
    }
}
