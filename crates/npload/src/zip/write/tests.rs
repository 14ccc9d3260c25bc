use super::*;
use crate::LoadOptions;
use crate::sink::{Plain, Seeking, StreamSink};
use crate::zip::tests::{noise, read};
use crate::zip::{Archive, testing::open};
use std::io::Cursor;

fn new(name: &str, bytes: &[u8], compression: Compression, lead: u64) -> NewMember<'static> {
    NewMember {
        name: name.into(),
        body: Body::New {
            contents: Box::new(Plain(bytes.to_vec().into())),
            compression,
        },
        lead,
    }
}

fn written(members: &[NewMember<'_>], seeks: bool, threads: usize, bounds: Bounds) -> Vec<u8> {
    let options = LoadOptions::new();
    let meter = Meter::new(&options, 0);
    let mut out = Cursor::new(Vec::new());
    let write = |sink: &mut dyn Sink| write_within(sink, members, 64, threads, &meter, bounds);
    match seeks {
        true => write(&mut Seeking::new(&mut out).unwrap()).unwrap(),
        false => write(&mut StreamSink::new(&mut out)).unwrap(),
    }
    out.into_inner()
}

/// Members of every kind of piece.
fn members() -> Vec<(NewMember<'static>, Vec<u8>)> {
    let large = b"0123456789abcdefghij".repeat(40_000);
    let mut all = Vec::new();
    let mut add = |name: &str, bytes: &[u8], compression| {
        all.push((new(name, bytes, compression, 10), bytes.to_vec()));
    };
    add("empty", b"", Compression::Stored);
    add("stored", b"some bytes", Compression::Stored);
    add("stored, large", &large, Compression::Stored);
    add("deflate", &large, Compression::DEFLATE);
    add("deflate, empty", b"", Compression::Deflate(9));
    add("é/ü", &noise(5000), Compression::Deflate(1));
    let huge: Vec<u8> = large.repeat(usize::try_from(33 << 20).unwrap() / large.len() + 1);
    add("blocks", &huge, Compression::Deflate(1));
    if cfg!(feature = "zstd") {
        add("zstd", &large, Compression::ZSTD);
        add("zstd, large", &huge, Compression::Zstd(1));
    }
    all
}

fn check(bytes: &[u8], expected: &[(NewMember<'_>, Vec<u8>)]) -> Archive {
    let archive = open(bytes).unwrap();
    assert_eq!(archive.len(), expected.len());
    for (member, contents) in expected {
        assert!(
            read(&archive, &member.name).unwrap() == *contents,
            "{}",
            member.name
        );
        let entry = archive.find(&member.name).unwrap();
        if let Some(range) = entry.stored_range().unwrap() {
            assert_eq!((range.start + member.lead) % 64, 0, "{}", member.name);
        }
    }
    archive
}

#[test]
fn what_is_written_is_read_and_is_the_same_by_any_number_of_threads() {
    let expected = members();
    let (members, contents): (Vec<_>, Vec<_>) = expected.into_iter().unzip();
    let both: Vec<_> = members.into_iter().zip(contents).collect();
    let members = || -> Vec<NewMember<'_>> {
        let again = |(member, bytes): &(NewMember<'static>, Vec<u8>)| match &member.body {
            Body::New { compression, .. } => new(&member.name, bytes, *compression, member.lead),
            Body::Copy(_) => panic!("none is copied"),
        };
        both.iter().map(again).collect()
    };
    let first = written(&members(), true, 1, Bounds::FORMAT);
    check(&first, &both);
    assert!(written(&members(), true, 5, Bounds::FORMAT) == first);
    // In a stream the sums follow what is large, in which nothing else differs.
    let stream = written(&members(), false, 3, Bounds::FORMAT);
    check(&stream, &both);
    assert!(stream.len() > first.len() && stream.windows(4).any(|four| four == b"PK\x07\x08"));
    assert!(!first.windows(4).any(|four| four == b"PK\x07\x08"));
    // As if the members, their number and the file were very large.
    let small = Bounds {
        size: 5000,
        members: 3,
    };
    for seeks in [true, false] {
        let wide = written(&members(), seeks, 2, small);
        check(&wide, &both);
        assert!(wide.windows(4).any(|four| four == b"PK\x06\x06"));
    }
}

#[test]
fn members_are_copied_as_they_are() {
    let expected = members();
    let bytes = {
        let (members, _): (Vec<_>, Vec<_>) = members().into_iter().unzip();
        written(&members, true, 2, Bounds::FORMAT)
    };
    let archive = open(&bytes).unwrap();
    let copies: Vec<NewMember<'_>> = archive
        .entries()
        .map(|entry| NewMember {
            name: entry.name().into(),
            body: Body::Copy(entry),
            lead: 10,
        })
        .collect();
    let again = written(&copies, true, 1, Bounds::FORMAT);
    check(&again, &expected);
    assert!(again == bytes);
    check(&written(&copies, false, 2, Bounds::FORMAT), &expected);
}

#[test]
fn names_that_no_archive_can_have_are_refused_before_anything_is_written() {
    let options = LoadOptions::new();
    let meter = Meter::new(&options, 0);
    for name in ["a\0b".to_owned(), "n".repeat(70_000)] {
        let members = [
            new("first", b"x", Compression::Stored, 0),
            new(&name, b"x", Compression::Stored, 0),
        ];
        let mut out = Vec::new();
        let err = write_archive(&mut StreamSink::new(&mut out), &members, 64, 1, &meter);
        assert_eq!(err.unwrap_err().kind(), crate::ErrorKind::Argument);
        assert!(out.is_empty());
    }
}

#[test]
fn any_alignment_is_kept() {
    for align in [1, 2, 64, 4096, 1 << 15] {
        for lead in [0, 10, 128] {
            let members: Vec<_> = (0..5)
                .map(|i| {
                    new(
                        &"n".repeat(i * 13 + 1),
                        &noise(200 + i),
                        Compression::Stored,
                        lead,
                    )
                })
                .collect();
            let options = LoadOptions::new();
            let meter = Meter::new(&options, 0);
            let mut out = Vec::new();
            write_archive(&mut StreamSink::new(&mut out), &members, align, 1, &meter).unwrap();
            let archive = open(&out).unwrap();
            for entry in archive.entries() {
                let range = entry.stored_range().unwrap().unwrap();
                assert_eq!((range.start + lead) % align as u64, 0);
            }
        }
    }
}
