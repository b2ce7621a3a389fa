//! Packets made up for the tests: one with every element, and arbitrary ones.

use forms::{Date, Time};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use crate::*;

/// Text that XML can carry, without white space around it.
fn text() -> BoxedStrategy<String> {
    let odd = prop::sample::select(vec!["<&>\"'", "]]>", "a\tb\r\nc\rd", "Trích yếu: Đề án", "&amp;", "\u{10348}"]);
    let any = any::<String>().prop_map(|text| text.chars().filter(|c| xml::is_allowed(*c)).collect::<String>());
    prop_oneof![odd.prop_map(str::to_owned), any]
        .prop_map(|text| text.trim_matches(xml::is_space).to_owned())
        .prop_filter("empty is absent", |text| !text.is_empty())
        .boxed()
}

fn some() -> impl Strategy<Value = Option<String>> {
    of(text())
}

fn date() -> impl Strategy<Value = Option<Written<Date>>> {
    of(prop_oneof![
        (0u32..60_000).prop_map(|days| Written::Value(Date::from_epoch_days(days))),
        Just(Written::Text("2014/02/30".to_owned())),
    ])
}

fn time() -> impl Strategy<Value = Option<Written<Time>>> {
    of(prop_oneof![
        (0u64..4_000_000_000_000).prop_map(|millis| Written::Value(Time::from_millis(millis))),
        Just(Written::Text("2014/02/30 25:00:00".to_owned())),
    ])
}

/// A group that is not as good as absent.
fn group<T: Default + PartialEq + std::fmt::Debug + 'static>(
    fields: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = T> {
    fields.prop_filter("an empty group is absent", |group| *group != T::default())
}

fn organ() -> BoxedStrategy<Organ> {
    (text(), some(), some(), some(), some())
        .prop_map(|(code, in_charge, name, address, email)| Organ {
            code,
            in_charge,
            name,
            address,
            email,
            telephone: None,
            fax: Some("0000.000.010".into()),
            website: None,
        })
        .boxed()
}

fn staff() -> BoxedStrategy<Staff> {
    group((some(), some(), some(), some()).prop_map(|(department, name, email, mobile)| Staff {
        department,
        name,
        email,
        mobile,
    }))
    .boxed()
}

fn response_for() -> BoxedStrategy<ResponseFor> {
    group((some(), some(), some(), date()).prop_map(|(organ, code, document_id, date)| ResponseFor {
        organ,
        code,
        document_id,
        date,
    }))
    .boxed()
}

fn other_info() -> BoxedStrategy<OtherInfo> {
    group((some(), some(), some(), some(), vec(text(), 0..3)).prop_map(
        |(priority, sphere, copies, pages, appendixes)| OtherInfo {
            priority,
            sphere,
            typer_notation: None,
            copies,
            pages,
            direction: None,
            appendixes,
        },
    ))
    .boxed()
}

fn business() -> BoxedStrategy<Business> {
    let receiver = (text(), some()).prop_map(|(organ, kind)| ReceiverChange { organ, kind });
    let change =
        group((some(), some(), vec(receiver, 0..3)).prop_map(|(document_info, document_receiver, receivers)| {
            DocumentChange { document_info, document_receiver, receivers }
        }));
    let replacement =
        group((some(), vec(text(), 0..3)).prop_map(|(document_id, organs)| Replacement { document_id, organs }));
    group((some(), some(), some(), some(), of(change), of(staff()), vec(replacement, 0..3)).prop_map(
        |(document_id, kind, reason, paper, change, staff, replacements)| Business {
            document_id,
            kind,
            reason,
            paper,
            change,
            staff,
            replacements,
        },
    ))
    .boxed()
}

fn attachments() -> BoxedStrategy<Vec<Attachment>> {
    let file = (text(), some(), text(), vec(any::<u8>(), 0..200));
    vec(file, 0..4)
        .prop_map(|files| {
            let numbered = files.into_iter().enumerate();
            let file = |(at, (name, description, content_type, content)): (usize, _)| Attachment {
                id: Some(format!("file-{at}")),
                name: Some(name),
                description,
                content_type: Some(content_type),
                content,
            };
            numbered.map(file).collect()
        })
        .boxed()
}

fn signature() -> BoxedStrategy<Signature> {
    let own = (
        "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignatureValue>\n x </SignatureValue></Signature>",
        vec![],
    );
    let inherited = ("<Signature><!-- as it is --><SignedInfo  a='1'/></Signature>", vec![("", NAMESPACE)]);
    let prefixed = (
        "<ds:Signature><a:b xmlns:a='urn:a&amp;'/></ds:Signature>",
        vec![("ds", SIGNATURE_NAMESPACE), ("q", "urn:\"q\"&<")],
    );
    prop::sample::select(vec![own, inherited, prefixed])
        .prop_map(|(xml, scope)| Signature {
            xml: xml.to_owned(),
            scope: scope.into_iter().map(|(prefix, name)| (prefix.to_owned(), name.to_owned())).collect(),
        })
        .boxed()
}

fn letterhead() -> BoxedStrategy<Document> {
    let code = group((some(), some()).prop_map(|(number, notation)| DocumentCode { number, notation }));
    let promulgation = group((some(), date()).prop_map(|(place, date)| Promulgation { place, date }));
    let kind = group((some(), some(), some()).prop_map(|(code, detail, name)| DocumentType { code, detail, name }));
    let signer = group((some(), some(), some()).prop_map(|(competence, position, full_name)| Signer {
        competence,
        position,
        full_name,
    }));
    let first = (organ(), vec(organ(), 1..3), some(), of(code), of(promulgation), of(kind));
    (first, some(), some(), of(signer), date())
        .prop_map(|(first, subject, content, signer, due_date)| {
            let (sender, recipients, id, code, promulgation, document_type) = first;
            Document {
                sender,
                recipients,
                id,
                code,
                promulgation,
                document_type,
                subject,
                content,
                signer,
                due_date,
                ..Document::default()
            }
        })
        .boxed()
}

/// Any document that can be written.
pub(super) fn document() -> BoxedStrategy<Document> {
    let trace = group((some(), time()).prop_map(|(organ, time)| Trace { organ, time }));
    let way = (vec(trace, 0..3), of(business()), of(signature()), attachments());
    let rest = (of(other_info()), vec(response_for(), 0..3), some(), vec(text(), 0..3), way);
    (letterhead(), rest)
        .prop_map(|(letterhead, (other_info, responses, steering, to_places, way))| {
            let (traces, business, signature, attachments) = way;
            Document {
                other_info,
                responses,
                steering,
                to_places,
                traces,
                business,
                signature,
                attachments,
                ..letterhead
            }
        })
        .boxed()
}

/// Any report that can be written.
pub(super) fn status() -> BoxedStrategy<StatusReport> {
    let names_one = |earlier: &ResponseFor| earlier.code.is_some() || earlier.document_id.is_some();
    let response_for = response_for().prop_filter("names a document", names_one);
    (organ(), response_for, of(staff()), text(), some(), time())
        .prop_map(|(sender, response_for, staff, status, description, time)| StatusReport {
            sender,
            response_for,
            staff,
            status,
            description,
            time,
        })
        .boxed()
}
