//! Packets that are taken in, refused and left; pages and bounds.

use guest::dates::WrittenDate;
use guest::faults::FaultCode;

use super::world::{World, told};

pub(super) const DOCUMENT: &[u8] = include_bytes!("../../../../tests/systems/samples/edxml/new-document.edxml");
const UPDATE: &[u8] = include_bytes!("../../../../tests/systems/samples/edxml/update.edxml");
const STATUS: &[u8] = include_bytes!("../../../../tests/systems/samples/edxml/status-05.edxml");

#[test]
fn each_new_document_is_handed_over_and_then_acknowledged() {
    let world = World::with(&[("a", DOCUMENT), ("b", UPDATE)]);
    assert_eq!(world.poll(), told(2, 2, 0, 0, true));
    assert_eq!((world.state("a").as_str(), world.state("b").as_str()), ("done", "done"));
    assert!(world.memory.borrow().is_empty());
    let received = world.received.borrow().clone();
    let first = &received[0];
    assert_eq!(
        (first.content.as_slice(), first.sha256.as_str()),
        (DOCUMENT, format!("digest of {} bytes", DOCUMENT.len()).as_str())
    );
    assert_eq!(first.document_id.as_deref(), Some("000.00.00.H99,2024/05/06,15/UBND-KGVX"));
    assert_eq!((first.sender.code.as_str(), first.recipients[0].code.as_str()), ("000.00.00.H99", "000.00.00.G99"));
    let promulgation = first.promulgation.as_ref().unwrap();
    assert_eq!(promulgation.date, Some(WrittenDate::Date("2024-05-06".into())));
    assert_eq!(received[1].business.as_deref(), Some("2"));
    // Nothing is left to do.
    assert_eq!(world.poll(), told(0, 0, 0, 0, true));
    assert_eq!(world.handed_over(), ["a", "b"]);
}

#[test]
fn what_is_no_document_is_acknowledged_as_failed_and_does_not_stop_the_others() {
    let world = World::with(&[("a", b"<edXML>"), ("b", STATUS), ("c", DOCUMENT), ("d", b"")]);
    assert_eq!(world.poll(), told(4, 1, 3, 0, true));
    assert_eq!(["a", "b", "c", "d"].map(|id| world.state(id)), ["fail", "fail", "done", "fail"]);
    assert_eq!(world.handed_over(), ["c"]);
}

#[test]
fn what_may_be_the_trouble_of_a_system_is_left_for_the_next_run() {
    for call in ["fetch b", "receive b"] {
        // Also what sounds like the packet's own fault: only its bytes are certain.
        for code in
            [FaultCode::UpstreamInvalid, FaultCode::UpstreamTimeout, FaultCode::InvalidInput, FaultCode::Internal]
        {
            let world = World::with(&[("a", DOCUMENT), ("b", DOCUMENT), ("c", DOCUMENT)]);
            world.breaks(call, code);
            assert_eq!(world.poll(), told(3, 2, 0, 1, true), "{call}");
            assert_eq!(
                (world.handed_over(), world.state("b")),
                (vec!["a".to_owned(), "c".to_owned()], "initial".to_owned())
            );
            world.mend();
            assert_eq!(world.poll(), told(1, 1, 0, 0, true));
            assert_eq!(world.handed_over(), ["a", "c", "b"]);
        }
    }
    let world = World::with(&[("a", b"nonsense")]);
    world.breaks("acknowledge", FaultCode::UpstreamUnavailable);
    assert_eq!(world.poll(), told(1, 0, 0, 1, true));
    world.mend();
    assert_eq!(world.poll(), told(1, 0, 1, 0, true));
}

#[test]
fn whoever_is_busy_is_not_asked_again_in_this_run() {
    for call in ["fetch b", "receive b"] {
        let world = World::with(&[("a", DOCUMENT), ("b", DOCUMENT), ("c", DOCUMENT)]);
        world.breaks(call, FaultCode::Busy);
        assert_eq!(world.poll(), told(3, 1, 0, 2, false));
        assert_eq!(world.handed_over(), ["a"]);
        assert_eq!(world.filters.borrow().len(), 1);
    }
}

#[test]
fn only_what_is_new_is_taken() {
    let world = World::with(&[("a", DOCUMENT), ("b", DOCUMENT), ("c", DOCUMENT), ("d", DOCUMENT), ("e", DOCUMENT)]);
    for (at, state) in ["processing", "done", "fail", "", "INITIAL"].into_iter().enumerate() {
        world.axis.borrow_mut()[at].2 = state.to_owned();
    }
    assert_eq!(world.poll(), told(1, 1, 0, 0, true));
    assert_eq!(world.handed_over(), ["e"]);
}

#[test]
fn all_pages_are_gone_through_whatever_the_axis_makes_of_them() {
    let ids: Vec<String> = (0..250).map(|number| format!("p{number}")).collect();
    let packets: Vec<(&str, &[u8])> = ids.iter().map(|id| (id.as_str(), DOCUMENT)).collect();
    // Pages as asked for; smaller ones; none at all, so that every page has everything.
    for (most_rows, pages) in [(usize::MAX, true), (7, true), (usize::MAX, false)] {
        let world = World::with(&packets[..if pages { 250 } else { 90 }]);
        world.most_rows.set(most_rows);
        world.pages.set(pages);
        let polled = world.poll();
        assert_eq!((polled.handed_over as usize, polled.complete), (world.axis.borrow().len(), true));
        assert_eq!(world.handed_over(), &ids[..world.axis.borrow().len()]);
    }
}

#[test]
fn a_page_that_cannot_be_had_ends_the_run_and_the_first_fails_it() {
    let world = World::with(&[("a", DOCUMENT)]);
    world.breaks("list 2", FaultCode::UpstreamUnavailable);
    assert_eq!(world.poll(), told(1, 1, 0, 0, false));
    world.breaks("list", FaultCode::UpstreamRefused);
    assert_eq!(crate::poll(&world).unwrap_err().code, FaultCode::UpstreamRefused);
}

#[test]
fn nothing_is_begun_when_the_time_is_nearly_over() {
    let world = World::with(&[("a", DOCUMENT), ("b", DOCUMENT)]);
    // The list, and three calls for the first; the reserve is not touched.
    world.left_ms.set(2_003);
    assert_eq!(world.poll(), told(2, 1, 0, 1, false));
    assert_eq!((world.state("a"), world.state("b")), ("done".to_owned(), "initial".to_owned()));
}

#[test]
fn the_days_are_counted_from_the_exchange() {
    let mut world = World::with(&[]);
    world.poll();
    world.settings.insert("days".into(), " 15 ".into());
    world.poll();
    let asked: Vec<_> = world.filters.borrow().iter().map(|filter| filter.from_date.clone()).collect();
    assert_eq!(asked, [None, Some("2020-03-31".to_owned())]);
    for wrong in ["0", "-1", "x", "4000"] {
        world.settings.insert("days".into(), wrong.into());
        let fault = crate::poll(&world).unwrap_err();
        assert!(fault.message.contains("`days`"), "{}", fault.message);
    }
}
