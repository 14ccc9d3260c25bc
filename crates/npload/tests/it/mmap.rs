//! Files as memory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use npload::{
    Array, DType, ErrorKind, LoadOptions, MmapMode, Order, Verify, Warning, load, open_memmap,
};

use crate::files::{all_files, testdata};

fn mapped(mode: MmapMode) -> LoadOptions {
    // SAFETY: the tests map copies of their own and test data that nobody writes.
    unsafe { LoadOptions::new().mmap_mode(mode) }
}

fn copy(name: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(Path::new(name).file_name().unwrap());
    std::fs::copy(testdata().join(name), &path).unwrap();
    (dir, path)
}

#[test]
fn every_array_maps_as_it_loads() {
    for path in all_files("npy") {
        let loaded = load(&path).and_then(npload::Loaded::into_array);
        for mode in [MmapMode::Read, MmapMode::CopyOnWrite] {
            match (
                mapped(mode)
                    .load(&path)
                    .and_then(npload::Loaded::into_array),
                &loaded,
            ) {
                (Ok(map), Ok(array)) => {
                    assert_eq!(map.to_bytes().unwrap(), array.to_bytes().unwrap());
                    assert_eq!((map.dtype(), map.shape()), (array.dtype(), array.shape()));
                    assert!(map.is_mapped() || map.nbytes() == 0, "{}", path.display());
                }
                (Err(map), Err(array)) => {
                    let objects = array.kind() == ErrorKind::ObjectArray;
                    assert_eq!(
                        map.kind() == ErrorKind::Mmap,
                        objects,
                        "{}: {map}",
                        path.display()
                    );
                }
                (map, array) => panic!("{}: {map:?} {array:?}", path.display()),
            }
        }
    }
}

#[test]
fn copy_on_write_leaves_the_file_and_read_write_reaches_it() {
    let (_dir, path) = copy("npy/f8-le-2d-c.npy");
    let before = std::fs::read(&path).unwrap();
    let mut array = mapped(MmapMode::CopyOnWrite)
        .load(&path)
        .unwrap()
        .into_array()
        .unwrap();
    array.bytes_mut().unwrap()[0] ^= 0xff;
    array.flush().unwrap();
    assert!(array.is_mapped());
    assert_eq!(std::fs::read(&path).unwrap(), before);

    let mut array = mapped(MmapMode::ReadWrite)
        .load(&path)
        .unwrap()
        .into_array()
        .unwrap();
    array.bytes_mut().unwrap()[0] ^= 0xff;
    array.flush().unwrap();
    let after = std::fs::read(&path).unwrap();
    assert_eq!(after[128], before[128] ^ 0xff);
    assert_eq!(
        (&after[..128], &after[129..]),
        (&before[..128], &before[129..])
    );

    let mut array = mapped(MmapMode::Read)
        .load(&path)
        .unwrap()
        .into_array()
        .unwrap();
    array.bytes_mut().unwrap()[0] = 1;
    assert!(
        !array.is_mapped(),
        "writing to a read-only mapping copies it"
    );
    assert_eq!(std::fs::read(&path).unwrap(), after);
}

#[test]
fn a_file_shorter_than_its_header_promises_is_refused_and_stays_as_it_is() {
    for mode in [MmapMode::Read, MmapMode::CopyOnWrite, MmapMode::ReadWrite] {
        let (_dir, path) = copy("malformed/data-one-byte-short.npy");
        let before = std::fs::read(&path).unwrap();
        let err = mapped(mode).load(&path).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Truncated, "{err}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[test]
fn stored_members_map_and_compressed_ones_load_with_a_warning() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let there = told.clone();
    let options = mapped(MmapMode::Read).on_warning(move |w| there.lock().unwrap().push(w.clone()));
    for file in ["npz/method-stored.npz", "npz/method-deflate.npz"] {
        let npz = options.open_npz(testdata().join(file)).unwrap();
        let plain = npload::Npz::open(testdata().join(file)).unwrap();
        for key in plain.keys() {
            let (map, array) = (npz.get(key).unwrap(), plain.get(key).unwrap());
            assert_eq!(map.to_bytes().unwrap(), array.to_bytes().unwrap());
            let stored = file.contains("stored");
            assert_eq!(map.is_mapped(), stored && map.nbytes() > 0, "{file} {key}");
            let warned = !told.lock().unwrap().is_empty();
            assert_eq!(warned, !stored);
        }
    }
    let member = |w: &Warning| match w {
        Warning::CompressedNotMapped { member } => member.clone(),
        other => panic!("{other}"),
    };
    assert!(
        told.lock()
            .unwrap()
            .iter()
            .map(member)
            .all(|name| name.ends_with(".npy"))
    );
}

#[test]
fn members_do_not_map_for_writing_and_nothing_maps_without_a_file() {
    let (_dir, path) = copy("npz/method-stored.npz");
    let before = std::fs::read(&path).unwrap();
    let err = mapped(MmapMode::ReadWrite).load(&path).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Mmap);
    assert!(err.message().contains("checksums"), "{err}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    for path in ["npy/f8-le-2d-c.npy", "npz/method-stored.npz"] {
        let bytes = std::fs::read(testdata().join(path)).unwrap();
        let err = mapped(MmapMode::Read).load_bytes(&bytes).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Mmap, "{err}");
    }
}

#[test]
fn verify_always_checks_what_is_mapped() {
    let path = testdata().join("malformed/crc-stored-data-flipped.npz");
    let trusting = mapped(MmapMode::Read).open_npz(&path).unwrap();
    assert!(trusting.get("a").unwrap().is_mapped());
    let careful = mapped(MmapMode::Read)
        .verify(Verify::Always)
        .open_npz(&path)
        .unwrap();
    assert_eq!(careful.get("a").unwrap_err().kind(), ErrorKind::Checksum);
}

#[test]
fn open_memmap_creates_a_file_that_loads_and_keeps_the_old_one_until_then() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new.npy");
    std::fs::write(&path, b"precious").unwrap();
    let create = |dtype: &str, shape: &[usize], order| -> npload::Result<Array> {
        // SAFETY: a file of the test's own.
        unsafe { open_memmap(&path, &DType::parse(dtype)?, shape, order) }
    };
    for refused in [
        create("O", &[3], Order::C),
        create("<f8", &[1 << 62, 2], Order::C),
    ] {
        assert!(matches!(
            refused.unwrap_err().kind(),
            ErrorKind::Mmap | ErrorKind::Shape
        ));
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    }
    let mut array = create(">i2", &[2, 3], Order::F).unwrap();
    array
        .bytes_mut()
        .unwrap()
        .copy_from_slice(&[0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6]);
    array.flush().unwrap();
    drop(array);
    let back = load(&path).unwrap().into_array().unwrap();
    assert_eq!(back.to_string(), "[[1 3 5]\n [2 4 6]]");
    assert_eq!(back.order(), Some(Order::F));
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        1,
        "no file is left beside it"
    );
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_file_too_large_to_map_leaves_the_old_one() {
    let (dir, path) = copy("npy/f8-le-2d-c.npy");
    let before = std::fs::read(&path).unwrap();
    // 2**48 bytes are more than a process can map, and a sparse file may be allowed to have.
    let dtype = DType::parse("<f8").unwrap();
    // SAFETY: a file of this test's own.
    let made = unsafe { open_memmap(&path, &dtype, &[1 << 45], Order::C) };
    let kind = made.unwrap_err().kind();
    assert!([ErrorKind::OutOfMemory, ErrorKind::Io].contains(&kind));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn threads_may_create_the_same_file_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new.npy");
    let dtype = DType::parse("<f8").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    // SAFETY: nobody looks at the bytes of these files.
                    unsafe { open_memmap(&path, &dtype, &[3], Order::C) }.unwrap();
                }
            });
        }
    });
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
#[cfg(unix)]
fn open_memmap_through_a_link_replaces_what_it_leads_to() {
    let (dir, target) = copy("npy/f8-le-2d-c.npy");
    let link = dir.path().join("link.npy");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let dtype = DType::parse("<f8").unwrap();
    // SAFETY: a file of this test's own.
    unsafe { open_memmap(&link, &dtype, &[7], Order::C) }.unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let array = load(&target).unwrap().into_array().unwrap();
    assert_eq!(array.shape(), [7]);
}

#[cfg(unix)]
#[test]
fn open_memmap_keeps_the_permissions_of_the_file_that_it_replaces() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    std::fs::write(&path, b"old").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    // SAFETY: a file of the test's own.
    unsafe { open_memmap(&path, &DType::parse("<f8").unwrap(), &[3], Order::C).unwrap() };
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}
