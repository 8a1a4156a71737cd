//! Kubeconfigs: how they are merged, and what is wrong with them.

use std::path::PathBuf;

use collector::Reason;
use serde_json::Value;
use serde_json::json;

use super::connect_tests::encoded;
use super::connect_tests::failed;
use super::connect_tests::open;
use super::connect_tests::reach;
use super::look;
use crate::config::Access;
use crate::config::Config;
use crate::testing::*;

#[tokio::test]
async fn mistakes_of_a_cluster_and_a_user_are_told_before_anybody_is_asked() {
    let cluster = open().await;
    let (token, server) = (json!({"token": TOKEN}), json!({"server": cluster.server.url}));
    let server_and = |more: Value| crate::metrics::sample::with(server.clone(), more);
    let data = encoded("client.crt");
    let mut cases: Vec<(Value, Value, &str)> = [
        (json!({"tokenFile": "none"}), "tokenFile: "),
        (json!({"client-certificate": "none", "client-key-data": data}), "client-certificate: "),
        (json!({"client-certificate-data": data, "client-key": "none"}), "client-key: "),
        (json!({"client-certificate-data": data}), "without a key"),
        (json!({"auth-provider": {"name": "gcp"}}), "auth-provider"),
        (json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1"}}), "names no command"),
        (Value::Null, "the user \"me\" of its context is not in it"),
    ]
    .map(|(user, words)| (user, server.clone(), words))
    .into();
    for of in [json!({}), json!({"server": ""}), json!({"server": "nonsense"}), json!({"server": "ftp://host"})] {
        cases.push((token.clone(), of, "the server of its cluster"));
    }
    for (of, words) in [
        (json!({"server": "https://host:99999"}), "the server of its cluster"),
        (server_and(json!({"proxy-url": "nonsense:S3CRET"})), "proxy-url"),
        (server_and(json!({"certificate-authority": "none"})), "certificate-authority: "),
    ] {
        cases.push((token.clone(), of, words));
    }
    for (user, of, words) in cases {
        let config = cluster.config_of(&user, &of);
        let Access::Kubeconfig { paths, .. } = &config.access else { unreachable!() };
        let (why, cure) = look(paths, None).unwrap_err();
        assert!(why.contains(words) && !cure.is_empty() && !why.contains("S3CRET"), "{words}: {why}");
        failed(reach(&config).await, Reason::Config, words);
    }
    assert!(cluster.server.seen().is_empty());
    let users = [token, json!({}), json!({"client-certificate-data": data, "client-key-data": encoded("client.key")})];
    for user in users {
        let Access::Kubeconfig { paths, .. } = cluster.config_of(&user, &server).access else { unreachable!() };
        assert_eq!(look(&paths, None), Ok(()), "{user}");
    }
}

#[tokio::test]
async fn kubeconfigs_are_merged_and_their_mistakes_told_without_their_text() {
    let cluster = open().await;
    let (user, server) = (json!({"token": TOKEN}), json!({"server": cluster.server.url}));
    let mut contexts = kubeconfig(&user, &server);
    contexts["users"] = json!([]);
    contexts["clusters"] = json!([]);
    let paths = vec![
        cluster.file("contexts", &contexts.to_string()),
        cluster.file("rest", &kubeconfig(&user, &server).to_string()),
    ];
    let access = |paths: &[PathBuf], context: Option<&str>| Access::Kubeconfig {
        paths: paths.to_vec(),
        context: context.map(str::to_owned),
    };
    let with = |access: Access| Config { access, ..cluster.config() };
    assert_eq!(reach(&with(access(&paths, Some("main")))).await.map_err(|failure| failure.to_string()), Ok(0));
    assert!(look(&paths, None).is_ok());
    // kubectl passes over what is not there of a list.
    assert!(look(&[paths[1].clone(), PathBuf::from("missing")], None).is_ok());

    let mut lost = kubeconfig(&user, &server);
    lost.as_object_mut().unwrap().remove("current-context");
    let cases = [
        (access(&paths, Some("othr")), "it has no context \"othr\"; contexts in it: main"),
        (access(&paths[..1], None), "the cluster"),
        (access(&[cluster.file("lost", &lost.to_string())], None), "it has no current context; contexts in it: main"),
        (access(&[PathBuf::from("missing")], None), "missing: No such file"),
        (access(&[cluster.file("bad", "users: [{name: S3CRET")], None), "it is no kubeconfig: line 1"),
        (access(&[cluster.file("odd", "clusters: S3CRET")], None), "it is no kubeconfig"),
        (access(&[cluster.file("empty", "")], None), "empty: it has no current context"),
        (access(&[PathBuf::from("missing"), PathBuf::from("lacking")], None), "missing: No such file"),
    ];
    for (access, words) in cases {
        let Access::Kubeconfig { paths, context } = &access else { unreachable!() };
        let (why, cure) = look(paths, context.as_deref()).unwrap_err();
        assert!(why.contains(words) && !cure.is_empty() && !why.contains("S3CRET"), "{words}: {why}");
        failed(reach(&with(access)).await, Reason::Config, words);
    }
}
