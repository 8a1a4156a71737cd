//! Wrong usage: one clear message, exit code 2 (1 where only the network can tell), nothing sent.

use crate::support::World;
use crate::support::bare;
use crate::support::finish;

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_told_in_words_and_nothing_is_asked_of_anybody() {
    let file = |text: &'static str| Some(text);
    type Case = (&'static [&'static str], Option<(&'static str, &'static str)>, Option<&'static str>, &'static str);
    let cases: [Case; 14] = [
        (&["collect"], None, None, "required"),
        (&["collect", "githb"], None, None, "no such collector. Did you mean github?"),
        (&["collect", "github", "--output", "xml"], None, None, "invalid value 'xml'"),
        (&["collect", "github", "--now", "yesterday"], None, None, "--now"),
        (&["collect", "github", "--deadline", "soon"], None, None, "--deadline: must be a time such as 90s or 10m"),
        (&["collect", "github", "--dry-run", "--push"], None, None, "cannot be used with"),
        (&["collect", "github", "--config", "nowhere.yaml"], None, None, "nowhere.yaml: cannot be read"),
        (&["collect", "github"], None, file("githb: {}\n"), "orgpulse.yaml: githb: unknown key"),
        (&["collect", "github"], None, file("github: [\n"), "orgpulse.yaml: is not valid YAML"),
        (&["collect", "github"], Some(("GITHUB_TOKEN", "")), None, "GITHUB_TOKEN: is set but empty"),
        (&["collect", "github"], Some(("GITHUB_REPOSITORIES", "acme")), None, "is not a repository (owner/name)"),
        (&["collect", "github", "--push"], Some(("DD_API_KEY", "")), None, "DD_API_KEY: is set but empty"),
        (&["collect", "github", "--log", "a=b=c"], None, None, "\"c\" is no log level"),
        (&["collect", "github", "--log", "wran"], None, None, "\"wran\" is no log level. Did you mean warn?"),
    ];
    for (arguments, variable, file, words) in cases {
        let mut world = World::small().await;
        if let Some((name, value)) = variable {
            world = world.with(name, value);
        }
        if let Some(text) = file {
            std::fs::write(world.home().join("orgpulse.yaml"), text).unwrap();
        }
        let ran = world.run(arguments).await;
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{arguments:?}: {words:?} is not in\n{}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
        assert!(world.simulator.requests().is_empty(), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unconfigured_source_is_an_error_by_name_and_skipped_in_all() {
    let home = tempfile::tempdir().unwrap();
    for name in ["github", "all"] {
        let ran = finish(bare(home.path(), &["collect", name])).await;
        assert_eq!(ran.code, 2, "{name}");
        assert!(ran.stderr.contains("Set GITHUB_REPOSITORIES"), "{}", ran.stderr);
    }
    let list = finish(bare(home.path(), &["list"])).await;
    assert_eq!(list.code, 0);
    assert!(list.stdout.contains("github") && list.stdout.contains("not configured: set GITHUB_"), "{}", list.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_file_is_told() {
    let world = World::small().await;
    std::fs::create_dir(world.home().join("orgpulse.yaml")).unwrap();
    let ran = world.run(&["collect", "github"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("orgpulse.yaml: cannot be read"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_or_server_that_refuses_is_told_within_the_deadline() {
    // Nothing listens on port 1 of the loopback address.
    for (name, value) in [("HTTP_PROXY", "http://127.0.0.1:1"), ("GITHUB_API_URL", "http://127.0.0.1:1")] {
        let world = World::small().await.with(name, value).with("ORGPULSE_COLLECTOR_DEADLINE", "3s");
        let ran = world.run(&["collect", "github", "--push"]).await;
        assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("[unreachable]") || ran.stdout.contains("[deadline]"), "{}", ran.stdout);
        assert!(ran.took.as_secs() < 60);
        let stored = world.simulator.datadog().stored();
        assert!(stored.iter().all(|series| series.metric.starts_with("orgpulse.")), "{stored:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dot_env_is_read_for_local_runs() {
    let world = World::small().await.without("GITHUB_TOKEN");
    let token = world.simulator.environment().into_iter().find(|(name, _)| *name == "GITHUB_TOKEN").unwrap().1;
    std::fs::write(world.home().join(".env"), format!("# local\nGITHUB_TOKEN={token}\n")).unwrap();
    let ran = world.run(&["collect", "github"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // What stands before an = is not always a name: many tokens end with one.
    for line in [format!("GITHUB_TOKEN {token}\n"), format!("GITHUB_TOKEN {token}==\n")] {
        std::fs::write(world.home().join(".env"), line).unwrap();
        let ran = world.run(&["collect", "github"]).await;
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains(".env: ") && !ran.stderr.contains(&token), "{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_passes_when_all_works_and_names_what_does_not() {
    let world = World::small().await;
    let ran = world.run(&["doctor"]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("ok    datadog: API key"), "{}", ran.stdout);
    for (name, value, words) in [
        ("GITHUB_TOKEN", "ghp_wrong", "FAIL  github"),
        ("DD_API_KEY", "wrong", "FAIL  datadog"),
        ("GITHUB_REPOSITORIES", "acme/nothing-here", "FAIL  github"),
    ] {
        let world = World::small().await.with(name, value);
        let ran = world.run(&["doctor"]).await;
        assert_eq!(ran.code, 1, "{name}: {}", ran.stdout);
        assert!(ran.stdout.contains(words), "{name}: {}", ran.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_and_manual_are_generated() {
    let home = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = finish(bare(home.path(), &["completions", shell])).await;
        assert_eq!(ran.code, 0, "{shell}");
        assert!(ran.stdout.contains("collect"), "{shell}");
    }
    let man = finish(bare(home.path(), &["man"])).await;
    assert!(man.stdout.contains(".TH orgpulse") && man.stdout.contains("\\-\\-push"), "{}", man.stdout);
    assert!(man.stdout.contains("ORGPULSE SPOOL SEND") && man.stdout.contains("original timestamps"), "{}", man.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dot_env_may_name_variables_with_underscores() {
    let home = tempfile::tempdir().unwrap();
    let shown = async |text: &str| {
        std::fs::write(home.path().join(".env"), text).unwrap();
        finish(bare(home.path(), &["config", "show"])).await
    };
    for text in ["GITHUB_HOTFIX_LABELS=hot,$DD_ENV", "GITHUB_HOTFIX_LABELS=\"hot,${DD_ENV}\""] {
        let ran = shown(&format!("DD_ENV=staging\n{text}\n")).await;
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains("hot,staging"), "{text}: {}", ran.stdout);
    }
    let ran = shown("DD_ENV=staging\n\nGITHUB_TOKEN=ghp_a$s3cret\nDD_SITE=two words\n").await;
    assert_eq!(ran.code, 2);
    for words in ["line 3: GITHUB_TOKEN: a $ outside single quotes", "line 4: DD_SITE: "] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
    let ran = shown("GITHUB_REPOSITRIES=a/b\nDD_APP_KEY=x\nOTHER_TOKEN=x\n").await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("GITHUB_REPOSITRIES") && ran.stderr.contains("Did you mean GITHUB_REPOSITORIES?"));
    assert!(!ran.stderr.contains("DD_APP_KEY") && !ran.stderr.contains("OTHER_TOKEN"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_line_is_told_what_a_right_one_looks_like() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&["collect", "github,wandb"][..], "Separate sources by spaces"),
        (&["metrics", "foo"], "Known: github, "),
        (&["collect", "github", "--now", "yesterday"], "as in 2026-11-20T10:00:00Z"),
        (&["collect", "all", "--push"], "Set GITHUB_REPOSITORIES"),
        (&["collect", "all", "--push"], "Set DD_API_KEY"),
    ] {
        let ran = finish(bare(home.path(), arguments)).await;
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.stderr.contains(words), "{arguments:?}: {words:?} is not in\n{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_not_blamed_on_the_site_where_the_address_was_given() {
    let world = World::small().await.with("DD_API_KEY", "wrong");
    let ran = world.run(&["doctor"]).await;
    assert!(ran.stdout.contains("FAIL  datadog"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("another site") && ran.stdout.contains("DD_URL"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_every_source_complete() {
    let home = tempfile::tempdir().unwrap();
    let ran = finish(bare(home.path(), &["demo"])).await;
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let list = finish(bare(home.path(), &["list"])).await;
    for source in list.stdout.lines().filter_map(|line| line.split_whitespace().next()) {
        assert!(ran.stdout.contains(&format!("{source}  complete")), "{source}\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("skipped"), "{}", ran.stdout);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "it leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_is_kept_ends_at_a_signal_and_says_no_more_than_is_true() {
    let home = tempfile::tempdir().unwrap();
    let output = home.path().join("output");
    let mut command = bare(home.path(), &["demo", "--keep"]);
    command.stdout(std::fs::File::create(&output).unwrap()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let shown = || std::fs::read_to_string(&output).unwrap();
    let asked = std::time::Instant::now();
    while !shown().contains("--now, windows") {
        assert!(asked.elapsed().as_secs() < 60, "{}", shown());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // The text stands just before the program waits for a signal.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let mut kill = std::process::Command::new("kill");
    kill.args(["-INT", &child.id().to_string()]);
    assert_eq!(finish(kill).await.code, 0);
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("the simulator ends") && !said.contains("is delivered"), "{said}");
    assert_eq!(ended.status.code(), Some(0), "{said}");
}
