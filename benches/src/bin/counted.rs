//! What `scripts/check-instructions` counts the instructions of: `counted CASE FOLDER TIMES`.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a measurement that fails should stop at once and say where"
)]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use npload::{Buffer, LoadOptions, Objects};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, folder, times] = arguments.as_slice() else {
        panic!("usage: counted CASE FOLDER TIMES");
    };
    let folder = Path::new(folder);
    let work: Box<dyn Fn()> = match case.as_str() {
        "header" => header(folder),
        "directory" => directory(folder),
        "pickle" => pickle(folder),
        "small" => small(folder),
        other => panic!("no case {other}"),
    };
    for _ in 0..times.parse::<usize>().expect("a number") {
        work();
    }
}

/// A file that another program has written there.
fn given(folder: &Path, name: &str) -> (PathBuf, Buffer) {
    let path = folder.join(name);
    let bytes = std::fs::read(&path).expect("the file is there");
    (path, Buffer::from(bytes))
}

/// The header of an array in memory, as NumPy writes it.
fn header(folder: &Path) -> Box<dyn Fn()> {
    let (_, bytes) = given(folder, "small.npy");
    let options = LoadOptions::new();
    Box::new(move || drop(black_box(options.begin_source(bytes.clone(), 0).unwrap())))
}

/// The directory of an archive of 5,000 members in memory.
fn directory(folder: &Path) -> Box<dyn Fn()> {
    let (_, bytes) = given(folder, "members.npz");
    let options = LoadOptions::new();
    Box::new(move || {
        let npz = options.open_npz_in(bytes.clone()).unwrap();
        assert_eq!(black_box(npz).len(), 5_000);
    })
}

/// A pickle of 10,000 dicts of an int and a text.
fn pickle(folder: &Path) -> Box<dyn Fn()> {
    let (_, bytes) = given(folder, "dicts.pkl");
    Box::new(move || {
        let objects = Objects::load(&bytes[..]).unwrap();
        assert!(black_box(objects).len() > 10_000);
    })
}

/// A small file, opened, read and closed.
fn small(folder: &Path) -> Box<dyn Fn()> {
    let (path, _) = given(folder, "small.npy");
    Box::new(move || drop(black_box(npload::load(&path).unwrap())))
}
