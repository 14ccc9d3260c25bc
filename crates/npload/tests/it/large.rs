//! Files that are too large for the repository, written by `scripts/testdata --large`.

use std::path::PathBuf;

use crate::numpy::check_folder;

#[test]
fn large_files_load_as_numpy_loads_them() {
    let Some(folder) = std::env::var_os("NPLOAD_LARGE").map(PathBuf::from) else {
        println!("skipped: NPLOAD_LARGE names no folder; scripts/test --all writes it and sets it");
        return;
    };
    check_folder(&folder, &folder, 3);
}
