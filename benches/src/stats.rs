//! `npload stats` beside reading the file.

use std::path::Path;

use bytemuck::cast_slice;
use npload_cli::Exit;

use crate::floors::ReadThrough;
use crate::harness::{Bench, Case};
use crate::inputs::{f32s, npy};

/// What the command prints of a file.
fn stats(path: &Path, more: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    let args = ["npload", "stats", path.to_str().unwrap()];
    let args = args.iter().chain(more).map(Into::into);
    let exit = npload_cli::run(args, &mut out, &mut std::io::stderr());
    assert_eq!(exit, Exit::Success);
    out
}

pub fn cases(bench: &mut Bench) {
    let names = [
        "stats of 1 GB f64",
        "stats of 1 GB f32",
        "stats of 1 GB i16",
    ];
    if !names.iter().any(|name| bench.wants(name)) {
        return;
    }
    // The same millions of values again and again: nobody looks at more than a few at a time.
    let n = bench.scaled(2_000_000);
    let values = f32s(n);
    let wide: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
    let short: Vec<i16> = values.iter().map(|&v| v as i16).collect();
    let types: [(&str, &[u8], usize); 3] = [
        ("<f8", cast_slice(&wide), 8),
        ("<f4", cast_slice(&values), 4),
        ("<i2", cast_slice(&short), 2),
    ];
    for (name, (descr, data, itemsize)) in names.into_iter().zip(types) {
        if !bench.wants(name) {
            continue;
        }
        let times = bench.scaled(1_000_000_000) / data.len().max(1);
        let times = times.max(1);
        let file = format!("stats-{}.npy", descr.trim_start_matches('<'));
        let path = bench.inputs.file(&file, |out| {
            let shape = [data.len() * times / itemsize / 1000, 1000];
            out.write_all(&npy(descr, false, &shape, &[])).unwrap();
            (0..times).for_each(|_| out.write_all(data).unwrap());
        });
        let mut plain = ReadThrough::new(2, 128 << 10);
        let mut alone = ReadThrough::new(1, 128 << 10);
        bench.measure(
            Case::new(name)
                .run("npload", || stats(&path, &[]))
                .run("2 threads, into 128 KiB each", || plain.read(&path))
                .run("1 thread, into 128 KiB", || alone.read(&path))
                .run("npload::load", || npload::load(&path).unwrap()),
        );
        bench.measure(
            Case::new(&format!("{name}, axis 0"))
                .run("npload", || stats(&path, &["--axis", "0"]))
                .run("2 threads, into 128 KiB each", || plain.read(&path)),
        );
        bench.measure(
            Case::new(&format!("{name}, axis 1"))
                .run("npload", || stats(&path, &["--axis", "1"]))
                .run("2 threads, into 128 KiB each", || plain.read(&path)),
        );
    }
}
