//! In the place of the manager where there is no AWS. No setting can name a secret then, so that nothing asks for one.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Context;
use collector::Failure;
use collector::Reason;
use secrecy::SecretString;

use crate::config::Settings;
use crate::config::secrets::NO_AWS;
use crate::config::secrets::Reference;
use crate::config::secrets::doing;

/// Why none of the secrets can be read.
pub async fn texts(
    _settings: &Settings,
    references: &BTreeSet<Reference>,
    _context: &Context,
) -> BTreeMap<String, Result<SecretString, Failure>> {
    let one =
        |reference: &Reference| (reference.id.clone(), Err(Failure::new(Reason::Config, doing(reference), NO_AWS)));
    references.iter().map(one).collect()
}
