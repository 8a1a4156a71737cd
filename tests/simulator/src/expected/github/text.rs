//! The rules about words, spelled out character by character.

/// A character that a word is made of.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `word` stands in `text` beginning at a word's start and, when `whole`, ending at a word's end. Any case.
fn has_word(text: &str, word: &str, whole: bool) -> bool {
    let text = text.to_lowercase();
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let begins = !before.is_some_and(is_word);
        let ends = !whole || !after.is_some_and(is_word);
        begins && ends
    })
}

/// "the word hotfix or hot-fix (any case, whole word)"
pub fn says_hotfix(headline: &str) -> bool {
    has_word(headline, "hotfix", true) || has_word(headline, "hot-fix", true)
}

/// "'force merge', 'force-merge', 'force push' or 'force-push' (any case, starting at a word)": force-pushed as well.
pub fn says_forced(message: &str) -> bool {
    ["force merge", "force-merge", "force push", "force-push"].iter().any(|w| has_word(message, w, false))
}

/// "headline starts with 'Revert \"', 'revert:' or 'revert(' (any case), or body has a line 'This reverts commit
/// <sha>'; a re-land (headline starts with 'Revert \"Revert \"' or 'Reapply \"') is not one"
pub fn is_revert(message: &str) -> bool {
    let mut lines = message.lines();
    let headline = lines.next().unwrap_or_default().to_lowercase();
    if headline.starts_with("revert \"revert \"") || headline.starts_with("reapply \"") {
        return false;
    }
    let named = ["revert \"", "revert:", "revert("].iter().any(|start| headline.starts_with(start));
    named || lines.any(names_a_reverted_commit)
}

fn names_a_reverted_commit(line: &str) -> bool {
    let Some(rest) = line.trim().strip_prefix("This reverts commit ") else { return false };
    let digits = rest.chars().take_while(char::is_ascii_hexdigit).count();
    // git abbreviates to seven digits at least; a word that begins with a few such letters is not a commit.
    digits >= 7 && !rest[digits..].chars().next().is_some_and(is_word)
}

/// Whether a glob of `*` and `?` matches the whole name.
pub fn glob(pattern: &str, name: &str, any_case: bool) -> bool {
    fn matches(pattern: &[char], name: &[char]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some(('*', rest)) => (0..=name.len()).any(|skip| matches(rest, &name[skip..])),
            Some((c, rest)) => name.split_first().is_some_and(|(n, tail)| (*c == '?' || c == n) && matches(rest, tail)),
        }
    }
    let spelled = |s: &str| if any_case { s.to_lowercase() } else { s.to_owned() };
    let chars = |s: &str| spelled(s).chars().collect::<Vec<_>>();
    matches(&chars(pattern), &chars(name))
}
