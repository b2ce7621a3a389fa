//! What was handed over and not acknowledged.

use guest::faults::FaultCode;

use super::packets::DOCUMENT;
use super::world::{World, told};

#[test]
fn what_was_handed_over_is_acknowledged_later_and_not_handed_over_again() {
    let world = World::with(&[("a", DOCUMENT), ("b", DOCUMENT)]);
    world.breaks("acknowledge a", FaultCode::UpstreamTimeout);
    assert_eq!(world.poll(), told(2, 2, 0, 1, true));
    assert_eq!((world.state("a"), world.memory.borrow().len()), ("initial".to_owned(), 1));
    // Still not: it is found again, and left.
    assert_eq!(world.poll(), told(1, 0, 0, 1, true));
    world.mend();
    assert_eq!(world.poll(), told(0, 0, 0, 0, true));
    assert_eq!((world.state("a"), world.memory.borrow().len()), ("done".to_owned(), 0));
    assert_eq!(world.handed_over(), ["a", "b"]);
}

#[test]
fn what_the_axis_does_not_have_any_more_is_forgotten() {
    let world = World::with(&[]);
    world.memory.borrow_mut().insert("gone".into());
    assert_eq!(world.poll(), told(0, 0, 0, 0, true));
    assert!(world.memory.borrow().is_empty());
}

#[test]
fn without_its_memory_it_does_nothing() {
    let world = World::with(&[("a", DOCUMENT)]);
    world.forgetful.set(true);
    assert_eq!(crate::poll(&world).unwrap_err().code, FaultCode::Internal);
    assert!(world.handed_over().is_empty());
}

#[test]
fn what_cannot_be_remembered_is_acknowledged_all_the_same_and_nothing_more_is_begun() {
    let world = World::with(&[("a", DOCUMENT), ("b", DOCUMENT)]);
    world.breaks("remember", FaultCode::Internal);
    assert_eq!(world.poll(), told(2, 1, 0, 1, false));
    assert_eq!((world.state("a"), world.state("b")), ("done".to_owned(), "initial".to_owned()));
}
