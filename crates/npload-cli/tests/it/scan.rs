//! `npload scan`.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use npload_cli::Exit;
use serde_json::Value;

use crate::command::{Ran, anywhere, npload, npy, page};

const EVIL: &[u8] = b"cos\nsystem\n(S'touch canary'\ntR.";
const OBJECTS: &str = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }";
const NUMBERS: &str = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }";

/// A zip file with stored members.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let offset = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let len = u32::try_from(data.len()).unwrap().to_le_bytes();
        let crc = crc32(data).to_le_bytes();
        let name_len = u16::try_from(name.len()).unwrap().to_le_bytes();
        let common = [&[20, 0][..], &[0; 8], &crc, &len, &len, &name_len, &[0; 2]].concat();
        bytes.extend([&b"PK\x03\x04"[..], &common, name.as_bytes(), data].concat());
        directory.extend(
            [
                &b"PK\x01\x02\x14\0"[..],
                &common,
                &[0; 10],
                &offset,
                name.as_bytes(),
            ]
            .concat(),
        );
    }
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    let start = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    let end = [
        &b"PK\x05\x06\0\0\0\0"[..],
        &count,
        &count,
        &size,
        &start,
        &[0; 2],
    ]
    .concat();
    [bytes, directory, end].concat()
}

/// CRC-32, bit by bit.
fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32, _| {
        if crc & 1 == 1 {
            crc >> 1 ^ 0xEDB8_8320
        } else {
            crc >> 1
        }
    };
    !data
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dir
}

fn scanned(dir: &Path, args: &[&str]) -> (Ran, Value) {
    let all = [&["scan", "--json", dir.to_str().unwrap()], args].concat();
    let ran = npload(&all);
    let document = serde_json::from_str(&ran.out).unwrap();
    (ran, document)
}

fn verdict(bytes: &[u8], args: &[&str]) -> (String, Value) {
    let dir = folder(&[("x", bytes)]);
    let (_, document) = scanned(dir.path(), args);
    (document["verdict"].as_str().unwrap().to_owned(), document)
}

#[test]
fn a_folder_is_looked_at_file_by_file() {
    let array = npy(NUMBERS, &[1, 2, 3]);
    let objects = npy(OBJECTS, b"]K\x01a.");
    let bare = zip(&[
        ("a.npy", &array),
        ("o.npy", &npy(OBJECTS, EVIL)),
        ("note\x1b.txt", b"hi"),
    ]);
    let dir = folder(&[
        ("README", b"Nothing of interest.\n"),
        ("array.npy", &array),
        ("behind.npy", &[&array[..], EVIL].concat()),
        ("deep/er/evil.txt", EVIL),
        ("empty", b""),
        ("members.npz", &bare),
        ("model.pkl", b"\x80\x02csklearn.svm\nSVC\n)\x81}b."),
        ("objects.npy", &objects),
        ("two.pkl", &[b"N.", EVIL].concat()),
        ("trailing.pkl", b"N.\xde\xad"),
        ("unclear.bin", b"\xde\xad\xbe\xef\xde\xad\xbe\xef"),
    ]);
    let path = dir.path().to_str().unwrap();
    let text = [page(&["scan", path]), page(&["scan", "-q", path])].join("\n");
    assert_snapshot!(anywhere(&text, dir.path()));
}

#[test]
fn json_has_every_finding_with_its_place() {
    let dir = folder(&[("x.npz", &zip(&[("a.pkl", EVIL)]))]);
    let (ran, document) = scanned(dir.path(), &[]);
    assert_eq!(ran.exit, Exit::Wrong);
    let part = &document["files"][0]["parts"][0];
    assert_eq!(part["inside"], serde_json::json!(["a.pkl"]));
    let call = serde_json::json!({
        "offset": 29, "opcode": "REDUCE", "use": "call", "name": "os.system",
        "global": "os.system", "verdict": "dangerous", "count": 1,
    });
    assert_eq!(part["findings"][1], call);
}

#[test]
fn exit_codes_are_for_scripts() {
    let dir = folder(&[
        ("safe.pkl", b"N."),
        ("evil.pkl", EVIL),
        ("unknown.pkl", b"cx\ny\n."),
    ]);
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for (args, exit) in [
        (&["scan", &file("safe.pkl")][..], Exit::Success),
        (&["scan", &file("evil.pkl")], Exit::Wrong),
        (&["scan", &file("unknown.pkl")], Exit::Wrong),
        (
            &["scan", &file("unknown.pkl"), "--allow", "x.y"],
            Exit::Success,
        ),
        (
            &["scan", &file("evil.pkl"), "--allow", "os.system"],
            Exit::Wrong,
        ),
        (&["scan", &file("missing.pkl")], Exit::Wrong),
        (&["scan"], Exit::Usage),
        (&["scan", &file("safe.pkl"), "--max-size", "x"], Exit::Usage),
    ] {
        assert_eq!(npload(args).exit, exit, "{args:?}");
    }
}

#[test]
fn what_is_too_large_or_too_deep_is_unknown() {
    let (safe, _) = verdict(b"N.", &["--max-size", "2"]);
    assert_eq!(safe, "safe");
    let (unknown, document) = verdict(b"NN.", &["--max-size", "2"]);
    assert_eq!(unknown, "unknown");
    let problem = &document["files"][0]["parts"][0]["problem"];
    assert!(
        problem.as_str().unwrap().contains("--max-size"),
        "{problem}"
    );

    let mut nested = b"N.".to_vec();
    for _ in 0..9 {
        nested = zip(&[("z", &nested)]);
    }
    let (unknown, _) = verdict(&nested, &[]);
    assert_eq!(unknown, "unknown");
}

#[test]
fn an_array_is_never_read_for_its_header() {
    // A file of numbers may be of any size: only what is around them counts.
    let mut array = npy(
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3000,), }",
        &[0; 3000],
    );
    assert_eq!(verdict(&array, &["--max-size", "100"]).0, "safe");
    array.extend(EVIL);
    assert_eq!(verdict(&array, &["--max-size", "100"]).0, "dangerous");
}

#[test]
fn every_member_counts_whatever_its_name() {
    let evil_first = zip(&[("a.npy", EVIL), ("a.npy", b"N.")]);
    assert_eq!(verdict(&evil_first, &[]).0, "dangerous");
    // A wrong checksum keeps nobody from reading it but us.
    let mut damaged = zip(&[("a.pkl", EVIL)]);
    damaged[14] ^= 1;
    let central = damaged.len() - 22 - 46 - 5 + 16;
    damaged[central] ^= 1;
    let (worst, document) = verdict(&damaged, &[]);
    let parts = document["files"][0]["parts"].as_array().unwrap();
    let problem = parts[0]["problem"].as_str().unwrap();
    assert!(problem.starts_with("Bad CRC-32"), "{problem}");
    assert_eq!(worst, "dangerous");
    // Bytes before an archive keep numpy.load from opening it, and nobody else.
    let behind = [b"#!/bin/sh\n", &zip(&[("a.pkl", EVIL)])[..]].concat();
    assert_eq!(verdict(&behind, &[]).0, "dangerous");
}

#[test]
fn what_follows_an_archive_is_looked_at() {
    let archive = zip(&[("a.txt", b"hi")]);
    for (comment, expected) in [
        (&b""[..], "safe"),
        (b"made by hand", "safe"),
        (EVIL, "dangerous"),
        (b"\xff\xfe", "unknown"),
    ] {
        let bytes = [&archive[..], comment].concat();
        assert_eq!(verdict(&bytes, &[]).0, expected, "{comment:?}");
    }
}

#[test]
fn pickles_in_other_bytes_are_found() {
    let evil = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.";
    for before in [
        &b"\x89PNG\r\n\x1a\n"[..],
        b"Python\n",
        b"\xde\xad\xbe\xef\x80\x05\x80",
        b"\x80\x04K",
    ] {
        let bytes = [before, &[0; 50], evil].concat();
        assert_eq!(verdict(&bytes, &[]).0, "dangerous", "{before:?}");
    }
    for harmless in [
        &b"\x89PNG\r\n\x1a\n...."[..],
        b"Python\n",
        b"d'accord",
        b" \n",
        &[0; 600],
    ] {
        assert_eq!(verdict(harmless, &[]).0, "safe", "{harmless:?}");
    }
}

#[test]
fn starts_of_pickles_without_end_take_no_time() {
    // Each start would be read to the end of the file: nested too deep, a line without end, a text
    // that is none at its end.
    let long = [b"\x80\x02X", &1_000_000_u32.to_le_bytes()[..]].concat();
    for start in [
        &b"\x80\x02("[..],
        b"\x80\x02I",
        b"\x80\x02c",
        b"\x80\x02V",
        &long,
    ] {
        let mut bytes = [&b"\xff\xfe"[..], &start.repeat(300_000)].concat();
        bytes.push(0xff);
        let clock = std::time::Instant::now();
        assert_eq!(verdict(&bytes, &[]).0, "unknown", "{start:?}");
        assert!(
            clock.elapsed().as_secs() < 20,
            "{start:?}: {:?}",
            clock.elapsed()
        );
    }
}

#[test]
fn packed_bytes_that_lie_are_unknown() {
    for head in [
        &b"\x1f\x8b\x08"[..],
        b"BZh9",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"\x5d\0\0\x80\0",
    ] {
        let bytes = [head, &[0xff; 40]].concat();
        assert_eq!(verdict(&bytes, &[]).0, "unknown", "{head:?}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_broken_ones_named() {
    use std::os::unix::fs::symlink;
    let dir = folder(&[("a/evil.pkl", EVIL)]);
    symlink(dir.path(), dir.path().join("a/loop")).unwrap();
    symlink("nowhere", dir.path().join("broken")).unwrap();
    let (ran, document) = scanned(dir.path(), &[]);
    assert_eq!(ran.exit, Exit::Wrong);
    let files = document["files"].as_array().unwrap();
    assert_eq!(files.len(), 2, "{document}");
    assert_eq!(files[1]["error"]["message"], "there is no such file");
    assert_eq!(files[1]["verdict"], "unknown");
}

#[test]
fn help_says_what_the_exit_codes_mean() {
    assert_snapshot!(page(&["scan", "--help"]));
}

#[test]
fn torchs_old_files_are_five_pickles_and_raw_numbers() {
    let magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
    let rest = [b"\x80\x02M\xe9\x03.", &b"\x80\x02}."[..], b"\x80\x02]."].concat();
    let keys = b"\x80\x02].";
    let raw = [0xde; 64];
    let safe = [magic, &rest[..], keys, &raw].concat();
    assert_eq!(verdict(&safe, &[]).0, "safe");
    let evil = [magic, &rest[..], EVIL, &raw].concat();
    assert_eq!(verdict(&evil, &[]).0, "dangerous");
    let hidden = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.";
    let evil = [magic, &rest[..], keys, &raw, hidden].concat();
    assert_eq!(verdict(&evil, &[]).0, "dangerous");
}

#[test]
fn storages_of_torchs_archives_are_raw_numbers() {
    let raw = [0xde; 64];
    let members: [(&str, &[u8]); 3] = [
        ("m/data.pkl", b"N."),
        ("m/data/0", &raw),
        ("m/version", b"3\n"),
    ];
    assert_eq!(verdict(&zip(&members), &[]).0, "safe");
    // Elsewhere such bytes are nothing that is known.
    let members: [(&str, &[u8]); 2] = [("m/data.pkl", b"N."), ("m/other/0", &raw)];
    assert_eq!(verdict(&zip(&members), &[]).0, "unknown");
}

#[test]
fn more_pickles_in_a_row_than_anybody_writes_are_unknown() {
    assert_eq!(verdict(&b"N.".repeat(1000), &[]).0, "safe");
    assert_eq!(verdict(&b"N.".repeat(100_001), &[]).0, "unknown");
}

/// What Python's `zlib` and `lzma` write of `N.` and of [`EVIL`].
const ZLIB: [&[u8]; 2] = [b"x\x9c\xf3\xd3\x03\x00\x00\xcc\x00}", b"x\x9cK\xce/\xe6*\xae,.I\xcd\xe5\xd2\x08V/\xc9/M\xcePHN\xccK,\xaaT\xe7*\x09\xd2\x03\x00\xae\xbc\x0a\x87"];
const LZMA: [&[u8]; 2] = [b"]\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00'\x0b\x9c\xff\xff\xff\xff\xf0\x00\x00\x00", b"]\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x001\x9b\xca\xc6\xb2|e\xdf\xdf\x91Y\x9f\xb1\xd6~.\x8a+\xf4n\xdc\xf7\x5c\xbf\x5c\x94\xba\x0b \xda\xbdZR\x8f\xda%\xff\xff1<\x00\x00"];
const XZ: &[u8] = b"\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4F\x02\x00!\x01\x16\x00\x00\x00t/\xe5\xa3\x01\x00\x1ecos\x0asystem\x0a(S'touch canary'\x0atR.\x00\x00\xd76\x18\xc2\x95W7B\x00\x017\x1f\xea\x18\x89=\x1f\xb6\xf3}\x01\x00\x00\x00\x00\x04YZ";

#[test]
fn what_follows_packed_bytes_is_looked_at() {
    let [zlib, evil_zlib] = ZLIB;
    let [lzma, evil_lzma] = LZMA;
    let mut with_length = lzma.to_vec();
    with_length[5..13].copy_from_slice(&2_u64.to_le_bytes());
    assert_eq!(verdict(zlib, &[]).0, "safe");
    assert_eq!(verdict(lzma, &[]).0, "safe");
    assert_eq!(verdict(&with_length, &[]).0, "safe");
    for (first, second) in [
        (zlib, EVIL),
        (zlib, evil_zlib),
        (zlib, evil_lzma),
        (lzma, EVIL),
        (lzma, evil_zlib),
        (lzma, evil_lzma),
        (lzma, XZ),
        (&with_length, evil_lzma),
        (&with_length, EVIL),
    ] {
        let bytes = [first, second].concat();
        let (worst, document) = verdict(&bytes, &[]);
        assert_eq!(worst, "dangerous", "{bytes:?}: {document}");
    }
    assert_eq!(verdict(&[zlib, zlib, b"\n"].concat(), &[]).0, "safe");
    assert_eq!(verdict(&[zlib, b"\xff\xff"].concat(), &[]).0, "unknown");
}

#[test]
fn many_packed_streams_take_no_time() {
    for stream in [ZLIB[0], LZMA[0]] {
        let clock = std::time::Instant::now();
        assert_eq!(verdict(&stream.repeat(20_000), &[]).0, "safe");
        assert!(clock.elapsed().as_secs() < 10, "{:?}", clock.elapsed());
    }
}

#[test]
fn behind_torchs_five_pickles_more_may_follow() {
    let magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
    let five = [&magic[..], &b"N.".repeat(4)].concat();
    for behind in [
        EVIL,
        &[b"N.", EVIL].concat(),
        b"cos\nsystem\n(S'touch canary'\ntR",
        &[&[0xde; 64], &b"\x80\x02"[..], EVIL].concat(),
    ] {
        let bytes = [&five[..], behind].concat();
        let (worst, document) = verdict(&bytes, &[]);
        assert_eq!(worst, "dangerous", "{behind:?}: {document}");
    }
    for raw in [&[0xde; 64][..], &[0; 64], b"c\xff\xff\n\xff\n\xff"] {
        let bytes = [&five[..], raw].concat();
        assert_eq!(verdict(&bytes, &[]).0, "safe", "{raw:?}");
    }
}

#[test]
fn the_largest_size_is_that_of_one_pickle() {
    let long = [b"X\x2c\x01\0\0", &[b'a'; 300][..], b"."].concat();
    let largest = ["--max-size", "100"];
    // Many small ones, and what stands behind one that is too large.
    assert_eq!(verdict(&b"](K\x01e.".repeat(100), &largest).0, "safe");
    let (worst, document) = verdict(&[&long[..], EVIL].concat(), &largest);
    assert_eq!(worst, "dangerous", "{document}");
    let parts = document["files"][0]["parts"].as_array().unwrap();
    let problem = parts[0]["problem"].as_str().unwrap();
    assert!(problem.contains("306 bytes or more"), "{problem}");
    // An array of objects with a long tail.
    let array = npy(OBJECTS, b"]Na.");
    let tail = [b"N.".repeat(60), EVIL.to_vec()].concat();
    assert_eq!(
        verdict(&[&array[..], &tail].concat(), &largest).0,
        "dangerous"
    );
    // Numbers behind PyTorch's pickles are of any size.
    let magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
    let torch = [&magic[..], &b"N.".repeat(4), &vec![0xde; 3 << 20]].concat();
    assert_eq!(verdict(&torch, &largest).0, "safe");
    let evil = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.";
    let hidden = [&torch[..], evil, &vec![0xde; 2 << 20]].concat();
    assert_eq!(verdict(&hidden, &largest).0, "dangerous");
    // Nothing else that is too large is safe.
    let joblib = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)R.";
    for bytes in [
        &[b'a'; 200][..],
        &joblib.repeat(9),
        &[0xde; 200],
        &long[..200],
    ] {
        assert_eq!(verdict(bytes, &largest).0, "unknown", "{bytes:?}");
    }
}

#[test]
fn text_whose_words_look_like_opcodes_is_text() {
    for text in [
        "count,name\n1,2\n",
        "config:\n  a: 1\n",
        "class_name: Foo\nbar: 1\n",
        "License\nfoo\n",
        "Version: 1\nLicense: MIT\n",
        "Introduction\nIt begins.\n",
        "Finished at noon\n",
        "Some words\nhere\n",
    ] {
        let (worst, document) = verdict(text.as_bytes(), &[]);
        assert_eq!(worst, "safe", "{text:?}: {document}");
        assert_eq!(document["files"][0]["parts"][0]["kind"], "text", "{text:?}");
    }
    // What CPython could import is listed, whatever is around it.
    for (pickle, expected) in [
        (&b"count,name\n1,2\n."[..], "unknown"),
        (b"count,name\n1,2\ncos\nsystem\n", "dangerous"),
        (b"cconfig\na: 1\n", "unknown"),
        (b"cos\nsystem\nLicense\n", "dangerous"),
        (b"I10\ncos\nsystem\n(S'x'\ntR", "dangerous"),
        (b"I0x\ncos\nsystem\n(S'x'\ntR", "unknown"),
        (b"Fnan()\ncos\nsystem\n(S'x'\ntR", "unknown"),
        (b"count,name\n1,2\n\xff", "unknown"),
        (b"L5\xc4\xb1\n", "unknown"),
    ] {
        assert_eq!(verdict(pickle, &[]).0, expected, "{pickle:?}");
    }
}
