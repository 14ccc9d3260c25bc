//! Finding members: end records, directory, names.

use super::*;

#[test]
fn the_last_duplicate_wins_and_both_are_listed() {
    for fill in [0, 40] {
        let mut members = vec![Member::stored("a", b"one"), Member::stored("b", b"two")];
        members.extend((0..fill).map(|i| Member::stored(&format!("x{i}"), b"")));
        members.push(Member::stored("a", b"three"));
        let archive = open(&zip(&members)).unwrap();
        assert_eq!(read(&archive, "a").unwrap(), b"three");
        assert_eq!(read(&archive, "b").unwrap(), b"two");
        assert_eq!(archive.entries().filter(|e| e.name() == "a").count(), 2);
        assert!(archive.find("").is_none() && archive.find("zz").is_none());
        assert_eq!(archive.len(), fill + 3);
    }
}

#[test]
fn names_are_those_of_pythons_zipfile() {
    let mut flagged = Member::stored("", b"1");
    flagged.name = "é".into();
    flagged.flags = 0x800;
    let mut dos = Member::stored("", b"2");
    dos.name = b"\x82.npy".to_vec();
    let mut cut = Member::stored("", b"3");
    cut.name = b"a.npy\0.exe".to_vec();
    let mut unicode = Member::stored("plain", b"4");
    unicode.extra = b"\x75\x70\x0b\0\x01....\xe2\x82\xac.yz".to_vec();
    unicode.extra[5..9].copy_from_slice(&crc32fast::hash(b"plain").to_le_bytes());
    let mut other_crc = unicode.clone();
    other_crc.extra[5] ^= 1;
    let odd = [
        ("é", flagged),
        ("é.npy", dos),
        ("a.npy", cut),
        ("€.yz", unicode),
        ("plain", other_crc),
        ("../../etc/passwd", Member::stored("../../etc/passwd", b"5")),
        ("/abs", Member::stored("/abs", b"6")),
        ("dir/", Member::stored("dir/", b"")),
        ("", Member::stored("", b"7")),
    ];
    let members: Vec<Member> = odd.iter().map(|(_, member)| member.clone()).collect();
    let archive = open(&zip(&members)).unwrap();
    for (i, (name, member)) in odd.iter().enumerate() {
        assert_eq!(archive.entry(i).unwrap().name(), *name);
        assert_eq!(read(&archive, name).unwrap(), member.data);
        assert_eq!(
            archive.entry(i).unwrap().name().ends_with('/'),
            *name == "dir/"
        );
    }
    let mut bad = Member::stored("", b"");
    bad.name = b"a\xffb".to_vec();
    bad.flags = 0x800;
    let text = "'utf-8' codec can't decode byte 0xff in position 1";
    refuse_open(&zip(&[bad]), ErrorKind::Encoding, text);
}

#[test]
fn what_is_no_zip_file_is_called_so() {
    for bytes in [
        &b""[..],
        b"PK\x05\x06",
        b"hello",
        &[0; 70_000],
        b"PK\x03\x04junkjunkjunkjunkjunkjunk",
    ] {
        refuse_open(bytes, ErrorKind::Archive, "File is not a zip file");
    }
    let empty = zip(&[]);
    assert_eq!(open(&empty).unwrap().len(), 0);
    assert!(open(&empty).unwrap().find("a").is_none());
}

#[test]
fn comments_and_prefixes_are_allowed() {
    for len in [0, 1, 3000, 65_535] {
        let members = [Member::stored("a", b"one"), Member::deflated("b", b"two")];
        let bytes = zip_with(&members, |end| end.comment = vec![b'c'; len]);
        let prefixed = [vec![b'p'; 1000], bytes.clone()].concat();
        for (bytes, shift) in [(bytes, 0), (prefixed, 1000)] {
            for archive in [open(&bytes).unwrap(), open_file(&bytes).unwrap()] {
                assert_eq!(read(&archive, "a").unwrap(), b"one");
                assert_eq!(read(&archive, "b").unwrap(), b"two");
                let range = archive.find("a").unwrap().stored_range().unwrap().unwrap();
                assert_eq!(range, shift + 31..shift + 34);
            }
        }
    }
}

#[test]
fn zip64_is_read() {
    let mut members = vec![Member::stored("a", b"one"), Member::deflated("b", b"two")];
    for m in &mut members {
        m.zip64 = true;
    }
    for comment in [0, 10, 5000] {
        let bytes = zip_with(&members, |end| {
            end.zip64 = true;
            end.comment = vec![0; comment];
        });
        for archive in [open(&bytes).unwrap(), open_file(&bytes).unwrap()] {
            assert_eq!(read(&archive, "a").unwrap(), b"one");
            assert_eq!(read(&archive, "b").unwrap(), b"two");
        }
    }
    let mut short = Member::stored("a", b"one");
    short.zip64 = true;
    let mut bytes = zip(&[short]);
    let at = bytes.windows(4).position(|b| b == b"\x01\0\x18\0").unwrap();
    bytes[at + 2] = 8;
    bytes[at + 12..at + 14].copy_from_slice(&[0xff, 0xff]);
    bytes[at + 14] = 12;
    refuse_open(
        &bytes,
        ErrorKind::Archive,
        "Corrupt zip64 extra field. Compress size not found.",
    );
    bytes[at + 2] = 25;
    refuse_open(
        &bytes,
        ErrorKind::Archive,
        "Corrupt extra field 0001 (size=25)",
    );
    let bytes = zip_with(&members, |end| end.zip64 = true);
    let mut disks = bytes.clone();
    let at = bytes.len() - 22 - 4;
    disks[at] = 2;
    let text = "zipfiles that span multiple disks are not supported";
    refuse_open(&disks, ErrorKind::Archive, text);
}

#[test]
fn more_members_than_16_bits_count() {
    let members: Vec<Member> = (0..70_000)
        .map(|i| Member::stored(&format!("{i}"), b""))
        .collect();
    let archive = open(&zip_with(&members, |end| end.zip64 = true)).unwrap();
    assert_eq!(archive.len(), 70_000);
    assert_eq!(archive.find("69999").unwrap().index(), 69_999);
    // The count is not needed, and a wrong one harms nobody.
    let archive = open(&zip_with(&members, |end| end.count = Some(3))).unwrap();
    assert_eq!(archive.len(), 70_000);
}

#[test]
fn a_damaged_directory_is_refused_with_its_place() {
    let good = zip(&[
        Member::stored("a.npy", b"one"),
        Member::stored("b.npy", b"two"),
    ]);
    let directory = good.len() - 22 - 2 * 51;
    let mut bad = good.clone();
    bad[directory + 51] = b'X';
    refuse_open(
        &bad,
        ErrorKind::Archive,
        "Bad magic number for central directory: b'XK\\x01\\x02'",
    );
    assert_eq!(
        open(&bad).err().unwrap().offset(),
        Some(directory as u64 + 51)
    );
    let mut bad = good.clone();
    bad[directory + 51 + 28] = 6;
    refuse_open(&bad, ErrorKind::Archive, "Truncated central directory");
    let bad = zip_with(&[Member::stored("a", b"")], |end| end.size = Some(1 << 20));
    refuse_open(&bad, ErrorKind::Archive, "Bad offset for central directory");
    let bad = zip_with(&[Member::stored("a", b"")], |end| {
        end.offset = Some(1 << 30)
    });
    refused(
        first(&bad),
        ErrorKind::Archive,
        "Bad offset for file header: -1073741",
    );
    let mut newer = Member::stored("a", b"");
    newer.version = 64;
    refuse_open(&zip(&[newer]), ErrorKind::Method, "zip file version 6.4");
}

#[test]
fn a_long_directory_is_parsed_piece_by_piece() {
    let names: Vec<String> = (0..20_000).map(|i| format!("member-{i}")).collect();
    let members: Vec<Member> = names.iter().map(|name| Member::stored(name, b"")).collect();
    let bytes = zip_with(&members, |end| end.zip64 = true);
    for archive in [open(&bytes).unwrap(), open_file(&bytes).unwrap()] {
        assert!(archive.entries().map(|e| e.name()).eq(&names));
        assert_eq!(read(&archive, "member-19999").unwrap(), b"");
    }
    // A wrong signature in the second piece and one in the last, the first of which counts.
    let mut wrong = bytes.clone();
    for name in ["member-7000", "member-19000"] {
        let text = [name.as_bytes(), b"PK\x01\x02"].concat();
        let at = wrong.windows(text.len()).rposition(|w| w == text).unwrap();
        wrong[at + name.len()] = b'?';
    }
    let at = wrong.windows(4).position(|w| w == b"?K\x01\x02").unwrap();
    for opened in [open(&wrong), open_file(&wrong)] {
        let err = opened.map(|_| ()).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Archive);
        assert_eq!(err.offset(), Some(at as u64));
    }
}
