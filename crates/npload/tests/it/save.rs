//! What is saved is what was loaded: all of NumPy's files, written again.

use std::io::Cursor;

use npload::{
    Array, Buffer, Compression, DType, ErrorKind, LoadOptions, Loaded, NewMember, Npz, Order,
    Savable, SaveOptions, load, save, savez,
};

fn folder() -> std::path::PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/npy").into()
}

/// Every array of the test data, with the file that it came from.
fn all() -> Vec<(String, Array)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if let Ok(Loaded::Array(array)) = load(entry.path())
            && array.dtype().descr().is_ok()
        {
            all.push((name, array));
        }
    }
    assert!(all.len() > 300, "{}", all.len());
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn assert_same(name: &str, found: &Array, expected: &Array) {
    assert_eq!(found.dtype(), expected.dtype(), "{name}");
    assert_eq!(found.shape(), expected.shape(), "{name}");
    assert_eq!(
        found.to_bytes().unwrap(),
        expected.to_bytes().unwrap(),
        "{name}"
    );
}

#[test]
fn every_array_comes_back_from_npy_and_npz() {
    let all = all();
    let dir = tempfile::tempdir().unwrap();
    for (name, array) in &all {
        let path = dir.path().join(name);
        save(&path, array).unwrap();
        let back = load(&path).unwrap().into_array().unwrap();
        assert_same(name, &back, array);
        assert_eq!(back.order(), array.order(), "{name}");
        let mut stream = Vec::new();
        SaveOptions::new().save_to(&mut stream, array).unwrap();
        assert_eq!(stream, std::fs::read(&path).unwrap());
    }
    for compression in [Compression::Stored, Compression::DEFLATE] {
        let path = dir.path().join("all.npz");
        let options = SaveOptions::new().compression(compression);
        options
            .savez(&path, all.iter().map(|(name, array)| (name, array)))
            .unwrap();
        let npz = Npz::open(&path).unwrap();
        for (name, array) in &all {
            assert_same(name, &npz.get(&format!("{name}.npy")).unwrap(), array);
        }
    }
}

#[test]
fn files_of_numpy_are_written_byte_by_byte() {
    // Put together by other means than numpy.save, or with a note of ours.
    let other = [
        "header-",
        "ml-",
        "f4-fortran-flag",
        "empty-shape-",
        "b1-question-mark",
        "subarray-",
        "struct-",
        "python2-",
        "bytes-without-size",
        "text-without-size",
        "datetime-divided-unit",
    ];
    let mut same = 0;
    for (name, array) in all() {
        let there = std::fs::read(folder().join(&name)).unwrap();
        if other.iter().any(|prefix| name.starts_with(prefix)) || there[6] != 1 {
            continue;
        }
        let mut written = Vec::new();
        SaveOptions::new().save_to(&mut written, &array).unwrap();
        // Some have bytes behind the array.
        assert!(written == there[..written.len()], "{name}");
        same += 1;
    }
    assert!(same > 150, "{same}");
}

#[test]
fn stored_members_are_aligned_so_that_they_map_without_a_copy() {
    let dir = tempfile::tempdir().unwrap();
    for align in [64, 4096] {
        let path = dir.path().join("x.npz");
        let options = SaveOptions::new().align(align);
        let arrays = [
            ("a", vec![1.0_f32; 3]),
            ("bcd", vec![2.0; 1000]),
            ("é", vec![3.0; 5]),
        ];
        options.savez(&path, arrays).unwrap();
        // SAFETY: nobody else knows this file.
        #[allow(unsafe_code)]
        let mapping = unsafe { LoadOptions::new().mmap_mode(npload::MmapMode::Read) };
        let Loaded::Npz(npz) = mapping.load(&path).unwrap() else {
            panic!("an archive")
        };
        for key in ["a", "bcd", "é"] {
            let array = npz.get(key).unwrap();
            assert!(array.is_mapped());
            let bytes = array.contiguous_bytes(Order::C).unwrap();
            // A mapping begins at a page.
            assert_eq!(bytes.as_ptr().addr() % align, 0, "{key}");
        }
    }
    for align in [0, 3, 65536] {
        let err = SaveOptions::new()
            .align(align)
            .savez(dir.path().join("y"), [("a", [1_i32])]);
        assert_eq!(err.unwrap_err().kind(), ErrorKind::Argument);
    }
}

#[test]
fn writers_that_seek_and_that_do_not_get_the_same_arrays() {
    let arrays = [vec![1_i64; 100_000], vec![2; 3]];
    let members = || {
        let saved = arrays.iter().enumerate();
        saved.map(|(i, array)| NewMember::array(&format!("arr_{i}"), array.saved().unwrap()))
    };
    let mut stream = b"before".to_vec();
    let mut seekable = Cursor::new(b"before".to_vec());
    seekable.set_position(6);
    SaveOptions::new().savez_to(&mut stream, members()).unwrap();
    SaveOptions::new()
        .savez_to_seekable(&mut seekable, members())
        .unwrap();
    for bytes in [stream, seekable.into_inner()] {
        let npz = LoadOptions::new().open_npz_in(bytes).unwrap();
        for (i, array) in arrays.iter().enumerate() {
            let back = npz.get(&format!("arr_{i}")).unwrap();
            assert_eq!(
                back.view::<i64>().unwrap().as_slice(),
                Some(array.as_slice())
            );
        }
    }
}

#[test]
fn slices_of_arrays_are_saved_in_c_order() {
    let array = load(folder().join("f8-le-2d-c.npy"))
        .unwrap()
        .into_array()
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    for index in [
        npload::s![..;-1, ..],
        npload::s![.., 1..;2],
        npload::s![0..0, ..],
    ] {
        let part = array.slice(index).unwrap();
        save(&path, &part).unwrap();
        let back = load(&path).unwrap().into_array().unwrap();
        assert_same("slice", &back, &part);
    }
}

#[test]
fn what_cannot_be_saved_is_refused_and_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npz");
    let err = savez(&path, [("a", [1_i32]), ("a", [2])]).unwrap_err();
    assert_eq!(
        (err.kind(), err.member()),
        (ErrorKind::Argument, Some("a.npy"))
    );
    let objects =
        Array::from_bytes(DType::Object, &[1], Order::C, Buffer::from(vec![0; 8])).unwrap();
    let err = save(&path, &objects).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::ObjectArray);
    let options = SaveOptions::new().compression(Compression::Deflate(10));
    let err = options.savez(&path, [("a", [1_i32])]).unwrap_err();
    assert_eq!(
        err.to_string(),
        "deflate has levels from 0 to 9, and not 10"
    );
    assert!(!path.exists());
}
