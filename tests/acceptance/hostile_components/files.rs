//! Granted folders: what lies in them, by their mode; nothing above, beside or behind a link.

use super::{SECRET_CONTENT, Stage, attack, stage};
use crate::harness::run;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;

async fn read(path: &str) -> Result<Value, String> {
    let answer = attack("read", json!({ "path": path })).await;
    if answer.status == 200 { Ok(answer.ok()) } else { Err(answer.refusal()) }
}

async fn write(path: &str, text: &str) -> Result<(), String> {
    let answer = attack("write", json!({ "path": path, "text": text })).await;
    if answer.status == 200 { Ok(()) } else { Err(answer.refusal()) }
}

/// The file beside the granted folders is as it was.
fn untouched(stage: &Stage) {
    assert_eq!(fs::read_to_string(&stage.secret).unwrap(), SECRET_CONTENT);
}

#[test]
fn a_folder_granted_for_reading_is_read_and_not_written() {
    run(async {
        let stage = stage().await;
        assert_eq!(read("/in/letter.txt").await.unwrap(), "a letter");
        write("/in/new.txt", "x").await.unwrap_err();
        write("/in/letter.txt", "x").await.unwrap_err();
        assert!(!stage.inbox.join("new.txt").exists());
        assert_eq!(fs::read_to_string(stage.inbox.join("letter.txt")).unwrap(), "a letter");
    });
}

#[test]
fn a_folder_granted_for_writing_is_written_and_read() {
    run(async {
        let stage = stage().await;
        write("/drop/báo cáo.txt", "số liệu").await.unwrap();
        assert_eq!(read("/drop/báo cáo.txt").await.unwrap(), "số liệu");
        assert_eq!(fs::read_to_string(stage.drop.join("báo cáo.txt")).unwrap(), "số liệu");
    });
}

#[test]
fn a_folder_has_no_way_out() {
    run(async {
        let stage = stage().await;
        let absolute = stage.secret.display().to_string();
        let paths = [
            "/in/../secret.txt",
            "/in/x/../../secret.txt",
            "/drop/../secret.txt",
            "/drop/../in/../secret.txt",
            "in/../../secret.txt",
            "../secret.txt",
            "/secret.txt",
            "/etc/passwd",
            "/in/../../../../../../../../etc/passwd",
            "/proc/self/environ",
            "/in//../secret.txt",
            "/drop/./../secret.txt",
            "/",
            "",
            absolute.as_str(),
        ];
        for path in paths {
            let refused = read(path).await.expect_err(path);
            assert!(!refused.contains(SECRET_CONTENT) && !refused.contains("root:"), "{path}: {refused}");
            assert!(!refused.contains(&stage.house.folder.display().to_string()), "{path}: {refused}");
            write(path, "overwritten").await.expect_err(path);
        }
        untouched(stage);
    });
}

#[test]
fn a_link_that_somebody_put_into_a_folder_is_not_followed_out_of_it() {
    run(async {
        let stage = stage().await;
        symlink(&stage.secret, stage.inbox.join("absolute")).unwrap();
        symlink("../secret.txt", stage.inbox.join("relative")).unwrap();
        symlink("..", stage.inbox.join("above")).unwrap();
        symlink("../secret.txt", stage.drop.join("planted")).unwrap();
        symlink("letter.txt", stage.inbox.join("inside")).unwrap();
        for path in
            ["/in/absolute", "/in/relative", "/in/above/secret.txt", "/drop/planted", "/in/above/in/../secret.txt"]
        {
            let refused = read(path).await.expect_err(path);
            assert!(!refused.contains(SECRET_CONTENT), "{path}: {refused}");
        }
        write("/drop/planted", "overwritten").await.unwrap_err();
        untouched(stage);
        assert_eq!(read("/in/inside").await.unwrap(), "a letter", "a link within the folder is one of its files");
    });
}

#[test]
fn a_link_that_the_component_makes_leads_nowhere() {
    run(async {
        let stage = stage().await;
        let absolute = stage.secret.display().to_string();
        for (number, target) in
            [absolute.as_str(), "../secret.txt", "..", "/etc/passwd", "x/../../secret.txt"].iter().enumerate()
        {
            let name = format!("made-{number}");
            // Whether such a link can be made is the operating system's matter; that it leads nowhere is ours.
            let made = attack("link", json!({ "target": target, "path": name })).await;
            if made.status != 200 {
                made.refusal();
                assert!(fs::symlink_metadata(stage.drop.join(&name)).is_err(), "{target} was refused and made");
                continue;
            }
            for path in [format!("/drop/{name}"), format!("/drop/{name}/secret.txt")] {
                let refused = read(&path).await.expect_err(&path);
                assert!(!refused.contains(SECRET_CONTENT), "{path} -> {target}: {refused}");
                write(&path, "overwritten").await.expect_err(&path);
            }
        }
        untouched(stage);
    });
}
