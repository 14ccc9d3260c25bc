//! Lazy handles: parts, many threads, files that change.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use npload::{Array, Buffer, ErrorKind, Handle, LoadOptions, Npy, Npz, Selection, load};
use proptest::prelude::*;

use crate::counted::Counted;
use crate::files::testdata;

/// An npy file of int32 0, 1, 2, … in C or Fortran order.
pub(crate) fn counting(shape: &[usize], fortran: bool) -> Vec<u8> {
    let dims: String = shape.iter().map(|n| format!("{n},")).collect();
    let order = if fortran { "True" } else { "False" };
    let dict = format!("{{'descr': '<i4', 'fortran_order': {order}, 'shape': ({dims}), }}");
    let padded = (10 + dict.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(padded as u16).to_le_bytes());
    bytes.extend_from_slice(format!("{dict:<0$}\n", padded - 1).as_bytes());
    let size: usize = shape.iter().product();
    (0..size as i32).for_each(|i| bytes.extend_from_slice(&i.to_le_bytes()));
    bytes
}

fn values(array: &Array) -> Vec<i32> {
    let bytes = array.to_bytes().unwrap();
    bytes
        .chunks_exact(4)
        .map(|item| i32::from_le_bytes(item.try_into().unwrap()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A part that is read is the part of what is loaded.
    #[test]
    fn a_selection_reads_what_slicing_the_whole_gives(
        shape in prop::collection::vec(0_usize..6, 0..4),
        fortran: bool,
        picks in prop::collection::vec((0_u8..4, -7_isize..7, -7_isize..7, -3_isize..4), 0..5),
    ) {
        let parts: Vec<String> = picks.iter().map(|&(kind, a, b, step)| match kind {
            0 => a.to_string(),
            1 => format!("{a}:{b}:{}", if step == 0 { 1 } else { step }),
            2 => format!("::{}", if step == 0 { -1 } else { step }),
            _ => "None".to_owned(),
        }).collect();
        let selection: Selection = parts.join(",").parse().unwrap();
        let npy = LoadOptions::new().open_npy_in(Buffer::from(counting(&shape, fortran))).unwrap();
        let whole = npy.load().unwrap();
        match (npy.read(selection.clone()), whole.slice(selection)) {
            (Ok(read), Ok(sliced)) => {
                prop_assert_eq!(read.shape(), sliced.shape());
                prop_assert_eq!(values(&read), values(&sliced));
            }
            (Err(a), Err(b)) => prop_assert_eq!(a.kind(), b.kind()),
            (a, b) => prop_assert!(false, "{:?} {:?}", a, b),
        }
    }
}

#[test]
fn a_part_reads_little_more_than_itself() {
    let bytes = counting(&[1000, 2000], false);
    let read = Arc::new(AtomicU64::new(0));
    let source = Counted(Buffer::from(bytes), read.clone());
    let npy = LoadOptions::new().open_npy_in(source).unwrap();
    for (selection, most) in [
        ("7, :", 8_000),
        (":, 0", 8_000_000),
        ("500:", 4_000_000),
        ("::-100, 3", 40),
        ("0, 0", 4),
    ] {
        let selection: Selection = selection.parse().unwrap();
        read.store(0, Ordering::Relaxed);
        npy.read(selection.clone()).unwrap();
        assert!(
            read.load(Ordering::Relaxed) <= most,
            "{selection}: {read:?}"
        );
    }
}

#[test]
fn a_part_of_a_compressed_member_is_what_slicing_the_whole_gives() {
    for file in [
        "npz/method-stored.npz",
        "npz/method-deflate.npz",
        "npz/method-zstd.npz",
    ] {
        let npz = Npz::open(testdata().join(file)).unwrap();
        for key in npz.keys() {
            let whole = npz.get(key).unwrap();
            for text in ["...", "..., ::-1", "..., None"] {
                let selection: Selection = text.parse().unwrap();
                let read = npz.read(key, selection.clone());
                match (read, whole.slice(selection)) {
                    (Ok(a), Ok(b)) => assert_eq!(a.to_bytes().unwrap(), b.to_bytes().unwrap()),
                    (Err(a), Err(b)) => assert_eq!(a.kind(), b.kind(), "{file} {key} {text}: {a}"),
                    (a, b) => panic!("{file} {key} {text}: {a:?} {b:?}"),
                }
            }
        }
    }
}

#[test]
fn one_handle_serves_many_threads() {
    let npz = Npz::open(testdata().join("npz/savez-every-dtype.npz")).unwrap();
    let keys: Vec<&str> = npz.keys().collect();
    let alone: Vec<_> = keys
        .iter()
        .map(|key| npz.get(key).unwrap().to_bytes().unwrap())
        .collect();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    for (key, alone) in keys.iter().zip(&alone) {
                        assert_eq!(&npz.get(key).unwrap().to_bytes().unwrap(), alone);
                    }
                }
            });
        }
    });
}

#[test]
fn a_file_that_was_replaced_or_cut_is_said_to_have_changed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    std::fs::write(&path, counting(&[100], false)).unwrap();
    let npy = Npy::open(&path).unwrap();
    std::fs::write(&path, counting(&[10], false)).unwrap();
    let err = npy.load().unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Changed, "{err}");
    assert!(
        err.to_string().contains("changed since it was opened"),
        "{err}"
    );

    let path = dir.path().join("x.npz");
    std::fs::copy(testdata().join("npz/method-deflate.npz"), &path).unwrap();
    let npz = Npz::open(&path).unwrap();
    let key = npz.keys().next().unwrap().to_owned();
    std::fs::copy(testdata().join("npz/savez.npz"), &path).unwrap();
    assert_eq!(npz.get(&key).unwrap_err().kind(), ErrorKind::Changed);
}

#[test]
fn a_bad_header_is_told_without_reading_a_huge_member_to_its_end() {
    // Checksums are wrong too, which is what is said of members that are read.
    for (len, kind) in [(4000, ErrorKind::Checksum), (65 << 20, ErrorKind::Version)] {
        let mut member = b"\x93NUMPY\x09\x00".to_vec();
        member.resize(len, 0);
        let read = Arc::new(AtomicU64::new(0));
        let source = Counted(Buffer::from(crate::into::stored(&member)), read.clone());
        let npz = LoadOptions::new().load_source(source).unwrap().into_npz();
        let err = same_error(&npz.unwrap(), "a");
        assert_eq!(err.kind(), kind, "{err}");
        assert!(read.load(Ordering::Relaxed) < 1 << 20, "{read:?}");
    }
}

/// The error of a load of all, which is that of the member alone.
#[track_caller]
fn same_error(npz: &Npz, key: &str) -> npload::Error {
    let alone = npz.get(key).unwrap_err();
    let together = npz.load_all().unwrap_err();
    assert_eq!(together.to_string(), alone.to_string());
    assert_eq!(together.kind(), alone.kind());
    alone
}

#[test]
fn small_members_fail_together_as_they_do_alone() {
    // Overwritten by an archive of the same length, through what has no time stamp.
    let stored = crate::into::stored(&counting(&[10], false));
    let mut other = stored.clone();
    let names: Vec<_> = other
        .windows(5)
        .enumerate()
        .filter(|(_, w)| w == b"a.npy")
        .collect();
    let places: Vec<usize> = names.into_iter().map(|(at, _)| at).collect();
    places.iter().for_each(|&at| other[at] = b'b');
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npz");
    std::fs::write(&path, &stored).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let npz = LoadOptions::new().load_source(file).unwrap().into_npz();
    std::fs::write(&path, &other).unwrap();
    let err = same_error(&npz.unwrap(), "a");
    assert_eq!(err.kind(), ErrorKind::Changed);
    let text = "the archive changed since it was opened; reading it now fails with: File name in";
    assert!(err.message().starts_with(text), "{err}");

    // A file that was cut.
    std::fs::write(&path, &stored).unwrap();
    let npz = Npz::open(&path).unwrap();
    std::fs::write(&path, &stored[..20]).unwrap();
    assert_eq!(same_error(&npz, "a").kind(), ErrorKind::Changed);

    // A checksum, and a place before the file: the directory is said to begin further behind.
    let in_memory = |bytes: &[u8]| {
        let loaded = LoadOptions::new().load_bytes(bytes).unwrap();
        loaded.into_npz().unwrap()
    };
    let err = same_error(&in_memory(&stored), "a");
    assert_eq!(err.kind(), ErrorKind::Checksum);
    let mut before = stored.clone();
    let start = before.len() - 6;
    before[start + 1] += 1;
    let err = same_error(&in_memory(&before), "a");
    assert_eq!(err.kind(), ErrorKind::Archive);
    assert_eq!(err.message(), "Bad offset for file header: -256");

    // Objects are refused before anything is read, whatever the checksum.
    let objects = counting(&[10], false);
    let at = objects.windows(4).position(|w| w == b"<i4'").unwrap();
    let mut objects = crate::into::stored(&objects);
    let at = at + objects.windows(6).position(|w| w == b"\x93NUMPY").unwrap();
    objects[at..at + 5].copy_from_slice(b"|O', ");
    let text = same_error(&in_memory(&objects), "a");
    assert_eq!(text.kind(), ErrorKind::ObjectArray);
}

#[test]
fn load_into_fills_memory_that_exists_in_native_order() {
    let dir = testdata().join("npy");
    for file in ["f8-le-2d-c.npy", "f8-be-2d-c.npy", "f8-be-2d-f.npy"] {
        let npy = Npy::open(dir.join(file)).unwrap();
        let mut values = vec![0_f64; npy.header().size()];
        npy.load_into(&mut values).unwrap();
        let whole = npy.load().unwrap();
        let native = whole.slice(Selection::all()).unwrap().to_native().unwrap();
        let order = whole.order().unwrap();
        let transposed = if order == npload::Order::F {
            native.transposed()
        } else {
            native
        };
        assert_eq!(bytes_of(&values), transposed.to_bytes().unwrap(), "{file}");
        let short = npy.load_into(&mut values[1..]).unwrap_err();
        assert_eq!(short.kind(), ErrorKind::Shape);
        let other = npy.load_into(&mut vec![0_f32; values.len()]).unwrap_err();
        assert_eq!(other.kind(), ErrorKind::Type);
    }
}

#[test]
fn load_into_works_for_members_too() {
    let npz = Npz::open(testdata().join("npz/savez.npz")).unwrap();
    for key in npz.keys() {
        let array = npz.get(key).unwrap();
        if !array.dtype().to_string().starts_with("float64") {
            continue;
        }
        let mut values = vec![0_f64; array.size()];
        npz.load_into(key, &mut values).unwrap();
        assert_eq!(
            bytes_of(&values),
            array.contiguous_bytes(array.order().unwrap()).unwrap()
        );
    }
}

fn bytes_of(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_ne_bytes()).collect()
}

#[test]
fn progress_ends_at_the_total() {
    let bytes = counting(&[3 << 20], false);
    let most = Arc::new(AtomicU64::new(0));
    let seen = most.clone();
    let options = LoadOptions::new()
        .threads(NonZeroUsize::new(2).unwrap())
        .progress(move |p| {
            seen.fetch_max(p.done, Ordering::Relaxed);
            assert!(p.done <= p.total);
        });
    let array = options
        .load_source(Buffer::from(bytes))
        .unwrap()
        .into_array()
        .unwrap();
    assert_eq!(most.load(Ordering::Relaxed), array.nbytes() as u64);
}

#[test]
fn warnings_reach_the_callback() {
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let there = told.clone();
    let options = LoadOptions::new().on_warning(move |w| there.lock().unwrap().push(w.clone()));
    options
        .load(testdata().join("npy/python2-long-shape.npy"))
        .unwrap();
    assert_eq!(*told.lock().unwrap(), [npload::Warning::Python2Header]);
}

#[test]
fn limits_are_named_and_can_be_raised() {
    let path = testdata().join("malformed/header-10001-characters-v3.npy");
    let err = load(&path).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Limit);
    assert!(err.message().contains("max_header_size"), "{err}");
    assert!(err.message().contains("10001"), "{err}");
    let raised = LoadOptions::new().max_header_size(10_001).load(&path);
    assert_ne!(
        raised.map(drop).map_err(|e| e.kind()),
        Err(ErrorKind::Limit)
    );
}

#[test]
fn opening_what_is_no_archive_says_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npz");
    for (bytes, kind, says) in [
        (
            &b"version https://git-lfs.github.com/spec/v1\n"[..],
            ErrorKind::NotArray,
            "git-LFS pointer",
        ),
        (b"<!doctype html>", ErrorKind::NotArray, "HTML page"),
        (b"\x93NUMPY\x01\0", ErrorKind::NotArray, "load it as one"),
        (b"", ErrorKind::Empty, "No data left"),
        (b"PK\x03\x04junk", ErrorKind::Archive, "not a zip file"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let err = Npz::open(&path).unwrap_err();
        assert_eq!((err.kind(), err.path()), (kind, Some(path.as_path())));
        assert!(err.message().contains(says), "{err}");
    }
}

#[test]
fn peek_says_what_ends_before_its_data_does() {
    let dir = tempfile::tempdir().unwrap();
    let npy = std::fs::read(testdata().join("npy/f8-le-2d-c.npy")).unwrap();
    let path = dir.path().join("x.npy");
    std::fs::write(&path, &npy[..npy.len() - 24]).unwrap();
    let peeked = npload::peek(&path).unwrap().remove(0);
    assert!(matches!(&peeked.header, Ok(Some(_))));
    assert_eq!(peeked.size, npy.len() as u64 - 24);
    let err = peeked.incomplete.unwrap();
    assert_eq!(
        (err.kind(), err.offset()),
        (ErrorKind::Truncated, Some(peeked.size))
    );
    assert!(
        err.message().contains("(file seems not fully written?)"),
        "{err}"
    );
    let npz = npload::peek(testdata().join("npz/truncated-array.npz")).unwrap();
    let cut: Vec<_> = npz
        .iter()
        .filter_map(|member| member.incomplete.as_ref())
        .collect();
    assert_eq!((cut.len(), cut[0].kind()), (1, ErrorKind::Truncated));
    assert!(cut[0].member().is_some());
    for whole in [
        "npz/savez.npz",
        "npy/f8-le-2d-c.npy",
        "malformed/object-O.npy",
    ] {
        let peeked = npload::peek(testdata().join(whole)).unwrap();
        assert!(
            peeked.iter().all(|array| array.incomplete.is_none()),
            "{whole}"
        );
    }
}

#[test]
fn an_archive_without_its_end_says_where_it_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npz");
    let bytes = std::fs::read(testdata().join("npz/savez.npz")).unwrap();
    let mut padded = bytes.clone();
    padded.resize(bytes.len() + 100_000, b'-');
    for (written, says) in [
        (
            &bytes[..300],
            "File is not a zip file: it begins as one, and the archive's end is missing at byte 300; \
             the file is probably cut off: download or copy it again"
                .to_owned(),
        ),
        (
            &padded,
            format!(
                "File is not a zip file: an archive ends at byte {}, and 100000 bytes that are none \
                 of its follow; cut them off",
                bytes.len()
            ),
        ),
    ] {
        std::fs::write(&path, written).unwrap();
        for err in [
            npload::load(&path).unwrap_err(),
            npload::Npz::open(&path).unwrap_err(),
        ] {
            assert_eq!((err.kind(), err.message()), (ErrorKind::Archive, says.as_str()));
        }
    }
}

#[test]
fn a_member_is_peeked_at_by_the_name_that_loads_it() {
    let path = testdata().join("npz/names-duplicate-raw-and-npy.npz");
    let npz = npload::Npz::open(path).unwrap();
    for key in npz.keys() {
        let peeked = npz.peek_member(key).unwrap();
        match npz.member(key).unwrap() {
            npload::Member::Bytes(bytes) => {
                assert!(matches!(peeked.header, Ok(None)));
                assert_eq!(peeked.size, bytes.len() as u64);
            }
            npload::Member::Array(array) => {
                let header = peeked.header.unwrap().unwrap();
                assert_eq!(header.shape(), array.shape());
            }
            other => panic!("{other:?}"),
        }
    }
    let err = npz.peek_member("nothing").unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NoSuchMember);
    assert_eq!(err.message(), "nothing is not a file in the archive");
}

#[test]
fn pickles_that_begin_as_text_does_are_opened_where_they_are_allowed() {
    let int = [b"I", &b"9".repeat(5000)[..], b"\n."].concat();
    let long = [b"\x8b\x10\x27\0\0", &[1; 10_000][..], b"."].concat();
    let options = LoadOptions::new().allow_pickle(true);
    for bytes in [
        &int[..],
        &long,
        b"N.N.N.",
        b"N.K\x01.\n",
        &b"N.".repeat(100_000),
    ] {
        let start = &bytes[..bytes.len().min(8)];
        let handle = options.open_source(Buffer::from(bytes.to_vec()));
        let Ok(Handle::Pickle(pickle)) = handle else {
            panic!("{start:?}: {handle:?}");
        };
        pickle.load().unwrap();
    }
    for text in [
        &b"N.B. This is a note."[..],
        b"I am text.\n",
        b"...",
        b"",
        b"1.5\n",
    ] {
        let refused = options.open_source(Buffer::from(text.to_vec()));
        assert!(refused.is_err(), "{text:?}: {refused:?}");
    }
}
