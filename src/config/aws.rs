//! How to reach AWS: region, access key, address.

use ec2::Access;
use ec2::Keys;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::config::Problems;
use crate::config::Settings;

pub const REGION: &str = "aws.region";
const ID: &str = "aws.access_key_id";
const SECRET: &str = "aws.secret_access_key";
const TOKEN: &str = "aws.session_token";

/// How the settings say to reach AWS. Without an access key the SDK looks for a credential by itself. Half of a key is a
/// mistake: the SDK would find another credential, of another account.
pub fn access(settings: &Settings, home: &str, problems: &mut Problems) -> Access {
    let part = |key| settings.secret(key);
    let keys = match (part(ID), part(SECRET), part(TOKEN)) {
        (Some(id), Some(secret), session_token) => Some(Keys { id, secret, session_token }),
        (None, None, None) => None,
        (id, secret, _) => {
            for (key, variable, there) in
                [(ID, "AWS_ACCESS_KEY_ID", id.is_some()), (SECRET, "AWS_SECRET_ACCESS_KEY", secret.is_some())]
            {
                // One that was given wrongly has been told already.
                if !there && !settings.mistaken(key) {
                    let why = "is not set although another part of the access key is";
                    problems.add("configuration", key, why, format!("Set {variable}, or none of the parts"));
                }
            }
            None
        }
    };
    for key in [ID, SECRET, TOKEN] {
        let fits = |text: &SecretString| text.expose_secret().chars().all(|c| c.is_ascii_graphic());
        if settings.secret(key).is_some_and(|text| !fits(&text)) {
            let why = "holds a space, line break or other character that no access key has";
            problems.add(settings.place(key), key, why, "Copy it again");
        }
    }
    Access { home: home.to_owned(), keys, endpoint_url: settings.text("aws.endpoint_url") }
}

/// Notes a name that no region has.
pub fn check_region(name: &str, key: &str, settings: &Settings, problems: &mut Problems) {
    if !::ec2::is_region(name) {
        problems.add(settings.place(key), key, format!("{name:?} is no region"), "Write it as in eu-central-1");
    }
}
