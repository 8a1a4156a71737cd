//! The spool: payloads on disk, from before they are sent until they are accepted.
//!
//! A payload is written to a temporary file, synced, renamed, and the directory synced: under its final name a file is
//! always whole, and survives a kill or a power cut. A file is removed after Datadog's 202. A kill between the two makes
//! the next run send the same bytes again, which overwrites the same points.

pub mod file;
pub mod list;
mod room;

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use collector::Failure;
use collector::Reason;

use super::SpoolSettings;
use super::encode::Payload;

const LOCK: &str = "lock";

/// Files kept of what Datadog refused or what cannot be read; the oldest go first. They are there to be looked at.
const MAX_SET_ASIDE: usize = 20;

/// Tries to write a file, each under another name: another run may clear a temporary file away in the instant before it
/// is locked.
const WRITE_TRIES: usize = 3;

/// The spool of one directory.
#[derive(Debug, Clone)]
pub struct Spool {
    directory: PathBuf,
    max_bytes: u64,
}

/// The right to send from the spool, held by one process at a time. Released when dropped, or when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why a payload was not written.
#[derive(Debug)]
pub enum NotWritten {
    /// The spool's bound does not leave room for it.
    Full,
    /// The disk or the directory.
    Failed(Failure),
}

/// Why a payload was not read.
#[derive(Debug)]
pub enum NotRead {
    /// It is not there any more.
    Gone,
    /// It is not whole; why, as a clause.
    Corrupt(String),
    /// The disk or the directory.
    Failed(Failure),
}

impl Spool {
    /// The spool of a directory. Nothing is made or changed.
    ///
    /// # Errors
    /// When there is something else than a directory at that path.
    pub fn open(settings: SpoolSettings) -> Result<Spool, Failure> {
        let spool = Spool { directory: settings.directory, max_bytes: settings.max_bytes };
        match fs::metadata(&spool.directory) {
            Ok(found) if !found.is_dir() => Err(spool.failure("open the spool", &io::ErrorKind::NotADirectory.into())),
            // Not found, or not to be seen: that is said when it is needed.
            _ => Ok(spool),
        }
    }

    /// Whether the directory is there.
    pub fn exists(&self) -> bool {
        self.directory.is_dir()
    }

    /// Makes the directory where it is missing, and checks that it can be written to.
    ///
    /// # Errors
    /// When it cannot.
    pub fn prepare(&self) -> Result<(), Failure> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.directory);
        made.and_then(|()| self.lock_file().map(drop)).map_err(|error| self.failure("prepare the spool", &error))
    }

    /// The right to send from the spool; none while another process has it.
    ///
    /// # Errors
    /// When the lock file cannot be opened or locked.
    pub fn try_lock(&self) -> Result<Option<Lock>, Failure> {
        let file = self.lock_file().map_err(|error| self.failure("lock the spool", &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(self.failure("lock the spool", &error)),
        }
    }

    /// Writes a payload; its name.
    ///
    /// # Errors
    /// When there is no room, or the disk fails.
    pub fn put(&self, payload: &Payload, sequence: u32) -> Result<String, NotWritten> {
        let failed = |error| NotWritten::Failed(self.failure("write to the spool", &error));
        if !self.has_room(file::size(payload)).map_err(failed)? {
            return Err(NotWritten::Full);
        }
        let name = file::name(payload, sequence);
        self.write(payload, &name).map_err(failed)?;
        Ok(name)
    }

    /// Puts payloads into the place of one that they are made of. Not bound by room: the one leaves as much.
    ///
    /// # Errors
    /// When the disk fails; the one is then still there.
    pub fn replace(&self, name: &str, by: &[Payload]) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        for (number, payload) in by.iter().enumerate() {
            let part = file::part_name(name, number);
            self.write(payload, &part).map_err(|error| self.failure("write to the spool", &error))?;
            names.push(part);
        }
        self.remove(name)?;
        Ok(names)
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// When it is gone, damaged, or the disk fails.
    pub fn load(&self, name: &str) -> Result<Payload, NotRead> {
        let content = fs::read(self.directory.join(name)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => NotRead::Gone,
            _ => NotRead::Failed(self.failure(&format!("read {name} of the spool"), &error)),
        })?;
        file::read(content).map_err(|error| NotRead::Corrupt(error.to_string()))
    }

    /// Removes a file. It is no failure when it is gone already. Not synced: a file that reappears after a power cut is
    /// sent again, which is harmless.
    ///
    /// # Errors
    /// When the directory cannot be written to.
    pub fn remove(&self, name: &str) -> Result<(), Failure> {
        match fs::remove_file(self.directory.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.failure(&format!("remove {name} from the spool"), &error))
            }
            _ => Ok(()),
        }
    }

    /// Renames a file so that it is not sent again, only looked at. `ending` is [`file::REFUSED`] or [`file::CORRUPT`].
    ///
    /// # Errors
    /// When the directory cannot be written to.
    pub fn set_aside(&self, name: &str, ending: &str) -> Result<(), Failure> {
        let renamed = fs::rename(self.directory.join(name), self.directory.join(format!("{name}{ending}")));
        renamed
            .and_then(|()| self.trim_set_aside(MAX_SET_ASIDE))
            .map_err(|error| self.failure("set a spool file aside", &error))
    }

    /// Names of the payloads that wait, oldest first.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn waiting(&self) -> Result<Vec<String>, Failure> {
        let files = self.files().map_err(|error| self.failure("list the spool", &error))?;
        Ok(files.into_iter().map(|file| file.name).filter(|name| name.ends_with(file::WAITING)).collect())
    }

    fn lock_file(&self) -> io::Result<File> {
        // The file is never removed: a second process could lock a new one while the first still holds the old.
        let path = self.directory.join(LOCK);
        // A pipe in its place would be waited for without end.
        if fs::symlink_metadata(&path).is_ok_and(|lock| !lock.is_file()) {
            return Err(io::Error::other(format!("{LOCK} is not a regular file")));
        }
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
    }

    fn write(&self, payload: &Payload, name: &str) -> io::Result<()> {
        let mut tries = 1;
        loop {
            match self.write_once(payload, name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries < WRITE_TRIES => tries += 1,
                written => return written,
            }
        }
    }

    fn write_once(&self, payload: &Payload, name: &str) -> io::Result<()> {
        let temporary = self.directory.join(format!("{}{:016x}", file::TEMPORARY, fastrand::u64(..)));
        let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&temporary)?;
        let write = |mut file: &File| {
            // The lock tells a file that is being written from one whose writer has died.
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::NotFound.into()),
                // A file system without locks: the leftover of a kill then stays until `drop_all`.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            file.write_all(file::header(payload).as_bytes())?;
            file.write_all(&payload.body)?;
            file.sync_all()?;
            fs::rename(&temporary, self.directory.join(name))?;
            File::open(&self.directory)?.sync_all()
        };
        write(&file).inspect_err(|_| {
            // The write's own error is the one to tell.
            let _ = fs::remove_file(&temporary);
        })
    }

    fn failure(&self, doing: &str, error: &io::Error) -> Failure {
        let doing = format!("{doing} in {}", self.directory.display());
        Failure::new(Reason::Other, doing, error.to_string())
            .with_cure("Set ORGPULSE_STATE_DIR to a directory that can be written to, or mount a volume there")
    }

    fn path(&self) -> &Path {
        &self.directory
    }
}
