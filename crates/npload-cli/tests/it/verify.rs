//! `npload verify`.

use insta::assert_snapshot;

use crate::command::{page, pages};

#[test]
fn what_was_checked_is_said() {
    assert_snapshot!(pages(&[
        &[
            "verify",
            "testdata/npz/savez.npz",
            "testdata/npy/f8-le-2d-c.npy"
        ],
        &[
            "verify",
            "testdata/npz/savez-object.npz",
            "testdata/npz/empty-archive.npz"
        ],
        &["verify", "--quiet", "testdata/npz/savez.npz"],
        &["verify", "testdata/malformed/object-O.npy"],
    ]));
}

#[test]
fn every_failure_names_its_place() {
    assert_snapshot!(page(&[
        "verify",
        "testdata/npz/savez.npz",
        "testdata/malformed/crc-stored.npz",
        "testdata/malformed/crc-deflated.npz",
        "testdata/malformed/crc-raw-member.npz",
        "testdata/malformed/deflate-cut.npz",
        "testdata/malformed/lie-stored-size-larger.npz",
        "testdata/malformed/overlap-listed-twice.npz",
        "testdata/malformed/name-differs.npz",
        "testdata/malformed/method-9.npz",
        "testdata/malformed/data-one-byte-short.npy",
        "testdata/npz/truncated-array.npz",
        "no-such-file.npy",
    ]));
}

#[test]
fn quiet_leaves_only_failures() {
    assert_snapshot!(page(&[
        "verify",
        "-q",
        "testdata/npz/savez.npz",
        "testdata/malformed/crc-stored.npz",
    ]));
}
