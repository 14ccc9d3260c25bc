//! Opening a member: its local header, its neighbours, what nobody reads, what changed.

use super::*;

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

#[test]
fn a_member_that_reaches_past_the_end_is_cut_off() {
    let mut long = Member::stored("a", b"one");
    long.size = 1000;
    long.compressed_size = 1000;
    let mut far = Member::stored("b", b"two");
    far.header_offset = Some(5000);
    let bytes = zip(&[long, far]);
    let text = format!(
        "File 'a' is cut off: it reaches to byte 1031, and the archive ends at byte {}",
        bytes.len()
    );
    refused(first(&bytes), ErrorKind::Truncated, &text);
}
