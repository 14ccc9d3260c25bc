//! Behaviour of the whole layer: what Python's `zipfile` does with the same bytes, and more.

use std::io::Read;

use super::testing::{Member, bzip2, deflate, open, open_file, zip, zip_with, zstd};
use super::{Archive, ReadOptions};
use crate::error::{Error, ErrorKind, Result};

fn read(archive: &Archive, name: &str) -> Result<Vec<u8>> {
    let entry = archive.find(name).expect(name);
    let bytes = entry.read(7, &ReadOptions::default())?;
    assert!(
        bytes.is_empty()
            || bytes[7.min(bytes[..].len())..].as_ptr().addr() % 64 == 0
            || bytes[..].len() < 7
    );
    Ok(bytes.to_vec())
}

fn first(bytes: &[u8]) -> Result<Vec<u8>> {
    let archive = open(bytes)?;
    let from_memory = archive.entry(0).unwrap().read(0, &ReadOptions::default());
    let archive = open_file(bytes)?;
    let from_file = archive.entry(0).unwrap().read(0, &ReadOptions::default());
    match (from_memory, from_file) {
        (Ok(a), Ok(b)) => {
            assert_eq!(&*a, &*b);
            Ok(a.to_vec())
        }
        (Err(a), Err(b)) => {
            assert_eq!(a.to_string(), b.to_string());
            Err(a)
        }
        (a, b) => panic!("memory {a:?}, file {b:?}"),
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T>, kind: ErrorKind, text: &str) {
    let err = result.unwrap_err();
    assert_eq!(
        (err.kind(), err.message().starts_with(text)),
        (kind, true),
        "{err:?}"
    );
}

fn refuse_open(bytes: &[u8], kind: ErrorKind, text: &str) {
    refused(open(bytes).map(|_| ()), kind, text);
    refused(open_file(bytes).map(|_| ()), kind, text);
}

fn noise(len: usize) -> Vec<u8> {
    let mut x = 12345_u32;
    std::iter::repeat_with(|| {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        (x >> 7) as u8
    })
    .take(len)
    .collect()
}

#[test]
fn every_method_reads_the_same_bytes() {
    for data in [
        Vec::new(),
        b"hello".to_vec(),
        noise(300_000),
        vec![7; 3 << 20],
    ] {
        let members = [
            Member::stored("s", &data),
            Member::deflated("d", &data),
            Member::compressed("b", 12, &data, bzip2(&data)),
            Member::compressed("z", 93, &data, zstd(&data)),
        ];
        let bytes = zip(&members);
        for archive in [open(&bytes).unwrap(), open_file(&bytes).unwrap()] {
            for entry in archive.entries() {
                for align_at in [0, 1, 63, 64, 128, 1000] {
                    let got = entry.read(align_at, &ReadOptions::default()).unwrap();
                    assert!(*got == *data, "{entry:?}");
                    if data.len() > align_at {
                        assert_eq!(got[align_at..].as_ptr().addr() % 64, 0, "{entry:?}");
                    }
                }
                let mut streamed = Vec::new();
                entry
                    .reader(true)
                    .unwrap()
                    .read_to_end(&mut streamed)
                    .unwrap();
                assert!(streamed == data, "{entry:?}");
                for len in [0, 1, 128, 10_000, data.len() + 1] {
                    let prefix = entry.prefix(len).unwrap();
                    assert!(prefix == data[..len.min(data.len())], "{entry:?}");
                }
                assert_eq!(entry.stored_range().unwrap().is_some(), entry.name() == "s");
            }
        }
    }
}

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
        assert_eq!(archive.entry(i).unwrap().is_dir(), *name == "dir/");
    }
    let mut bad = Member::stored("", b"");
    bad.name = b"a\xffb".to_vec();
    bad.flags = 0x800;
    let text = "'utf-8' codec can't decode byte 0xff in position 1";
    refuse_open(&zip(&[bad]), ErrorKind::Encoding, text);
}

#[test]
fn the_local_name_must_be_the_directorys() {
    let with = |local: &[u8], flags| {
        let mut member = Member::stored("a.npy", b"x");
        member.local_name = Some(local.to_vec());
        let mut bytes = zip(&[member]);
        bytes[6..8].copy_from_slice(&u16::to_le_bytes(flags));
        first(&bytes)
    };
    assert_eq!(with(b"a.npy", 0x800).unwrap(), b"x");
    let text = "File name in directory 'a.npy' and header b'b.npy' differ.";
    refused(with(b"b.npy", 0), ErrorKind::Archive, text);
    let text = "File name in directory 'a.npy' and header b'a.npyb' differ.";
    refused(with(b"a.npyb", 0), ErrorKind::Archive, text);
    let text = "File name in directory 'a.npy' and header b'' differ.";
    refused(with(b"", 0), ErrorKind::Archive, text);
    refused(with(b"\xff", 0x800), ErrorKind::Encoding, "'utf-8' codec");

    // The same text in two encodings is the same name.
    let mut member = Member::stored("", b"x");
    member.name = "é".into();
    member.flags = 0x800;
    member.local_name = Some(b"\x82".to_vec());
    let mut bytes = zip(&[member]);
    bytes[6..8].fill(0);
    assert_eq!(first(&bytes).unwrap(), b"x");
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
    refuse_open(&bad, ErrorKind::Archive, "Bad offset for a member's header");
    let mut newer = Member::stored("a", b"");
    newer.version = 64;
    refuse_open(&zip(&[newer]), ErrorKind::Method, "zip file version 6.4");
}

#[test]
fn what_nobody_reads_is_named() {
    let with = |flags, method| {
        let mut member = Member::stored("it's", b"x");
        member.flags = flags;
        member.method = method;
        first(&zip(&[member]))
    };
    let text = "File \"it's\" is encrypted, password required for extraction";
    refused(with(1, 0), ErrorKind::Encrypted, text);
    refused(
        with(0x20, 0),
        ErrorKind::Method,
        "compressed patched data (flag bit 5)",
    );
    refused(
        with(0x41, 0),
        ErrorKind::Method,
        "strong encryption (flag bit 6)",
    );
    let text = "That compression method is not supported: type 9 (deflate64)";
    refused(with(0, 9), ErrorKind::Method, text);
}

#[test]
fn overlapping_members_are_refused() {
    let good = zip(&[Member::stored("a", b"one"), Member::stored("b", b"two")]);
    let directory = good.len() - 22 - 2 * 47;
    // Into the next member, and into the directory.
    for (at, name) in [(0, "a"), (47, "b")] {
        let mut bad = good.clone();
        bad[directory + at + 20] = 4;
        bad[directory + at + 24] = 4;
        let archive = open(&bad).unwrap();
        let err = read(&archive, name).unwrap_err();
        let text = format!("Overlapped entries: '{name}' (possible zip bomb)");
        assert_eq!(err.kind(), ErrorKind::Archive);
        assert!(err.message().starts_with(&text), "{err}");
        assert!(archive.find(name).unwrap().prefix(1).is_err());
        assert!(archive.find(name).unwrap().stored_range().is_err());
    }
    // Two names for the same bytes: as in Python only the first has room.
    let mut twice = Member::stored("a", b"one");
    let mut other = twice.clone();
    twice.header_offset = Some(0);
    other.header_offset = Some(0);
    let archive = open(&zip(&[twice, other])).unwrap();
    let by_index = |i: usize| archive.entry(i).unwrap().read(0, &ReadOptions::default());
    // The second local header lies between the first and the directory.
    assert_eq!(&*by_index(0).unwrap(), b"one");
    refused(by_index(1), ErrorKind::Archive, "Overlapped entries: 'a'");
}

#[test]
fn members_in_any_order_are_read() {
    let a = Member::stored("a", b"one");
    let b = Member::stored("b", b"two!");
    let bytes = zip(&[a, b]);
    let directory = bytes.len() - 22 - 2 * 47;
    let mut swapped = bytes.clone();
    swapped[directory..directory + 47].copy_from_slice(&bytes[directory + 47..directory + 94]);
    swapped[directory + 47..directory + 94].copy_from_slice(&bytes[directory..directory + 47]);
    let archive = open(&swapped).unwrap();
    assert_eq!(archive.entry(0).unwrap().name(), "b");
    assert_eq!(read(&archive, "a").unwrap(), b"one");
    assert_eq!(read(&archive, "b").unwrap(), b"two!");
    assert_eq!(archive.find("a").unwrap().end_offset(), 34);
}

#[test]
fn a_wrong_byte_is_a_checksum_error_with_both_values() {
    for method in [0, 8, 12, 93] {
        let data = noise(5000);
        let compressed = match method {
            8 => deflate(&data),
            12 => bzip2(&data),
            93 => zstd(&data),
            _ => data.clone(),
        };
        let mut member = Member::compressed("a.npy", method, &data, compressed);
        member.crc ^= 1;
        let right = member.crc ^ 1;
        let text = format!(
            "Bad CRC-32 for file 'a.npy': the directory says {:#010x}, its bytes have {right:#010x}",
            member.crc
        );
        let bytes = zip(&[member]);
        refused(first(&bytes), ErrorKind::Checksum, &text);
        let archive = open(&bytes).unwrap();
        let entry = archive.entry(0).unwrap();
        let unverified = ReadOptions {
            verify: false,
            ..ReadOptions::default()
        };
        assert_eq!(*entry.read(0, &unverified).unwrap(), *data);
        assert_eq!(entry.prefix(5000).unwrap(), data);
        let mut out = Vec::new();
        entry.reader(false).unwrap().read_to_end(&mut out).unwrap();
        assert_eq!(out, data);
        let err = entry
            .reader(true)
            .unwrap()
            .read_to_end(&mut out)
            .unwrap_err();
        assert!(err.to_string().contains(&text), "{err}");
    }
}

#[test]
fn a_stream_must_have_the_declared_size() {
    let data = noise(5000);
    for (method, compressed) in [(8, deflate(&data)), (12, bzip2(&data)), (93, zstd(&data))] {
        for declared in [0, 1, 4999, 5001, 9000] {
            let mut member = Member::compressed("a.npy", method, &data, compressed.clone());
            member.size = declared;
            let got = first(&zip(&[member.clone()]));
            let text = if declared < 5000 {
                format!(
                    "File 'a.npy' has {} bytes or more: the directory declares {declared}",
                    5000.min(declared + 64)
                )
            } else {
                format!("File 'a.npy' ends after 5000 bytes: the directory declares {declared}")
            };
            refused(got, ErrorKind::Archive, &text);
        }
    }
    let mut member = Member::stored("a.npy", b"four");
    member.size = 3;
    refused(
        first(&zip(&[member])),
        ErrorKind::Archive,
        "File 'a.npy' is stored, and its two sizes differ: 3 bytes, compressed 4",
    );
}

#[test]
fn sizes_that_no_stream_can_have_are_refused_before_memory_is_taken() {
    for (method, name, most) in [
        (8, "deflate", 1032),
        (14, "lzma", 8192),
        (93, "zstd", 32_768),
    ] {
        let mut member = Member::compressed("a.npy", method, b"", vec![0; 10]);
        member.size = most * 10 + 1;
        let text = format!(
            "File 'a.npy' cannot be as large as it claims: {} bytes in 10 compressed ones, and \
             {name} makes at most {most} of each",
            member.size
        );
        refused(first(&zip(&[member.clone()])), ErrorKind::Archive, &text);
        member.zip64 = true;
        member.size = u64::MAX;
        let text = "File 'a.npy' cannot be as large as it claims";
        refused(first(&zip(&[member])), ErrorKind::Archive, text);
    }
}

#[test]
fn bytes_behind_a_complete_stream_are_ignored_as_in_python() {
    let data = noise(5000);
    for (method, mut compressed) in [(8, deflate(&data)), (12, bzip2(&data)), (93, zstd(&data))] {
        compressed.extend_from_slice(b"garbage");
        let bytes = zip(&[Member::compressed("a", method, &data, compressed)]);
        assert_eq!(first(&bytes).unwrap(), data, "{method}");
    }
}

#[test]
fn several_streams_are_one_member() {
    let (one, two) = (noise(5000), vec![3; 200_000]);
    let data = [one.clone(), two.clone()].concat();
    let skippable = b"\x5a\x2a\x4d\x18\x03\0\0\0abc".to_vec();
    let all = [skippable.clone(), zstd(&one), skippable, zstd(&two)].concat();
    let bytes = zip(&[Member::compressed("z", 93, &data, all)]);
    assert_eq!(first(&bytes).unwrap(), data);
    let all = [bzip2(&one), bzip2(&two)].concat();
    let bytes = zip(&[Member::compressed("b", 12, &data, all)]);
    assert_eq!(first(&bytes).unwrap(), data);
}

#[test]
fn local_sizes_may_follow_in_a_descriptor() {
    let mut members = [Member::stored("a", b"one"), Member::deflated("b", b"two")];
    for m in &mut members {
        m.flags = 8;
    }
    let archive = open_file(&zip(&members)).unwrap();
    assert_eq!(read(&archive, "a").unwrap(), b"one");
    assert_eq!(read(&archive, "b").unwrap(), b"two");
}

#[test]
fn an_archive_that_changes_while_it_is_open_is_called_changed() {
    use std::io::{Seek, Write};
    let path = tempfile::NamedTempFile::new().unwrap();
    let mut file = path.reopen().unwrap();
    file.write_all(&zip(&[
        Member::stored("a", b"one"),
        Member::deflated("b", &noise(500)),
    ]))
    .unwrap();
    let archive = Archive::open(std::sync::Arc::new(path.reopen().unwrap())).unwrap();
    assert_eq!(read(&archive, "a").unwrap(), b"one");
    // Other members of the same total length.
    file.rewind().unwrap();
    file.write_all(&zip(&[
        Member::stored("c", b"two"),
        Member::deflated("d", &noise(500)),
    ]))
    .unwrap();
    let text = "the archive changed since it was opened";
    refused(read(&archive, "a"), ErrorKind::Changed, text);
    refused(
        archive.find("b").unwrap().prefix(3),
        ErrorKind::Changed,
        text,
    );
    file.set_len(40).unwrap();
    refused(read(&archive, "b"), ErrorKind::Changed, text);
    file.set_len(0).unwrap();
    refused(
        read(&archive, "a").map_err(|err| match err.kind() {
            ErrorKind::Io => Error::new(ErrorKind::Changed, text),
            _ => err,
        }),
        ErrorKind::Changed,
        text,
    );
}
