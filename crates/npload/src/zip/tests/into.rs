//! Members into memory of the caller's, from some byte on.

use super::*;

fn into(archive: &Archive, skip: u64, len: usize, verify: bool) -> Result<Vec<u8>> {
    let mut dest = vec![0xee; len];
    let options = ReadOptions {
        verify,
        threads: 2,
        ..ReadOptions::default()
    };
    let entry = archive.entry(0).unwrap();
    entry.read_into(skip, &mut dest, &options).map(|()| dest)
}

fn members(data: &[u8]) -> [Member; 3] {
    [
        Member::stored("a", data),
        Member::deflated("a", data),
        Member::compressed("a", 93, data, zstd(data)),
    ]
}

#[test]
fn any_part_of_a_member_goes_into_memory_that_exists() {
    let data = noise(5 << 20);
    for member in members(&data) {
        let bytes = zip(&[member]);
        for archive in [open(&bytes).unwrap(), open_file(&bytes).unwrap()] {
            for (skip, len) in [
                (0, data.len()),
                (130, data.len() - 130),
                (200_000, 7),
                (9, 0),
            ] {
                let dest = into(&archive, skip as u64, len, true).unwrap();
                assert!(dest == data[skip..skip + len], "{skip} {len}");
            }
            let more = into(&archive, 1, data.len(), true);
            refused(more, ErrorKind::Truncated, "the member has 5242880 bytes");
        }
    }
}

#[test]
fn a_wrong_byte_anywhere_in_the_member_is_found() {
    let data = noise(1000);
    for at in [0, 500, 999] {
        let mut wrong = data.clone();
        wrong[at] ^= 1;
        for mut member in members(&wrong) {
            member.crc = crc32fast::hash(&data);
            let archive = open_file(&zip(&[member])).unwrap();
            refused(
                into(&archive, 100, 800, true),
                ErrorKind::Checksum,
                "Bad CRC-32",
            );
            assert_eq!(into(&archive, 100, 800, false).unwrap(), wrong[100..900]);
        }
    }
}
