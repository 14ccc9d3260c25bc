//! What a path leads to: a file that may be replaced as a whole, or something that is written into.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// The most symbolic links that are followed, as the kernel has it.
const MOST_LINKS: usize = 40;

/// Where the bytes for a path go.
pub(crate) enum Place {
    /// A file of this path, whether or not it is there: `replaced` is what it is now.
    File {
        path: PathBuf,
        replaced: Option<Metadata>,
    },
    /// A pipe, a device, or one of this process's open files: nothing that could be renamed.
    Direct,
}

/// What `path` leads to, links followed.
pub(crate) fn place(path: &Path) -> io::Result<Place> {
    // An open file by its number: whoever opened it holds it, and would not see another in its place.
    let is_open_file = [
        "/dev/fd",
        "/dev/stdin",
        "/dev/stdout",
        "/dev/stderr",
        "/proc",
    ];
    if is_open_file.iter().any(|open| path.starts_with(open)) {
        return Ok(Place::Direct);
    }
    // Most paths are no links, and what is known of one is known of the file then.
    let found = match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {
            return Ok(Place::File {
                path: path.to_owned(),
                replaced: Some(found),
            });
        }
        Ok(_) => fs::metadata(path),
        Err(err) => Err(err),
    };
    match found {
        Ok(found) if found.is_file() => Ok(Place::File {
            path: fs::canonicalize(path)?,
            replaced: Some(found),
        }),
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) => Ok(Place::Direct),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(Place::File {
            path: behind_links(path)?,
            replaced: None,
        }),
        Err(err) => Err(err),
    }
}

/// The path that is to be made: where a link leads nowhere, that of its target.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            // An absolute target replaces the folder.
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn file(path: &Path) -> (PathBuf, bool) {
        match place(path).unwrap() {
            Place::File { path, replaced } => (path, replaced.is_some()),
            Place::Direct => panic!("{} is no file", path.display()),
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_whether_or_not_their_target_is_there() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        let (target, link, second) = (root.join("t"), root.join("l"), root.join("m"));
        symlink("t", &link).unwrap();
        symlink(&link, &second).unwrap();
        assert_eq!(file(&second), (target.clone(), false));
        fs::write(&target, "x").unwrap();
        assert_eq!(file(&second), (target, true));
        symlink("loop", root.join("loop")).unwrap();
        assert!(place(&root.join("loop")).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_and_open_files_are_written_into_and_folders_are_refused() {
        for path in ["/dev/null", "/dev/stdout", "/proc/self/fd/1"] {
            assert!(
                matches!(place(Path::new(path)), Ok(Place::Direct)),
                "{path}"
            );
        }
        let dir = tempfile::tempdir().unwrap();
        let err = place(dir.path()).err().unwrap();
        assert_eq!(err.kind(), io::ErrorKind::IsADirectory);
    }
}
