//! Members loaded into memory of the caller's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use npload::{Buffer, ErrorKind, LoadOptions, Npz, Verify};

use crate::counted::Counted;
use crate::files::testdata;

#[test]
fn memory_that_does_not_fit_is_refused_before_the_data_is_read() {
    // A stored member "a.npy" of 3 million int32, by its checksum wrong.
    let bytes = stored(&crate::handles::counting(&[3_000_000], false));
    let read = Arc::new(AtomicU64::new(0));
    let source = Counted(Buffer::from(bytes), read.clone());
    let options = LoadOptions::new().verify(Verify::Never);
    let npz = options.load_source(source).unwrap().into_npz().unwrap();
    let err = npz.load_into("a", &mut [0_i32; 7]).unwrap_err();
    assert_eq!(
        (err.kind(), err.member()),
        (ErrorKind::Shape, Some("a.npy"))
    );
    let err = npz.load_into("a", &mut vec![0_f32; 3_000_000]).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Type);
    assert!(read.load(Ordering::Relaxed) < 100_000, "{read:?}");
    let mut values = vec![0_i32; 3_000_000];
    npz.load_into("a", &mut values).unwrap();
    assert!((0..3_000_000).eq(values));
}

/// A zip file of that one member, "a.npy", with a checksum of 0.
pub(crate) fn stored(member: &[u8]) -> Vec<u8> {
    let mut fields = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for n in [member.len(), member.len()] {
        fields.extend_from_slice(&(n as u32).to_le_bytes());
    }
    fields.extend_from_slice(&[5, 0, 0, 0]);
    let directory = [b"PK\x01\x02\x14\0".as_slice(), &fields, &[0; 14], b"a.npy"].concat();
    let mut file = [b"PK\x03\x04".as_slice(), &fields, b"a.npy", member].concat();
    let start = file.len() as u32;
    file.extend_from_slice(&directory);
    file.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    file.extend_from_slice(&start.to_le_bytes());
    file.extend_from_slice(&[0, 0]);
    file
}

#[test]
fn a_wrong_checksum_is_told() {
    let bytes = stored(&crate::handles::counting(&[3_000_000], false));
    let source = Counted(Buffer::from(bytes), Arc::default());
    let npz = LoadOptions::new().load_source(source).unwrap();
    let mut values = vec![0_i32; 3_000_000];
    let err = npz.into_npz().unwrap().load_into("a", &mut values);
    assert_eq!(err.unwrap_err().kind(), ErrorKind::Checksum);
}

#[test]
fn every_method_and_every_other_member_is_told_apart() {
    let npz = Npz::open(testdata().join("npz/method-each-in-one.npz")).unwrap();
    for key in ["stored", "deflate", "bzip2", "lzma"] {
        let array = npz.get(key).unwrap();
        let err = npz.load_into::<u8>(key, &mut []).unwrap_err();
        assert!(
            matches!(err.kind(), ErrorKind::Type | ErrorKind::Shape),
            "{err}"
        );
        let mut values = vec![0_f64; array.size()];
        match npz.load_into(key, &mut values) {
            Ok(()) => assert_eq!(
                values
                    .iter()
                    .flat_map(|v| v.to_ne_bytes())
                    .collect::<Vec<_>>(),
                array.to_bytes().unwrap()
            ),
            Err(err) => assert_eq!(err.kind(), ErrorKind::Type),
        }
    }
    let npz = Npz::open(testdata().join("npz/raw-members.npz")).unwrap();
    let err = npz.load_into::<u8>("readme.txt", &mut []).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotArray);
}

/// A number out of /proc/self/status, in bytes.
#[cfg(target_os = "linux")]
fn status(key: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(key)).unwrap();
    let number = line.split_whitespace().nth(1).unwrap();
    number.parse::<u64>().unwrap() * 1024
}

/// Not a test: what the one below runs.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "run by another test of this file, in a process of its own"]
fn measurement() {
    let Some(path) = std::env::var_os("NPLOAD_FILE") else {
        return;
    };
    let options = LoadOptions::new().verify(Verify::Never);
    let npz = options.open_npz(path).unwrap();
    let mut values = vec![1_i32; 3_000_000];
    let before = status("RssAnon:");
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    npz.load_into("a", &mut values).unwrap();
    // Pages of the program itself, which come in as it runs, are not the load's.
    let program = status("RssFile:") + status("RssShmem:");
    let taken = status("VmHWM:").saturating_sub(before + program);
    assert!(taken < 1 << 20, "{taken}");
}

#[cfg(target_os = "linux")]
#[test]
fn no_second_copy_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npz");
    std::fs::write(
        &path,
        stored(&crate::handles::counting(&[3_000_000], false)),
    )
    .unwrap();
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "into::measurement", "--ignored"])
        .env("NPLOAD_FILE", &path)
        .status();
    assert!(status.unwrap().success());
}
