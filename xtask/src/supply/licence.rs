//! Licences as crates name them: SPDX expressions, and the older `A/B`, which means a choice.

/// Whether what the expression leaves to choose includes something allowed. `None` when it cannot be read.
pub(super) fn is_allowed(expression: &str, allowed: &[String]) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let answer = either(&mut words, allowed)?;
    words.next().is_none().then_some(answer)
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let mut answer = both(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        answer |= both(words, allowed)?;
    }
    Some(answer)
}

fn both(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let mut answer = one(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        answer &= one(words, allowed)?;
    }
    Some(answer)
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    match words.next()? {
        "(" => {
            let answer = either(words, allowed)?;
            words.next_if_eq(&")").map(|_| answer)
        }
        "OR" | "AND" | "WITH" | ")" => None,
        // An exception is a licence of its own: it must be allowed as it stands.
        name => match words.next_if_eq(&"WITH") {
            Some(_) => {
                let whole = format!("{name} WITH {}", words.next()?);
                Some(allowed.contains(&whole))
            }
            None => Some(allowed.iter().any(|known| known == name)),
        },
    }
}
