//! Files that are cut or changed anywhere: an answer or an error, quickly, and nothing worse.

use std::time::{Duration, Instant};

use npload::{Buffer, LoadOptions, Loaded};

use crate::files::all_files;

/// Loads whatever it is, in every way that reads it whole.
fn load_all_of_it(bytes: &[u8]) {
    let options = LoadOptions::new();
    let started = Instant::now();
    match options.load_source(Buffer::from(bytes.to_vec())) {
        Ok(Loaded::Array(array)) => {
            assert!(array.nbytes() <= bytes.len());
            let _ = array.to_string();
        }
        Ok(Loaded::Npz(npz)) => {
            let _ = npz.load_all();
            for key in npz.keys() {
                let _ = npz.header(key);
                let _ = npz.member(key);
            }
        }
        Ok(_) => {}
        Err(e) => assert!(!e.message().is_empty()),
    }
    let _ = options.load_reader(&mut &*bytes);
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
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

/// Tries all files, on as many threads as there are cores.
fn for_each_small_file(try_file: impl Fn(usize, Vec<u8>) + Sync) {
    let files = std::sync::Mutex::new(small_files().into_iter().enumerate());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let next = files.lock().unwrap().next();
                    let Some((i, bytes)) = next else { break };
                    try_file(i, bytes);
                }
            });
        }
    });
}

#[test]
fn every_prefix_of_every_small_file_is_answered() {
    for_each_small_file(|_, bytes| (0..=bytes.len()).for_each(|len| load_all_of_it(&bytes[..len])));
}

#[test]
fn every_changed_byte_of_every_small_file_is_answered() {
    for_each_small_file(|i, mut bytes| {
        for at in 0..bytes.len() {
            let before = bytes[at];
            // All 255 other values would take minutes: which three are tried differs by place.
            for change in [1 << (at % 8), 0xff, (i * 31 + at * 7) as u8 | 1] {
                bytes[at] = before ^ change;
                load_all_of_it(&bytes);
            }
            bytes[at] = before;
        }
    });
}
