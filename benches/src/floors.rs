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

/// Memory for [`pass_over`], used again each time: fresh pages would cost more than the pass.
pub struct Scratch {
    file: Vec<u8>,
    arrays: Vec<u8>,
}

impl Scratch {
    /// Memory with the file's bytes in it.
    pub fn new(path: &Path) -> Self {
        let file = read_small(path);
        Scratch {
            arrays: Vec::with_capacity(file.len()),
            file,
        }
    }

    pub fn read(&mut self, path: &Path) {
        File::open(path)
            .unwrap()
            .read_exact_at(&mut self.file, 0)
            .unwrap();
    }

    /// One pass over an archive of stored members: scan the directory with rawzip, find each member
    /// behind its local header, check its CRC-32, copy its array.
    pub fn pass_over(&mut self) -> usize {
        self.arrays.clear();
        let archive = rawzip::ZipArchive::from_slice(&self.file[..]).unwrap();
        for entry in archive.entries() {
            let entry = entry.unwrap();
            let member = archive.get_entry(entry.wayfinder()).unwrap();
            let contents = member.data();
            assert_eq!(crc32fast::hash(contents), entry.crc32());
            self.arrays.extend_from_slice(&contents[128..]);
        }
        self.arrays.len()
    }
}

/// Small buffers, one for each thread, into which a file is read from its beginning to its end.
pub struct ReadThrough {
    buffers: Vec<Vec<u8>>,
}

impl ReadThrough {
    pub fn new(threads: usize, size: usize) -> Self {
        let buffers = vec![vec![0; size]; threads];
        ReadThrough { buffers }
    }

    pub fn read(&mut self, path: &Path) {
        let file = File::open(path).unwrap();
        let len = file.metadata().unwrap().len();
        let part = len.div_ceil(self.buffers.len() as u64);
        std::thread::scope(|scope| {
            for (i, buffer) in self.buffers.iter_mut().enumerate() {
                let (file, start) = (&file, part * i as u64);
                scope.spawn(move || {
                    let end = len.min(start + part);
                    let mut at = start;
                    while at < end {
                        let n = (end - at).min(buffer.len() as u64);
                        let piece = &mut buffer[..n as usize];
                        file.read_exact_at(piece, at).unwrap();
                        at += n;
                    }
                });
            }
        });
    }
}
