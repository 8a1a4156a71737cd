//! What the tests of this crate share.
use crate::*;
use secrecy::SecretString;

pub(crate) fn config(url: &str) -> Config {
    let keys = Keys {
        id: "AKIAEXAMPLE".into(),
        secret: SecretString::from("secretSECRETsecretSECRET"),
        session_token: Some(SecretString::from("tokenTOKENtokenTOKEN")),
    };
    Config {
        access: Access { home: "eu-central-1".to_owned(), keys: Some(keys), endpoint_url: Some(url.to_owned()) },
        regions: Regions::Named(vec!["eu-central-1".to_owned()]),
        price_file: None,
        idle: true,
        idle_cpu_pct: 5.0,
        state_dir: None,
    }
}
