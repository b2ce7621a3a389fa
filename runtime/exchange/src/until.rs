//! Waiting no longer than allowed, without a timer where there is nothing to wait for.
//!
//! A timer of the runtime counts on its handle, which all workers share, and most of what an exchange asks for under a deadline is
//! there at once: the body that came with the head, the answer of an adapter that asks nobody.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep_until};

/// What the future gives, if it does by then.
pub async fn until<F: Future>(deadline: Instant, future: F) -> Option<F::Output> {
    wait(|| deadline, future).await
}

/// What the future gives, if it takes no longer than that.
pub async fn within<F: Future>(time: Duration, future: F) -> Option<F::Output> {
    wait(|| Instant::now() + time, future).await
}

async fn wait<F: Future>(deadline: impl Fn() -> Instant, future: F) -> Option<F::Output> {
    let (mut future, mut timer) = (pin!(future), pin!(None));
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        if timer.is_none() {
            // A future that uses up its task's share of a turn again and again must not keep the timer from being looked at.
            timer.set(Some(unconstrained(sleep_until(deadline()))));
        }
        timer.as_mut().as_pin_mut().map_or(Poll::Pending, |timer| timer.poll(cx)).map(|()| None)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test(start_paused = true)]
    async fn what_is_there_is_taken_even_late_and_what_is_not_is_given_up_at_the_deadline() {
        let begun = Instant::now();
        assert_eq!(until(begun, ready(1)).await, Some(1));
        assert_eq!(within(Duration::ZERO, ready(2)).await, Some(2));
        assert_eq!(within(Duration::from_secs(5), pending::<()>()).await, None);
        assert_eq!(begun.elapsed().as_secs(), 5);
        assert_eq!(until(begun + Duration::from_secs(7), pending::<()>()).await, None);
        assert_eq!(begun.elapsed().as_secs(), 7);
        let slow = async { tokio::time::sleep(Duration::from_secs(3)).await };
        assert_eq!(within(Duration::from_secs(4), slow).await, Some(()));
        assert_eq!(begun.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_that_never_rests_is_given_up_too() {
        let busy = async {
            loop {
                tokio::task::coop::consume_budget().await;
            }
        };
        let given_up = tokio::spawn(within(Duration::from_millis(1), busy));
        // The clock stands while tasks are busy: it must be pushed.
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_millis(5)).await;
        assert_eq!(given_up.await.unwrap(), None);
    }
}
