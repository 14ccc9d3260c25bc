//! `npload show`.

use insta::assert_snapshot;
use npload_cli::Exit;

use crate::command::{anywhere, npload, npy, page, pages, zip_of_nothing};
use crate::scan::zip;

#[test]
fn an_archive_shows_every_array_under_its_key() {
    assert_snapshot!(pages(&[
        &["show", "testdata/npz/savez.npz"],
        &["show", "testdata/npz/raw-members.npz"],
        &["show", "testdata/npz/savez-object.npz"],
        &["show", "testdata/npz/names-duplicate.npz"],
        &["show", "testdata/npz/names-duplicate-raw-and-npy.npz"],
        &["show", "testdata/npz/empty-archive.npz"],
    ]));
}

#[test]
fn keys_and_slices_choose_what_is_shown() {
    assert_snapshot!(pages(&[
        &["show", "testdata/npz/savez.npz:x"],
        &["show", "testdata/npz/savez.npz:x.npy", "-1"],
        &["show", "testdata/npz/savez.npz:y", "::-1, 0"],
        &["show", "testdata/npz/savez.npz:y", "[1][None, :]"],
        &["show", "testdata/npz/names-slashes.npz:group/a"],
        &["show", "testdata/npz/raw-members.npz:one"],
        &["show", "testdata/npz/names-duplicate-raw-and-npy.npz:a"],
        &["show", "testdata/npz/names-duplicate-raw-and-npy.npz:a.npy"],
        &["show", "testdata/npz/names-duplicate-npy-and-raw.npz:a"],
    ]));
}

#[test]
fn a_part_may_stand_right_behind_the_array() {
    let file = "testdata/npy/f8-le-2d-c.npy";
    for (joined, place, part) in [
        (
            "testdata/npz/savez.npz:x[1:]",
            "testdata/npz/savez.npz:x",
            "1:",
        ),
        (
            "testdata/npz/savez.npz:y[1][None, :]",
            "testdata/npz/savez.npz:y",
            "[1][None, :]",
        ),
        (
            "testdata/npy/f8-le-2d-c.npy[0, ..., :2]",
            file,
            "0, ..., :2",
        ),
        (
            "testdata/npy/struct-comma-string-subarrays.npy['f0'][0]",
            "testdata/npy/struct-comma-string-subarrays.npy",
            "['f0'][0]",
        ),
    ] {
        for command in ["show", "stats"] {
            let (ours, theirs) = (npload(&[command, joined]), npload(&[command, place, part]));
            assert_eq!((ours.exit, ours.out), (theirs.exit, theirs.out), "{joined}");
        }
    }
    // What is there by that whole name is meant; a part twice, and one of nothing, is refused.
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("x[0].npz");
    std::fs::copy("testdata/npz/savez.npz", &named).unwrap();
    let named = named.to_str().unwrap();
    assert_eq!(npload(&["show", named]).exit, Exit::Success);
    assert_eq!(npload(&["show", &format!("{named}:x[1]")]).out, "1\n");
    for refused in [
        &["show", "testdata/npz/savez.npz:x[1]", "1"][..],
        &["show", "testdata/npz/savez.npz:no[1]"],
        &["show", "testdata/npz/savez.npz:x[1"],
        &["show", "testdata/npz/none.npz[1]"],
    ] {
        assert_ne!(npload(refused).exit, Exit::Success, "{refused:?}");
    }
}

#[test]
fn fields_are_chosen_as_in_python() {
    let file = "testdata/npy/struct-comma-string-subarrays.npy";
    assert_snapshot!(pages(&[
        &["show", file],
        &["show", file, "'f1'"],
        &["show", file, "['f0'][0, ::-1]"],
        &["show", file, "[0]['f2']"],
        &["show", file, "[0]['f1']"],
        &["show", file, "[0]"],
        &["show", file, "[0][1]"],
        &["show", file, "[0][-3][1]"],
        &["show", file, "[0][9]"],
        &["show", file, "[0:1][0][None, 0]"],
        &["show", file, "['nothing']"],
    ]));
}

#[test]
fn numpys_print_options_are_obeyed() {
    let file = "testdata/npy/f8-le-2d-c.npy";
    assert_snapshot!(pages(&[
        &["show", file, "--precision", "3"],
        &["show", file, "--suppress"],
        &["show", file, "--threshold", "2", "--edgeitems", "1"],
        &["show", file, "--linewidth", "20"],
        &["show", file, "--repr", ":1"],
        &["show", file, "--threshold", "2", "--edgeitems", "0"],
        &["show", file, "--threshold", "2", "--edgeitems", "0", "::-1"],
        &[
            "show",
            "testdata/npy/f8-be-2d-f.npy",
            "--threshold",
            "2",
            "--edgeitems",
            "0"
        ],
        &[
            "show",
            "testdata/npy/f8-be-2d-f.npy",
            "--threshold",
            "2",
            "--edgeitems",
            "0",
            ":, ::-1"
        ],
    ]));
}

#[test]
fn errors_say_what_to_do_next() {
    let npz = "testdata/npz/savez.npz";
    assert_snapshot!(pages(&[
        &["show", "no-such-file.npy"],
        &["show", "no-such-file.npz:key"],
        &["show", "testdata"],
        &["show", "testdata/npy/f8-le-2d-c.npy/x.npy"],
        &["show", "testdata/malformed/0-bytes.npy"],
        &["show", "testdata/malformed/5-bytes.npy"],
        &["show", "testdata/malformed/format-gzip.npy"],
        &["show", "testdata/malformed/format-git-lfs.npz"],
        &["show", "testdata/malformed/pickle.npy"],
        &["show", "testdata/malformed/object-O.npy"],
        &["show", "testdata/malformed/data-missing.npy"],
        &[
            "show",
            "testdata/malformed/header-12000-characters-not-a-literal.npy"
        ],
        &["show", "testdata/malformed/zip-junk.npz"],
        &["show", "testdata/npz/many-members.npz:K17"],
        &["show", "testdata/npz/savez.npz:z"],
        &["show", "testdata/npz/empty-archive.npz:z"],
        &["show", npz, "0"],
        &["show", "testdata/npz/savez.npz:x", "3"],
        &["show", "testdata/npz/savez.npz:x", "0, 0"],
        &["show", "testdata/npy/f8-le-2d-c.npy:x"],
        &["show", "testdata/npy/f8-le-2d-c.npy", "x"],
        &["show", "testdata/npy/f8-le-2d-c.npy", "1.5"],
        &["show", "testdata/npy/f8-le-2d-c.npy", "::0"],
        &["show", "testdata/npy/f8-le-2d-c.npy", "['x']"],
        &["show", "testdata/npz/raw-members.npz:one", "0"],
    ]));
}

#[test]
fn what_is_no_file_can_be_shown_too() {
    if !cfg!(unix) {
        return;
    }
    let ran = npload(&["show", "/dev/null"]);
    assert_eq!((ran.out.as_str(), ran.exit), ("", Exit::Wrong));
    assert_snapshot!(ran.err, @"npload: /dev/null: the file is empty; it was probably not written to its end");
}

#[test]
fn a_file_of_40_gigabytes_is_shown_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.npy");
    let dict = "{'descr': '<f4', 'fortran_order': True, 'shape': (100000, 100000), }";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&u16::try_from(dict.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(dict.as_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    if file.set_len(bytes.len() as u64 + 40_000_000_000).is_err() {
        return; // A file system without sparse files.
    }
    let path = path.to_str().unwrap();
    for slice in ["...", "::-3, 5:", "[10000:90000][:, None]", "-1"] {
        let ran = npload(&["show", path, slice]);
        assert_eq!((ran.exit, ran.err.as_str()), (Exit::Success, ""), "{slice}");
        assert!(ran.out.contains("..."), "{slice}: {}", ran.out);
    }
    assert_eq!(npload(&["show", path, "-1, -1"]).out, "0.0\n");
}

#[test]
fn help_names_everything() {
    assert_snapshot!(page(&["show", "--help"]));
}

#[test]
fn what_is_listed_for_no_bytes_is_refused_in_every_form() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    let name = path.to_str().unwrap();
    for (descr, shape) in [
        ("[('a', '<f4', (1000000000, 0))]", "(1,)"),
        ("[('a', '<f4', (1000000000, 0))]", "()"),
        (
            "[('a', [('b', '<f4', (1000, 1000, 1000, 0))], (7,))]",
            "(3,)",
        ),
        ("|S0", "(1000000000000,)"),
    ] {
        let descr = if descr.starts_with('|') {
            format!("'{descr}'")
        } else {
            descr.to_owned()
        };
        let dict = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
        std::fs::write(&path, npy(&dict, b"")).unwrap();
        for args in [
            &["--threshold", "99999999999999999"][..],
            &["--threshold", "99999999999999999", "--repr"],
            &["--json"],
        ] {
            let ran = npload(&[&["show", name], args].concat());
            assert_eq!(ran.exit, Exit::Wrong, "{descr} {shape} {args:?}");
            assert!(ran.err.contains("are too many to list"), "{}", ran.err);
        }
    }
}

#[test]
fn a_slice_or_a_place_may_begin_with_a_minus() {
    let file = "testdata/npy/f8-le-2d-c.npy";
    assert_snapshot!(pages(&[
        &["show", file, "-1:", "--precision", "3"],
        &["show", "--threshold", "2", file, "-1"],
        &["show", "-:a", "-1", "--precision", "-1"],
        &["show", "-1.npy"],
        &["info", "--", "-1.npy"],
        &["show", file, "-x"],
    ]));
}

#[test]
fn archives_of_other_kinds_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for (name, members) in [
        ("x.pt", &["archive/data.pkl", "archive/version"][..]),
        ("x.docx", &["[Content_Types].xml", "word/document.xml"]),
        ("x.zip", &["readme.txt"]),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, zip_of_nothing(members)).unwrap();
        let path = path.to_str().unwrap();
        text += &pages(&[&["info", path], &["show", path]]);
        text.push('\n');
    }
    assert_snapshot!(anywhere(&text, dir.path()));
}

#[test]
fn python_objects_are_shown_as_data() {
    assert_snapshot!(pages(&[
        &["show", "testdata/npy/object.npy"],
        &["show", "--repr", "testdata/npy/object-struct.npy"],
        &["show", "testdata/npy/object-0d.npy"],
        &["show", "testdata/npz/savez-object.npz:o"],
        &["show", "testdata/malformed/pickle.npy"],
        &["show", "testdata/malformed/pickle.npy", "0"],
        &["show", "testdata/malformed/pickle.npy:key"],
        &["show", "testdata/npy/object.npy", "0"],
        &[
            "info",
            "testdata/npy/object.npy",
            "testdata/malformed/pickle.npy"
        ],
        &[
            "verify",
            "testdata/npy/object.npy",
            "testdata/malformed/pickle.npy",
            "testdata/malformed/object-O.npy",
            "testdata/npz/savez-object.npz"
        ],
        &["show", "--json", "testdata/npy/object.npy"],
        &["info", "--json", "testdata/malformed/pickle.npy"],
    ]));
}

#[test]
fn objects_of_all_kinds_are_json() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.pkl");
    let complex = b"\x80\x02}(X\x01\x00\x00\x00zK\x01X\x01\x00\x00\x00a(NFnan\nC\x02a\xff\x88tX\x01\x00\x00\x00k}K\x01K\x02sX\x01\x00\x00\x00ccos\nsystem\n(X\x02\x00\x00\x00lstRX\x01\x00\x00\x00l]q\x00h\x00au.";
    std::fs::write(&path, complex).unwrap();
    let page = pages(&[&["show", path.to_str().unwrap()]]);
    let json = npload(&["show", "--json", path.to_str().unwrap()]).out;
    let json: String = json.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(json.len() < 20_000, "{json}");
    assert!(
        json.contains(
            "\"z\": 1, \"a\": [null, \"NaN\", \"aÿ\", true], \"k\": [[1, 2]], \"c\": \
             \"os.system('ls')\", \"l\": [[["
        ),
        "{json}"
    );
    assert!(page.contains("'c': os.system('ls'), 'l': [...]}"), "{page}");
    // A billion laughs.
    let laughs = [&b"\x80\x02]"[..], &b"2\x86".repeat(60), b"."].concat();
    std::fs::write(&path, laughs).unwrap();
    let ran = npload(&["show", "--json", path.to_str().unwrap()]);
    assert_eq!(ran.exit, Exit::Success);
    assert!(ran.out.len() < 50 << 20);
}

#[test]
fn a_pickle_in_an_archive_is_shown_by_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let torch = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(U\x010QK\x00tR.";
    let members: [(&str, &[u8]); 4] = [
        ("archive/data.pkl", torch),
        ("old", b"(lp0\nI1\na."),
        ("cut.pkl", b"\x80\x02]"),
        ("version", b"3\n"),
    ];
    std::fs::write(path("m.pt"), zip(&members)).unwrap();
    let place = |name: &str| path("m.pt") + ":" + name;
    let text = pages(&[
        &["show", &path("m.pt")],
        &["show", &place("archive/data.pkl")],
        &["show", &place("archive/data.pkl"), "0"],
        &["show", &place("old")],
        &["show", &place("cut.pkl")],
        &["show", &place("version")],
    ]);
    assert_snapshot!(anywhere(&text, dir.path()));
    let ran = npload(&["show", "--json", &place("old")]);
    let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let shown = &document["arrays"][0];
    assert_eq!(shown["key"], "old");
    assert_eq!(shown["data"], serde_json::json!([1]));
}
