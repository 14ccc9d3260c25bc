//! Files that are cut or changed anywhere: an answer or an error, quickly, and nothing worse.

use std::process::Command;
use std::time::{Duration, Instant};

use npload::{Buffer, ErrorKind, Handle, LoadOptions, Loaded, Npz, Result, Selection};

use crate::files::{all_files, testdata};

/// An answer, or an error that says something: other than that there was no memory for it.
fn answered<T>(result: Result<T>) -> Option<T> {
    let said = |err: npload::Error| {
        assert!(!err.message().is_empty());
        assert_ne!(err.kind(), ErrorKind::OutOfMemory, "{err}");
    };
    result.map_err(said).ok()
}

/// Loads whatever it is in every way that there is.
fn do_all_with_it(bytes: &[u8]) {
    let options = LoadOptions::new();
    let started = Instant::now();
    let source = Buffer::from(bytes.to_vec());
    match answered(options.load_source(source.clone())) {
        Some(Loaded::Array(array)) => {
            assert!(array.nbytes() <= bytes.len());
            let _ = array.to_string();
        }
        Some(Loaded::Npz(npz)) => do_all_with_members(&npz),
        _ => {}
    }
    if let Some(handle) = answered(options.open_source(source)) {
        handle.peek().into_iter().for_each(|peeked| {
            answered(peeked.header);
        });
        if let Handle::Npy(npy) = handle {
            answered(npy.part()).map(|part| answered(part.read()));
            answered(npy.read(some()));
            let size = npy.header().size().min(1000);
            answered(npy.load_into(&mut vec![0_f64; size]));
        }
    }
    answered(options.load_reader(&mut &*bytes));
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
}

fn some() -> Selection {
    "..., :1".parse().unwrap()
}

fn do_all_with_members(npz: &Npz) {
    answered(npz.load_all());
    let verified = answered(npz.verify_all()).unwrap();
    verified.into_iter().for_each(|peeked| {
        answered(peeked.header);
    });
    for key in npz.keys() {
        let header = answered(npz.header(key)).flatten();
        answered(npz.member(key));
        if let Some(header) = header {
            answered(npz.part(key)).map(|part| answered(part.read()));
            answered(npz.read(key, some()));
            let size = header.size().min(1000);
            answered(npz.load_into(key, &mut vec![0_i64; size]));
            answered(npz.load_into(key, &mut vec![0_f64; size]));
        }
    }
}

/// The small files, each content once.
fn small_files() -> Vec<Vec<u8>> {
    let folders = ["npy", "npz", "malformed"];
    let all = folders.iter().flat_map(|folder| all_files(folder));
    let mut small: Vec<_> = all
        .map(|path| std::fs::read(path).unwrap())
        .filter(|bytes| bytes.len() <= 600)
        .collect();
    small.sort();
    small.dedup();
    assert!(small.len() > 500, "{}", small.len());
    small
}

/// Tries all of them, on as many threads as there are cores.
fn for_each<T: Send>(all: Vec<T>, try_one: impl Fn(usize, T) + Sync) {
    let all = std::sync::Mutex::new(all.into_iter().enumerate());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let next = all.lock().unwrap().next();
                    let Some((i, one)) = next else { break };
                    try_one(i, one);
                }
            });
        }
    });
}

/// Does the work of the test of that name in a process that has little memory, whose allocations fail
/// where they are out of proportion: the files have hundreds of bytes.
fn with_little_memory(test: &str, work: impl Fn()) {
    const LIMITED: &str = "NPLOAD_LIMITED";
    if !cfg!(target_os = "linux") || std::env::var_os(LIMITED).is_some() {
        return work();
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // Each thread has a stack of 2 MiB, and all allocate from one heap.
    let limit = (160 << 20) + cores * (4 << 20);
    let output = Command::new("prlimit")
        .arg(format!("--as={limit}"))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--test-threads=1"])
        .env(LIMITED, "1")
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_prefix_of_every_small_file_is_answered() {
    let this = "robust::every_prefix_of_every_small_file_is_answered";
    with_little_memory(this, || {
        for_each(small_files(), |_, bytes| {
            (0..=bytes.len()).for_each(|len| do_all_with_it(&bytes[..len]));
        });
    });
}

#[test]
fn every_changed_byte_of_every_small_file_is_answered() {
    let this = "robust::every_changed_byte_of_every_small_file_is_answered";
    with_little_memory(this, || {
        for_each(small_files(), |i, mut bytes| {
            for at in 0..bytes.len() {
                let before = bytes[at];
                // All 255 other values would take minutes: which are tried differs by place.
                for change in [1 << (at % 8), (i * 31 + at * 7) as u8 | 1] {
                    bytes[at] = before ^ change;
                    do_all_with_it(&bytes);
                }
                bytes[at] = before;
            }
        });
    });
}

/// One file of each kind: every value of every byte.
#[test]
fn every_value_of_every_byte_is_answered() {
    let this = "robust::every_value_of_every_byte_is_answered";
    let files = [
        "npy/f8-le-2d-c.npy",
        "npz/savez-nothing.npz",
        "npz/flags-of-deflate-options.npz",
        "npz/streamed-deflate.npz",
        "npz/zip64-both.npz",
        "npz/names-unicode-path-extra.npz",
        "npz/comment.npz",
    ];
    let files = files.map(|file| std::fs::read(testdata().join(file)).unwrap());
    let places = files
        .iter()
        .flat_map(|bytes| (0..bytes.len()).map(move |at| (bytes, at)));
    with_little_memory(this, || {
        for_each(places.clone().collect(), |_, (bytes, at)| {
            let mut changed = bytes.clone();
            for value in 0..=255 {
                changed[at] = value;
                do_all_with_it(&changed);
            }
        });
    });
}

/// Their decoders take megabytes, and so take their time.
#[test]
fn a_changed_byte_of_every_method_is_answered() {
    let this = "robust::a_changed_byte_of_every_method_is_answered";
    with_little_memory(this, || {
        let files = ["lzma", "zstd", "bzip2"].map(|method| {
            let file = format!("npz/method-{method}.npz");
            std::fs::read(testdata().join(file)).unwrap()
        });
        let places = files
            .iter()
            .flat_map(|bytes| (0..bytes.len()).map(move |at| (bytes, at)));
        for_each(places.collect(), |i, (bytes, at)| {
            let mut changed = bytes.clone();
            changed[at] ^= (i * 37) as u8 | 1;
            do_all_with_it(&changed);
        });
    });
}
