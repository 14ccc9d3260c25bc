//! How far sources of pickles are read, and in what steps.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use npload::{ErrorKind, Handle, LoadOptions, ReadAt};

use super::{array, npy, pickles};

#[test]
fn an_object_array_of_a_reader_is_opened_to_the_end_of_its_pickle() {
    let one = npy("(1,)", false, &array(&[1], false, b"K\x01"));
    let both = [&one[..], &one].concat();
    let mut reader = &both[..];
    for left in [one.len(), 0] {
        let Handle::Npy(npy) = pickles().open_reader(&mut reader).unwrap() else {
            panic!("an array");
        };
        assert_eq!(npy.load_object_array().unwrap().to_string(), "[1]");
        assert_eq!(reader.len(), left);
    }
    // Where pickles are not allowed, none is read.
    let mut reader = &one[..];
    let handle = LoadOptions::new().open_reader(&mut reader).unwrap();
    let Handle::Npy(npy) = handle else {
        panic!("an array");
    };
    assert!(reader.len() > 50, "{}", reader.len());
    let err = npy.load_object_array().unwrap_err();
    assert_eq!(err.kind(), ErrorKind::ObjectArray);
}

/// Zero bytes without end behind some, and how many of them were read.
struct Tail {
    bytes: Vec<u8>,
    len: u64,
    read: Arc<AtomicU64>,
}

impl ReadAt for Tail {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.read.fetch_add(buf.len() as u64, Ordering::Relaxed);
        buf.fill(0);
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.bytes.get(from..).unwrap_or_default();
        let len = rest.len().min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(())
    }
}

#[test]
fn what_follows_a_dense_pickle_is_not_read() {
    let dense = [&b"]("[..], &b"}".repeat(300_000), b"e."].concat();
    for bytes in [
        npy(
            "(1,)",
            false,
            &array(&[1], false, &dense[..dense.len() - 1]),
        ),
        dense,
    ] {
        let size = bytes.len() as u64;
        let read = Arc::new(AtomicU64::new(0));
        let tail = Tail {
            bytes,
            len: 64 << 30,
            read: read.clone(),
        };
        pickles().load_source(tail).unwrap();
        let read = read.load(Ordering::Relaxed);
        assert!(read < 6 * size, "{read} of {size}");
    }
}

/// Counts how often it is asked.
struct Asked<R>(R, usize);

impl<R: Read> Read for Asked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        self.0.read(buf)
    }
}

impl<R: Seek> Seek for Asked<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_reader_that_seeks_is_read_in_blocks_and_left_where_the_pickle_ends() {
    let items = b"K\x01".repeat(100);
    let objects = npy("(100,)", false, &array(&[100], false, &items));
    let all = [&objects[..], b"N.", &objects].concat();
    let mut reader = Asked(Cursor::new(&all), 0);
    for end in [objects.len(), objects.len() + 2, all.len()] {
        pickles().load_seekable(&mut reader).unwrap();
        assert_eq!(reader.0.position(), end as u64);
    }
    assert!(reader.1 < 20, "{}", reader.1);
}

#[cfg(unix)]
#[test]
fn a_pipe_of_objects_is_loaded_and_opened() {
    let bytes = npy("(1,)", false, &array(&[1], false, b"K\x01"));
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo.npy");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    for opened in [false, true] {
        let (writer, sent) = (fifo.clone(), bytes.clone());
        let writing = std::thread::spawn(move || std::fs::write(writer, sent).unwrap());
        let array = match opened {
            false => pickles().load(&fifo).unwrap().into_object_array(),
            true => match pickles().open(&fifo).unwrap() {
                Handle::Npy(npy) => npy.load_object_array(),
                other => panic!("{other:?}"),
            },
        };
        writing.join().unwrap();
        assert_eq!(array.unwrap().to_string(), "[1]");
    }
}
