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

/// The small files: of each folder those that are quickly tried at every byte.
fn small_files() -> Vec<Vec<u8>> {
    let folders = ["npy", "npz", "malformed"];
    let all = folders.iter().flat_map(|folder| all_files(folder));
    let bytes = all.map(|path| std::fs::read(path).unwrap());
    let small: Vec<_> = bytes.filter(|bytes| bytes.len() <= 700).collect();
    assert!(small.len() > 100);
    small
}

#[test]
fn every_prefix_of_every_small_file_is_answered() {
    for bytes in small_files() {
        (0..=bytes.len()).for_each(|len| load_all_of_it(&bytes[..len]));
    }
}

#[test]
fn every_changed_byte_of_every_small_file_is_answered() {
    for (i, mut bytes) in small_files().into_iter().enumerate() {
        for at in 0..bytes.len() {
            let before = bytes[at];
            // All of 255 other values would take minutes: what they add differs from file to file.
            for change in [1, 0x80, 0xff, 0x20, (i % 251) as u8 ^ at as u8] {
                bytes[at] = before ^ change;
                load_all_of_it(&bytes);
            }
            bytes[at] = before;
        }
    }
}
