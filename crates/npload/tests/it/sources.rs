//! The same file through every kind of source.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};

use npload::{Array, Buffer, ErrorKind, LoadOptions, Order, load};

use crate::files::{all_files, testdata};

fn same(a: &Array, b: &Array) -> bool {
    a.dtype() == b.dtype()
        && a.shape() == b.shape()
        && a.is_contiguous(Order::F) == b.is_contiguous(Order::F)
        && a.to_bytes().unwrap() == b.to_bytes().unwrap()
}

#[test]
fn every_source_gives_the_same_array_or_the_same_kind_of_error() {
    let options = LoadOptions::new();
    for path in all_files("npy").into_iter().chain(all_files("malformed")) {
        let bytes = std::fs::read(&path).unwrap();
        let by_path = load(&path).and_then(npload::Loaded::into_array);
        let others = [
            ("bytes", options.load_bytes(&bytes)),
            ("reader", options.load_reader(&mut bytes.as_slice())),
            ("seekable", options.load_seekable(&mut Cursor::new(&bytes))),
            (
                "file",
                options.load_seekable(&mut File::open(&path).unwrap()),
            ),
            ("buffer", options.load_source(Buffer::from(bytes.clone()))),
            ("read-at", options.load_source(File::open(&path).unwrap())),
            (
                "opened reader",
                options
                    .open_reader(&mut bytes.as_slice())
                    .and_then(|handle| match handle {
                        npload::Handle::Npy(npy) => npy.load().map(npload::Loaded::Array),
                        npload::Handle::Npz(npz) => Ok(npload::Loaded::Npz(npz)),
                        other => panic!("{other:?}"),
                    }),
            ),
        ];
        for (name, other) in others {
            match (&by_path, other.and_then(npload::Loaded::into_array)) {
                (Ok(a), Ok(b)) => assert!(same(a, &b), "{}: {name}", path.display()),
                (Err(a), Err(b)) => {
                    assert_eq!(a.kind(), b.kind(), "{}: {name}: {b}", path.display())
                }
                (a, b) => panic!("{}: {name}: {a:?}, {b:?}", path.display()),
            }
        }
    }
}

#[test]
fn archives_are_the_same_from_memory_and_from_readers() {
    let path = testdata().join("npz/savez.npz");
    let bytes = std::fs::read(&path).unwrap();
    let options = LoadOptions::new();
    let file = load(&path).unwrap().into_npz().unwrap();
    for other in [
        options.load_bytes(&bytes).unwrap(),
        options.load_reader(&mut bytes.as_slice()).unwrap(),
        options.load_source(Buffer::from(bytes.clone())).unwrap(),
    ] {
        let other = other.into_npz().unwrap();
        assert!(file.keys().eq(other.keys()));
        for key in file.keys() {
            assert!(
                same(&file.get(key).unwrap(), &other.get(key).unwrap()),
                "{key}"
            );
        }
    }
}

#[test]
fn a_reader_ends_exactly_after_the_array_and_then_is_empty() {
    let one = std::fs::read(testdata().join("npy/f8-le-2d-c.npy")).unwrap();
    let two = std::fs::read(testdata().join("npy/f8-be-2d-f.npy")).unwrap();
    let archive = std::fs::read(testdata().join("npz/savez.npz")).unwrap();
    let bytes = [b"skip".as_slice(), &one, &two, &archive].concat();
    let mut cursor = Cursor::new(&bytes);
    cursor.seek(SeekFrom::Start(4)).unwrap();
    let options = LoadOptions::new();
    options
        .load_seekable(&mut cursor)
        .unwrap()
        .into_array()
        .unwrap();
    assert_eq!(cursor.position(), 4 + one.len() as u64);
    let second = options
        .load_reader(&mut cursor)
        .unwrap()
        .into_array()
        .unwrap();
    assert_eq!(second.dtype().to_string(), ">f8");
    assert_eq!(cursor.position(), (4 + one.len() + two.len()) as u64);
    assert!(
        options
            .load_seekable(&mut cursor)
            .unwrap()
            .into_npz()
            .unwrap()
            .len()
            > 1
    );
    assert_eq!(
        options.load_reader(&mut cursor).unwrap_err().kind(),
        ErrorKind::Empty
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_and_a_file_of_proc_are_read_to_where_they_end() {
    let bytes = std::fs::read(testdata().join("npy/f8-le-2d-c.npy")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo.npy");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let (writer, sent) = (fifo.clone(), bytes.clone());
    let writing = std::thread::spawn(move || std::fs::write(writer, sent).unwrap());
    let array = load(&fifo).unwrap().into_array().unwrap();
    writing.join().unwrap();
    assert_eq!(array.to_bytes().unwrap(), bytes[128..]);
    if cfg!(target_os = "linux") {
        let err = load("/proc/self/status").unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotArray);
        assert!(err.message().contains("text"), "{err}");
    }
}

#[test]
fn paths_that_lead_nowhere_are_named() {
    let missing = load("no-such-file.npy").unwrap_err();
    assert_eq!(missing.io_kind(), Some(std::io::ErrorKind::NotFound));
    assert!(
        missing.to_string().starts_with("no-such-file.npy: "),
        "{missing}"
    );
    let folder = load(testdata()).unwrap_err();
    assert_eq!(folder.io_kind(), Some(std::io::ErrorKind::IsADirectory));
}

#[test]
fn a_reader_that_gives_a_byte_at_a_time_or_fails_gives_what_it_should() {
    struct Slow<'a>(&'a [u8], usize);
    impl Read for Slow<'_> {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(3) {
                return Err(std::io::ErrorKind::Interrupted.into());
            }
            let len = buf.len().min(1);
            self.0.read(&mut buf[..len])
        }
    }
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
    }
    let bytes = std::fs::read(testdata().join("npy/f8-le-2d-c.npy")).unwrap();
    let array = LoadOptions::new()
        .load_reader(&mut Slow(&bytes, 0))
        .unwrap()
        .into_array()
        .unwrap();
    assert_eq!(array.to_bytes().unwrap(), bytes[128..]);
    let mut cut = bytes[..140].chain(Broken);
    let err = LoadOptions::new().load_reader(&mut cut).unwrap_err();
    assert_eq!(err.io_kind(), Some(std::io::ErrorKind::ConnectionReset));
}

#[test]
fn no_file_is_changed_by_any_load() {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["npy", "npz", "malformed"] {
        for path in all_files(folder) {
            let copy = dir.path().join(path.file_name().unwrap());
            std::fs::copy(&path, &copy).unwrap();
            let before = (
                std::fs::read(&copy).unwrap(),
                copy.metadata().unwrap().modified().unwrap(),
            );
            if let Ok(npload::Loaded::Npz(npz)) = load(&copy) {
                let _ = npz.load_all();
            }
            let _ = npload::peek(&copy);
            let after = (
                std::fs::read(&copy).unwrap(),
                copy.metadata().unwrap().modified().unwrap(),
            );
            assert!(before == after, "{}", path.display());
        }
    }
}

#[test]
fn a_seekable_reader_that_is_cut_off_is_refused_before_its_data_is_read() {
    let mut bytes = std::fs::read(testdata().join("npy/f8-le-2d-c.npy")).unwrap();
    bytes.pop();
    let mut cursor = Cursor::new(&bytes);
    let err = LoadOptions::new().load_seekable(&mut cursor).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Truncated);
    assert_eq!(
        err.message(),
        "EOF: reading array data, expected 48 bytes got 47"
    );
    assert_eq!(cursor.position(), 128);
}

#[test]
fn a_source_may_be_shared_or_chosen_at_run_time() {
    let path = testdata().join("npy/f8-le-2d-c.npy");
    let bytes = std::fs::read(&path).unwrap();
    let file = std::sync::Arc::new(File::open(&path).unwrap());
    let chosen: Box<dyn npload::ReadAt> = Box::new(bytes.clone());
    let options = LoadOptions::new();
    for loaded in [
        options.load_source(file),
        options.load_source(chosen),
        options.load_source(bytes.clone()),
    ] {
        let array = loaded.unwrap().into_array().unwrap();
        assert_eq!(array.to_bytes().unwrap(), bytes[128..]);
    }
}

#[test]
fn an_empty_file_is_empty_for_everyone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("empty.npy");
    std::fs::write(&path, "").unwrap();
    for err in [
        load(&path).unwrap_err(),
        npload::peek(&path).unwrap_err(),
        npload::open(&path).unwrap_err(),
        npload::Npy::open(&path).unwrap_err(),
        npload::Npz::open(&path).unwrap_err(),
    ] {
        assert_eq!(err.kind(), ErrorKind::Empty, "{err}");
        assert_eq!(err.message(), "No data left in file");
        assert_eq!(err.path(), Some(path.as_path()));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_read_at_positions_is_told_apart() {
    let err = npload::Npy::open("/proc/self/status").unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Argument);
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo.npy");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let writer = fifo.clone();
    let writing = std::thread::spawn(move || std::fs::write(writer, b""));
    let err = npload::Npy::open(&fifo).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Argument);
    let _ = writing.join().unwrap();
}

/// A file of /sys claims 4096 bytes.
#[cfg(target_os = "linux")]
#[test]
fn a_file_with_fewer_bytes_than_it_claims_is_read_to_where_it_ends() {
    let path = "/sys/kernel/mm/transparent_hugepage/enabled";
    let Ok(text) = std::fs::read(path) else {
        return;
    };
    if File::open(path).unwrap().metadata().unwrap().len() <= text.len() as u64 {
        return;
    }
    let err = load(path).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotArray, "{err}");
    for err in [
        npload::peek(path).unwrap_err(),
        npload::Npy::open(path).unwrap_err(),
        npload::Npz::open(path).unwrap_err(),
    ] {
        assert!(
            err.message().starts_with("the file has fewer bytes than"),
            "{err}"
        );
        assert_eq!(err.path(), Some(path.as_ref()));
    }
}

/// Gives the bytes and then zeros without end; counts what was taken.
struct Endless<'a> {
    bytes: &'a [u8],
    taken: usize,
}

impl Read for Endless<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let read = self.bytes.read(buf)?;
        buf[read..].fill(0);
        self.taken += buf.len();
        assert!(self.taken < 1 << 20, "it reads on and on");
        Ok(buf.len())
    }
}

#[test]
fn an_array_in_a_stream_ends_where_its_header_says_and_other_streams_at_once() {
    let options = LoadOptions::new();
    let npy = std::fs::read(testdata().join("npy/f8-le-2d-c.npy")).unwrap();
    let endless = |bytes| Endless { bytes, taken: 0 };
    let mut stream = endless(&npy);
    let npload::Handle::Npy(handle) = options.open_reader(&mut stream).unwrap() else {
        panic!("an npy file");
    };
    assert_eq!(stream.taken, npy.len());
    let same = options.load_bytes(&npy).unwrap().into_array().unwrap();
    assert_eq!(
        handle.load().unwrap().to_bytes().unwrap(),
        same.to_bytes().unwrap()
    );
    let mut stream = endless(&npy);
    let peeked = options.peek_reader(&mut stream).unwrap();
    assert_eq!(stream.taken, handle.header().data_offset());
    assert_eq!((peeked[0].size, peeked.len()), (npy.len() as u64, 1));
    for nothing in [&b"\0"[..], b"text\n", b"\x80\x04N."] {
        let err = options.open_reader(&mut endless(nothing)).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotArray, "{err}");
        let err = options.peek_reader(&mut endless(nothing)).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotArray, "{err}");
    }
}

#[test]
fn an_array_in_a_stream_that_is_cut_off_opens_and_says_so() {
    let options = LoadOptions::new();
    let npy = std::fs::read(testdata().join("npy/f8-le-2d-c.npy")).unwrap();
    let mut cut = &npy[..npy.len() - 1];
    let handle = options.open_reader(&mut cut).unwrap();
    let err = handle.peek()[0].incomplete.take().unwrap();
    assert_eq!(err.kind(), ErrorKind::Truncated);
    assert!(
        err.message()
            .starts_with("EOF: reading array data, expected "),
        "{err}"
    );
    let err = options.peek_reader(&mut &npy[..40]).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Truncated);
    assert!(
        err.message()
            .starts_with("EOF: reading array header, expected "),
        "{err}"
    );
    let err = options.open_reader(&mut &npy[..40]).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Truncated);
}

#[cfg(target_os = "linux")]
#[test]
fn devices_that_never_end_are_refused_by_their_first_bytes() {
    for err in [
        npload::open("/dev/zero").unwrap_err(),
        npload::peek("/dev/zero").unwrap_err(),
        npload::Npz::open("/dev/zero").unwrap_err(),
        load("/dev/zero").unwrap_err(),
    ] {
        assert_eq!(err.kind(), ErrorKind::NotArray);
        assert_eq!(err.looks().unwrap().what, "nothing but zero bytes");
    }
}
