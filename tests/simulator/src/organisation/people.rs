//! Accounts, and how commits name them.

use super::Person;
use super::User;
use super::UserId;
use fastrand::Rng;

const PEOPLE: [&str; 24] = [
    "ada", "bjarne", "chen", "dagny", "emeka", "farid", "greta", "hiro", "ines", "jonas", "kavya", "lars", "mina",
    "noor", "olek", "priya", "quentin", "rosa", "sven", "tala", "umut", "vera", "wanda", "yusuf",
];
/// Machine accounts of type User are people by the definition; a login that only contains "bot" is one as well.
const ODD_PEOPLE: [&str; 3] = ["acme-deploy-bot", "abbott", "robotnik"];
const BOTS: [&str; 3] = ["dependabot", "github-actions", "renovate"];

pub fn users() -> Vec<User> {
    let plain = PEOPLE.iter().chain(&ODD_PEOPLE).map(|login| (*login, false));
    let all = plain.chain(BOTS.iter().map(|login| (*login, true)));
    let user = |(i, (login, is_bot)): (usize, (&str, bool))| {
        let id = 4_100_000 + 37 * i as u64;
        let email = if is_bot {
            format!("{id}+{login}[bot]@users.noreply.github.com")
        } else {
            format!("{login}@acme.example")
        };
        let mut name = login.to_owned();
        name[..1].make_ascii_uppercase();
        User { id, login: login.to_owned(), name, email, is_bot }
    };
    all.enumerate().map(user).collect()
}

/// An account; a bot one time in twelve.
pub fn anyone(rng: &mut Rng, users: &[User]) -> UserId {
    if rng.u8(..12) == 0 { bot(rng, users) } else { person(rng, users) }
}

pub fn person(rng: &mut Rng, users: &[User]) -> UserId {
    rng.usize(..users.len() - BOTS.len())
}

pub fn bot(rng: &mut Rng, users: &[User]) -> UserId {
    users.len() - 1 - rng.usize(..BOTS.len())
}

/// The account, or nobody: one time in twenty-five the account was deleted since.
pub fn or_deleted(rng: &mut Rng, user: UserId) -> Option<UserId> {
    (rng.u8(..25) != 0).then_some(user)
}

/// How a commit names its author.
pub fn signature(rng: &mut Rng, users: &[User], user: Option<UserId>) -> Person {
    let Some(id) = user else {
        return Person { name: "Ghost Writer".into(), email: "Ghost@Elsewhere.example".into(), user: None };
    };
    let user = &users[id];
    if user.is_bot {
        // GitHub links some bots' commits and leaves others with their name alone.
        let linked = rng.bool().then_some(id);
        return Person { name: format!("{}[bot]", user.login), email: user.email.clone(), user: linked };
    }
    match rng.u8(..16) {
        // No account has this address; the same person types it in several ways.
        0 => {
            let typed = ["{}@Home.example", "{}@home.example", "{}@HOME.EXAMPLE"][rng.usize(..3)];
            Person { name: user.name.clone(), email: typed.replace("{}", &user.login), user: None }
        }
        1 => {
            Person { name: format!("{} bot", user.name), email: format!("{}@acme.example", user.login), user: Some(id) }
        }
        _ => Person { name: user.name.clone(), email: user.email.clone(), user: Some(id) },
    }
}

/// Who makes the commit object when GitHub merges.
pub fn web_flow() -> Person {
    Person { name: "GitHub".into(), email: "noreply@github.com".into(), user: None }
}
