//! What lies where in a cluster's data folder, as far as operators' verbs touch it.
//!
//! ```text
//! cluster.key        the cluster's secret: 32 bytes as 64 hex digits, readable by its owner only
//! vault.keys         further keys of the vault, a line each (jiewang vault add-key), unless --vault-keys says where they are
//! run.json           since when the last process was at work here, until when, and where its gateway listened
//! catalog/           the operator's catalog, taken in at the next start (jiewang catalog load)
//! calendar/<name>.csv   working days beyond the built-in calendar, likewise, in the order of their names (jiewang calendar load)
//! ```

use crate::cluster::folder::token_key;
use crate::exit::Failure;
use casebook::KEY_BYTES;
use dispatch::catalog::plans::{PLANS, STEPS};
use mesh::TokenKey;
use std::io;
use std::path::{Path, PathBuf};

/// Name of the key file.
pub const KEY_FILE: &str = "cluster.key";

/// Name of the file with the version of the emergency plans beside it.
pub const PLANS_VERSION: &str = "PLANS_VERSION";

/// The folder that was named, else that of the environment, else `./data`.
#[must_use]
pub fn or_default(named: Option<&Path>) -> PathBuf {
    let of_environment = || std::env::var_os("JIEWANG_DATA_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
    named.map(Path::to_path_buf).or_else(of_environment).unwrap_or_else(|| PathBuf::from("./data"))
}

/// Where an operator's catalog lies.
#[must_use]
pub fn catalog(data: &Path) -> PathBuf {
    data.join("catalog")
}

/// Where an operator's calendars lie.
#[must_use]
pub fn calendars(data: &Path) -> PathBuf {
    data.join("calendar")
}

/// The operator's calendars, `(version, text)`, in the order in which they are laid over the built-in one.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn read_calendars(data: &Path) -> io::Result<Vec<(String, String)>> {
    let entries = match std::fs::read_dir(calendars(data)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "csv"));
    paths.sort();
    let read = |path: PathBuf| {
        let version = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        std::fs::read_to_string(&path).map(|text| (version, text))
    };
    paths.into_iter().map(read).collect()
}

/// A version with its files, by name.
pub type Versioned = (String, Vec<(String, String)>);

/// The operator's duty list, `(version, files)`, files by name.
///
/// # Errors
/// When a file is there and cannot be read.
pub fn read_duty_list(data: &Path) -> io::Result<Option<Versioned>> {
    read_catalog(&dispatch_catalog(data))
}

/// Where dispatch's part of an operator's catalog lies.
#[must_use]
pub fn dispatch_catalog(data: &Path) -> PathBuf {
    catalog(data).join(dispatch::NAME)
}

/// The emergency plans in a folder, `(version, files)`: both files and PLANS_VERSION, or none.
///
/// # Errors
/// When the version is there and one of the files cannot be read, and when a file lies there without the version: nobody would read it.
pub fn read_plans(folder: &Path) -> io::Result<Option<Versioned>> {
    let read = |name: &str| std::fs::read_to_string(folder.join(name));
    let version = match read(PLANS_VERSION) {
        Ok(version) => version.trim().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let stray = [PLANS, STEPS].into_iter().find(|name| folder.join(name).exists());
            return stray.map_or(Ok(None), |stray| Err(without_version(stray)));
        }
        Err(error) => return Err(error),
    };
    let file = |name: &str| Ok((name.to_owned(), read(name)?));
    let files = [STEPS, PLANS].into_iter().map(file).collect::<io::Result<_>>()?;
    Ok(Some((version, files)))
}

fn without_version(stray: &str) -> io::Error {
    let sentence = format!(
        "{stray} lies there without {PLANS_VERSION}: write the version of the plans into a file of that name beside it, or take it away"
    );
    io::Error::new(io::ErrorKind::InvalidData, sentence)
}

/// A folder with a VERSION, as `jiewang catalog` takes it.
///
/// # Errors
/// When a file is there and cannot be read.
pub fn read_catalog(folder: &Path) -> io::Result<Option<Versioned>> {
    let read = |name: &str| match std::fs::read_to_string(folder.join(name)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let Some(version) = read("VERSION")? else { return Ok(None) };
    let mut files = Vec::new();
    for name in ["categories.csv", "duties.csv", "limits.csv", "units.csv", "tasks.csv", "care.csv"] {
        files.extend(read(name)?.map(|text| (name.to_owned(), text)));
    }
    Ok(Some((version.trim().to_owned(), files)))
}

/// The key that signs development tokens of the cluster whose folder `data` is.
///
/// # Errors
/// What is wrong with the file and what to do.
pub fn read_key(data: &Path) -> Result<TokenKey, Failure> {
    let path = data.join(KEY_FILE);
    let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
    let key = parse_key(&bytes).ok_or_else(|| {
        Failure::Configuration(format!("{} is no cluster key: it must hold 64 hexadecimal digits", path.display()))
    })?;
    Ok(token_key(&key))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let shown = path.display();
    Failure::Configuration(if error.kind() == io::ErrorKind::NotFound {
        format!("there is no {shown}: start `jiewang up` there once, or name the cluster's folder with --cluster")
    } else if error.kind() == io::ErrorKind::PermissionDenied {
        format!("{shown} may not be read: run this as the user that runs the cluster, or pass --token")
    } else {
        format!("{shown} cannot be read: {error}")
    })
}

/// The secret in a key file's bytes.
#[must_use]
pub fn parse_key(bytes: &[u8]) -> Option<[u8; KEY_BYTES]> {
    let text = std::str::from_utf8(bytes).ok()?.trim_end();
    if text.len() != KEY_BYTES * 2 || !text.is_ascii() {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_either_case_of_hex() {
        let raw: [u8; 32] = std::array::from_fn(|i| u8::try_from(i * 7).unwrap());
        let hex = raw.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(parse_key(hex.as_bytes()), Some(raw));
        assert_eq!(parse_key(format!("{}\n", hex.to_uppercase()).as_bytes()), Some(raw));
    }

    #[test]
    fn bytes_that_are_no_key_are_refused() {
        for bytes in [&b""[..], &[1; 32], &[1; 33], &[b'g'; 64], "é".repeat(32).as_bytes(), &[0xff; 64]] {
            assert_eq!(parse_key(bytes), None);
        }
    }
}
