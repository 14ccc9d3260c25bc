//! Nothing is lost: at each step of a save the file is the old one or the new one.

use super::*;
use crate::sink::with_hook;
use crate::{ErrorKind, load};
use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A folder with a file in it.
fn old_file() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npz");
    fs::write(&path, b"what was there").unwrap();
    (dir, path)
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn arrays() -> Vec<(&'static str, Vec<f64>)> {
    vec![
        ("a", vec![1.0; 100_000]),
        ("b", vec![2.0; 10]),
        ("c", vec![3.0; 70_000]),
    ]
}

/// The steps of a save.
fn steps(options: &SaveOptions) -> Vec<&'static str> {
    let (_dir, path) = old_file();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let there = seen.clone();
    let note = move |name| {
        there.borrow_mut().push(name);
        Ok(())
    };
    with_hook(note, || options.savez(&path, arrays()).unwrap());
    seen.take()
}

#[test]
fn a_crash_before_any_step_leaves_the_old_file_or_the_new_one() {
    for options in [
        SaveOptions::new().durable(true),
        SaveOptions::new().compression(crate::Compression::DEFLATE),
    ] {
        let (dir, path) = old_file();
        let was = fs::read(&path).unwrap();
        options.savez(dir.path().join("new"), arrays()).unwrap();
        let new = fs::read(dir.path().join("new")).unwrap();
        let renamed = Rc::new(RefCell::new(false));
        let (place, becomes) = (path.clone(), new.clone());
        let look = move |name: &str| {
            let expected = if *renamed.borrow() { &becomes } else { &was };
            assert!(fs::read(&place).unwrap() == *expected, "before {name}");
            *renamed.borrow_mut() |= name == "rename";
            Ok(())
        };
        with_hook(look, || options.savez(&path, arrays()).unwrap());
        assert!(fs::read(&path).unwrap() == new);
    }
}

#[test]
fn a_failure_of_any_step_is_an_error_and_leaves_the_old_file_alone() {
    let options = SaveOptions::new().durable(true);
    let steps = steps(&options);
    assert!(steps.len() > 8, "{steps:?}");
    assert_eq!(&steps[..2], ["create", "mode"]);
    for (index, name) in steps.iter().enumerate() {
        let (dir, path) = old_file();
        let mut left = index;
        let fail = move |_: &str| {
            if left == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            left -= 1;
            Ok(())
        };
        let err = with_hook(fail, || options.savez(&path, arrays()).unwrap_err());
        assert_eq!(
            (err.kind(), err.io_kind()),
            (ErrorKind::Io, Some(io::ErrorKind::StorageFull))
        );
        assert_eq!(err.path(), Some(path.as_path()));
        assert_eq!(names(dir.path()), ["x.npz"], "{name}");
        // The folder is synced when the new file is in its place.
        if *name == "sync folder" {
            assert!(load(&path).is_ok());
        } else {
            assert_eq!(fs::read(&path).unwrap(), b"what was there", "{name}");
        }
    }
}

#[test]
fn who_wants_no_more_gets_the_old_file_back() {
    for compression in [crate::Compression::Stored, crate::Compression::DEFLATE] {
        let (dir, path) = old_file();
        let options = SaveOptions::new()
            .compression(compression)
            .progress_while(|_| std::ops::ControlFlow::Break(()));
        let err = options.savez(&path, arrays()).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Interrupted);
        assert_eq!(names(dir.path()), ["x.npz"]);
        assert_eq!(fs::read(&path).unwrap(), b"what was there");
    }
}

#[test]
fn progress_ends_with_all_of_it() {
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let there = told.clone();
    let options = SaveOptions::new().progress(move |progress| {
        there.lock().unwrap().push((progress.done, progress.total));
    });
    let dir = tempfile::tempdir().unwrap();
    options.savez(dir.path().join("x.npz"), arrays()).unwrap();
    options
        .save(dir.path().join("x.npy"), &vec![0_u8; 1 << 20])
        .unwrap();
    let told = told.lock().unwrap();
    let total = 3 * 128 + (100_000 + 10 + 70_000) * 8;
    assert!(told.contains(&(total, total)), "{told:?}");
    assert_eq!(told.last(), Some(&(128 + (1 << 20), 128 + (1 << 20))));
}

#[cfg(unix)]
#[test]
fn mode_and_links_are_kept_and_what_may_not_be_written_is_not_replaced() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let (dir, path) = old_file();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let link = dir.path().join("link");
    symlink("x.npz", &link).unwrap();
    savez(&link, arrays()).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let kept = fs::metadata(&path).unwrap();
    assert_eq!(kept.mode() & 0o7777, 0o640);
    assert!(load(&link).is_ok());
    // A link that leads nowhere makes what it names.
    let nowhere = dir.path().join("nowhere");
    symlink("made.npy", &nowhere).unwrap();
    save(&nowhere, &[1_i32]).unwrap();
    assert!(load(dir.path().join("made.npy")).is_ok());
    // Root may write anything.
    if kept.uid() != 0 {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
        let err = savez(&path, arrays()).unwrap_err();
        assert_eq!(err.io_kind(), Some(io::ErrorKind::PermissionDenied));
    }
    let err = save(dir.path(), &[1_i32]).unwrap_err();
    assert_eq!(err.io_kind(), Some(io::ErrorKind::IsADirectory));
    let err = save(dir.path().join("no/folder.npy"), &[1_i32]).unwrap_err();
    assert_eq!(err.io_kind(), Some(io::ErrorKind::NotFound));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_an_error_that_says_so() {
    let err = save("/dev/full", &[1_i32]).unwrap_err();
    assert_eq!(err.io_kind(), Some(io::ErrorKind::StorageFull));
    save("/dev/null", &[1_i32]).unwrap();
}
