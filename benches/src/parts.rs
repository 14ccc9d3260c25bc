//! Less than a whole file: headers, rows, columns.

use std::fs::File;
use std::path::Path;

use bytemuck::cast_slice;
use memmap2::Mmap;
use ndarray::{Array1, ArrayView2, s};
use ndarray_npy::ViewNpyExt;
use npload::Npy;

use crate::harness::{Bench, Case};
use crate::inputs::{f32s, npy};

/// A row or column through a mapping, which is the way of ndarray-npy.
fn mapped(path: &Path, pick: impl Fn(&ArrayView2<'_, f32>) -> Array1<f32>) -> Array1<f32> {
    let file = File::open(path).unwrap();
    // SAFETY: nobody changes the files of a benchmark while it runs.
    let map = unsafe { Mmap::map(&file).unwrap() };
    pick(&ArrayView2::view_npy(&map).unwrap())
}

fn headers_by_npyz(path: &Path) -> Vec<Vec<u64>> {
    let mut npz = npyz::npz::NpzArchive::open(path).unwrap();
    let names: Vec<String> = npz.array_names().map(str::to_owned).collect();
    let shape = |name: &String| npz.by_name(name).unwrap().unwrap().shape().to_vec();
    names.iter().map(shape).collect()
}

pub fn cases(bench: &mut Bench) {
    if bench.wants("peek npz 1000 members") {
        let n = bench.scaled(1000);
        for (name, file, deflated) in [
            ("peek npz 1000 members", "peek.npz", false),
            ("peek npz 1000 members, deflated", "peek-deflated.npz", true),
        ] {
            let path = bench.inputs.npz(file, deflated, || {
                let member = npy("<f4", false, &[64, 64], cast_slice(&f32s(64 * 64)));
                (0..n)
                    .map(|i| (format!("layers.{i}.weight.npy"), member.clone()))
                    .collect()
            });
            let peeked = npload::peek(&path).unwrap();
            assert_eq!(peeked.len(), n);
            let shape = |peeked: &npload::Peeked| {
                let header = peeked.header.as_ref().unwrap().as_ref().unwrap();
                header.shape().to_vec()
            };
            assert!(peeked.iter().all(|peeked| shape(peeked) == [64, 64]));
            assert_eq!(headers_by_npyz(&path), vec![vec![64, 64]; n]);
            bench.measure(
                Case::new(name)
                    .run("npload", || npload::peek(&path).unwrap())
                    .run("npyz", || headers_by_npyz(&path)),
            );
        }
    }
    if bench.wants("row of 64 MB") || bench.wants("column of 64 MB") {
        let side = if bench.once { 256 } else { 4096 };
        let values = f32s(side * side);
        let path = bench.inputs.npy(
            "square.npy",
            "<f4",
            false,
            &[side, side],
            cast_slice(&values),
        );
        let ours = |selection: &str| {
            let npy = Npy::open(&path).unwrap();
            npy.read(selection.parse::<npload::Selection>().unwrap())
                .unwrap()
        };
        let row = |view: &ArrayView2<'_, f32>| view.slice(s![7, ..]).to_owned();
        let column = |view: &ArrayView2<'_, f32>| view.slice(s![.., 7]).to_owned();
        assert!(ours("7").view_dim::<f32, ndarray::Ix1>().unwrap() == mapped(&path, row));
        assert!(ours(":, 7").view_dim::<f32, ndarray::Ix1>().unwrap() == mapped(&path, column));
        let whole = |pick: &dyn Fn(&ArrayView2<'_, f32>) -> Array1<f32>| {
            let array: ndarray::Array2<f32> = ndarray_npy::read_npy(&path).unwrap();
            pick(&array.view())
        };
        let ours_mapped = |selection: &str| {
            let options = npload::LoadOptions::new();
            // SAFETY: nobody changes the files of a benchmark while it runs.
            let options = unsafe { options.mmap_mode(npload::MmapMode::Read) };
            let array = options.load(&path).unwrap().into_array().unwrap();
            let part = array.slice(selection.parse::<npload::Selection>().unwrap());
            part.unwrap().to_ndarray::<f32>().unwrap()
        };
        bench.measure(
            Case::new("row of 64 MB")
                .run("npload", || ours("7"))
                .run("ndarray-npy, whole file", || whole(&row))
                .run("ndarray-npy, mapped", || mapped(&path, row)),
        );
        bench.measure(
            Case::new("column of 64 MB")
                .run("npload", || ours(":, 7"))
                .run("ndarray-npy, whole file", || whole(&column)),
        );
        bench.measure(
            Case::new("column of 64 MB, mapped")
                .run("npload", || ours_mapped(":, 7"))
                .run("ndarray-npy", || mapped(&path, column)),
        );
    }
}
