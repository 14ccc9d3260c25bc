//! Arrays that other people's packages ship, read from their wheels by `scripts/fetch-wheels`.

use std::path::PathBuf;

use crate::files::manifest;
use crate::numpy::check_file;

#[test]
fn files_of_other_packages_load_as_numpy_loads_them() {
    let Some(folder) = std::env::var_os("NPLOAD_WHEELS").map(PathBuf::from) else {
        println!(
            "skipped: NPLOAD_WHEELS names no folder; scripts/test fetches the wheels and sets it"
        );
        return;
    };
    let lines = manifest(&folder.join("manifest.jsonl"));
    assert!(lines.len() >= 10, "{} files", lines.len());
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
