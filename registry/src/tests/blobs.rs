//! Blobs: what is read is what was stored, or an error.

use super::{Bench, open};
use crate::database::Kind;
use crate::{LARGEST_BLOB, RegistryError};
use bytes::Bytes;
use nhip_exchange::Digest;

on_both! {
    a_blob_is_found_by_its_digest_also_after_a_restart,
    a_missing_blob_is_named,
    what_a_killed_process_left_unfinished_is_removed,
}

async fn a_blob_is_found_by_its_digest_also_after_a_restart(kind: Kind) {
    let bench = Bench::new(kind).await;
    let bytes = Bytes::from_static(b"a component");
    let digest = bench.registry.blobs.put(bytes.clone()).await.unwrap();
    assert_eq!(digest, Digest::of(&bytes));
    assert_eq!(bench.registry.blobs.put(bytes.clone()).await.unwrap(), digest);
    let bench = bench.reopened().await;
    assert_eq!(bench.registry.blobs.get(&digest).await.unwrap(), bytes);
    assert_eq!(bench.registry.blobs.size(&digest).await.unwrap(), 11);
    let empty = bench.registry.blobs.put(Bytes::new()).await.unwrap();
    assert!(bench.registry.blobs.get(&empty).await.unwrap().is_empty());
}

async fn a_missing_blob_is_named(kind: Kind) {
    let bench = Bench::new(kind).await;
    let digest = Digest::of(b"never stored");
    for refused in [bench.registry.blobs.get(&digest).await.err(), bench.registry.blobs.size(&digest).await.err()] {
        let refused = refused.unwrap();
        assert!(refused.is_not_found() && refused.to_string().contains(&digest.to_string()), "{refused:?}");
    }
}

#[tokio::test]
async fn a_damaged_blob_is_never_given_out_and_is_mended_by_storing_it_again() {
    let bench = Bench::new(Kind::Sqlite).await;
    let blobs = &bench.registry.blobs;
    let digest = blobs.put(Bytes::from_static(b"a component")).await.unwrap();
    for damage in [&b"a c0mponent"[..], b"a comp", b""] {
        std::fs::write(blobs.path(&digest), damage).unwrap();
        let refused = blobs.get(&digest).await.unwrap_err();
        assert!(matches!(refused, RegistryError::BlobDamaged { .. }), "{refused:?}");
        assert!(refused.to_string().contains(&Digest::of(damage).to_string()), "{refused}");
        assert_eq!(blobs.put(Bytes::from_static(b"a component")).await.unwrap(), digest);
        assert_eq!(&blobs.get(&digest).await.unwrap()[..], b"a component");
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_without_reading_it() {
    let bench = Bench::new(Kind::Sqlite).await;
    let blobs = &bench.registry.blobs;
    let size = usize::try_from(LARGEST_BLOB).unwrap() + 1;
    assert!(blobs.put(vec![0; size].into()).await.unwrap_err().is_refused());
    let digest = blobs.put(Bytes::from_static(b"a component")).await.unwrap();
    std::fs::File::options().write(true).open(blobs.path(&digest)).unwrap().set_len(LARGEST_BLOB + 1).unwrap();
    assert!(blobs.get(&digest).await.unwrap_err().is_refused());
}

async fn what_a_killed_process_left_unfinished_is_removed(kind: Kind) {
    let bench = Bench::new(kind).await;
    let digest = bench.registry.blobs.put(Bytes::from_static(b"a component")).await.unwrap();
    let shard = bench.registry.blobs.path(&digest).parent().unwrap().to_owned();
    std::fs::write(shard.join(".unfinished-7"), "half a comp").unwrap();
    let bench = bench.reopened().await;
    let left: Vec<_> = std::fs::read_dir(&shard).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [bench.registry.blobs.path(&digest)]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::TempDir::new().unwrap();
    let registry = open(folder.path(), None).await;
    let bytes = Bytes::from_static(b"a component");
    // A file where the shard's folder would be: the same for root, whom permissions do not stop.
    let shard = registry.blobs.path(&Digest::of(&bytes)).parent().unwrap().to_owned();
    std::fs::write(&shard, "").unwrap();
    let refused = registry.blobs.put(bytes).await.unwrap_err();
    assert!(refused.is_unavailable() && refused.to_string().contains(folder.path().to_str().unwrap()), "{refused:?}");
}
