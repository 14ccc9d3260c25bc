//! Bytes that were damaged or made to harm: never a panic, a hang, or a wrong answer.

use std::fs::File;
use std::io::{Seek, Write};
use std::sync::Arc;

use super::*;
use crate::zip::testing::End;

/// Small archives that hold everything this layer reads.
fn archives() -> Vec<Vec<u8>> {
    let data = noise(90);
    let runs = vec![5; 400];
    let mut described = Member::deflated("d.npy", &runs);
    described.flags = 8;
    let mut zip64 = Member::stored("z.npy", &data);
    zip64.zip64 = true;
    let mut odd = Member::stored("", b"odd");
    odd.name = b"\x82\0x".to_vec();
    let mut unicode = Member::stored("u", b"uni");
    unicode.extra = b"\x75\x70\x07\0\x01....\xc3\xa9".to_vec();
    unicode.extra[5..9].copy_from_slice(&crc32fast::hash(b"u").to_le_bytes());
    let compressed = [
        Member::deflated("a.npy", &data),
        Member::compressed("b.npy", 12, &runs, bzip2(&runs)),
        Member::compressed("c.npy", 93, &runs, zstd(&runs)),
    ];
    vec![
        zip(&[Member::stored("a.npy", &data), Member::stored("a.npy", b"")]),
        zip(&compressed),
        zip_with(&[described, odd, unicode], |end| {
            end.comment = b"PK\x05".to_vec()
        }),
        zip_with(&[zip64.clone(), zip64], |end: &mut End| end.zip64 = true),
    ]
}

/// Everything that can be read of an archive, or why not.
fn everything(archive: Result<Archive>) -> Result<Vec<Result<Vec<u8>, String>>, String> {
    let archive = archive.map_err(|err| format!("{err:?}"))?;
    let mut all = Vec::new();
    for entry in archive.entries() {
        let whole = entry.read(10, &ReadOptions::default());
        let whole = whole
            .map(|bytes| bytes.to_vec())
            .map_err(|err| format!("{err:?}"));
        let mut streamed = Vec::new();
        let stream = entry.reader(true).map_err(std::io::Error::from);
        let stream = stream.and_then(|mut stream| stream.read_to_end(&mut streamed));
        assert_eq!(whole.is_ok(), stream.is_ok(), "{whole:?} {stream:?}");
        if let Ok(whole) = &whole {
            assert_eq!(*whole, streamed);
            assert_eq!(entry.prefix(20).unwrap(), whole[..20.min(whole.len())]);
            assert_eq!(whole.len() as u64, entry.size());
            assert_eq!(crc32fast::hash(whole), entry.crc());
        } else {
            let _ = entry.prefix(20);
        }
        let _ = (entry.stored_range(), archive.find(entry.name()).unwrap());
        all.push(whole);
    }
    Ok(all)
}

/// The archive in memory and in a file say the same.
fn check(file: &mut File, bytes: &[u8]) {
    file.rewind().unwrap();
    file.write_all(bytes).unwrap();
    file.set_len(bytes.len() as u64).unwrap();
    let from_file = everything(Archive::open(Arc::new(file.try_clone().unwrap())));
    assert_eq!(from_file, everything(open(bytes)));
}

#[test]
fn every_prefix_and_every_changed_byte_is_survived() {
    let mut file = tempfile::tempfile().unwrap();
    for archive in archives() {
        assert!(
            everything(open(&archive))
                .unwrap()
                .iter()
                .all(Result::is_ok)
        );
        for end in 0..archive.len() {
            check(&mut file, &archive[..end]);
        }
        for at in 0..archive.len() {
            for value in [
                0,
                0xff,
                archive[at] ^ 1 << (at % 8),
                archive[at].wrapping_add(1),
            ] {
                let mut changed = archive.clone();
                changed[at] = value;
                check(&mut file, &changed);
            }
        }
    }
}

#[test]
fn a_directory_of_a_million_members_costs_its_bytes() {
    let record = {
        let one = zip(&[Member::stored("", b"")]);
        one[30..30 + 46].to_vec()
    };
    let mut bytes = record.repeat(1_000_000);
    let size = (bytes.len() as u32).to_le_bytes();
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0\0\0\0\0");
    bytes.extend_from_slice(&size);
    bytes.extend_from_slice(&[0; 6]);
    let archive = open(&bytes).unwrap();
    assert_eq!(archive.len(), 1_000_000);
    assert_eq!(archive.find("").unwrap().index(), 999_999);
    let text = "Bad magic number for file header";
    refused(
        archive.entry(0).unwrap().prefix(1),
        ErrorKind::Archive,
        text,
    );
    let text = "Overlapped entries: ''";
    let record = archive.entry(5).unwrap();
    let header = zip(&[Member::stored("", b"")]);
    refused(record.local_header(&header), ErrorKind::Archive, text);
}

#[test]
fn a_size_that_lies_takes_memory_as_bytes_arrive() {
    // 16 KiB of compressed bytes may claim 16 MiB and no more before they are looked at.
    for (method, compressed) in [
        (8, deflate(&[0; 5000])),
        (12, bzip2(&[0; 5000])),
        (93, zstd(&[0; 5000])),
    ] {
        let mut member = Member::compressed("a", method, &[0; 5000], compressed);
        member.data.resize(1 << 20, 0);
        member.compressed_size = 1 << 20;
        member.size = 1 << 30;
        let text = "it ends after 5000 bytes, and the directory declares 1073741824";
        let err = first(&zip(&[member])).unwrap_err();
        assert!(err.message().ends_with(text), "{err}");
    }
}

#[test]
fn numpys_archives_say_the_same_from_memory_and_file() {
    let testdata = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata");
    let mut read = 0;
    for (folder, all_good) in [("npz", true), ("malformed", false)] {
        for file in std::fs::read_dir(format!("{testdata}/{folder}")).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let said = everything(open(&bytes));
            let file = Arc::new(File::open(&path).unwrap());
            assert_eq!(said, everything(Archive::open(file)), "{path:?}");
            if all_good {
                let said = said.unwrap();
                assert!(said.iter().all(Result::is_ok), "{path:?}: {said:?}");
                read += said.len();
            }
        }
    }
    assert!(read > 100, "{read}");
}
