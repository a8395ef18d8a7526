//! The development authority of a cluster: a root, an intermediate under it, and certificates for services.
//!
//! For machines of developers and for tests. A city has its own authority, or cert-manager has one for it; all that a process wants is
//! its folder (see [`super`]).
//!
//! Changing the root without a gap takes four steps, because everybody must trust the new one before anybody shows it: make it, let
//! everybody trust both, issue anew, trust the new one alone.

use super::name::ServiceName;
use civic::Micros;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// Clocks differ.
const BEFORE: Duration = Duration::from_secs(3600);
const ROOT_FOR: Duration = Duration::from_secs(10 * 365 * 86_400);
const INTERMEDIATE_FOR: Duration = Duration::from_secs(365 * 86_400);

const TRUSTED: &str = "ca.crt";

/// Why the authority could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file of its folder.
    #[error("failed to use {}", file.display())]
    File {
        /// Which one.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A certificate could not be made, or one of its own not be read.
    #[error("failed to make a certificate")]
    Certificate(#[from] rcgen::Error),
}

/// What a service gets, in PEM.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Its certificate and the intermediate.
    pub certificate: String,
    /// Its key.
    pub key: String,
    /// Whom to trust.
    pub roots: String,
}

/// A folder with the keys of an authority.
pub struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// Opens a folder, making root and intermediate when there are none.
    pub fn open(folder: &Path, now: Micros) -> Result<Self, AuthorityError> {
        let authority = Self { folder: folder.to_owned() };
        fs::create_dir_all(folder).map_err(|source| authority.failed(".", source))?;
        if !folder.join("root.key").exists() {
            authority.change_root(now)?;
        }
        Ok(authority)
    }

    /// Makes a new root, and an intermediate under it that issues from now on. Earlier roots are trusted beside it.
    pub fn change_root(&self, now: Micros) -> Result<(), AuthorityError> {
        let key = KeyPair::generate()?;
        let root = authority_params("root", now, ROOT_FOR, 1)?.self_signed(&key)?.pem();
        let trusted = match fs::read_to_string(self.folder.join(TRUSTED)) {
            Ok(earlier) => format!("{earlier}{root}"),
            Err(_none) => root.clone(),
        };
        self.write("root.crt", &root, 0o644)?;
        self.write("root.key", &key.serialize_pem(), 0o600)?;
        self.write(TRUSTED, &trusted, 0o644)?;
        self.change_intermediate(now)
    }

    /// Makes a new intermediate: what the old one issued holds on.
    pub fn change_intermediate(&self, now: Micros) -> Result<(), AuthorityError> {
        let key = KeyPair::generate()?;
        let params = authority_params("intermediate", now, INTERMEDIATE_FOR, 0)?;
        let certificate = params.signed_by(&key, &self.issuer("root")?)?.pem();
        self.write("intermediate.crt", &certificate, 0o644)?;
        self.write("intermediate.key", &key.serialize_pem(), 0o600)
    }

    /// Earlier roots are trusted no more.
    pub fn forget_earlier_roots(&self) -> Result<(), AuthorityError> {
        let root = self.read("root.crt")?;
        self.write(TRUSTED, &root, 0o644)
    }

    /// Puts the roots alone into a process's folder.
    pub fn trust(&self, folder: &Path) -> Result<(), AuthorityError> {
        let failed = |source| AuthorityError::File { file: folder.join(super::ROOTS), source };
        write_file(folder, super::ROOTS, &self.read(TRUSTED)?, 0o644).map_err(failed)
    }

    /// A certificate for a service, for calls in both directions.
    pub fn issue(&self, name: &ServiceName, now: Micros, lasts: Duration) -> Result<Issued, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![name.host()])?;
        params.subject_alt_names.push(SanType::URI(name.to_string().try_into()?));
        params.distinguished_name.push(DnType::CommonName, name.service.clone());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = (at(now, BEFORE, Duration::ZERO), at(now, Duration::ZERO, lasts));
        let leaf = params.signed_by(&key, &self.issuer("intermediate")?)?.pem();
        let certificate = format!("{leaf}{}", self.read("intermediate.crt")?);
        Ok(Issued { certificate, key: key.serialize_pem(), roots: self.read(TRUSTED)? })
    }

    fn issuer(&self, which: &str) -> Result<Issuer<'static, KeyPair>, AuthorityError> {
        let key = KeyPair::from_pem(&self.read(&format!("{which}.key"))?)?;
        Ok(Issuer::from_ca_cert_pem(&self.read(&format!("{which}.crt"))?, key)?)
    }

    fn read(&self, name: &str) -> Result<String, AuthorityError> {
        fs::read_to_string(self.folder.join(name)).map_err(|source| self.failed(name, source))
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> Result<(), AuthorityError> {
        write_file(&self.folder, name, text, mode).map_err(|source| self.failed(name, source))
    }

    fn failed(&self, name: &str, source: io::Error) -> AuthorityError {
        AuthorityError::File { file: self.folder.join(name), source }
    }
}

impl Issued {
    /// Puts the three files into a process's folder.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        write_file(folder, super::KEY, &self.key, 0o600)?;
        write_file(folder, super::CERTIFICATE, &self.certificate, 0o644)?;
        write_file(folder, super::ROOTS, &self.roots, 0o644)
    }
}

fn authority_params(what: &str, now: Micros, lasts: Duration, below: u8) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    // A name for each: chains are built by names, and two roots are trusted while one is changed.
    params.distinguished_name.push(DnType::CommonName, format!("jiewang development {what} {}", now.0));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (at(now, BEFORE, Duration::ZERO), at(now, Duration::ZERO, lasts));
    Ok(params)
}

/// An instant as rcgen takes it.
fn at<T: From<std::time::SystemTime>>(now: Micros, earlier: Duration, later: Duration) -> T {
    let now = Duration::from_micros(u64::try_from(now.0).unwrap_or_default());
    T::from(UNIX_EPOCH + now.saturating_sub(earlier) + later)
}

/// Written beside and renamed: who reads meanwhile sees the old one or the new one.
fn write_file(folder: &Path, name: &str, text: &str, mode: u32) -> io::Result<()> {
    let beside = folder.join(format!("{name}.new"));
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(mode).open(&beside)?;
    file.write_all(text.as_bytes())?;
    fs::rename(beside, folder.join(name))
}
