//! `npload stats`.

use insta::assert_snapshot;
use npload_cli::Exit;

use crate::command::{npload, npy, page, pages};

#[test]
fn every_array_and_field_is_a_row() {
    assert_snapshot!(pages(&[
        &["stats", "testdata/npz/savez.npz"],
        &["stats", "testdata/npz/savez.npz:x"],
        &["stats", "testdata/npz/savez-object.npz"],
        &["stats", "testdata/npz/raw-members.npz"],
        &["stats", "testdata/npz/empty-archive.npz"],
        &["stats", "testdata/npy/f8-be-2d-f.npy"],
        &["stats", "testdata/npy/f8-le-2d-c.npy", "1:, 0"],
        &["stats", "testdata/npy/struct-comma-string-subarrays.npy"],
        &[
            "stats",
            "testdata/npy/struct-comma-string-subarrays.npy",
            "['f0']"
        ],
    ]));
}

#[test]
fn along_an_axis_results_are_arrays() {
    assert_snapshot!(pages(&[
        &["stats", "testdata/npy/f8-le-2d-c.npy", "--axis", "0"],
        &["stats", "testdata/npy/f8-be-2d-f.npy", "--axis", "-1"],
        &["stats", "testdata/npz/savez.npz:x", "--axis", "0"],
    ]));
}

#[test]
fn json_has_every_digit() {
    assert_snapshot!(pages(&[
        &["stats", "--json", "testdata/npy/f8-le-2d-c.npy"],
        &["stats", "--json", "testdata/npz/savez.npz:x"],
        &["stats", "--json", "testdata/npz/savez.npz:y", "--axis", "0"],
    ]));
}

#[test]
fn errors_say_what_to_do_next() {
    assert_snapshot!(pages(&[
        &["stats", "no-such-file.npy"],
        &["stats", "testdata/malformed/data-missing.npy"],
        &["stats", "testdata/malformed/object-O.npy"],
        &["stats", "testdata/malformed/crc-stored.npz"],
        &["stats", "testdata/npz/savez.npz:z"],
        &["stats", "testdata/npz/savez.npz", "0"],
        &["stats", "testdata/npz/savez.npz:x", "9"],
        &["stats", "testdata/npy/f8-le-2d-c.npy", "--axis", "2"],
        &["stats", "testdata/npy/f8-le-2d-c.npy:x"],
        &["stats", "testdata/npz/raw-members.npz:one", "0"],
        &[
            "stats",
            "--json",
            "testdata/npy/f8-le-2d-c.npy",
            "--axis",
            "-3"
        ],
    ]));
}

#[test]
fn help_tells_what_becomes_of_nan() {
    assert_snapshot!(page(&["stats", "--help"]));
}

#[test]
fn more_results_than_memory_should_hold_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.npy");
    let dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 20000000), }";
    let bytes = npy(dict, b"");
    std::fs::write(&path, &bytes).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    if file.set_len(bytes.len() as u64 + 240_000_000).is_err() {
        return; // A file system without sparse files.
    }
    let path = path.to_str().unwrap();
    let ran = npload(&["stats", path, "--axis", "0"]);
    assert_eq!(ran.exit, Exit::Wrong);
    assert!(ran.err.contains("20,000,000 results"), "{}", ran.err);
    let ran = npload(&["stats", path, ":, :20000", "--axis", "0", "--json"]);
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Success, ""));
    let ran = npload(&["stats", path, "--axis", "1"]);
    assert!(ran.out.contains("std:\n[0. 0. 0.]"), "{}", ran.out);
}
