//! Arrays of objects in archives.

use npload::{Buffer, ErrorKind, LoadOptions, Member};

use super::{array, npy, pickles};
use crate::files::testdata;

#[test]
fn members_of_objects_are_among_the_others() {
    let path = testdata().join("npz/savez-object.npz");
    let plain = npload::Npz::open(&path).unwrap();
    assert_eq!(plain.load_all().unwrap_err().kind(), ErrorKind::ObjectArray);
    let npz = pickles().open_npz(&path).unwrap();
    let all = npz.load_all().unwrap();
    let shown = |member: &Member| match member {
        Member::Array(array) => array.to_string(),
        Member::ObjectArray(array) => array.to_string(),
        other => panic!("{other:?}"),
    };
    let texts: Vec<_> = all
        .iter()
        .map(|(key, member)| (*key, shown(member)))
        .collect();
    assert_eq!(
        texts,
        [("o", "[1 None]".to_owned()), ("n", "[0 1]".to_owned())]
    );
    assert_eq!(npz.get_object_array("o").unwrap().to_string(), "[1 None]");
    assert_eq!(shown(&npz.begin("o").unwrap().load().unwrap()), "[1 None]");
    assert_eq!(shown(&npz.load_some(["o"]).unwrap()[0]), "[1 None]");
    let err = npz.get("o").unwrap_err();
    assert_eq!(
        (err.kind(), err.member()),
        (ErrorKind::ObjectArray, Some("o.npy"))
    );
    let err = npz.get_object_array("n").unwrap_err();
    assert_eq!(
        (err.kind(), err.member(), err.path()),
        (ErrorKind::Type, Some("n.npy"), Some(&*path))
    );
    assert_eq!(
        npz.part("o").map(drop).unwrap_err().kind(),
        ErrorKind::ObjectArray
    );
    npz.verify("o").unwrap();
    assert!(
        npz.verify_all()
            .unwrap()
            .iter()
            .all(|member| member.header.is_ok())
    );
}

#[test]
fn a_damaged_pickle_in_an_archive_is_told_with_its_member() {
    let good = npy("(1,)", false, &array(&[1], false, b"K\x01"));
    let bad = npy("(2,)", false, &array(&[1], false, b"K\x01"));
    let large = npy(
        "(1,)",
        false,
        &array(
            &[1],
            false,
            &[&b"X\0\0\x02\0"[..], &[b'x'; 0x20000]].concat(),
        ),
    );
    for deflated in [false, true] {
        let bytes = zip(
            &[
                ("good.npy", &good),
                ("large.npy", &large),
                ("bad.npy", &bad),
            ],
            deflated,
        );
        let npz = pickles().open_npz_in(Buffer::from(bytes)).unwrap();
        assert_eq!(npz.get_object_array("good").unwrap().to_string(), "[1]");
        assert_eq!(npz.get_object_array("large").unwrap().size(), 1);
        let verdicts = npz.verify_all().unwrap();
        let told = verdicts[2].header.as_ref().unwrap_err();
        for err in [
            &npz.load_all().unwrap_err(),
            &npz.member("bad").unwrap_err(),
            &npz.verify("bad").unwrap_err(),
            told,
        ] {
            assert_eq!(
                (err.kind(), err.member()),
                (ErrorKind::Pickle, Some("bad.npy")),
                "{err}"
            );
            assert!(err.message().contains("has the shape (1,)"), "{err}");
        }
        // Not looked into where pickles are not allowed.
        let plain = npz.with_options(LoadOptions::new());
        assert!(
            plain
                .verify_all()
                .unwrap()
                .iter()
                .all(|member| member.header.is_ok())
        );
    }
}

/// An archive of these members.
fn zip(members: &[(&str, &Vec<u8>)], deflated: bool) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, contents) in members {
        let packed = match deflated {
            // Stored blocks of deflate.
            true => {
                let mut packed = Vec::new();
                let mut chunks = contents.chunks(0xffff).peekable();
                while let Some(chunk) = chunks.next() {
                    let len = u16::try_from(chunk.len()).unwrap();
                    packed.push(u8::from(chunks.peek().is_none()));
                    packed.extend(len.to_le_bytes());
                    packed.extend((!len).to_le_bytes());
                    packed.extend(chunk);
                }
                packed
            }
            false => (*contents).clone(),
        };
        let mut shared = Vec::new();
        shared.extend(20_u16.to_le_bytes());
        shared.extend(0_u16.to_le_bytes());
        shared.extend(if deflated { 8_u16 } else { 0 }.to_le_bytes());
        shared.extend([0; 4]);
        shared.extend(crc(contents).to_le_bytes());
        shared.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        shared.extend(u32::try_from(contents.len()).unwrap().to_le_bytes());
        shared.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        shared.extend([0; 2]);
        let offset = u32::try_from(bytes.len()).unwrap();
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&shared);
        bytes.extend(name.bytes());
        bytes.extend(packed);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&shared);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.bytes());
    }
    let start = u32::try_from(bytes.len()).unwrap();
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.iter().chain(&count));
    bytes.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
