//! Parts read block by block.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use npload::{Array, Buffer, ErrorKind, Handle, LoadOptions, Part, Selection, Verify, open};
use proptest::prelude::*;

use crate::counted::Counted;
use crate::files::{all_files, testdata};
use crate::handles::counting;

/// All elements of the blocks, each at its place.
fn gathered(part: &Part<'_>, shape: &[usize]) -> Vec<Option<Vec<u8>>> {
    let mut all = vec![None; part.read().unwrap().size()];
    for block in part.blocks(shape).unwrap() {
        let block = block.unwrap();
        let inner = block.array.shape().to_vec();
        for (i, bytes) in elements(&block.array).into_iter().enumerate() {
            let mut rest = i;
            let mut flat = 0;
            let mut step = 1;
            for axis in (0..inner.len()).rev() {
                let at = block.start[axis] + rest % inner[axis];
                rest /= inner[axis];
                flat += at * step;
                step *= part.shape()[axis];
            }
            assert_eq!(all[flat], None);
            all[flat] = Some(bytes);
        }
    }
    all
}

fn elements(array: &Array) -> Vec<Vec<u8>> {
    let size = array.dtype().itemsize();
    let mut contiguous = array.clone();
    let bytes = contiguous.bytes_mut().unwrap().to_vec();
    if size == 0 {
        return vec![Vec::new(); array.size()];
    }
    bytes.chunks(size).map(<[u8]>::to_vec).collect()
}

fn check(part: &Part<'_>, shape: &[usize]) {
    let whole: Vec<_> = elements(&part.read().unwrap())
        .into_iter()
        .map(Some)
        .collect();
    assert!(gathered(part, shape) == whole, "{part:?} by {shape:?}");
}

#[test]
fn blocks_of_every_file_are_the_array() {
    let mut parts = 0;
    for file in [all_files("npy"), all_files("npz")].concat() {
        let Ok(handle) = open(&file) else { continue };
        let check = |part: npload::Result<Part<'_>>| {
            let Ok(part) = part else { return 0 };
            if !part.read().is_ok_and(|array| array.size() <= 10_000) {
                return 0;
            }
            for bytes in [0, 50, 1000, usize::MAX] {
                check(&part, &part.block_shape(bytes));
            }
            1
        };
        match &handle {
            Handle::Npy(npy) => parts += check(npy.part()),
            Handle::Npz(npz) => parts += npz.keys().map(|key| check(npz.part(key))).sum::<i32>(),
            _ => {}
        }
    }
    assert!(parts > 500, "{parts}");
}

proptest! {
    #[test]
    fn blocks_of_any_shape_are_the_part(
        shape in prop::collection::vec(0..6_usize, 0..4),
        lengths in prop::collection::vec(1..5_usize, 4),
        fortran: bool,
        steps in prop::collection::vec(prop_oneof![-3..0_isize, 1..4_isize], 4),
    ) {
        let bytes = counting(&shape, fortran);
        let npy = LoadOptions::new().open_npy_in(bytes).unwrap();
        let part = npy.part().unwrap();
        for bytes in [0, 4, 60, 1000] {
            prop_assert_eq!(npy.header().block_shape(bytes), part.block_shape(bytes));
        }
        check(&part, &lengths[..shape.len()]);
        let slices = steps[..shape.len()].iter().map(|step| format!("::{step}"));
        let slices = slices.collect::<Vec<_>>().join(", ");
        let part = part.slice(slices.parse::<Selection>().unwrap()).unwrap();
        check(&part, &lengths[..shape.len()]);
    }
}

/// A zip archive of one member, which NumPy or this test wrote.
fn archive(name: &str) -> (npload::Npz, String, Vec<u8>, Arc<AtomicU64>) {
    let bytes = std::fs::read(testdata().join("npz").join(name)).unwrap();
    let read = Arc::new(AtomicU64::new(0));
    let source = Counted(Buffer::from(bytes.clone()), read.clone());
    let npz = LoadOptions::new().load_source(source).unwrap();
    let npz = npz.into_npz().unwrap();
    let largest = npz.peek().into_iter().max_by_key(|member| member.size);
    let key = largest.and_then(|member| member.key).unwrap();
    (npz, key, bytes, read)
}

#[test]
fn a_compressed_member_is_inflated_once() {
    let (npz, key, bytes, read) = archive("method-deflate.npz");
    let part = npz.part(&key).unwrap();
    read.store(0, Ordering::Relaxed);
    let blocks = part.blocks(&part.block_shape(64)).unwrap().count();
    assert!(blocks > 4, "{blocks}");
    assert!(read.load(Ordering::Relaxed) < 2 * bytes.len() as u64);
}

#[test]
fn a_damaged_member_is_refused_by_its_last_block() {
    for name in ["method-stored.npz", "method-deflate.npz", "savez.npz"] {
        let (npz, key, bytes, _) = archive(name);
        let crc = npz.peek_member(&key).unwrap().data_offset;
        let mut damaged = bytes.clone();
        match crc {
            // A byte of the data.
            Some(at) => damaged[at as usize] ^= 1,
            // Of a compressed one, the checksum in the directory.
            None => {
                let name = format!("{key}.npy");
                let at = damaged
                    .windows(name.len())
                    .rposition(|w| w == name.as_bytes());
                damaged[at.unwrap() - 46 + 16] ^= 1;
            }
        }
        let open = |verify| {
            let options = LoadOptions::new().verify(verify);
            options
                .load_source(damaged.clone())
                .unwrap()
                .into_npz()
                .unwrap()
        };
        let npz = open(Verify::WholeReads);
        let part = npz.part(&key).unwrap();
        let shape = part.block_shape(16);
        let results: Vec<_> = part.blocks(&shape).unwrap().collect();
        let (last, others) = results.split_last().unwrap();
        assert_eq!(
            last.as_ref().unwrap_err().kind(),
            ErrorKind::Checksum,
            "{name}"
        );
        assert!(!others.is_empty() && others.iter().all(Result::is_ok));
        // With Always before anything is given, with Never not at all.
        let npz = open(Verify::Always);
        let part = npz.part(&key).unwrap();
        let mut blocks = part.blocks(&shape).unwrap();
        assert_eq!(
            blocks.next().unwrap().unwrap_err().kind(),
            ErrorKind::Checksum
        );
        assert!(blocks.next().is_none());
        let npz = open(Verify::Never);
        let part = npz.part(&key).unwrap();
        assert!(part.blocks(&shape).unwrap().all(|block| block.is_ok()));
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let npy = npload::Npy::open(testdata().join("npy/f8-le-2d-c.npy")).unwrap();
    let part = npy.part().unwrap();
    for shape in [&[][..], &[1], &[1, 0], &[1, 1, 1]] {
        assert_eq!(part.blocks(shape).unwrap_err().kind(), ErrorKind::Argument);
    }
    assert_eq!(part.blocks(&[usize::MAX, usize::MAX]).unwrap().count(), 1);
}
