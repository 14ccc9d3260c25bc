//! `npload verify`.

use insta::assert_snapshot;

use crate::command::{anywhere, at_root, page, pages};

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

#[test]
fn what_is_odd_and_not_wrong_is_noted() {
    let dir = tempfile::tempdir().unwrap();
    at_root();
    let npy = std::fs::read("testdata/npy/f8-le-2d-c.npy").unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (longer, mangled) = (path("longer.npy"), path("mangled.npy"));
    std::fs::write(&longer, [&npy[..], &[0; 12]].concat()).unwrap();
    let crlf = npy.iter().flat_map(|&b| match b {
        b'\n' => vec![b'\r', b'\n'],
        b => vec![b],
    });
    std::fs::write(&mangled, crlf.collect::<Vec<u8>>()).unwrap();
    let text = pages(&[
        &["verify", &longer, &mangled],
        &["info", &mangled],
        &["verify", "testdata/npz/bytes-after-the-array.npz"],
    ]);
    assert_snapshot!(anywhere(&text, dir.path()));
}
