//! Archives, loaded whole.

use std::fs::File;
use std::path::Path;

use bytemuck::cast_slice;
use ndarray::{ArrayD, IxDyn, OwnedRepr};
use ndarray_npy::{NpzReader, ReadableElement};

use crate::floors::{Scratch, read_fresh};
use crate::harness::{Bench, Case};
use crate::inputs::{Member, f32s, npy, random_u32};

/// Opens, loads and drops all members.
fn load_all(path: &Path) -> usize {
    let npz = npload::Npz::open(path).unwrap();
    std::hint::black_box(npz.load_all().unwrap()).len()
}

fn by_ndarray_npy<T: ReadableElement>(path: &Path) -> Vec<ArrayD<T>> {
    let mut npz = NpzReader::new(File::open(path).unwrap()).unwrap();
    (0..npz.len())
        .map(|i| npz.by_index::<OwnedRepr<T>, IxDyn>(i).unwrap())
        .collect()
}

fn by_npyz<T: npyz::Deserialize>(path: &Path) -> Vec<Vec<T>> {
    let mut npz = npyz::npz::NpzArchive::open(path).unwrap();
    let names: Vec<String> = npz.array_names().map(str::to_owned).collect();
    let array = |name: &String| npz.by_name(name).unwrap().unwrap().into_vec().unwrap();
    names.iter().map(array).collect()
}

fn check<T>(path: &Path)
where
    T: npload::Element + ReadableElement + npyz::Deserialize + PartialEq,
{
    let theirs = by_ndarray_npy::<T>(path);
    let npz = npload::Npz::open(path).unwrap();
    let ours = npz.load_all().unwrap();
    assert_eq!(ours.len(), theirs.len());
    for ((key, ours), theirs) in ours.into_iter().zip(&theirs) {
        assert!(
            ours.into_array().unwrap().view::<T>().unwrap() == theirs,
            "{key}"
        );
    }
    let total: usize = theirs.iter().map(ArrayD::len).sum();
    assert_eq!(
        by_npyz::<T>(path).iter().map(Vec::len).sum::<usize>(),
        total
    );
}

fn measure<T>(bench: &mut Bench, name: &str, path: &Path, floor: Floor)
where
    T: npload::Element + ReadableElement + npyz::Deserialize + PartialEq,
{
    check::<T>(path);
    let case = Case::new(name)
        .run("npload", || load_all(path))
        .run("ndarray-npy", || by_ndarray_npy::<T>(path))
        .run("npyz", || by_npyz::<T>(path));
    bench.measure(match floor {
        Floor::Reads => case.run("floor: reads by 2 threads", || read_fresh(path, 2)),
        Floor::Pass => {
            let (mut scratch, mut other) = (Scratch::new(path), Scratch::new(path));
            case.run("floor: scan, check, copy", move || scratch.pass_over())
                .run("the same, and read the file", move || {
                    other.read(path);
                    other.pass_over()
                })
        }
        Floor::None => case,
    });
}

enum Floor {
    Reads,
    Pass,
    None,
}

/// Members of f32 with these numbers of elements.
fn members(sizes: impl Iterator<Item = usize>) -> Vec<Member> {
    let member = |(i, n)| {
        let name = format!("layers.{i}.weight.npy");
        (name, npy("<f4", false, &[n], cast_slice(&f32s(n))))
    };
    sizes.enumerate().map(member).collect()
}

pub fn cases(bench: &mut Bench) {
    let many = bench.scaled(5000);
    if bench.wants("npz stored 2 x 64 MB") {
        let n = bench.scaled(64 << 20) / 4;
        let path = bench
            .inputs
            .npz("stored.npz", false, || members([n, n].into_iter()));
        measure::<f32>(bench, "npz stored 2 x 64 MB", &path, Floor::Reads);
    }
    if bench.wants("npz deflated 2 x 64 MB int32") {
        let n = bench.scaled(64 << 20) / 4;
        let path = bench.inputs.npz("deflated.npz", true, || {
            let ints: Vec<u32> = random_u32(n).into_iter().map(|x| x % 1000).collect();
            let member = npy("<i4", false, &[n], cast_slice(&ints));
            vec![("a.npy".into(), member.clone()), ("b.npy".into(), member)]
        });
        measure::<i32>(bench, "npz deflated 2 x 64 MB int32", &path, Floor::None);
    }
    if bench.wants("npz deflated 128 MB zeros") {
        let n = bench.scaled(128 << 20) / 4;
        let path = bench.inputs.npz("zeros.npz", true, || {
            vec![(
                "a.npy".into(),
                npy("<f4", false, &[n], cast_slice(&vec![0_f32; n])),
            )]
        });
        measure::<f32>(bench, "npz deflated 128 MB zeros", &path, Floor::None);
    }
    if bench.wants("npz 5000 tiny members") {
        let path = bench
            .inputs
            .npz("tiny.npz", false, || members((0..many).map(|_| 16)));
        measure::<f32>(bench, "npz 5000 tiny members", &path, Floor::Pass);
    }
    if bench.wants("npz 5000 tiny members, many shapes") {
        let path = bench.inputs.npz("shapes.npz", false, || {
            members((0..many).map(|i| 8 + i % 17))
        });
        measure::<f32>(
            bench,
            "npz 5000 tiny members, many shapes",
            &path,
            Floor::Pass,
        );
    }
    if bench.wants("npz 5000 tiny members, deflated") {
        let path = bench
            .inputs
            .npz("tiny-deflated.npz", true, || members((0..many).map(|_| 64)));
        measure::<f32>(bench, "npz 5000 tiny members, deflated", &path, Floor::None);
    }
    if bench.wants("npz mixed sizes") {
        // 1 KB to 4 MB, as in a model's weights.
        let n = bench.scaled(256);
        let path = bench.inputs.npz("mixed.npz", false, || {
            members((0..n).map(|i| 256 << (i % 13)))
        });
        measure::<f32>(bench, "npz mixed sizes", &path, Floor::Reads);
    }
}
