//! The least that a load could do.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use memmap2::{Advice, MmapMut};

const HUGE_PAGE: usize = 2 << 20;

/// Memory fresh from the system, with huge pages asked for, from a huge page's boundary on.
pub struct Fresh {
    map: MmapMut,
    start: usize,
    len: usize,
}

impl Fresh {
    pub fn new(len: usize) -> Self {
        let map = MmapMut::map_anon(len + HUGE_PAGE).unwrap();
        let start = map.as_ptr().align_offset(HUGE_PAGE);
        map.advise_range(Advice::HugePage, start, len).unwrap();
        Fresh { map, start, len }
    }

    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.map[self.start..self.start + self.len]
    }
}

/// The file's bytes by plain positional reads, each thread an equal part.
pub fn read_fresh(path: &Path, threads: usize) -> Fresh {
    let file = File::open(path).unwrap();
    let len = file.metadata().unwrap().len() as usize;
    let mut memory = Fresh::new(len);
    let part = len.div_ceil(threads).next_multiple_of(HUGE_PAGE);
    std::thread::scope(|scope| {
        let mut parts = memory.bytes().chunks_mut(part).enumerate();
        let first = parts.next();
        for (i, part_of) in parts {
            let file = &file;
            scope.spawn(move || file.read_exact_at(part_of, (i * part) as u64).unwrap());
        }
        if let Some((_, part_of)) = first {
            file.read_exact_at(part_of, 0).unwrap();
        }
    });
    memory
}

/// A small file's bytes in memory of the allocator's: open, ask for the size, read, close.
pub fn read_small(path: &Path) -> Vec<u8> {
    let file = File::open(path).unwrap();
    let mut bytes = vec![0; file.metadata().unwrap().len() as usize];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

/// One pass over an archive of stored members: read it, scan the directory with rawzip, find each
/// member behind its local header, check its CRC-32, copy its array. Returns the arrays' memory.
pub fn pass_over(path: &Path) -> Vec<u8> {
    let bytes = read_small(path);
    let archive = rawzip::ZipArchive::from_slice(&bytes[..]).unwrap();
    let mut arrays = Vec::with_capacity(bytes.len());
    for entry in archive.entries() {
        let entry = entry.unwrap();
        let member = archive.get_entry(entry.wayfinder()).unwrap();
        let contents = member.data();
        assert_eq!(crc32fast::hash(contents), entry.crc32());
        arrays.extend_from_slice(&contents[128..]);
    }
    arrays
}
