//! Contents: every method, sizes and checksums.

use super::*;

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
fn a_large_member_is_read_by_two_threads_as_by_one() {
    let data = noise(10 << 20);
    for member in [
        Member::deflated("a", &data),
        Member::compressed("a", 93, &data, zstd(&data)),
    ] {
        let archive = open_file(&zip(&[member])).unwrap();
        for threads in [1, 2, 3] {
            let options = ReadOptions {
                threads,
                ..ReadOptions::default()
            };
            assert!(*archive.entry(0).unwrap().read(64, &options).unwrap() == *data);
        }
    }
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
            let size = if declared < 5000 {
                let got = 5000.min(declared + 64);
                format!("it has {got} bytes or more, and the directory declares {declared}")
            } else {
                format!("it ends after 5000 bytes, and the directory declares {declared}")
            };
            if declared < 5000 {
                // Python stops at the declared size and finds the wrong sum there.
                let got = first(&zip(&[member.clone()]));
                assert!(
                    got.as_ref()
                        .is_err_and(|err| err.message().ends_with(&size))
                );
                refused(got, ErrorKind::Checksum, "Bad CRC-32 for file 'a.npy': ");
                member.crc = crc32fast::hash(&data[..declared as usize]);
            }
            let text = format!("Bad size of file 'a.npy': {size}");
            refused(first(&zip(&[member])), ErrorKind::Archive, &text);
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

/// "hello, hello, hello, lzma" forty times, compressed by LZMA with properties as zip has them.
const LZMA: &[u8] = &[
    9, 4, 5, 0, 93, 0, 0, 128, 0, 0, 52, 25, 73, 238, 141, 239, 140, 136, 73, 86, 150, 190, 32,
    171, 185, 99, 1, 27, 230, 184, 129,
];
/// The end of that stream with an end marker, and without.
const WITH_MARKER: &[u8] = &[156, 35, 169, 255, 255, 227, 189, 128, 0];
const WITHOUT_MARKER: &[u8] = &[94, 22, 90, 0];

fn lzma(end: &[u8], flags: u16) -> Member {
    let data = b"hello, hello, hello, lzma".repeat(40);
    Member {
        flags,
        ..Member::compressed("a", 14, &data, [LZMA, end].concat())
    }
}

#[test]
fn lzma_is_read_with_and_without_an_end_marker() {
    let data = b"hello, hello, hello, lzma".repeat(40);
    for (end, flags) in [(WITH_MARKER, 2), (WITH_MARKER, 0), (WITHOUT_MARKER, 0)] {
        let member = lzma(end, flags);
        assert_eq!(
            first(&zip(std::slice::from_ref(&member))).unwrap(),
            data,
            "{flags}"
        );
        let archive = open_file(&zip(&[member])).unwrap();
        assert_eq!(archive.entry(0).unwrap().prefix(30).unwrap(), data[..30]);
    }
}

#[test]
fn a_dictionary_that_lies_takes_no_memory() {
    let mut member = lzma(WITH_MARKER, 2);
    member.data[5..9].fill(0xff);
    assert_eq!(first(&zip(&[member])).unwrap()[..5], *b"hello");
    let mut member = lzma(WITH_MARKER, 2);
    member.data[4] = 8 + 4 * 9;
    let text = "bad lzma properties: lc=8, lp=4, pb=0";
    refused(first(&zip(&[member])), ErrorKind::Archive, text);
    let mut member = lzma(WITH_MARKER, 2);
    member.data[2] = 6;
    let text = "the lzma properties have 6 bytes and not 5";
    refused(first(&zip(&[member])), ErrorKind::Archive, text);
}

#[test]
fn an_lzma_stream_must_have_the_declared_size() {
    for (end, flags) in [(WITH_MARKER, 2), (WITHOUT_MARKER, 0)] {
        for declared in [999, 1001] {
            let mut member = lzma(end, flags);
            member.size = declared;
            // Without a marker one byte too many is a wrong byte, which the sum finds.
            let kind = first(&zip(&[member])).unwrap_err().kind();
            assert!(matches!(kind, ErrorKind::Archive | ErrorKind::Checksum));
        }
    }
}

#[test]
fn a_cut_stream_is_an_error_whatever_the_method() {
    let data = noise(5000);
    for (method, whole) in [
        (8, deflate(&data)),
        (12, bzip2(&data)),
        (93, zstd(&data)),
        (14, lzma(WITH_MARKER, 2).data),
    ] {
        for keep in [0, 3, 12, whole.len() / 2, whole.len() - 20] {
            let mut member = Member::compressed("a", method, &data, whole[..keep].to_vec());
            member.size = if method == 14 { 1000 } else { 5000 };
            let kind = first(&zip(&[member])).map(|_| ()).unwrap_err().kind();
            assert!(
                matches!(kind, ErrorKind::Archive | ErrorKind::Checksum),
                "{method} {keep}"
            );
        }
    }
}

#[test]
fn a_large_zstd_window_is_refused() {
    // Magic, a descriptor without a content size, a window of 2**31 bytes, one empty last block.
    let frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, (31 - 10) << 3, 1, 0, 0];
    let mut member = Member::compressed("a", 93, b"", frame);
    member.size = 1000;
    let err = first(&zip(&[member])).unwrap_err();
    assert!(
        err.message()
            .starts_with("the zstd stream is damaged: a frame asks for a window of "),
        "{err}"
    );
    assert!(err.message().contains("indow"), "{err}");
}

#[test]
fn what_shrinks_a_thousandfold_is_read_into_memory_that_grows() {
    let data: Vec<u8> = (0..40_u32 << 20).map(|i| (i >> 20) as u8).collect();
    for member in [
        Member::deflated("a", &data),
        Member::compressed("a", 93, &data, zstd(&data)),
    ] {
        let bytes = zip(std::slice::from_ref(&member));
        assert!(bytes.len() < 1 << 18);
        assert!(first(&bytes).unwrap() == data);
        let mut longer = member;
        longer.size += 7;
        let err = first(&zip(&[longer])).map(|_| ()).unwrap_err();
        let text = "it ends after 41943040 bytes, and the directory declares 41943047";
        assert!(err.message().ends_with(text), "{err}");
    }
}
