//! `npload pack`, `npload extract` and `npload align`.

use std::fs;

use insta::assert_snapshot;
use npload::{Compression, NewMember, SaveOptions};

use crate::folder::Folder;

/// An archive of members of these names, each with its name as its bytes.
fn archive(folder: &Folder, file: &str, names: &[&str]) {
    let members = names
        .iter()
        .map(|name| NewMember::bytes(*name, name.as_bytes()));
    SaveOptions::new()
        .savez_members(folder.at(file), members)
        .unwrap();
}

#[test]
fn files_become_members_and_members_files() {
    let folder = Folder::new();
    fs::copy("testdata/npy/f8-le-2d-c.npy", folder.at("a=b.npy")).unwrap();
    assert_snapshot!(folder.pages(&[
        &[
            "pack",
            "DIR/x.npz",
            "testdata/npy/f8-be-2d-f.npy",
            "o=testdata/npy/object.npy",
            "DIR/a=b.npy"
        ],
        &[
            "pack",
            "DIR/y.npz",
            "DIR/x.npz",
            "w=testdata/npz/savez.npz:x",
            "--compression",
            "deflate"
        ],
        &["info", "DIR/y.npz"],
        &["extract", "DIR/y.npz", "-C", "DIR/out", "o", "w"],
        &["extract", "DIR/y.npz", "-C", "DIR/out", "o", "a=b"],
        &["extract", "DIR/y.npz", "-C", "DIR/out", "q"],
        &[
            "extract",
            "--json",
            "--force",
            "DIR/y.npz",
            "-C",
            "DIR/out",
            "o"
        ],
        &["extract", "testdata/npy/object.npy"],
    ]));
    let same = |a: &str, b: &str| fs::read(a).unwrap() == fs::read(b).unwrap();
    assert!(same("testdata/npy/object.npy", &folder.arg("out/o.npy")));
    assert!(same(
        "testdata/npy/f8-le-2d-c.npy",
        &folder.arg("out/a=b.npy")
    ));
}

#[test]
fn what_cannot_be_packed_is_named_and_nothing_written() {
    let folder = Folder::new();
    folder.write("x.pkl", b"\x80\x02].");
    assert_snapshot!(folder.pages(&[
        &["pack", "DIR/x.npz"],
        &[
            "pack",
            "DIR/x.npz",
            "testdata/npy/object.npy",
            "testdata/npy/object.npy"
        ],
        &[
            "pack",
            "DIR/x.npz",
            "w=testdata/npz/savez.npz",
            "testdata/npy",
            "no.npy",
            "DIR/x.pkl"
        ],
        &["pack", "DIR/x.npz", "=testdata/npy/object.npy"],
        &[
            "pack",
            "DIR/x.npz",
            "testdata/malformed/data-one-byte-short.npy"
        ],
        &[
            "pack",
            "DIR/x.npz",
            "testdata/malformed/crc-deflated.npz",
            "--compression",
            "stored"
        ],
    ]));
    assert_eq!(folder.names(), ["x.pkl"]);
}

#[test]
fn no_member_leads_out_of_the_folder() {
    let folder = Folder::new();
    let names = [
        "../up.txt",
        "a/../../up.txt",
        "/tmp/npload-abs.txt",
        "ok/inner.txt",
        "a//b",
        "./c",
        "..",
        "ok.txt",
    ];
    archive(&folder, "x.npz", &names);
    let page = folder.page(&["extract", "DIR/x.npz", "-C", "DIR/out"]);
    assert_snapshot!(page);
    assert_eq!(folder.names(), ["out/ok.txt", "out/ok/inner.txt", "x.npz"]);
    assert!(!fs::exists("/tmp/npload-abs.txt").unwrap());
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    archive(
        &folder,
        "x.npz",
        &["link/a.txt", "file.txt", "dangling.txt"],
    );
    fs::create_dir_all(folder.at("out")).unwrap();
    fs::create_dir_all(folder.at("elsewhere")).unwrap();
    folder.write("target.txt", "mine");
    symlink(folder.at("elsewhere"), folder.at("out/link")).unwrap();
    symlink(folder.at("target.txt"), folder.at("out/file.txt")).unwrap();
    symlink(folder.at("new.txt"), folder.at("out/dangling.txt")).unwrap();
    assert_snapshot!(folder.page(&["extract", "--force", "DIR/x.npz", "-C", "DIR/out"]));
    assert_eq!(fs::read(folder.at("target.txt")).unwrap(), b"mine");
    assert!(!folder.at("new.txt").exists() && !folder.at("elsewhere/a.txt").exists());
}

#[test]
fn every_member_of_every_archive_is_extracted_as_it_is() {
    let folder = Folder::new();
    for entry in fs::read_dir("testdata/npz").unwrap() {
        let path = entry.unwrap().path();
        let Ok(npz) = npload::Npz::open(&path) else {
            continue;
        };
        let out = folder.at("out");
        let _ = fs::remove_dir_all(&out);
        folder.run(&["extract", path.to_str().unwrap(), "-C", "DIR/out"]);
        for (index, name) in npz.names().enumerate() {
            let is_last = npz.names().skip(index + 1).all(|other| other != name);
            let Ok(bytes) = fs::read(out.join(name)) else {
                continue;
            };
            let mut expected = Vec::new();
            let read = std::io::Read::read_to_end(&mut npz.stream(index).unwrap(), &mut expected);
            if is_last {
                read.unwrap();
                assert!(bytes == expected, "{}: {name}", path.display());
            }
        }
    }
}

#[test]
fn stored_arrays_are_moved_to_round_places() {
    let folder = Folder::new();
    SaveOptions::new()
        .align(1)
        .savez(
            folder.at("x.npz"),
            [("abc", vec![1_i32; 9]), ("d", vec![2])],
        )
        .unwrap();
    SaveOptions::new()
        .compression(Compression::DEFLATE)
        .savez(folder.at("deflated.npz"), [("a", vec![1_i32; 100])])
        .unwrap();
    fs::copy(folder.at("x.npz"), folder.at("was.npz")).unwrap();
    assert_snapshot!(folder.pages(&[
        &["align", "DIR/x.npz", "--to", "4096", "-o", "DIR/y.npz"],
        &["align", "DIR/x.npz", "DIR/deflated.npz", "no.npz"],
        &["align", "DIR/x.npz"],
        &["align", "--json", "DIR/x.npz", "--to", "128"],
        &["align", "DIR/x.npz", "--to", "3"],
        &["align", "DIR/x.npz", "DIR/y.npz", "-o", "DIR/z.npz"],
        &["diff", "DIR/was.npz", "DIR/y.npz"],
    ]));
    for (name, to) in [("x.npz", 128), ("y.npz", 4096)] {
        for array in folder.npz(name).peek() {
            assert_eq!(array.data_offset.unwrap() % to, 0);
        }
    }
}
