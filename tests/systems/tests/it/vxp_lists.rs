//! Lists and counts: filters, pages, and the empty body.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use nhip_systems::{MessageType, Vxp, VxpConfig, samples, vxp::codes};

use crate::support::{Caller, parse, vxp};

/// Documents of three days: two documents, then a status packet, then a document. Times are noon in Vietnam except the
/// last, which is half past midnight there and still the day before in UTC.
async fn three_days() -> Vxp {
    let seconds = Arc::new(AtomicI64::new(0));
    let told = Arc::clone(&seconds);
    let clock = Arc::new(move || jiff::Timestamp::from_second(told.load(Ordering::SeqCst)).unwrap());
    let vxp = Vxp::start(VxpConfig { clock, ..VxpConfig::default() }).await.unwrap();
    let put = |time: &str, sample: &'static [u8], kind| {
        let moment: jiff::Timestamp = time.parse().unwrap();
        seconds.store(moment.as_second(), Ordering::SeqCst);
        vxp.deposit("H99", sample, kind).unwrap();
    };
    put("2024-05-01T12:00:00+07:00", samples::IMPOSSIBLE_DATE, MessageType::Edoc);
    put("2024-05-01T12:00:01+07:00", samples::OLD_MANIFEST, MessageType::Edoc);
    put("2024-05-02T12:00:00+07:00", samples::STATUS_05, MessageType::Status);
    put("2024-05-03T00:30:00+07:00", samples::FOREIGN_DOCUMENT_ID, MessageType::Edoc);
    vxp
}

#[tokio::test]
async fn an_empty_list_is_an_empty_body() {
    let vxp = vxp().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    assert_eq!(caller.post("getReceivedEdocList", &[]).await, "");
    let sent = caller.json("getSentEdocList", &[]).await;
    assert_eq!(sent["data"], serde_json::json!([]), "only the received list has this oddity");
}

#[tokio::test]
async fn filters_choose_by_day_kind_and_state() {
    let vxp = three_days().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    let cases: [(&[(&str, &str)], usize); 10] = [
        (&[], 4),
        (&[("messagetype", "edoc")], 3),
        (&[("messagetype", "status")], 1),
        (&[("fromDate", "02/05/2024")], 2),
        (&[("toDate", "2024/05/02")], 3),
        (&[("fromDate", "2024-05-03"), ("toDate", "2024-05-03")], 1),
        (&[("fromDate", "04/05/2024")], 0),
        (&[("status", "initial")], 4),
        (&[("status", "done")], 0),
        (&[("servicetype", "eDoc"), ("messagetype", "edoc"), ("toDate", "01/05/2024")], 2),
    ];
    for (params, count) in cases {
        assert_eq!(caller.inbox(params).await.len(), count, "{params:?}");
    }
    let rows = caller.inbox(&[]).await;
    assert_eq!(rows[3]["created_time"], "2024/05/03 00:30:00");
    assert!(rows.iter().all(|r| r["status_desc"].is_string() && r["updated_time"].is_string()));
}

#[tokio::test]
async fn pages_are_counted_from_one_and_miss_nothing() {
    let vxp = three_days().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    let ids = |rows: Vec<serde_json::Value>| rows.into_iter().map(|r| r["docId"].to_string()).collect::<Vec<_>>();
    let all = ids(caller.inbox(&[]).await);
    let mut paged = Vec::new();
    for page in ["1", "2"] {
        paged.extend(ids(caller.inbox(&[("pageSize", "3"), ("pageIndex", page)]).await));
    }
    assert_eq!(paged, all);
    assert_eq!(caller.post("getReceivedEdocList", &[("pageSize", "3"), ("pageIndex", "3")]).await, "");
    assert_eq!(caller.inbox(&[("pageSize", "2")]).await.len(), 2, "the first page when none is named");
}

#[tokio::test]
async fn malformed_filters_are_refused_not_ignored() {
    let vxp = three_days().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    let cases = [
        (("fromDate", "2024"), codes::BAD_PARAMETER),
        (("toDate", "30/02/2024"), codes::BAD_PARAMETER),
        (("pageSize", "0"), codes::BAD_PARAMETER),
        (("pageIndex", "-1"), codes::BAD_PARAMETER),
        (("pageSize", "many"), codes::BAD_PARAMETER),
        (("messagetype", "letter"), codes::BAD_PARAMETER),
        (("servicetype", "mail"), codes::BAD_PARAMETER),
        (("status", "lost"), codes::UNKNOWN_STATE),
    ];
    for (param, code) in cases {
        for operation in ["getReceivedEdocList", "getSentEdocList", "countReceiveEdoc"] {
            assert_eq!(caller.json(operation, &[param]).await["ErrorCode"], code, "{operation} {param:?}");
        }
    }
}

#[tokio::test]
async fn counts_are_of_what_waits_by_get_and_by_post() {
    let vxp = three_days().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    for (operation, count) in [("countReceiveEdoc", 3), ("countReceiveStatus", 1)] {
        assert_eq!(caller.json(operation, &[]).await["count"], count);
        let by_get = String::from_utf8(caller.get(operation, &[]).await).unwrap();
        assert_eq!(parse(&by_get)["count"], count);
    }
    let id = caller.inbox(&[("messagetype", "edoc")]).await[0]["docId"].as_str().unwrap().to_owned();
    caller.json("updateStatus", &[("docid", &id), ("status", "done")]).await;
    assert_eq!(caller.json("countReceiveEdoc", &[]).await["count"], 2);
    assert_eq!(Caller::new(&vxp, "vxp-binhgia").json("countReceiveEdoc", &[]).await["count"], 0);
}
