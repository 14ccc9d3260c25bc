//! Objects that are refused: pickles that are damaged, too large, or not what their headers tell.

use npload::{Buffer, ErrorKind, Loaded, PickleLimits};

use super::{array, described, every_way, npy, pickle_len, pickles};
use crate::files::testdata;

#[test]
fn the_header_must_tell_the_pickled_array() {
    let one = array(&[1], false, b"K\x01");
    let ints = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01K\x01\x85cnumpy\ndtype\n(U\x02i1\x89\x88tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89C\x01\x07tb.";
    for (bytes, message) in [
        (
            npy("(2,)", false, &one),
            "has the shape (1,), and its header says (2,)",
        ),
        (
            npy("()", false, &one),
            "has the shape (1,), and its header says ()",
        ),
        (
            npy("(2, 2)", true, &array(&[2, 2], false, b"NNNN")),
            "is in C order, and its header says Fortran",
        ),
        (
            npy("(1,)", false, ints),
            "holds '|i1', and its header says object",
        ),
        (
            described("[('a', 'O')]", "(1,)", false, &one),
            "holds '|O', and its header says [('a', 'O')]",
        ),
        (
            npy("(1,)", false, b"\x80\x02]K\x01a."),
            "an ndarray expected in the pickle of an object array, list found",
        ),
    ] {
        for loaded in every_way(&bytes, &pickles()) {
            let err = loaded.unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Pickle, "{err}");
            assert!(err.message().contains(message), "{err}");
            assert_eq!(err.offset(), Some(bytes.len() as u64 - pickle_len(&bytes)));
        }
    }
    // An array of one row lies in both orders.
    let row = npy("(1, 2)", true, &array(&[1, 2], false, b"NN"));
    pickles()
        .load_bytes(&row)
        .unwrap()
        .into_object_array()
        .unwrap();
}

#[test]
fn a_damaged_pickle_is_told_by_opcode_and_byte_of_the_file() {
    let good = array(&[1], false, b"K\x01");
    let mut cut = npy("(1,)", false, &good);
    cut.pop();
    let start = cut.len() as u64 + 1 - good.len() as u64;
    let end = cut.len() as u64;
    for (bytes, kind, offset, message) in [
        (
            cut,
            ErrorKind::Truncated,
            end,
            "in the pickle: Ran out of input",
        ),
        (
            npy("(1,)", false, b""),
            ErrorKind::Truncated,
            start,
            "in the pickle: Ran out of input",
        ),
        (
            npy("(1,)", false, b"\x80\x02K\x01a."),
            ErrorKind::Pickle,
            start + 4,
            "in the pickle: APPEND: the stack holds 1 value, and 2 are needed",
        ),
        (
            npy("(1,)", false, b"\x80\x02U\x01\xe9."),
            ErrorKind::Encoding,
            start + 2,
            "in the pickle: SHORT_BINSTRING: 'ascii' codec can't decode byte 0xe9 in position 0: ordinal not in range(128); a pickle of Python 2 may need encoding 'latin1' or 'bytes'",
        ),
        (
            npy("(1,)", false, b"\x80\x02C\xff."),
            ErrorKind::Truncated,
            start + 2,
            "in the pickle: SHORT_BINBYTES: pickle data was truncated: 255 bytes expected, 1 left",
        ),
        (
            npy("(1,)", false, b"\x80\x02\xff"),
            ErrorKind::Pickle,
            start + 2,
            "in the pickle: invalid load key, '\\u{ff}': no opcode",
        ),
    ] {
        for loaded in every_way(&bytes, &pickles()) {
            let err = loaded.unwrap_err();
            assert_eq!((err.kind(), err.message()), (kind, message));
            assert_eq!(err.offset(), Some(offset), "{err}");
        }
    }
    let nested = npy(
        "(1,)",
        false,
        &array(&[1], false, &[b"]".repeat(9), b"a".repeat(8)].concat()),
    );
    let limits = PickleLimits::new().max_nesting(5);
    let err = pickles()
        .pickle_limits(limits)
        .load_bytes(&nested)
        .unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Limit);
    assert!(err.message().contains("raise max_nesting"), "{err}");
}

#[test]
fn what_is_no_pickle_is_named() {
    for (bytes, message) in [
        (
            &b"1.0,2.0\n3.0,4.0\n"[..],
            "Failed to interpret the file as a pickle: it looks like text.",
        ),
        (
            b"\x1f\x8b\x08\0\0\0\0",
            "Failed to interpret the file as a pickle: it looks like gzip data.",
        ),
        (b"\x80\x04K\x01a.", "in the pickle: APPEND: "),
    ] {
        for loaded in every_way(bytes, &pickles()) {
            let err = loaded.unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Pickle);
            assert!(err.message().starts_with(message), "{err}");
            assert!(err.looks().is_some(), "{err}");
        }
    }
    let err = pickles()
        .open_source(Buffer::from(b"1.0,2.0\n3.0,4.0\n".to_vec()))
        .unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotArray);
    let pickle = Buffer::from(b"\x80\x04N.".to_vec());
    let err = pickles().open_npy_in(pickle.clone()).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotArray);
    assert_eq!(
        err.message(),
        "this is a pickle, which has no arrays to open: use load"
    );
    assert_eq!(
        pickles().open_npz_in(pickle).unwrap_err().message(),
        err.message()
    );
}

#[test]
fn the_header_limit_stays_in_force() {
    let name = "x".repeat(20_000);
    let bytes = described(&format!("[('{name}', 'O')]"), "(1,)", false, b"N.");
    let err = pickles().load_bytes(&bytes).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Limit);
    assert!(err.message().contains("max_header_size"), "{err}");
}

/// A source that counts what is read of it, and is zero bytes but for its beginning.
struct Sparse {
    start: Vec<u8>,
    len: u64,
    read: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl npload::ReadAt for Sparse {
    fn len(&self) -> std::io::Result<u64> {
        Ok(self.len)
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<()> {
        self.read
            .fetch_add(buf.len() as u64, std::sync::atomic::Ordering::Relaxed);
        buf.fill(0);
        let from = self
            .start
            .get(usize::try_from(offset).unwrap()..)
            .unwrap_or_default();
        let len = from.len().min(buf.len());
        buf[..len].copy_from_slice(&from[..len]);
        Ok(())
    }
}

#[test]
fn of_a_huge_file_no_more_is_read_than_its_pickle() {
    let objects = npy("(1,)", false, &array(&[1], false, b"K\x01"));
    let payload = |op: &[u8]| npy("(1,)", false, op);
    for (start, fine) in [
        (objects, true),
        (b"\x80\x04N.".to_vec(), true),
        (payload(b"\x80\x04\x8e\0\0\0\0\0\0\x10\0"), false),
        (payload(b"\x80\x04\x95\0\0\0\0\0\0\x10\0"), false),
        (payload(b"\xff"), false),
        (vec![0; 10], false),
    ] {
        let read = std::sync::Arc::default();
        let source = Sparse {
            start,
            len: 1 << 40,
            read: std::sync::Arc::clone(&read),
        };
        let loaded = pickles().load_source(source);
        assert_eq!(loaded.is_ok(), fine, "{loaded:?}");
        let read = read.load(std::sync::atomic::Ordering::Relaxed);
        assert!(read < 4 << 20, "{read}");
    }
}

#[test]
fn every_cut_and_flipped_byte_is_an_answer_or_an_error() {
    for name in ["object", "object-struct", "object-stringdtype"] {
        let bytes = std::fs::read(testdata().join(format!("npy/{name}.npy"))).unwrap();
        for end in 0..bytes.len() {
            assert!(
                pickles().load_bytes(&bytes[..end]).is_err(),
                "{name} cut to {end}"
            );
        }
        for at in 0..bytes.len() {
            for flip in [1, 0x80] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                if let Ok(Loaded::ObjectArray(array)) = pickles().load_bytes(&damaged) {
                    let _ = (array.to_string(), array.deserialize::<serde_json::Value>());
                }
            }
        }
    }
}
