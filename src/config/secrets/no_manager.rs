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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::config;
    use crate::config::Inputs;
    use crate::config::Problems;

    #[test]
    fn who_asks_for_a_secret_is_told_that_there_is_no_aws() {
        for file in ["github: {token_secret: x}", "secrets: {aws: true}"] {
            let inputs = Inputs { file: Some((PathBuf::from("orgpulse.yaml"), file.to_owned())), ..Inputs::default() };
            let mut problems = Problems::default();
            config::resolve(&inputs, &[], &mut problems);
            assert!(problems.to_string().contains("was built without AWS"), "{file}: {problems}");
        }
    }
}
