//! The examples, each run once.

use std::path::PathBuf;
use std::process::Command;

/// Where `cargo test` puts them: beside this test's own folder.
fn examples() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    this.parent().unwrap().parent().unwrap().join("examples")
}

#[test]
fn every_example_runs_and_says_something() {
    for (name, says) in [
        ("load_npy", "the first element: nan"),
        ("read_part", "[   0    1    2 ... 1097 1098 1099]"),
        ("npz", "y: 16 bytes in memory"),
        ("mmap", "pages are read when they are looked at"),
        ("objects", "a list: [3.5]"),
        ("peek", "member \"list.npy\""),
    ] {
        let program = examples().join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if !program.exists() {
            // `cargo test --test it` builds no examples; `scripts/test` does.
            println!("{name} is not built");
            continue;
        }
        let output = Command::new(program).output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {err}");
        assert!(out.contains(says), "{name}: {out}");
    }
}
