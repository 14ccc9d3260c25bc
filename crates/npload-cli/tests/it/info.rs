//! `npload info`.

use std::io::Write;

use insta::assert_snapshot;
use npload_cli::Exit;

use crate::command::{anywhere, npload, page, pages};

#[test]
fn an_archive_is_a_table_under_its_totals() {
    assert_snapshot!(page(&["info", "testdata/npz/savez.npz"]));
}

#[test]
fn npy_files_share_a_table_and_everything_is_summed_up() {
    assert_snapshot!(page(&[
        "info",
        "testdata/npy/f8-le-2d-c.npy",
        "testdata/npy/f8-be-2d-f.npy",
        "testdata/npz/method-each-in-one.npz",
        "testdata/npy/struct-mixed.npy",
        "testdata/npy/struct-comma-string.npy",
    ]));
}

#[test]
fn members_that_are_no_arrays_or_damaged_are_rows_among_the_others() {
    assert_snapshot!(pages(&[
        &["info", "testdata/npz/raw-members.npz"],
        &["info", "testdata/npz/malformed-members.npz"],
        &["info", "testdata/npz/savez-object.npz"],
        &["info", "testdata/npz/empty-archive.npz"],
        &["info", "testdata/malformed/member-encrypted.npz"],
    ]));
}

#[test]
fn a_longer_header_is_read_when_it_is_allowed() {
    let file = "testdata/malformed/header-10001-characters.npy";
    assert_eq!(npload(&["info", file]).exit, Exit::Wrong);
    let allowed = npload(&["info", file, "--max-header-size", "20000"]);
    assert_eq!((allowed.exit, allowed.err.as_str()), (Exit::Success, ""));
}

#[test]
fn every_test_file_gets_an_answer() {
    crate::command::at_root();
    for folder in ["npy", "npz", "malformed"] {
        for entry in std::fs::read_dir(format!("testdata/{folder}")).unwrap() {
            let path = entry.unwrap().path();
            let path = path.to_str().unwrap();
            for command in ["info", "show", "verify"] {
                for json in [false, true] {
                    let args = [command, path, "--json"];
                    let ran = npload(&args[..if json { 3 } else { 2 }]);
                    let told = ran.out.len() + ran.err.len();
                    assert!(told > 0 || folder == "npz", "{path}: nothing was said");
                    assert_eq!(ran.err.is_empty(), ran.exit == Exit::Success, "{path}");
                    let safe = |c: char| c == '\n' || c == '\t' || !c.is_control();
                    assert!(ran.out.chars().chain(ran.err.chars()).all(safe), "{path}");
                    for line in ran.err.lines() {
                        assert!(line.starts_with("npload: "), "{line}");
                    }
                }
            }
        }
    }
}

#[test]
fn hostile_names_reach_no_terminal_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    let dict = "{'descr': [('a\\x1b[2Jb\\u202e', '<i4')], 'fortran_order': False, 'shape': (1,), }";
    let mut bytes = b"\x93NUMPY\x03\x00".to_vec();
    bytes.extend_from_slice(&u32::try_from(dict.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(dict.as_bytes());
    bytes.extend_from_slice(&[1, 0, 0, 0]);
    std::fs::File::create(&path)
        .unwrap()
        .write_all(&bytes)
        .unwrap();
    let path = path.to_str().unwrap();
    for args in [
        &["info", path][..],
        &["show", path, "'x\x1b'"],
        &["show", path, "--repr"],
    ] {
        let ran = npload(args);
        let all = ran.out + &ran.err;
        assert!(!all.contains(['\x1b', '\u{202e}']), "{all:?}");
        assert!(all.contains("\\x1b[2J") && !all.contains("u{1b}"), "{all}");
    }
}

#[test]
fn files_that_end_too_soon_are_told_and_still_described() {
    let dir = tempfile::tempdir().unwrap();
    crate::command::at_root();
    let npy = std::fs::read("testdata/npy/f8-le-2d-c.npy").unwrap();
    let npz = std::fs::read("testdata/npz/savez.npz").unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (cut_npy, cut_npz) = (path("x.npy"), path("x.npz"));
    std::fs::write(&cut_npy, &npy[..npy.len() - 24]).unwrap();
    std::fs::write(&cut_npz, &npz[..300]).unwrap();
    let text = pages(&[
        &["info", &cut_npy],
        &["verify", &cut_npy, &cut_npz],
        &["info", "testdata/npz/truncated-array.npz"],
        &["info", &cut_npz],
    ]);
    assert_snapshot!(anywhere(&text, dir.path()));
    let ran = npload(&["info", &cut_npy, "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let array = &answer["files"][0]["arrays"][0];
    assert_eq!(
        (&array["kind"], &array["error"]["kind"]),
        (&"array".into(), &"Truncated".into())
    );
    assert_eq!(
        (ran.exit, &array["dtype"]),
        (Exit::Wrong, &"float64".into())
    );
}
