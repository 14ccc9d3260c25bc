//! An archive's directory takes memory for what it is, not for what it claims to be.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::process::Command;

use npload::{ErrorKind, Npz};

#[test]
fn a_directory_that_is_a_hole_takes_no_memory() {
    const LEN: u64 = 39 << 30;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hole.npz");
    let mut file = File::create(&path).unwrap();
    file.write_all(b"PK\x03\x04").unwrap();
    file.set_len(LEN).unwrap();
    file.seek(SeekFrom::Start(LEN)).unwrap();
    let mut end = b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\x03\x2d\0\0\0\0\0\0\0\0\0".to_vec();
    // Members on this disk and in all, the directory's size and place.
    for n in [LEN / 46, LEN / 46, LEN - 100, 100] {
        end.extend_from_slice(&n.to_le_bytes());
    }
    end.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    end.extend_from_slice(&LEN.to_le_bytes());
    end.extend_from_slice(b"\x01\0\0\0PK\x05\x06\0\0\0\0");
    end.extend_from_slice(&[0xff; 12]);
    end.extend_from_slice(&[0, 0]);
    file.write_all(&end).unwrap();

    // In a process of its own, since the others take memory meanwhile.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "memory::measurement", "--ignored", "--nocapture"])
        .env("NPLOAD_MEASURE", "within 16777216")
        .env("NPLOAD_FILE", &path)
        .env("NPLOAD_THREADS", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    let peak = text.split("resident-peak ").nth(1).unwrap();
    let peak: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    assert!(peak < 1 << 20, "{peak}");

    let err = Npz::open(&path).unwrap_err();
    assert_eq!((err.kind(), err.offset()), (ErrorKind::Archive, Some(100)));
    assert!(err.message().contains("central directory"), "{err}");
}
