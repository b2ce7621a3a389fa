//! The named exchanges: each shows one thing, and knows how it should end.

use super::screen::Screen;
use super::stage::Stage;
use anyhow::Context;
use nhip_systems::Citizen;
use serde_json::{Value, json};

/// How the named exchanges ended.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) well: usize,
    pub(super) failed: usize,
}

/// Play them all.
pub(super) async fn play(stage: &Stage, screen: &Screen) -> anyhow::Result<Told> {
    let mut told = Told::default();
    population(stage, screen, &mut told).await?;
    documents(stage, screen, &mut told).await?;
    Ok(told)
}

/// The purpose of every question of the demo.
const PURPOSE: &str = "TTHC-DEMO";

/// The body that finds a citizen.
pub(super) fn find(citizen: &Citizen) -> Value {
    question(officer(), &citizen.id, &citizen.full_name(), birth(citizen))
}

fn question(officer: Value, id: &str, full_name: &str, birth: Value) -> Value {
    json!({ "request": {
        "officer": officer,
        "purpose": PURPOSE,
        "number": { "tag": "personal-id", "val": id },
        "fullName": full_name,
        "birth": birth,
    } })
}

fn officer() -> Value {
    json!({ "account": "canbo.motcua", "code": "CB-017" })
}

fn birth(citizen: &Citizen) -> Value {
    let date = citizen.birth.day.as_deref().and_then(|day| Some((day.get(..4)?, day.get(4..6)?, day.get(6..8)?)));
    match date {
        Some((year, month, day)) => json!({ "tag": "date", "val": format!("{year}-{month}-{day}") }),
        None => json!({ "tag": "year", "val": citizen.birth.year }),
    }
}

async fn population(stage: &Stage, screen: &Screen, told: &mut Told) -> anyhow::Result<()> {
    let citizen = stage.ngsp.citizens().first().context("the simulator has no citizens")?;
    let mut scene = Scene { stage, screen, told, caller: "mot-cua" };
    scene.play("find: who is this citizen?", "population/find", find(citizen), 200).await?;

    let claims = json!({ "request": {
        "officer": officer(),
        "purpose": PURPOSE,
        "claims": {
            "number": { "tag": "personal-id", "val": citizen.id },
            "fullName": citizen.full_name(),
            "birth": birth(citizen),
            "gender": "9",
        },
    } });
    scene.play("verify: is this so? Verdicts only, no data of the person", "population/verify", claims, 200).await?;

    let stranger = question(officer(), &citizen.id, "Người Không Có", birth(citizen));
    scene.play("nobody of that name: a fault of the shared kind", "population/find", stranger, 404).await?;

    let misspelt = json!({ "acount": "canbo.motcua", "code": 17 });
    let wrong = question(misspelt, &citizen.id, &citizen.full_name(), birth(citizen));
    scene.play("values that do not fit: each is named with its place", "population/find", wrong, 400).await?;
    Ok(())
}

async fn documents(stage: &Stage, screen: &Screen, told: &mut Told) -> anyhow::Result<()> {
    let mut scene = Scene { stage, screen, told, caller: "van-thu" };
    scene.play("agencies: who takes part in the axis?", "documents/agencies", json!({}), 200).await?;

    let letter = json!({ "document": {
        "sender": { "code": "H99", "name": "UBND tỉnh Mẫu Sơn" },
        "recipients": [{ "code": "H99.01", "name": "Sở Khoa học và Công nghệ tỉnh Mẫu Sơn" }],
        "code": { "number": "17", "notation": "UBND-KSTT" },
        "promulgation": { "place": "Mẫu Sơn", "date": { "tag": "date", "val": "2026-11-20" } },
        "documentType": { "code": "1", "detail": "0", "name": "Công văn" },
        "subject": "V/v kết nối, chia sẻ dữ liệu (văn bản thử nghiệm)",
        "signer": { "position": "Chủ tịch", "fullName": "Nguyễn Văn Thử" },
        "responses": [], "toPlaces": ["Như trên", "Lưu: VT"], "traces": [],
        "attachments": [{ "name": "congvan.zip", "contentType": "application/zip", "content": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==" }],
    } });
    scene
        .play("send: a document as edXML, the agent's signature made by the host", "documents/send", letter, 200)
        .await?;
    let waiting = scene.play("list what came in", "documents/list-received", json!({ "filter": {} }), 200).await?;
    // The receiver's packet has an id of its own on the axis.
    let newest = waiting.as_array().and_then(|list| list.last());
    let packet = newest.and_then(|entry| entry.get("packetId")).cloned().unwrap_or_default();
    let fetched = scene
        .play("fetch: read back, attachments byte for byte", "documents/fetch", json!({ "packetId": packet }), 200)
        .await?;
    let document = fetched.pointer("/packet/val/id").cloned().unwrap_or_default();
    scene
        .play(
            "acknowledge: the transport state",
            "documents/acknowledge",
            json!({ "packetId": packet, "state": "done" }),
            200,
        )
        .await?;
    let report = json!({ "report": {
        "sender": { "code": "H99.01", "name": "Sở Khoa học và Công nghệ tỉnh Mẫu Sơn" },
        "responseFor": { "organ": "H99", "code": "17/UBND-KSTT", "documentId": document, "date": { "tag": "date", "val": "2026-11-20" } },
        "status": "03", "description": "Đã tiếp nhận",
    } });
    scene
        .play("report-status: the business status 03, as a packet of its own", "documents/report-status", report, 200)
        .await?;
    Ok(())
}

/// What a scene needs.
struct Scene<'a> {
    stage: &'a Stage,
    screen: &'a Screen,
    told: &'a mut Told,
    caller: &'static str,
}

impl Scene<'_> {
    /// One exchange; its answer.
    async fn play(&mut self, title: &str, function: &str, body: Value, expected: u16) -> anyhow::Result<Value> {
        let (status, answer, millis) = self.stage.call(self.caller, function, &body).await?;
        self.screen.exchange(title, &format!("/services/{function}"), &body, status, &answer, millis);
        if status == expected {
            self.told.well += 1;
        } else {
            self.told.failed += 1;
            self.screen.line(&format!("  !! {expected} was expected"));
        }
        Ok(answer)
    }
}
