//! Whatever the text, reading it ends with a policy or with mistakes, each of which has a place in the text.

use nhip_policies::{Manifest, Mistakes, Policy};
use proptest::prelude::*;

use crate::{FULL, generate};

/// Checks every promise about mistakes but their words.
fn check(text: &str, mistakes: &Mistakes) -> Result<(), TestCaseError> {
    prop_assert!(!mistakes.is_empty());
    let lines: Vec<&str> = text.split('\n').collect();
    for mistake in mistakes {
        prop_assert!((1..=lines.len()).contains(&mistake.line), "{mistake} in {text:?}");
        let width = lines[mistake.line - 1].chars().count();
        prop_assert!((1..=width + 1).contains(&mistake.column), "{mistake} in {text:?}");
        prop_assert!(!mistake.message.is_empty());
        prop_assert!(!mistake.to_string().chars().any(char::is_control), "{mistake:?}");
    }
    prop_assert!(mistakes.is_sorted_by_key(|mistake| (mistake.line, mistake.column)));
    prop_assert_eq!(mistakes.to_string().lines().count(), mistakes.len());
    Ok(())
}

fn read(text: &str) -> Result<(), TestCaseError> {
    if let Err(mistakes) = Policy::parse(text) {
        check(text, &mistakes)?;
    }
    if let Err(mistakes) = Manifest::parse(text) {
        check(text, &mistakes)?;
    }
    Ok(())
}

/// Words of the grammar in any order, so that the text is often nearly a policy.
fn nearly() -> impl Strategy<Value = String> {
    let word = proptest::sample::select(vec![
        "adapter",
        "services",
        "limits",
        "memory",
        "endpoints",
        "url",
        "credential",
        "oauth2",
        "callers",
        "allow",
        "only",
        "files",
        "smoke",
        "body",
        "needs",
        "why",
        "tls",
        "timeouts",
        "secrets",
        "config",
        " = ",
        "\n",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        ",",
        ".",
        "\"",
        "'''",
        "\"a\"",
        "\"64 MiB\"",
        "\"https://a.example\"",
        "\"env:A\"",
        "3",
        "-1",
        "0x1f",
        "1.5",
        "true",
        "1979-05-27",
        "#",
        "\r\n",
        "é",
        "\t",
        "\u{feff}",
        "\u{0}",
        "\\u00e1",
        "= \"x\"\n",
        "[delivery]\n",
        "[[delivery.lanes]]\n",
        "[schedules.a]\n",
        "[imports]\n",
        "by",
        "functions",
        "cron",
        "\"* * 1-31 */2 *\"",
        "[endpoints.a]\n",
        "[[files]]\n",
        "[callers]\n",
    ]);
    proptest::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn arbitrary_text_is_read_to_its_end(text in any::<String>()) {
        read(&text)?;
    }

    #[test]
    fn text_of_the_grammars_words_is_read_to_its_end(text in nearly()) {
        read(&text)?;
    }

    #[test]
    fn a_policy_with_something_cut_out_or_put_in_is_read_to_its_end(
        (from, to) in (0..FULL.len(), 0..60usize),
        put in "\\PC{0,3}|\n|\\[|\"",
    ) {
        let mut text = FULL.to_owned();
        text.replace_range(from..(from + to).min(FULL.len()), &put);
        read(&text)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_generated_policy_with_a_line_lost_is_read_to_its_end(policy in generate::policy(), lost in any::<prop::sample::Index>()) {
        let text = policy.to_toml();
        let lines: Vec<&str> = text.lines().collect();
        let lost = lost.index(lines.len());
        let rest: Vec<&str> = lines.iter().enumerate().filter(|(index, _)| *index != lost).map(|(_, line)| *line).collect();
        read(&rest.join("\n"))?;
    }
}
