//! What is kept between runs, in the state directory: on-demand prices and types for a day, CPU means for an hour.
//!
//! Losing it costs requests and nothing else. So a file that cannot be read is done without, and told. What another
//! address than the one at hand told (a test's, a private endpoint's) is done without, too.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use jiff::SignedDuration;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::prices::OnDemandKey;
use crate::records::Hardware;

/// Written into each file; one of another version is not read.
const VERSION: u32 = 1;
const DAY: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// An instance in an account and a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    account: String,
    region: String,
    id: String,
}

/// What is known from runs before, and from this one.
#[derive(Debug)]
pub(crate) struct Store {
    folder: Option<PathBuf>,
    /// The address of all services; none = each service's own.
    endpoint: Option<String>,
    now: Timestamp,
    prices: Table<OnDemandKey, Option<f64>>,
    types: Table<String, Hardware>,
    cpu: Table<Place, Option<f64>>,
}

/// One file.
#[derive(Debug)]
struct Table<K, V> {
    name: &'static str,
    lasts: SignedDuration,
    entries: Mutex<Entries<K, V>>,
}

/// Each value with when it was asked for, and whether anything is new.
type Entries<K, V> = (BTreeMap<K, (V, i64)>, bool);

#[derive(Serialize, Deserialize)]
struct File<K, V> {
    version: u32,
    /// Who told it; none = AWS.
    #[serde(default)]
    endpoint: Option<String>,
    entries: Vec<Entry<K, V>>,
}

#[derive(Serialize, Deserialize)]
struct Entry<K, V> {
    key: K,
    value: V,
    /// When it was asked for, in seconds of Unix time.
    at: i64,
}

impl Store {
    /// Reads what `state_dir` holds as of `now` of what `endpoint` told, and a warning for each file that cannot be read.
    pub(crate) fn open(state_dir: Option<&Path>, endpoint: Option<&str>, now: Timestamp) -> (Store, Vec<String>) {
        let folder = state_dir.map(|dir| dir.join("ec2"));
        let from = folder.as_deref().map(|folder| (folder, endpoint));
        let mut warnings = Vec::new();
        let store = Store {
            prices: Table::read("prices.json", DAY, from, now, &mut warnings),
            types: Table::read("types.json", DAY, from, now, &mut warnings),
            cpu: Table::read("cpu.json", HOUR, from, now, &mut warnings),
            folder,
            endpoint: endpoint.map(str::to_owned),
            now,
        };
        (store, warnings)
    }

    /// Writes what has changed; a warning for each file that could not be written.
    pub(crate) fn save(&self) -> Vec<String> {
        let Some(folder) = &self.folder else { return Vec::new() };
        let to = (folder.as_path(), self.endpoint.as_deref());
        let saved = [self.prices.write(to), self.types.write(to), self.cpu.write(to)];
        saved.into_iter().filter_map(Result::err).collect()
    }

    /// The price of a key: none when it is not known, `Some(None)` when the price list has none.
    pub(crate) fn price(&self, key: &OnDemandKey) -> Option<Option<f64>> {
        self.prices.lock().0.get(key).map(|(price, _)| *price)
    }

    pub(crate) fn keep_price(&self, key: &OnDemandKey, price: Option<f64>) {
        self.prices.keep([(key.clone(), price)], self.now);
    }

    pub(crate) fn types(&self, kinds: &BTreeSet<&str>) -> BTreeMap<String, Hardware> {
        let types = self.types.lock();
        kinds.iter().filter_map(|kind| Some(((*kind).to_owned(), types.0.get(*kind)?.0))).collect()
    }

    pub(crate) fn keep_types(&self, types: impl IntoIterator<Item = (String, Hardware)>) {
        self.types.keep(types, self.now);
    }

    pub(crate) fn cpu(&self, account: &str, region: &str, ids: &[&str]) -> BTreeMap<String, Option<f64>> {
        let cpu = self.cpu.lock();
        ids.iter().filter_map(|id| Some(((*id).to_owned(), cpu.0.get(&place(account, region, id))?.0))).collect()
    }

    pub(crate) fn keep_cpu(&self, account: &str, region: &str, means: &BTreeMap<String, Option<f64>>) {
        self.cpu.keep(means.iter().map(|(id, mean)| (place(account, region, id), *mean)), self.now);
    }
}

fn place(account: &str, region: &str, id: &str) -> Place {
    Place { account: account.to_owned(), region: region.to_owned(), id: id.to_owned() }
}

impl<K, V> Table<K, V>
where
    K: Ord + Clone + Serialize + for<'de> Deserialize<'de>,
    V: Copy + Serialize + for<'de> Deserialize<'de>,
{
    fn read(
        name: &'static str,
        lasts: SignedDuration,
        from: Option<(&Path, Option<&str>)>,
        now: Timestamp,
        warnings: &mut Vec<String>,
    ) -> Self {
        let mut known = BTreeMap::new();
        if let Some((folder, endpoint)) = from {
            let path = folder.join(name);
            match read::<K, V>(&path, endpoint) {
                Ok(entries) => {
                    // What was noted after `now` says nothing of it.
                    let fresh = |at: i64| (0..lasts.as_secs()).contains(&now.as_second().saturating_sub(at));
                    let entries = entries.into_iter().filter(|entry| fresh(entry.at));
                    known.extend(entries.map(|entry| (entry.key, (entry.value, entry.at))));
                }
                Err(why) => warnings.push(format!("{} is not used: {why}. AWS is asked again", path.display())),
            }
        }
        Table { name, lasts, entries: Mutex::new((known, false)) }
    }

    fn keep(&self, entries: impl IntoIterator<Item = (K, V)>, now: Timestamp) {
        let mut known = self.lock();
        for (key, value) in entries {
            known.0.insert(key, (value, now.as_second()));
            known.1 = true;
        }
    }

    /// To a temporary file beside it, then renamed: another run reads the old file or the new one, never a part.
    fn write(&self, (folder, endpoint): (&Path, Option<&str>)) -> Result<(), String> {
        let known = self.lock();
        if !known.1 {
            return Ok(());
        }
        let entry = |(key, (value, at)): (&K, &(V, i64))| Entry { key: key.clone(), value: *value, at: *at };
        let endpoint = endpoint.map(str::to_owned);
        let file = File { version: VERSION, endpoint, entries: known.0.iter().map(entry).collect() };
        let write = || -> io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
            temporary.write_all(&serde_json::to_vec(&file)?)?;
            temporary.persist(folder.join(self.name))?;
            Ok(())
        };
        let hours = self.lasts.as_hours();
        write().map_err(|error| {
            let path = folder.join(self.name);
            format!(
                "failed to write {}: {error}. What it would spare for {hours} h is asked for in every run",
                path.display()
            )
        })
    }

    fn lock(&self) -> MutexGuard<'_, Entries<K, V>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read<K, V>(path: &Path, endpoint: Option<&str>) -> Result<Vec<Entry<K, V>>, String>
where
    K: for<'de> Deserialize<'de>,
    V: for<'de> Deserialize<'de>,
{
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.to_string()),
    };
    let file: File<K, V> = serde_json::from_slice(&bytes).map_err(|error| format!("it is damaged ({error})"))?;
    match file.version {
        VERSION if file.endpoint.as_deref() != endpoint => Ok(Vec::new()),
        VERSION => Ok(file.entries),
        other => Err(format!("it is of version {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample::ago;
    use crate::metrics::sample::instance;
    use crate::metrics::sample::now;

    fn key() -> OnDemandKey {
        OnDemandKey::of(&instance("i-1"), "eu-central-1")
    }

    fn filled(folder: &Path, at: Timestamp) -> Store {
        let (store, warnings) = Store::open(Some(folder), None, at);
        assert_eq!(warnings, Vec::<String>::new());
        store.keep_price(&key(), Some(0.1));
        store.keep_types([("m5.large".to_owned(), Hardware { vcpus: 2, gpus: 0.0 })]);
        store.keep_cpu("1", "eu-central-1", &BTreeMap::from([("i-1".to_owned(), Some(3.5)), ("i-2".to_owned(), None)]));
        assert_eq!(store.save(), Vec::<String>::new());
        store
    }

    #[test]
    fn is_read_by_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path(), now());
        let (store, warnings) = Store::open(Some(folder.path()), None, now());
        assert_eq!(warnings, Vec::<String>::new());
        assert_eq!(store.price(&key()), Some(Some(0.1)));
        assert_eq!(store.types(&["m5.large", "x"].into())["m5.large"].vcpus, 2);
        let cpu = store.cpu("1", "eu-central-1", &["i-1", "i-2", "i-3"]);
        assert_eq!(cpu, BTreeMap::from([("i-1".to_owned(), Some(3.5)), ("i-2".to_owned(), None)]));
        assert_eq!(store.cpu("2", "eu-central-1", &["i-1"]).len() + store.cpu("1", "us-east-1", &["i-1"]).len(), 0);
    }

    #[test]
    fn prices_last_a_day_and_means_an_hour_and_nothing_is_of_the_future() {
        for (hours, price, mean) in
            [(0, true, true), (1, true, false), (23, true, false), (24, false, false), (-1, false, false)]
        {
            let folder = tempfile::tempdir().unwrap();
            filled(folder.path(), ago(hours).unwrap());
            let (store, _) = Store::open(Some(folder.path()), None, now());
            assert_eq!(store.price(&key()).is_some(), price, "{hours}");
            assert_eq!(store.types(&["m5.large"].into()).len() == 1, price, "{hours}");
            assert_eq!(store.cpu("1", "eu-central-1", &["i-1"]).len() == 1, mean, "{hours}");
        }
    }

    #[test]
    fn a_damaged_file_is_done_without_told_and_replaced() {
        for text in ["", "{", "[]", r#"{"version": 2, "entries": []}"#, r#"{"version": 1, "entries": [{"key": 1}]}"#] {
            let folder = tempfile::tempdir().unwrap();
            filled(folder.path(), now());
            let file = folder.path().join("ec2/prices.json");
            fs::write(&file, text).unwrap();
            let (store, warnings) = Store::open(Some(folder.path()), None, now());
            assert!(warnings.len() == 1 && warnings[0].contains("prices.json is not used"), "{text}: {warnings:?}");
            assert_eq!((store.price(&key()), store.types(&["m5.large"].into()).len()), (None, 1));
            store.keep_price(&key(), None);
            assert_eq!(store.save(), Vec::<String>::new());
            assert_eq!(Store::open(Some(folder.path()), None, now()).0.price(&key()), Some(None));
        }
    }

    #[test]
    fn without_a_state_directory_it_lasts_for_the_run() {
        let (store, warnings) = Store::open(None, None, now());
        store.keep_price(&key(), Some(0.1));
        assert_eq!((store.price(&key()), warnings.len(), store.save().len()), (Some(Some(0.1)), 0, 0));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let (store, _) = Store::open(Some(&file), None, now());
        store.keep_price(&key(), Some(0.1));
        assert!(store.save()[0].contains("failed to write"), "{:?}", store.save());
    }
}
