//! `npload disasm`.

use std::fs;

use insta::assert_snapshot;
use npload_cli::Exit;

use crate::command::{anywhere, npload, npy, pages};

#[test]
fn opcodes_are_listed_to_where_they_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let objects = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }";
    fs::write(path("x.pkl"), b"\x80\x02(K\x01K\x02tq\x00.").unwrap();
    fs::write(path("two.pkl"), b"N.\x80\x02\x88.").unwrap();
    fs::write(path("cut.pkl"), b"\x80\x04]\x94X\xff\0\0\0a").unwrap();
    fs::write(path("escape.pkl"), b"\x8c\x05\x1b[31m.").unwrap();
    fs::write(path("o.npy"), npy(objects, b"]Na.")).unwrap();
    let text = pages(&[
        &["disasm", &path("x.pkl")],
        &["disasm", &path("two.pkl")],
        &["disasm", &path("cut.pkl")],
        &["disasm", &path("escape.pkl")],
        &["disasm", &path("o.npy")],
        &["disasm", "--json", &path("cut.pkl")],
        &["disasm", "testdata/npz/savez-object.npz"],
        &["disasm", "testdata/npz/savez-object.npz:nope"],
        &["disasm", "testdata/npy/f8-le-2d-c.npy"],
        &["disasm", &path("missing.pkl")],
        &["disasm", &path("x.pkl"), "--max-size", "3"],
        &["disasm", &path("two.pkl"), "--max-size", "4"],
        &["disasm", "--json", &path("two.pkl"), "--max-size", "4"],
    ]);
    assert_snapshot!(anywhere(&text, dir.path()));
}

#[test]
fn members_are_listed_by_key_or_name() {
    for place in ["o", "o.npy"] {
        let place = format!("testdata/npz/savez-object.npz:{place}");
        let ran = npload(&["disasm", &place]);
        assert_eq!((ran.exit, ran.err.as_str()), (Exit::Success, ""));
        assert!(
            ran.out.contains("STACK_GLOBAL") || ran.out.contains("GLOBAL"),
            "{}",
            ran.out
        );
        assert!(
            ran.out
                .ends_with(&format!("highest protocol among opcodes = {}\n", 4)),
            "{}",
            ran.out
        );
    }
}
