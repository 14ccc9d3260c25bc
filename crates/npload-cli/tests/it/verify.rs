//! `npload verify`.

use insta::assert_snapshot;

use crate::command::{anywhere, at_root, npload, page, pages};

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

#[test]
fn what_follows_a_pickle_is_noted_and_not_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let write = |name: &str, parts: &[&[u8]]| std::fs::write(path(name), parts.concat()).unwrap();
    at_root();
    let objects = std::fs::read("testdata/npy/object.npy").unwrap();
    let pickle = b"\x80\x02X\xe8\x03\0\0";
    let text = [b'a'; 1000];
    write("tail.npy", &[&objects, b"tail"]);
    write("tail.pkl", &[pickle, &text, b"q\x00.", b"t"]);
    write("whole.pkl", &[pickle, &text, b"."]);
    write("lines.pkl", &[b"(S'a'\nI1\ncos\nsystem\nt.", b"\n\n"]);
    let text = pages(&[
        &["verify", "testdata/npy/object.npy", &path("tail.npy")],
        &[
            "verify",
            &path("tail.pkl"),
            &path("whole.pkl"),
            &path("lines.pkl"),
        ],
    ]);
    assert_snapshot!(anywhere(&text, dir.path()));
}

#[test]
fn json_says_that_pickles_in_an_archive_were_read() {
    for (file, pickle) in [("savez-object", true), ("savez", false)] {
        let ran = npload(&["verify", "--json", &format!("testdata/npz/{file}.npz")]);
        let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        let checked = document["files"][0]["checked"].as_array().unwrap();
        assert_eq!(checked.contains(&"pickle".into()), pickle, "{document}");
    }
}

#[test]
fn json_has_the_notes() {
    let ran = npload(&["verify", "--json", "testdata/npz/bytes-after-the-array.npz"]);
    let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let notes = document["files"][0]["notes"].as_array().unwrap();
    let note = notes[0].as_str().unwrap();
    assert!(note.ends_with("follow the array"), "{document}");
}

#[test]
fn strings_of_python_2_are_not_decoded_and_limits_name_no_option() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("py2.pkl"), b"U\x03\xe4\xff\0.").unwrap();
    std::fs::write(
        path("deep.pkl"),
        [&b"]".repeat(10_002)[..], &b"a".repeat(10_001), b"."].concat(),
    )
    .unwrap();
    let (py2, deep) = (path("py2.pkl"), path("deep.pkl"));
    let text = pages(&[
        &["verify", &py2],
        &["show", &py2],
        &["show", "--encoding", "latin1", &py2],
        &["show", &py2, "--encoding=bytes"],
        &["show", &py2, "--encoding=utf-8"],
        &["verify", &deep],
        &["scan", &deep],
    ]);
    assert_snapshot!(anywhere(&text, dir.path()));
}
