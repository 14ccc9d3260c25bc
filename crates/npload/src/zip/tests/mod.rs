//! Behaviour of the whole layer: what Python's `zipfile` does with the same bytes, and more.

mod directory;
mod hostile;
mod into;
mod members;
mod streams;

use std::io::Read;

use super::testing::{Member, bzip2, deflate, open, open_file, zip, zip_with, zstd};
use super::{Archive, ReadOptions};
use crate::error::{Error, ErrorKind, Result};

pub(super) fn read(archive: &Archive, name: &str) -> Result<Vec<u8>> {
    let entry = archive.find(name).expect(name);
    let bytes = entry.read(7, &ReadOptions::default())?;
    assert!(
        bytes.is_empty()
            || bytes[7.min(bytes[..].len())..].as_ptr().addr() % 64 == 0
            || bytes[..].len() < 7
    );
    Ok(bytes.to_vec())
}

pub(super) fn first(bytes: &[u8]) -> Result<Vec<u8>> {
    let archive = open(bytes)?;
    let from_memory = archive.entry(0).unwrap().read(0, &ReadOptions::default());
    let archive = open_file(bytes)?;
    let from_file = archive.entry(0).unwrap().read(0, &ReadOptions::default());
    match (from_memory, from_file) {
        (Ok(a), Ok(b)) => {
            assert_eq!(&*a, &*b);
            Ok(a.to_vec())
        }
        (Err(a), Err(b)) => {
            assert_eq!(a.to_string(), b.to_string());
            Err(a)
        }
        (a, b) => panic!("memory {a:?}, file {b:?}"),
    }
}

#[track_caller]
pub(super) fn refused<T: std::fmt::Debug>(result: Result<T>, kind: ErrorKind, text: &str) {
    let err = result.unwrap_err();
    assert_eq!(
        (err.kind(), err.message().starts_with(text)),
        (kind, true),
        "{err:?}"
    );
}

pub(super) fn refuse_open(bytes: &[u8], kind: ErrorKind, text: &str) {
    refused(open(bytes).map(|_| ()), kind, text);
    refused(open_file(bytes).map(|_| ()), kind, text);
}

pub(super) fn noise(len: usize) -> Vec<u8> {
    let mut x = 12345_u32;
    std::iter::repeat_with(|| {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        (x >> 7) as u8
    })
    .take(len)
    .collect()
}
