//! How much the spool holds, and making room in it.

use std::collections::HashMap;
use std::fs;
use std::fs::OpenOptions;
use std::io;

use super::Lock;
use super::Spool;
use super::file;

/// A file of the spool.
#[derive(Debug)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
}

impl Stored {
    fn is_set_aside(&self) -> bool {
        self.name.ends_with(file::REFUSED) || self.name.ends_with(file::CORRUPT)
    }
}

impl Spool {
    /// The spool's files, oldest first; nothing else that may lie in the directory.
    pub(super) fn files(&self) -> io::Result<Vec<Stored>> {
        let entries = match fs::read_dir(self.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let ours = [file::WAITING, file::REFUSED, file::CORRUPT].iter().any(|ending| name.ends_with(ending));
            if !ours && !name.starts_with(file::TEMPORARY) {
                continue;
            }
            match entry.metadata() {
                Ok(found) if found.is_file() => files.push(Stored { name, bytes: found.len() }),
                // Removed since the listing, or a directory of that name.
                _ => {}
            }
        }
        files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    /// Whether `bytes` more fit. Files that were set aside make room first: nothing waits for them.
    pub(super) fn has_room(&self, bytes: u64) -> io::Result<bool> {
        let files = self.files()?;
        let mut used: u64 = files.iter().map(|file| file.bytes).sum();
        for file in files.iter().filter(|file| file.is_set_aside()) {
            if used.saturating_add(bytes) <= self.max_bytes {
                break;
            }
            fs::remove_file(self.path().join(&file.name))?;
            used -= file.bytes;
        }
        Ok(used.saturating_add(bytes) <= self.max_bytes)
    }

    /// Drops waiting payloads, oldest first, until `bytes` more fit; those in `spare` stay. The points dropped.
    ///
    /// Only for the holder of the lock: what another process is sending must not be dropped.
    ///
    /// # Errors
    /// When the directory cannot be read or written to.
    pub fn make_room(&self, bytes: u64, spare: &HashMap<String, u64>, _lock: &Lock) -> io::Result<u64> {
        let mut dropped = 0;
        if bytes > self.max_bytes {
            // No room that could be made would be enough.
            return Ok(0);
        }
        for file in self.files()? {
            if self.has_room(bytes)? {
                break;
            }
            if file.name.ends_with(file::WAITING) && !spare.contains_key(&file.name) {
                dropped += self.glance(&file.name).map_or(0, |header| header.points);
                fs::remove_file(self.path().join(&file.name))?;
            }
        }
        Ok(dropped)
    }

    /// Removes temporary files whose writer has died.
    ///
    /// # Errors
    /// When the directory cannot be read or written to.
    pub fn sweep(&self) -> io::Result<()> {
        for stored in self.files()? {
            if !stored.name.starts_with(file::TEMPORARY) {
                continue;
            }
            let path = self.path().join(&stored.name);
            let Ok(file) = OpenOptions::new().write(true).open(&path) else { continue };
            // A living writer holds the lock of its file until it has been renamed.
            if file.try_lock().is_ok() && path.exists() {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// Removes the oldest files that were set aside, down to `keep`.
    pub(super) fn trim_set_aside(&self, keep: usize) -> io::Result<()> {
        let aside: Vec<_> = self.files()?.into_iter().filter(Stored::is_set_aside).collect();
        for file in aside.iter().take(aside.len().saturating_sub(keep)) {
            fs::remove_file(self.path().join(&file.name))?;
        }
        Ok(())
    }
}
