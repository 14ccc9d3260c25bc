//! Arrays that are saved from where they lie, without being loaded.

use std::fs;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::Arc;

use npload::{
    Array, Buffer, Compression, DType, ErrorKind, Handle, LoadOptions, NewMember, Npy, Npz,
    NpzEdit, Order, SaveOptions, Saved, Stream, open,
};

use crate::files::all_files;

fn options(compression: Compression, threads: usize) -> SaveOptions {
    SaveOptions::new()
        .compression(compression)
        .threads(NonZeroUsize::new(threads).unwrap())
}

#[test]
fn a_parts_bytes_are_its_elements_in_either_order() {
    for path in all_files("npy") {
        let Ok(Handle::Npy(npy)) = open(&path) else {
            continue;
        };
        let Ok(part) = npy.part() else {
            continue;
        };
        let array = npy.load().unwrap();
        for (order, array) in [(Order::C, array.clone()), (Order::F, array.transposed())] {
            let mut bytes = Vec::new();
            part.reader(order).unwrap().read_to_end(&mut bytes).unwrap();
            assert!(bytes == array.to_bytes().unwrap(), "{}", path.display());
        }
        assert_eq!(part.order(), array.order().unwrap_or(Order::C));
        let mut file = Vec::new();
        npy.stream().read_to_end(&mut file).unwrap();
        assert_eq!(file.len() as u64, npy.size());
        assert!(fs::read(&path).unwrap().starts_with(&file));
    }
}

/// Numbers that compress a little, in C or Fortran order.
fn numbers(order: Order) -> Array {
    let bytes: Vec<u8> = (0..6_000_000_u32)
        .flat_map(|i| (i ^ (i >> 3)).to_le_bytes())
        .collect();
    let dtype = DType::parse("<u4").unwrap();
    Array::from_bytes(dtype, &[2000, 3000], order, Buffer::from(bytes)).unwrap()
}

#[test]
fn parts_of_any_size_are_saved_as_arrays_are() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from.npz"), dir.path().join("to.npz"));
    for order in [Order::C, Order::F] {
        let array = numbers(order);
        options(Compression::Deflate(1), 2)
            .savez(&from, [("a", &array)])
            .unwrap();
        let npz = Npz::open(&from).unwrap();
        let part = npz.part("a").unwrap();
        let mut files = Vec::new();
        for threads in [1, 2, 5] {
            let options = options(Compression::Deflate(1), threads);
            options.savez(&to, [("a", part.clone())]).unwrap();
            files.push(fs::read(&to).unwrap());
        }
        assert!(
            files[0] == files[1] && files[1] == files[2],
            "the bytes depend on threads"
        );
        for compression in [Compression::Deflate(1), Compression::Stored] {
            options(compression, 2)
                .savez(&to, [("a", part.clone())])
                .unwrap();
            let back = Npz::open(&to).unwrap().get("a").unwrap();
            assert_eq!(back.order(), Some(order));
            assert!(back.to_bytes().unwrap() == array.to_bytes().unwrap());
        }
        let path = dir.path().join("x.npy");
        npload::save(&path, &part).unwrap();
        let expected = dir.path().join("y.npy");
        npload::save(&expected, &array).unwrap();
        assert!(fs::read(&path).unwrap() == fs::read(&expected).unwrap());
    }
}

#[test]
fn damage_of_what_is_copied_is_found_before_it_is_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from.npz"), dir.path().join("to.npz"));
    options(Compression::Stored, 1)
        .savez(&from, [("a", numbers(Order::C))])
        .unwrap();
    let mut bytes = fs::read(&from).unwrap();
    bytes[20_000_000] ^= 1;
    fs::write(&from, bytes).unwrap();
    let npz = Npz::open(&from).unwrap();
    let part = npz.part("a").unwrap();
    for compression in [Compression::Stored, Compression::Deflate(1)] {
        let err = options(compression, 3)
            .savez(&to, [("a", part.clone())])
            .unwrap_err();
        assert_eq!(
            (err.kind(), err.member()),
            (ErrorKind::Checksum, Some("a.npy"))
        );
        assert_eq!(err.path(), Some(&*from));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn members_are_streams_and_copies_of_others() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npz");
    let npz = Npz::open("../../testdata/npz/savez-compressed.npz").unwrap();
    let npy = Npy::open("../../testdata/npy/f8-le-2d-c.npy").unwrap();
    let members = [
        NewMember::copy(&npz, 0).unwrap().named("copied.npy"),
        NewMember::stream("streamed.npy", npy.size(), &npy),
    ];
    SaveOptions::new()
        .align(4096)
        .savez_members(&path, members)
        .unwrap();
    assert_eq!(
        NewMember::copy(&npz, 99).err().unwrap().kind(),
        ErrorKind::NoSuchMember
    );
    let back = Npz::open(&path).unwrap();
    assert!(
        back.get("copied").unwrap().to_bytes().unwrap()
            == npz.get("x").unwrap().to_bytes().unwrap()
    );
    assert!(
        back.get("streamed").unwrap().to_bytes().unwrap()
            == npy.load().unwrap().to_bytes().unwrap()
    );
    let peeked = back.peek();
    assert_eq!(peeked[0].compression, "deflate");
    assert_eq!(peeked[1].data_offset.unwrap() % 4096, 0);
}

/// Bytes that end too soon, or in an error.
struct Bad(&'static [u8], bool);

impl Stream for Bad {
    fn open(&self) -> npload::Result<Box<dyn Read + Send + '_>> {
        if self.1 {
            return Err(Npy::open("no.npy").unwrap_err());
        }
        Ok(Box::new(self.0))
    }
}

#[test]
fn streams_that_do_not_keep_their_word_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npz");
    let dtype = || DType::parse("|u1").unwrap();
    for (stream, kind) in [
        (Bad(b"12", false), ErrorKind::Truncated),
        (Bad(b"1234", false), ErrorKind::Changed),
        (Bad(b"", true), ErrorKind::Io),
    ] {
        let saved = Saved::streamed(dtype(), &[3], Order::C, &stream).unwrap();
        let err = npload::savez(&path, [("a", saved)]).unwrap_err();
        assert_eq!(err.kind(), kind, "{err}");
        let member = NewMember::stream("a", 3, &stream);
        let err = SaveOptions::new()
            .savez_members(&path, [member])
            .unwrap_err();
        assert_eq!(err.kind(), kind, "{err}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_new_file_takes_nobodys_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    let new = SaveOptions::new().create_new(true);
    new.save(&path, &[1_u8]).unwrap();
    let was = fs::read(&path).unwrap();
    let there = |err: npload::Error| assert_eq!(err.io_kind(), Some(io::ErrorKind::AlreadyExists));
    there(new.save(&path, &[2_u8]).unwrap_err());
    // One that comes while the new one is written.
    fs::remove_file(&path).unwrap();
    let written = new.write(&path, |out| {
        fs::write(&path, "came meanwhile")?;
        out.write_all(b"new")
    });
    there(written.unwrap_err());
    assert_eq!(fs::read(&path).unwrap(), b"came meanwhile");
    SaveOptions::new().save(&path, &[1_u8]).unwrap();
    assert_eq!(fs::read(&path).unwrap(), was);
    new.save("/dev/null", &[1_u8]).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn what_is_not_written_whole_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    fs::write(&path, "was").unwrap();
    let err = SaveOptions::new().write(&path, |out| {
        out.write_all(&[0; 1 << 20])?;
        Err(io::Error::other("no more"))
    });
    let err = err.unwrap_err();
    assert_eq!((err.kind(), err.path()), (ErrorKind::Io, Some(&*path)));
    assert_eq!(fs::read(&path).unwrap(), b"was");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_changed_archive_may_go_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npz");
    let from = "../../testdata/npz/savez.npz";
    let was = fs::read(from).unwrap();
    let mut edit = NpzEdit::open(from).unwrap();
    edit.remove("x").unwrap();
    edit.save_as(&path).unwrap();
    assert_eq!(Npz::open(&path).unwrap().keys().collect::<Vec<_>>(), ["y"]);
    assert_eq!(fs::read(from).unwrap(), was);
}

#[test]
fn elements_without_a_header_are_arrays_too() {
    let bytes: Arc<Vec<u8>> = Arc::new((0..50).collect());
    let raw = |offset, dtype: &str, shape: &[usize]| {
        let dtype = DType::parse(dtype).unwrap();
        LoadOptions::new().open_raw(bytes.clone(), offset, dtype, shape, Order::F)
    };
    let npy = raw(2, ">u2", &[2, 3]).unwrap();
    assert_eq!(
        npy.load().unwrap().to_bytes().unwrap(),
        [2, 3, 6, 7, 10, 11, 4, 5, 8, 9, 12, 13]
    );
    let part = npy.into_part().unwrap();
    assert_eq!((part.shape(), part.order()), ([2, 3].as_slice(), Order::F));
    for (offset, shape) in [(45, [2, 3]), (51, [1, 1]), (u64::MAX, [1, 1])] {
        let err = raw(offset, "<u2", &shape).unwrap().into_part().unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Truncated);
        assert!(raw(offset, "<u2", &shape).unwrap().load().is_err());
    }
    assert_eq!(
        raw(0, "<f8", &[usize::MAX, 2]).unwrap_err().kind(),
        ErrorKind::Shape
    );
}
