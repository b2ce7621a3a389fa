//! The token cache under a clock that the test moves.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;

/// Takes a second for a token that lives for a hundred.
#[derive(Default)]
struct Slow {
    asked: AtomicUsize,
    broken: AtomicBool,
    panics: AtomicBool,
}

impl Issue for Arc<Slow> {
    async fn issue(&self) -> Result<Token, Refusal> {
        let asked = Instant::now();
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!self.panics.load(Ordering::SeqCst), "as the test wants");
        if self.broken.load(Ordering::SeqCst) {
            return Err(Refusal("it is broken".to_owned()));
        }
        Ok(Token {
            header: HeaderValue::from_static("Bearer x"),
            text: Secret::new(number.to_string()),
            renew_at: asked + Duration::from_secs(80),
            usable_until: asked + Duration::from_secs(95),
        })
    }
}

fn tokens() -> (Arc<Slow>, Tokens<Arc<Slow>>) {
    let issuer = Arc::new(Slow::default());
    (Arc::clone(&issuer), Tokens::new(issuer))
}

async fn number(tokens: &Tokens<Arc<Slow>>) -> String {
    tokens.get().await.expect("a token").text.expose().to_owned()
}

#[tokio::test(start_paused = true)]
async fn while_one_renews_the_old_token_is_used() {
    let (issuer, tokens) = tokens();
    assert_eq!(number(&tokens).await, "1");
    tokio::time::advance(Duration::from_secs(81)).await;
    let before = Instant::now();
    for _ in 0..10 {
        assert_eq!(number(&tokens).await, "1");
    }
    assert_eq!(Instant::now(), before, "nobody waited");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(number(&tokens).await, "2");
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn an_ended_token_is_not_used() {
    let (issuer, tokens) = tokens();
    assert_eq!(number(&tokens).await, "1");
    tokio::time::advance(Duration::from_secs(96)).await;
    assert_eq!(number(&tokens).await, "2");
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_renewal_leaves_the_old_token_and_is_tried_again_later() {
    let (issuer, tokens) = tokens();
    assert_eq!(number(&tokens).await, "1");
    issuer.broken.store(true, Ordering::SeqCst);
    tokio::time::advance(Duration::from_secs(81)).await;
    assert_eq!(number(&tokens).await, "1");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    // It has failed by now, and the pause lasts.
    assert_eq!(number(&tokens).await, "1");
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 2);
    issuer.broken.store(false, Ordering::SeqCst);
    tokio::time::sleep(PAUSE).await;
    assert_eq!(number(&tokens).await, "1");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(number(&tokens).await, "3");
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_goes_away_takes_nothing_along() {
    let (issuer, tokens) = tokens();
    let leader = tokio::time::timeout(Duration::from_millis(10), tokens.get()).await;
    assert!(leader.is_err());
    assert_eq!(number(&tokens).await, "1");
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shared_and_stands_for_the_pause() {
    let (issuer, tokens) = tokens();
    issuer.broken.store(true, Ordering::SeqCst);
    let (first, second) = tokio::join!(tokens.get(), tokens.get());
    assert_eq!(first.expect_err("broken"), second.expect_err("broken"));
    assert_eq!(tokens.get().await.expect_err("broken"), Refusal("it is broken".to_owned()));
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 1);
    issuer.broken.store(false, Ordering::SeqCst);
    tokio::time::advance(PAUSE).await;
    assert_eq!(number(&tokens).await, "2");
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_fetch_wedges_nobody() {
    let (issuer, tokens) = tokens();
    issuer.panics.store(true, Ordering::SeqCst);
    assert_eq!(tokens.get().await.expect_err("lost"), lost());
    issuer.panics.store(false, Ordering::SeqCst);
    tokio::time::advance(PAUSE).await;
    assert_eq!(number(&tokens).await, "2");
}

#[tokio::test(start_paused = true)]
async fn only_the_token_that_was_refused_is_replaced() {
    let (issuer, tokens) = tokens();
    let first = tokens.get().await.expect("a token");
    let second = tokens.replace(&first).await.expect("tried").expect("a token");
    assert_eq!(second.text.expose(), "2");
    // A late 401 for the first does not throw the second away.
    let same = tokens.replace(&first).await.expect("tried").expect("a token");
    assert!(Arc::ptr_eq(&same, &second));
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 2);

    tokens.replacement_was_in_vain();
    assert!(tokens.replace(&second).await.is_none());
    tokio::time::advance(PAUSE).await;
    assert!(tokens.replace(&second).await.is_some());
}
