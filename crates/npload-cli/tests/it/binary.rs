//! The real program: exit codes, pipes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

fn npload(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_npload"));
    command.args(args);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    command
}

#[test]
fn exit_codes_tell_success_from_failure_from_misuse() {
    for (args, code) in [
        (&["show", "testdata/npz/savez.npz"][..], 0),
        (&["verify", "testdata/malformed/crc-stored.npz"], 1),
        (&["show", "no-such-file.npy"], 1),
        (&["show"], 2),
        (&["show", "testdata/npz/savez.npz", "0"], 2),
        (&["show", "testdata/npz/savez.npz:q"], 2),
        (&["show", "testdata/npz/savez.npz:x", "9"], 2),
        (&["show", "testdata/npz/savez.npz:x", "'f'"], 2),
        (&["show", "testdata/npz/raw-members.npz:one", "0"], 2),
    ] {
        let output = npload(args).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_without_a_word() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    let dict = "{'descr': '|u1', 'fortran_order': False, 'shape': (3000000,), }";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&u16::try_from(dict.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(dict.as_bytes());
    bytes.resize(bytes.len() + 3_000_000, 7);
    std::fs::write(&path, bytes).unwrap();
    let args = ["show", path.to_str().unwrap(), "--threshold", "9999999"];
    let mut child = npload(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    assert!(first.starts_with("[7 7 7"), "{first}");
    drop(out);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn standard_input_is_a_file_too() {
    for (file, place, first) in [
        ("testdata/npy/f8-le-2d-c.npy", "-", "[["),
        ("testdata/npz/savez-compressed.npz", "-", "x: "),
        ("testdata/npz/savez.npz", "-:x", "[0 1 2]"),
    ] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let bytes = std::fs::read(root.join(file)).unwrap();
        let mut child = npload(&["show", "--", place])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(out.starts_with(first), "{file}: {out}");
    }
}

#[test]
fn an_array_of_objects_on_standard_input_is_shown_and_verified() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bytes = std::fs::read(root.join("testdata/npy/object.npy")).unwrap();
    for (command, first) in [("show", "[1 'two' None list([3.5])]"), ("verify", "ok")] {
        let mut child = npload(&[command, "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(&bytes).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(out.starts_with(first), "{command}: {out}");
        assert_eq!(output.status.code(), Some(0), "{command}");
    }
}

#[test]
fn of_an_array_on_standard_input_no_more_is_read_than_is_needed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bytes = std::fs::read(root.join("testdata/npy/f8-le-2d-c.npy")).unwrap();
    for (command, first, code) in [("info", "name", 0), ("show", "[[", 0), ("verify", "ok", 0)] {
        let mut child = npload(&[command, "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It ends although its input does not.
        let mut input = child.stdin.take().unwrap();
        input.write_all(&bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        drop(input);
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(out.starts_with(first), "{command}: {out}");
        assert_eq!(output.status.code(), Some(code), "{command}");
    }
    let mut child = npload(&["show", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&[0; 512]).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(input);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("nothing but zero bytes"), "{err}");
}

#[test]
fn a_scan_that_was_not_heard_to_its_end_is_no_success() {
    let dir = tempfile::tempdir().unwrap();
    // More than a pipe and the command's own buffer hold.
    for i in 0..6000 {
        std::fs::write(dir.path().join(format!("{i:060}")), b"N.").unwrap();
    }
    let mut child = npload(&["scan", dir.path().to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(1));
}
