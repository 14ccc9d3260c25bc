//! Boxes of arrays, read side by side into memory in C order.

use std::io::Write;
use std::iter;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use npload::{
    Array, Buffer, ErrorKind, Handle, LoadOptions, Npy, Npz, Order, Result, Verify, open,
};
use proptest::prelude::*;

use crate::counted::Counted;
use crate::files::all_files;
use crate::handles::counting;

type Box = Vec<Range<usize>>;
/// Fills boxes.
type Read<'a> = &'a dyn Fn(Vec<(Box, &mut [u8])>) -> Result<()>;

/// A grid over a shape: each axis cut in up to so many parts.
fn grid(shape: &[usize], parts: &[usize]) -> Vec<Box> {
    let mut boxes = vec![Vec::new()];
    for (&len, &parts) in shape.iter().zip(parts.iter().chain(iter::repeat(&1))) {
        let each = len.div_ceil(parts.max(1)).max(1);
        let cuts = (0..len.max(1)).step_by(each);
        let ranges: Vec<_> = cuts.map(|at| at..(at + each).min(len)).collect();
        boxes = boxes
            .iter()
            .flat_map(|start: &Box| {
                let longer = |range: &Range<usize>| [start.clone(), vec![range.clone()]].concat();
                ranges.iter().map(longer).collect::<Vec<_>>()
            })
            .collect();
    }
    boxes
}

/// Memory at a boundary of 16 bytes.
fn memory(nbytes: usize) -> Vec<u128> {
    vec![u128::MAX; nbytes.div_ceil(16)]
}

/// What `read` puts into boxes, each in memory of its size.
fn filled(
    boxes: &[Box],
    itemsize: usize,
    read: impl FnOnce(Vec<(Box, &mut [u8])>) -> Result<()>,
) -> Result<Vec<Vec<u8>>> {
    let times = |size: usize, range: &Range<usize>| size.saturating_mul(range.len());
    // No axis of an array without elements is too long.
    let size = |ranges: &Box| match ranges.iter().any(Range::is_empty) {
        true => 0,
        false => ranges.iter().fold(itemsize, times),
    };
    let mut memories: Vec<_> = boxes.iter().map(|ranges| memory(size(ranges))).collect();
    let places = memories.iter_mut().zip(boxes);
    let places = places.map(|(memory, ranges)| {
        let bytes: &mut [u8] = npload::bytemuck::cast_slice_mut(memory);
        (ranges.clone(), &mut bytes[..size(ranges)])
    });
    read(places.collect())?;
    let bytes = memories.iter().zip(boxes);
    let bytes = bytes.map(|(memory, ranges)| {
        let bytes: &[u8] = npload::bytemuck::cast_slice(memory);
        bytes[..size(ranges)].to_vec()
    });
    Ok(bytes.collect())
}

/// What they should be: slices of the whole, made native.
fn expected(whole: &Array, boxes: &[Box]) -> Vec<Vec<u8>> {
    let native = whole.to_native().unwrap();
    let slice = |ranges: &Box| {
        let at = |at: usize| Some(isize::try_from(at).unwrap());
        let index = ranges.iter().map(|range| npload::Index::Slice {
            start: at(range.start),
            stop: at(range.end),
            step: 1,
        });
        let part = native
            .slice(npload::Selection::new(index.collect()))
            .unwrap();
        part.to_bytes().unwrap()
    };
    boxes.iter().map(slice).collect()
}

#[test]
fn boxes_of_every_test_file_are_slices_of_the_whole() {
    let mut count = 0;
    for path in ["npy", "npz"].into_iter().flat_map(all_files) {
        let mut check = |whole: Result<Array>, read: Read<'_>| {
            let Ok(whole) = whole else { return };
            let itemsize = whole.dtype().itemsize();
            for parts in [&[1, 1][..], &[3, 1], &[1, 2], &[2, 2, 2]] {
                let boxes = grid(whole.shape(), parts);
                match filled(&boxes, itemsize, read) {
                    Ok(found) => assert_eq!(found, expected(&whole, &boxes), "{path:?}"),
                    Err(err) => {
                        assert_eq!(err.kind(), ErrorKind::Type, "{path:?}: {err}");
                        assert!(![1, 2, 4, 8, 16].contains(&itemsize), "{path:?}");
                    }
                }
                count += 1;
            }
        };
        match open(&path) {
            Ok(Handle::Npy(npy)) => check(npy.load(), &|boxes| npy.read_boxes(boxes)),
            Ok(Handle::Npz(npz)) => {
                let keys: Vec<_> = npz.keys().take(20).map(str::to_owned).collect();
                for key in keys {
                    check(npz.get(&key), &|boxes| npz.read_boxes(&key, boxes));
                }
            }
            _ => {}
        }
    }
    assert!(count > 500, "{count}");
}

fn zip(member: &[u8], deflate: bool) -> Vec<u8> {
    let mut data = member.to_vec();
    if deflate {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(member).unwrap();
        data = encoder.finish().unwrap();
    }
    let mut fields = vec![20, 0, 0, 0, if deflate { 8 } else { 0 }, 0, 0, 0, 0, 0];
    fields.extend_from_slice(&crc32fast::hash(member).to_le_bytes());
    for n in [data.len(), member.len()] {
        fields.extend_from_slice(&(n as u32).to_le_bytes());
    }
    fields.extend_from_slice(&[5, 0, 0, 0]);
    let directory = [b"PK\x01\x02\x14\0".as_slice(), &fields, &[0; 14], b"a.npy"].concat();
    let mut file = [b"PK\x03\x04".as_slice(), &fields, b"a.npy", &data].concat();
    let start = file.len() as u32;
    file.extend_from_slice(&directory);
    file.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    file.extend_from_slice(&start.to_le_bytes());
    file.extend_from_slice(&[0, 0]);
    file
}

fn options(threads: usize) -> LoadOptions {
    LoadOptions::new().threads(NonZeroUsize::new(threads).unwrap())
}

/// The same boxes of the same array as an npy file, a stored and a deflated member.
fn everywhere(shape: &[usize], fortran: bool, boxes: &[Box], threads: usize) {
    let bytes = counting(shape, fortran);
    let npy = options(threads)
        .open_npy_in(Buffer::from(bytes.clone()))
        .unwrap();
    let wanted = expected(&npy.load().unwrap(), boxes);
    let found = filled(boxes, 4, |boxes| npy.read_boxes(boxes)).unwrap();
    assert!(found == wanted, "npy {shape:?} {fortran} {boxes:?}");
    for deflate in [false, true] {
        let archive = Buffer::from(zip(&bytes, deflate));
        let npz = options(threads).open_npz_in(archive).unwrap();
        let found = filled(boxes, 4, |boxes| npz.read_boxes("a", boxes)).unwrap();
        assert!(
            found == wanted,
            "npz {deflate} {shape:?} {fortran} {boxes:?}"
        );
    }
}

#[test]
fn large_arrays_in_every_way_to_cut_them() {
    for shape in [
        &[1_500_000][..],
        &[1100, 1401],
        &[400_001, 3],
        &[31, 300, 151],
    ] {
        for fortran in [false, true] {
            for parts in [&[1][..], &[8], &[1, 8], &[1, 1, 3, 2]] {
                everywhere(shape, fortran, &grid(shape, parts), 3);
            }
            // Half of it; two corners; the same box twice.
            let boxes = grid(shape, &[2, 2, 2]);
            everywhere(shape, fortran, &boxes[..boxes.len() / 2], 2);
            let corners = [boxes[0].clone(), boxes[boxes.len() - 1].clone()];
            everywhere(shape, fortran, &corners, 2);
            everywhere(shape, fortran, &[boxes[0].clone(), boxes[0].clone()], 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_boxes_are_slices(
        shape in proptest::collection::vec(0_usize..9, 0..5),
        fortran: bool,
        ends in proptest::collection::vec((0.0..1.0, 0.0..1.0), 15),
    ) {
        let boxes: Vec<Box> = ends
            .chunks(5)
            .map(|ends| {
                let range = |(&len, &(a, b)): (&usize, &(f64, f64))| {
                    let at = |x: f64| (x * (len + 1) as f64) as usize;
                    at(a).min(at(b))..at(a).max(at(b))
                };
                shape.iter().zip(ends).map(range).collect()
            })
            .collect();
        everywhere(&shape, fortran, &boxes, 2);
    }
}

#[test]
fn a_box_outside_and_memory_of_another_size_are_refused() {
    let npy = LoadOptions::new()
        .open_npy_in(Buffer::from(counting(&[3, 4], false)))
        .unwrap();
    for ranges in [
        vec![0..4, 0..4],
        vec![0..3; 1],
        vec![0..3, Range { start: 2, end: 1 }],
        vec![0..3, 0..4, 0..1],
    ] {
        let err = npy.read_boxes(vec![(ranges, &mut [0; 48])]).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Index, "{err}");
    }
    let err = npy
        .read_boxes(vec![(vec![0..3, 0..2], &mut [0; 25])])
        .unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Shape);
    assert_eq!(err.message(), "the box has 24 bytes, the memory has 25");
    npy.read_boxes(vec![]).unwrap();
    npy.read_boxes(vec![(vec![1..1, 0..4], &mut [])]).unwrap();
}

#[test]
fn nothing_is_read_twice_and_what_no_box_has_is_left_alone() {
    let (rows, columns) = (1024, 32_768);
    let size = |boxes: &[Box]| -> u64 {
        let size = |ranges: &Box| ranges.iter().map(|r| r.len() as u64).product::<u64>() * 4;
        boxes.iter().map(size).sum()
    };
    for fortran in [false, true] {
        let shape = if fortran {
            [columns, rows]
        } else {
            [rows, columns]
        };
        let read = Arc::new(AtomicU64::new(0));
        let source = Counted(Buffer::from(counting(&shape, fortran)), read.clone());
        let npy: Npy = options(2).open_npy_in(source).unwrap();
        for parts in [&[8][..], &[1, 8], &[4, 2]] {
            let boxes = grid(&shape, parts);
            for boxes in [
                &boxes[..],
                &boxes[..boxes.len() / 2],
                &[boxes[0].clone(), boxes[7].clone()],
            ] {
                read.store(0, Ordering::Relaxed);
                filled(boxes, 4, |boxes| npy.read_boxes(boxes)).unwrap();
                assert_eq!(
                    read.load(Ordering::Relaxed),
                    size(boxes),
                    "{fortran} {parts:?}"
                );
            }
        }
    }
}

#[test]
fn boxes_that_leave_nothing_out_check_the_checksum() {
    let shape = [700, 3000];
    for (fortran, deflate) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut member = counting(&shape, fortran);
        let at = member.len() - 5;
        let mut bytes = zip(&member, deflate);
        if deflate {
            member[at] ^= 1;
            let other = zip(&member, true);
            // The checksum of the first, the stream of the second.
            let sums = [bytes[14..18].to_vec(), other[14..18].to_vec()];
            bytes = other;
            let places: Vec<_> = (0..bytes.len() - 4)
                .filter(|&at| bytes[at..at + 4] == sums[1])
                .collect();
            for at in places {
                bytes[at..at + 4].copy_from_slice(&sums[0]);
            }
        } else {
            let at = 35 + at;
            bytes[at] ^= 1;
        }
        let read = |options: LoadOptions, boxes: &[Box]| {
            let npz: Npz = options.open_npz_in(Buffer::from(bytes.clone())).unwrap();
            let read = filled(boxes, 4, |boxes| npz.read_boxes("a", boxes));
            read.map(drop)
                .map_err(|err| (err.kind(), err.member().map(str::to_owned)))
        };
        let bad = Err((ErrorKind::Checksum, Some("a.npy".to_owned())));
        for parts in [&[1][..], &[4], &[1, 4], &[2, 2]] {
            let boxes = grid(&shape, parts);
            assert_eq!(
                read(options(2), &boxes),
                bad,
                "{fortran} {deflate} {parts:?}"
            );
            let never = options(2).verify(Verify::Never);
            assert_eq!(read(never, &boxes), Ok(()));
            let half = &boxes[..boxes.len() / 2];
            assert_eq!(read(options(2), half), Ok(()));
            if !half.is_empty() {
                assert_eq!(read(options(2).verify(Verify::Always), half), bad);
            }
        }
    }
}

#[test]
fn a_box_of_bytes_that_are_no_native_numbers_is_native() {
    let file =
        b"\x93NUMPY\x01\0\x36\0{'descr': '>i2', 'fortran_order': True, 'shape': (2,2)}".to_vec();
    let file = [
        &file[..8],
        &[(file.len() - 10) as u8, 0],
        &file[10..],
        &[0, 1, 0, 2, 0, 3, 0, 4],
    ]
    .concat();
    let npy = LoadOptions::new().open_npy_in(Buffer::from(file)).unwrap();
    assert_eq!(npy.header().order(), Order::F);
    let found = filled(&[vec![0..2, 0..2]], 2, |boxes| npy.read_boxes(boxes)).unwrap();
    let numbers: &[i16] = npload::bytemuck::cast_slice(&found[0]);
    assert_eq!(numbers, [1, 3, 2, 4]);
}
