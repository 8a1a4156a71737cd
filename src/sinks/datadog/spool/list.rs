//! Looking at the spool, and emptying it, for `orgpulse spool`.

use std::fs::File;
use std::io;
use std::io::Read;

use collector::Failure;
use collector::Reason;

use super::Spool;
use super::file;
use super::file::Header;
use crate::sinks::datadog::series::MAX_AGE_S;

/// A file of the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name; the order of names is the order of age.
    pub name: String,
    /// Points in it; 0 when its header cannot be read.
    pub points: u64,
    /// Timestamp of its oldest point, in seconds since the Unix epoch.
    pub oldest: i64,
    /// Timestamp of its newest point.
    pub newest: i64,
    /// Its length on disk.
    pub bytes: u64,
    /// Seconds since its newest point.
    pub age_s: i64,
    /// What will become of it.
    pub state: EntryState,
}

/// What will become of a spool file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryState {
    /// It will be sent.
    Waiting,
    /// Datadog would drop it silently; it will be given up.
    TooOld,
    /// Datadog refused it for good.
    Refused,
    /// It cannot be read.
    Corrupt,
}

impl EntryState {
    /// The state in words.
    pub fn as_str(self) -> &'static str {
        match self {
            EntryState::Waiting => "waiting",
            EntryState::TooOld => "too old",
            EntryState::Refused => "refused",
            EntryState::Corrupt => "corrupt",
        }
    }
}

/// What was dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Files, those set aside included.
    pub files: u64,
    /// Points in them, as far as their headers can be read.
    pub points: u64,
    /// Their length on disk.
    pub bytes: u64,
}

impl Spool {
    /// The files, oldest first. Only their headers are read: damage further on is found when they are sent.
    ///
    /// # Errors
    /// When the directory cannot be read. One that is not there is an empty spool.
    pub fn list(&self) -> Result<Vec<Entry>, Failure> {
        self.list_at(jiff::Timestamp::now().as_second())
    }

    /// The files as of `now`, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// As [`Spool::list`].
    pub fn list_at(&self, now: i64) -> Result<Vec<Entry>, Failure> {
        let files = self.files().map_err(|error| self.failure("list the spool", &error))?;
        let stored = files.into_iter().filter(|stored| !stored.name.starts_with(file::TEMPORARY));
        let entry = |stored: super::room::Stored| {
            let header = self.glance(&stored.name).ok();
            let newest = header.as_ref().map_or(0, |header| header.newest);
            let state = match &header {
                _ if stored.name.ends_with(file::REFUSED) => EntryState::Refused,
                _ if stored.name.ends_with(file::CORRUPT) => EntryState::Corrupt,
                None => EntryState::Corrupt,
                Some(header) if header.newest < now - MAX_AGE_S => EntryState::TooOld,
                Some(_) => EntryState::Waiting,
            };
            Entry {
                points: header.as_ref().map_or(0, |header| header.points),
                oldest: header.as_ref().map_or(0, |header| header.oldest),
                newest,
                bytes: stored.bytes,
                age_s: if header.is_some() { now.saturating_sub(newest) } else { 0 },
                state,
                name: stored.name,
            }
        };
        Ok(stored.map(entry).collect())
    }

    /// Points that wait to be sent.
    ///
    /// # Errors
    /// As [`Spool::list`].
    pub fn queued_points(&self) -> Result<u64, Failure> {
        Ok(self.list()?.iter().filter(|entry| entry.state == EntryState::Waiting).map(|entry| entry.points).sum())
    }

    /// Points of a payload that still wait, in whole or in parts, and points of it that were set aside.
    ///
    /// # Errors
    /// As [`Spool::list`].
    pub fn left_of(&self, name: &str) -> Result<(u64, u64), Failure> {
        let (mut waiting, mut aside) = (0, 0);
        for stored in self.files().map_err(|error| self.failure("list the spool", &error))? {
            if !stored.name.strip_prefix(file::stem(name)).is_some_and(|rest| rest.starts_with('.')) {
                continue;
            }
            let points = self.glance(&stored.name).map_or(0, |header| header.points);
            *(if stored.name.ends_with(file::WAITING) { &mut waiting } else { &mut aside }) += points;
        }
        Ok((waiting, aside))
    }

    /// Removes every file, those set aside and leftovers of killed runs included.
    ///
    /// # Errors
    /// When a run is sending from the spool now, or the directory cannot be read or written to.
    pub fn drop_all(&self) -> Result<Dropped, Failure> {
        let mut dropped = Dropped::default();
        if !self.exists() {
            return Ok(dropped);
        }
        let Some(_lock) = self.try_lock()? else {
            let doing = format!("empty the spool in {}", self.path().display());
            return Err(Failure::new(Reason::Other, doing, "another run is sending from it")
                .with_cure("Try again when it has ended"));
        };
        for entry in self.list()? {
            self.remove(&entry.name)?;
            dropped.files += 1;
            dropped.points += entry.points;
            dropped.bytes += entry.bytes;
        }
        self.sweep().map_err(|error| self.failure("clear leftovers away", &error))?;
        Ok(dropped)
    }

    /// The header of a file.
    pub(super) fn glance(&self, name: &str) -> io::Result<Header> {
        let mut beginning = Vec::with_capacity(file::MAX_HEADER);
        File::open(self.path().join(name))?.take(file::MAX_HEADER as u64).read_to_end(&mut beginning)?;
        Ok(file::read_header(&beginning)?.0)
    }
}
