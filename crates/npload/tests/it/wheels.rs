//! Arrays that other people's packages ship, read from their wheels by `scripts/fetch-wheels`.

use std::path::PathBuf;

use crate::numpy::check_folder;

#[test]
fn files_of_other_packages_load_as_numpy_loads_them() {
    let Some(folder) = std::env::var_os("NPLOAD_WHEELS").map(PathBuf::from) else {
        println!(
            "skipped: NPLOAD_WHEELS names no folder; scripts/test fetches the wheels and sets it"
        );
        return;
    };
    check_folder(&folder.join("files"), &folder, 30);
}
