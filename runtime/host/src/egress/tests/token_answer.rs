//! What a token endpoint may say about the life of a token.

use super::*;

fn life_of(expires_in: &str) -> Duration {
    life(&serde_json::from_str(expires_in).expect("JSON"))
}

#[test]
fn the_life_of_a_token_is_believed_within_reason() {
    assert_eq!(life_of("3600"), Duration::from_secs(3600));
    assert_eq!(life_of("\"3600\""), Duration::from_secs(3600));
    assert_eq!(life_of("3599.5"), Duration::from_millis(3_599_500));
    assert_eq!(life_of("0"), SHORTEST_LIFE);
    for endless in ["9223372036854775807", "1e300", "\"9223372036854775807\""] {
        assert_eq!(life_of(endless), LONGEST_LIFE);
    }
    for unsaid in ["null", "-1", "\"soon\"", "\"NaN\"", "true", "{}"] {
        assert_eq!(life_of(unsaid), UNSAID);
    }
}

#[test]
fn a_token_is_renewed_before_it_ends_and_not_used_at_its_end() {
    let asked = Instant::now();
    let body = br#"{"access_token":"abc.def","token_type":"BEARER","expires_in":3600}"#;
    let token = read_token(body, asked).expect("a token");
    assert_eq!(token.renew_at, asked + Duration::from_secs(2880));
    assert_eq!(token.usable_until, asked + Duration::from_secs(3595));
    assert!(!format!("{token:?}").contains("abc.def"), "{token:?}");
}
