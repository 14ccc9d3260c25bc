//! Files that are too large for the repository, written by `scripts/testdata --large`.

use std::path::PathBuf;

use crate::files::manifest;
use crate::numpy::check_file;

#[test]
fn large_files_load_as_numpy_loads_them() {
    let Some(folder) = std::env::var_os("NPLOAD_LARGE").map(PathBuf::from) else {
        println!("skipped: NPLOAD_LARGE names no folder; scripts/test --all writes it and sets it");
        return;
    };
    let lines = manifest(&folder.join("manifest.jsonl"));
    assert!(!lines.is_empty());
    let failures: Vec<String> = lines
        .iter()
        .flat_map(|line| check_file(&folder, line))
        .collect();
    assert!(
        failures.is_empty(),
        "{} differences:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
