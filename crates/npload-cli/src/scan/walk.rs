//! The files that arguments mean: folders with all that is in them.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file, or what cannot be read.
pub(super) type Step = (PathBuf, io::Result<()>);

/// Files one after the other, those of a folder in the order of their names. Links are followed;
/// every folder is entered once, by whatever path it was met first, so that a loop of links ends.
pub(super) struct Walk {
    /// What is still to be looked at; the last comes next.
    ahead: Vec<PathBuf>,
    entered: HashSet<PathBuf>,
}

impl Walk {
    pub(super) fn new(paths: &[PathBuf]) -> Self {
        Walk {
            ahead: paths.iter().rev().cloned().collect(),
            entered: HashSet::new(),
        }
    }

    /// Puts what is in a folder ahead.
    fn enter(&mut self, folder: &Path) -> io::Result<()> {
        if !self.entered.insert(fs::canonicalize(folder)?) {
            return Ok(());
        }
        let entries = fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path()));
        let mut inside = entries.collect::<io::Result<Vec<_>>>()?;
        inside.sort_unstable_by(|a, b| b.cmp(a));
        self.ahead.append(&mut inside);
        Ok(())
    }
}

impl Iterator for Walk {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            let path = self.ahead.pop()?;
            let is_folder = match fs::metadata(&path) {
                _ if path.as_os_str() == "-" => false,
                Ok(data) => data.is_dir(),
                Err(e) => return Some((path, Err(e))),
            };
            if !is_folder {
                return Some((path, Ok(())));
            }
            if let Err(e) = self.enter(&path) {
                return Some((path, Err(e)));
            }
        }
    }
}
