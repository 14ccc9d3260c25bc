//! Arrays in files of their own.

use std::path::Path;

use bytemuck::cast_slice;
use ndarray::ArrayD;
use ndarray_npy::ReadableElement;

use crate::floors::{Fresh, read_fresh, read_small};
use crate::harness::{Bench, Case};
use crate::inputs::{f32s, random_u32};

pub fn load(path: &Path) -> npload::Array {
    npload::load(path).unwrap().into_array().unwrap()
}

fn by_ndarray_npy<T: ReadableElement>(path: &Path) -> ArrayD<T> {
    ndarray_npy::read_npy(path).unwrap()
}

fn by_npyz<T: npyz::Deserialize>(path: &Path) -> Vec<T> {
    let bytes = std::fs::read(path).unwrap();
    npyz::NpyFile::new(&bytes[..]).unwrap().into_vec().unwrap()
}

/// All three find the same elements, in the order of the file.
fn check<T>(path: &Path)
where
    T: npload::Element + ReadableElement + npyz::Deserialize + PartialEq + std::fmt::Debug,
{
    let ours = load(path).to_ndarray::<T>().unwrap();
    assert!(ours == by_ndarray_npy::<T>(path), "{}", path.display());
    let flat = ours.as_slice_memory_order().unwrap();
    assert!(flat == by_npyz::<T>(path), "{}", path.display());
}

/// 64 MB of records.
#[derive(npyz::Deserialize, Debug, PartialEq)]
struct Record {
    x: f32,
    n: i32,
    y: f64,
}

const RECORD: &str = "[('x', '<f4'), ('n', '<i4'), ('y', '<f8')]";

pub fn cases(bench: &mut Bench) {
    small(bench);
    for (name, mb) in [
        ("npy 1 MB f32", 1),
        ("npy 64 MB f32", 64),
        ("npy 256 MB f32", 256),
    ] {
        if bench.wants(name) {
            let values = f32s(bench.scaled(mb << 20) / 4);
            let shape = [values.len() / 8, 8];
            let path = bench.inputs.npy(
                &format!("c-{mb}.npy"),
                "<f4",
                false,
                &shape,
                cast_slice(&values),
            );
            check::<f32>(&path);
            large::<f32>(bench, name, &path);
        }
    }
    if bench.wants("npy 256 MB f64") {
        let values: Vec<f64> = f32s(bench.scaled(256 << 20) / 8)
            .into_iter()
            .map(f64::from)
            .collect();
        let path = bench.inputs.npy(
            "f8-256.npy",
            "<f8",
            false,
            &[values.len()],
            cast_slice(&values),
        );
        check::<f64>(&path);
        large::<f64>(bench, "npy 256 MB f64", &path);
    }
    if bench.wants("npy 64 MB f32 Fortran") {
        let values = f32s(bench.scaled(64 << 20) / 4);
        let shape = [values.len() / 1024, 1024];
        let path = bench
            .inputs
            .npy("f-64.npy", "<f4", true, &shape, cast_slice(&values));
        check::<f32>(&path);
        large::<f32>(bench, "npy 64 MB f32 Fortran", &path);
    }
    if bench.wants("npy 64 MB big-endian to ndarray") {
        let swapped = random_u32(bench.scaled(64 << 20) / 4);
        let path = bench.inputs.npy(
            "be-64.npy",
            ">u4",
            false,
            &[swapped.len()],
            cast_slice(&swapped),
        );
        check::<u32>(&path);
        bench.measure(
            Case::new("npy 64 MB big-endian to ndarray")
                .run("npload", || load(&path).to_ndarray::<u32>().unwrap())
                .run("npload, to_native", || load(&path).to_native().unwrap())
                .run("ndarray-npy", || by_ndarray_npy::<u32>(&path))
                .run("npyz", || by_npyz::<u32>(&path))
                .run("floor: reads by 2 threads", || read_fresh(&path, 2)),
        );
    }
    if bench.wants("npy 64 MB records") {
        let words = random_u32(bench.scaled(64 << 20) / 4);
        let bytes: &[u8] = cast_slice(&words);
        let path = bench
            .inputs
            .npy("records-64.npy", RECORD, false, &[bytes.len() / 16], bytes);
        let ours = load(&path);
        assert_eq!(ours.contiguous_bytes(npload::Order::C).unwrap(), bytes);
        let theirs = by_npyz::<Record>(&path);
        let n = ours.field("n").unwrap();
        let n = n.view::<i32>().unwrap();
        assert!(n.iter().eq(theirs.iter().map(|record| &record.n)));
        bench.measure(
            Case::new("npy 64 MB records")
                .run("npload", || load(&path))
                .run("npyz, to a Rust struct", || by_npyz::<Record>(&path))
                .run("floor: reads by 2 threads", || read_fresh(&path, 2)),
        );
    }
}

fn small(bench: &mut Bench) {
    if bench.wants("npy 100 B f32") {
        let values = f32s(25);
        let path = bench
            .inputs
            .npy("small.npy", "<f4", false, &[5, 5], cast_slice(&values));
        check::<f32>(&path);
        bench.measure(
            Case::new("npy 100 B f32")
                .run("npload", || load(&path))
                .run("ndarray-npy", || by_ndarray_npy::<f32>(&path))
                .run("npyz", || by_npyz::<f32>(&path))
                .run("floor: open, fstat, read, close", || read_small(&path)),
        );
    }
}

fn large<T: ReadableElement + npyz::Deserialize>(bench: &mut Bench, name: &str, path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    bench.measure(
        Case::new(name)
            .run("npload", || load(path))
            .run("ndarray-npy", || by_ndarray_npy::<T>(path))
            .run("npyz", || by_npyz::<T>(path))
            .run("floor: reads by 1 thread", || read_fresh(path, 1))
            .run("floor: reads by 2 threads", || read_fresh(path, 2))
            .run("memcpy to fresh memory", || {
                let mut memory = Fresh::new(bytes.len());
                memory.bytes().copy_from_slice(&bytes);
                memory
            }),
    );
}
