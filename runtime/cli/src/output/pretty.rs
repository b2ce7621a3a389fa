//! JSON laid out for people. Invariant: only blanks between values change. Members keep their order and numbers their
//! digits, which a detour over a tree of values would not promise.

/// The JSON text on lines of its own, two blanks for each depth. Text that is no JSON comes out in some layout.
#[must_use]
pub fn pretty(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        if in_string {
            text.push(c);
            in_string = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                text.push(c);
            }
            '{' | '[' => {
                text.push(c);
                while chars.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                match chars.next_if(|next| matches!(next, '}' | ']')) {
                    Some(close) => text.push(close),
                    None => {
                        depth += 1;
                        line(&mut text, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut text, depth);
                text.push(c);
            }
            ',' => {
                text.push(c);
                line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => text.push(c),
        }
    }
    text
}

fn line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_digits_stay() {
        let json = r#"{"z":1.50,"a":[ ],"n":12345678901234567890,"o":{ },"s":"a,{\"}\\","l":[1, {"b":null}]}"#;
        let wanted = "{\n  \"z\": 1.50,\n  \"a\": [],\n  \"n\": 12345678901234567890,\n  \"o\": {},\n  \"s\": \"a,{\\\"}\\\\\",\n  \"l\": [\n    1,\n    {\n      \"b\": null\n    }\n  ]\n}";
        assert_eq!(pretty(json), wanted);
    }

    #[test]
    fn the_meaning_is_the_same() {
        let json = r#"[{"a":"b c","d":[[],[1,2,[3]]]},true,false,null,-1e5,"\u00e9\\"]"#;
        let (before, after): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(json).unwrap(), serde_json::from_str(&pretty(json)).unwrap());
        assert_eq!(before, after);
    }

    #[test]
    fn anything_at_all_comes_out() {
        for odd in ["", "}", "]]]", "{", "\"", "\"\\", "not json"] {
            let _ = pretty(odd);
        }
    }
}
