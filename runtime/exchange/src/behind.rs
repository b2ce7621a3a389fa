//! Going behind what is ready: the task takes its turn again after all others that could have theirs now.
//!
//! The runtime's own way goes behind what a look at the sockets brings, too, and wakes the task for that alone. This wake-up is the same
//! as any other: the HTTP library wakes the task of a request when its body is taken, and then both are one.

use std::future::poll_fn;
use std::task::Poll;

/// Let all other tasks go first that are ready now. Where none is, it goes on at once.
pub(crate) async fn what_is_ready() {
    let mut behind = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut behind, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::pin::pin;
    use std::rc::Rc;
    use std::time::Duration;
    use tokio::task::LocalSet;

    #[tokio::test]
    async fn what_is_ready_goes_first_and_then_this_goes_on() {
        let done = Rc::<RefCell<Vec<_>>>::default();
        let does = |who: &'static str| {
            let done = Rc::clone(&done);
            async move {
                done.borrow_mut().push((who, "begins"));
                what_is_ready().await;
                done.borrow_mut().push((who, "ends"));
            }
        };
        let tasks = LocalSet::new();
        for who in ["a", "b", "c"] {
            tasks.spawn_local(does(who));
        }
        tasks.await;
        let all = |what| [("a", what), ("b", what), ("c", what)];
        assert_eq!(*done.borrow(), [all("begins"), all("ends")].concat());
    }

    #[tokio::test]
    async fn a_task_that_is_woken_anyway_has_one_turn_for_both() {
        let work = async {
            let (mut work, mut turns) = (pin!(what_is_ready()), 0);
            poll_fn(|cx| {
                turns += 1;
                if turns == 1 {
                    cx.waker().wake_by_ref();
                }
                work.as_mut().poll(cx)
            })
            .await;
            // A wake-up that is left over would be a turn of this; it has one at once, and one when the time is over.
            let rest = poll_fn(|_| {
                turns += 1;
                Poll::<()>::Pending
            });
            let over = tokio::time::timeout(Duration::from_millis(20), rest).await;
            assert!(over.is_err());
            turns
        };
        assert_eq!(tokio::spawn(work).await.unwrap(), 2 + 2);
    }
}
