//! Putting a folder of files in another's place, so that a service that starts meanwhile reads either the old files or the new
//! ones, never some of each.

use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Copies `files` of `from` that are there and lets the copy be `to`; what was there goes.
pub(super) fn replace(from: &Path, files: &[&str], to: &Path) -> io::Result<()> {
    let parent = to.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(parent)?;
    let name = to.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let beside = parent.join(format!(".{name}.new"));
    clear(&beside)?;
    fs::create_dir(&beside)?;
    for file in files.iter().filter(|file| from.join(file).exists()) {
        fs::copy(from.join(file), beside.join(file))?;
        File::open(beside.join(file))?.sync_all()?;
    }
    File::open(&beside)?.sync_all()?;
    if to.exists() {
        // One step for both names: there is no moment without a catalog.
        renameat_with(CWD, &beside, CWD, to, RenameFlags::EXCHANGE)?;
        clear(&beside)?;
    } else {
        fs::rename(&beside, to)?;
    }
    File::open(parent)?.sync_all()
}

fn clear(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_files_take_the_place_of_all_old_ones() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second, to) = (dir.path().join("1"), dir.path().join("2"), dir.path().join("data/catalog/intake"));
        for (folder, file) in [(&first, "a"), (&second, "b")] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join(file), file).unwrap();
            replace(folder, &["a", "b"], &to).unwrap();
            assert_eq!(fs::read_to_string(to.join(file)).unwrap(), file);
        }
        assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
        assert_eq!(fs::read_dir(to.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }
}
