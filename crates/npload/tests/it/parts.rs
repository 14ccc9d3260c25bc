//! Parts of arrays in files: sliced before they are read, and printed from their edges.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use npload::{
    Array, Buffer, ErrorKind, Handle, LoadOptions, Npy, Npz, PrintOptions, ReadAt, Selection,
    Verify, load, open,
};
use proptest::prelude::*;

use crate::files::{all_files, testdata};
use crate::handles::counting;

/// An npy file of more bytes than any disk here has, all zero behind its header; counts what is read.
struct Endless {
    header: Vec<u8>,
    len: u64,
    read: Arc<AtomicU64>,
}

impl ReadAt for Endless {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.read.fetch_add(buf.len() as u64, Ordering::Relaxed);
        buf.fill(0);
        let at = usize::try_from(offset).unwrap().min(self.header.len());
        let rest = &self.header[at..];
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(())
    }
}

fn endless(descr: &str, shape: &str, nbytes: u64) -> (Npy, Arc<AtomicU64>) {
    let dict = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend_from_slice(&(dict.len() as u16).to_le_bytes());
    header.extend_from_slice(dict.as_bytes());
    let len = header.len() as u64 + nbytes;
    let read = Arc::new(AtomicU64::new(0));
    let source = Endless {
        header,
        len,
        read: read.clone(),
    };
    (LoadOptions::new().open_npy_in(source).unwrap(), read)
}

#[test]
fn a_petabyte_prints_from_its_edges() {
    let (npy, read) = endless("'<f8'", "(10000000, 12500000)", 1_000_000_000_000_000);
    let options = PrintOptions::default();
    for selection in ["", "::-1, 7:", "5000000:, ::1000", "..., None"] {
        read.store(0, Ordering::Relaxed);
        let part = npy.part().unwrap();
        let part = part.slice(selection.parse::<Selection>().unwrap()).unwrap();
        let text = part.format(&options).unwrap();
        assert!(text.contains("..."), "{text}");
        let read = read.load(Ordering::Relaxed);
        assert!(read < 300_000, "{selection}: {read} bytes");
    }
}

#[test]
fn a_field_is_read_without_its_neighbours() {
    let descr = "[('image', '|u1', (1000, 1000)), ('label', '<i4')]";
    let (npy, read) = endless(descr, "(100,)", 100_000_400);
    read.store(0, Ordering::Relaxed);
    let labels = npy.part().unwrap().field("label").unwrap();
    assert_eq!(labels.read().unwrap().shape(), [100]);
    assert_eq!(read.load(Ordering::Relaxed), 400);
    let row = npy.part().unwrap().field("image").unwrap();
    let row = row
        .slice("3, 5".parse::<Selection>().unwrap())
        .unwrap()
        .read()
        .unwrap();
    assert_eq!((row.shape(), row.nbytes()), ([1000].as_slice(), 1000));
    assert_eq!(read.load(Ordering::Relaxed), 1400);
    let err = npy.part().unwrap().field("nothing").unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Argument);
}

#[test]
fn fields_of_every_test_file_are_those_of_the_loaded_array() {
    let mut fields = 0;
    for path in all_files("npy") {
        let Ok(array) = load(&path).and_then(npload::Loaded::into_array) else {
            continue;
        };
        for field in array.dtype().fields().unwrap_or_default() {
            let npy = Npy::open(&path).unwrap();
            let whole = array.field(&field.name).unwrap();
            for text in ["...", "..., ::-1", "..., None"] {
                let selection: Selection = text.parse().unwrap();
                let part = npy.part().unwrap().field(&field.name).unwrap();
                match (part.slice(selection.clone()), whole.slice(selection)) {
                    (Ok(part), Ok(whole)) => same(&part.read().unwrap(), &whole),
                    (Err(a), Err(b)) => assert_eq!(a.kind(), b.kind()),
                    (a, b) => panic!("{path:?} {text}: {a:?} {b:?}"),
                }
                fields += 1;
            }
        }
    }
    assert!(fields > 50, "{fields}");
}

fn same(a: &Array, b: &Array) {
    assert_eq!(a.shape(), b.shape());
    assert_eq!(a.dtype(), b.dtype());
    assert_eq!(a.to_bytes().unwrap(), b.to_bytes().unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// What is printed from the edges in a file is what is printed of the whole array in memory.
    #[test]
    fn edges_in_a_file_print_as_the_whole_array_does(
        shape in prop::collection::vec(1_usize..12, 0..4),
        fortran: bool,
        picks in prop::collection::vec((0_u8..4, -12_isize..12, -12_isize..12, -3_isize..4), 0..3),
        twice: bool,
        threshold in 0_usize..40,
        edgeitems in 0_usize..4,
    ) {
        let parts: Vec<String> = picks.iter().map(|&(kind, a, b, step)| match kind {
            0 => format!("{}", a / 4),
            1 => format!("{a}:{b}:{}", if step == 0 { 1 } else { step }),
            2 => format!("::{}", if step == 0 { -1 } else { step }),
            _ => "None".to_owned(),
        }).collect();
        let selection: Selection = parts.join(",").parse().unwrap();
        let options = PrintOptions { threshold, edgeitems, ..PrintOptions::default() };
        let npy = LoadOptions::new().open_npy_in(Buffer::from(counting(&shape, fortran))).unwrap();
        let mut whole = npy.load().unwrap().slice(selection.clone());
        let mut part = npy.part().unwrap().slice(selection);
        if twice {
            let again: Selection = "..., ::-2".parse().unwrap();
            whole = whole.and_then(|whole| whole.slice(again.clone()));
            part = part.and_then(|part| part.slice(again));
        }
        match (part, whole) {
            (Ok(part), Ok(whole)) => {
                prop_assert_eq!(part.format(&options).unwrap(), whole.format(&options));
                prop_assert_eq!(part.format_repr(&options).unwrap(), whole.format_repr(&options));
                same(&part.read().unwrap(), &whole);
            }
            (Err(a), Err(b)) => prop_assert_eq!(a.kind(), b.kind()),
            (a, b) => prop_assert!(false, "{:?} {:?}", a, b),
        }
    }
}

#[test]
fn compressed_members_print_from_their_edges_too() {
    let npz = Npz::open(testdata().join("npz/method-each-in-one.npz")).unwrap();
    for key in ["stored", "deflate", "bzip2", "lzma"] {
        let whole = npz.get(key).unwrap();
        let part = npz.part(key).unwrap();
        let options = PrintOptions::default();
        assert_eq!(part.format(&options).unwrap(), whole.format(&options));
    }
}

#[test]
fn a_member_that_is_no_array_has_no_parts() {
    let npz = Npz::open(testdata().join("npz/raw-members.npz")).unwrap();
    let err = npz.part("readme.txt").unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotArray);
    assert_eq!(err.member(), Some("readme.txt"));
    let message = "the member is no npy file but 6 other bytes";
    assert_eq!(err.message(), message);
}

#[test]
fn open_tells_arrays_from_archives() {
    let dir = testdata();
    let npy = open(dir.join("npy/f8-le-2d-c.npy")).unwrap();
    assert!(matches!(&npy, Handle::Npy(npy) if npy.header().shape() == [2, 3]));
    assert_eq!(npy.peek().len(), 1);
    let npz = open(dir.join("npz/savez.npz")).unwrap();
    assert!(matches!(&npz, Handle::Npz(npz) if npz.len() == 2));
    assert_eq!(npz.peek()[0].member.as_deref(), Some("x.npy"));
    let err = open(dir.join("malformed/0-bytes.npy")).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Empty);
    assert!(err.path().is_some());
}

#[test]
fn verify_all_finds_what_is_wrong_in_each_member() {
    let verify = |file: &str| {
        let npz = Npz::open(testdata().join(file)).unwrap();
        let found = npz.verify_all().unwrap();
        assert_eq!(found.len(), npz.len());
        let wrong = found.into_iter().filter_map(|member| member.header.err());
        wrong.map(|e| e.kind()).collect::<Vec<_>>()
    };
    assert_eq!(verify("npz/savez-every-dtype.npz"), []);
    assert_eq!(verify("npz/names-duplicate.npz"), []);
    assert_eq!(verify("malformed/crc-stored.npz"), [ErrorKind::Checksum]);
    assert_eq!(verify("malformed/crc-deflated.npz"), [ErrorKind::Checksum]);
    assert_eq!(
        verify("malformed/crc-raw-member.npz"),
        [ErrorKind::Checksum]
    );
    let sizes = [ErrorKind::Version, ErrorKind::Header, ErrorKind::Limit];
    assert_eq!(verify("npz/malformed-members.npz"), sizes);
}

#[test]
fn verify_all_tells_progress_to_the_end() {
    let most = Arc::new(AtomicU64::new(0));
    let seen = most.clone();
    let options = LoadOptions::new().progress(move |p| {
        assert!(p.done <= p.total);
        seen.fetch_max(p.done, Ordering::Relaxed);
    });
    let path = testdata().join("npz/method-each-in-one.npz");
    let npz = options.open_npz(path).unwrap();
    let members = npz.verify_all().unwrap();
    let total = members.iter().map(|member| member.size).sum::<u64>();
    assert_eq!(most.load(Ordering::Relaxed), total);
}

#[test]
fn a_long_run_is_read_by_several_threads() {
    /// Zeros behind a header, slow, and who read them in pieces of what size.
    #[derive(Clone)]
    struct Slow(Vec<u8>, u64, Arc<Mutex<Vec<(ThreadId, usize)>>>);
    impl ReadAt for Slow {
        fn len(&self) -> io::Result<u64> {
            Ok(self.1)
        }
        fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
            buf.fill(0);
            let header = self.0.get(offset as usize..).unwrap_or_default();
            let len = header.len().min(buf.len());
            buf[..len].copy_from_slice(&header[..len]);
            thread::sleep(std::time::Duration::from_millis(5));
            let reader = (thread::current().id(), buf.len());
            self.2.lock().unwrap().push(reader);
            Ok(())
        }
    }
    let mut npy = counting(&[8], false);
    let at = npy.windows(4).position(|w| w == b"(8,)").unwrap();
    npy[at..at + 14].copy_from_slice(b"(9000000,), } ");
    npy.truncate(npy.len() - 32);
    let source = Slow(npy.clone(), 36_000_000 + npy.len() as u64, Arc::default());
    let options = LoadOptions::new().threads(4.try_into().unwrap());
    let npy = options.open_npy_in(source.clone()).unwrap();
    source.2.lock().unwrap().clear();
    assert_eq!(
        npy.read("1:".parse::<Selection>().unwrap()).unwrap().size(),
        8_999_999
    );
    let reads = source.2.lock().unwrap();
    let most = reads.iter().map(|&(_, bytes)| bytes).max().unwrap();
    assert!(most <= 4 << 20, "{most}");
    assert!(reads.iter().any(|&(id, _)| id != reads[0].0));
}

#[test]
fn a_peek_reads_each_compressed_member_at_most_once() {
    struct Calls(Vec<u8>, Arc<AtomicU64>);
    impl ReadAt for Calls {
        fn len(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }
        fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.read_exact_at(buf, offset)
        }
    }
    let calls = Arc::new(AtomicU64::new(0));
    let bytes = std::fs::read(testdata().join("npz/method-deflate.npz")).unwrap();
    let source = Calls(bytes, calls.clone());
    let handle = LoadOptions::new().open_source(source).unwrap();
    calls.store(0, Ordering::Relaxed);
    let found = handle.peek();
    assert!(found.iter().all(|member| member.data_offset.is_none()));
    // Members that follow one another are read together.
    assert!((1..=found.len() as u64).contains(&calls.load(Ordering::Relaxed)));
}

#[test]
fn a_part_that_leaves_nothing_out_is_checked_as_a_whole_member_is() {
    let mut flipped = std::fs::read(testdata().join("npz/savez.npz")).unwrap();
    let header = flipped.windows(6).position(|w| w == b"\x93NUMPY").unwrap();
    flipped[header + 128] ^= 1;
    let malformed = |name: &str| std::fs::read(testdata().join("malformed").join(name)).unwrap();
    for bytes in [
        flipped,
        malformed("crc-stored.npz"),
        malformed("crc-deflated.npz"),
    ] {
        let npz_with = |options: LoadOptions| {
            let loaded = options.load_source(bytes.clone()).unwrap();
            loaded.into_npz().unwrap()
        };
        let npz = npz_with(LoadOptions::new());
        let key = npz.keys().next().unwrap().to_owned();
        let whole = npz.get(&key).unwrap_err();
        assert_eq!(whole.kind(), ErrorKind::Checksum);
        for selection in ["", "..., ::-1", "None"] {
            let selection: Selection = selection.parse().unwrap();
            let part = npz.part(&key).unwrap().slice(selection).unwrap();
            let options = PrintOptions::default();
            for err in [
                part.read().unwrap_err(),
                part.format(&options).unwrap_err(),
                part.format_repr(&options).unwrap_err(),
            ] {
                assert_eq!(err.kind(), ErrorKind::Checksum, "{err}");
                assert_eq!(err.to_string(), whole.to_string());
            }
        }
        // A part that leaves something out is not checked, unless that is asked for.
        let some: Selection = "..., :1".parse().unwrap();
        npz.read(&key, some.clone()).unwrap();
        let always = npz_with(LoadOptions::new().verify(Verify::Always));
        assert_eq!(
            always.read(&key, some).unwrap_err().kind(),
            ErrorKind::Checksum
        );
        let never = npz_with(LoadOptions::new().verify(Verify::Never));
        never.read(&key, Selection::all()).unwrap();
    }
}

#[test]
fn what_is_no_array_is_refused_before_it_is_read() {
    let mut raw = b"no array".to_vec();
    raw.resize(1 << 20, 7);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("raw.npz");
    std::fs::write(&path, crate::into::stored(&raw)).unwrap();
    // Its checksum is wrong, which nobody finds out.
    let err = Npz::open(&path).unwrap().get("a").unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotArray);
    let message = "the member is no npy file but 1048576 other bytes";
    assert_eq!((err.message(), err.member()), (message, Some("a.npy")));
}
