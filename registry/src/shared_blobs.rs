//! Blobs that gateways share: in the database, in parts.
//!
//! Invariant: a blob is there whole or not at all, since its parts are one transaction, and what is read is checked
//! against its digest. Storing it again mends a damaged one.

use crate::blobs::{LARGEST_BLOB, blocking};
use crate::error::{RegistryError, cannot, unsure};
use crate::store::{Connection, Store, from_db, to_db};
use bytes::Bytes;
use nhip_exchange::Digest;

/// Bytes of one part: short enough for a statement over a slow line, long enough that few are needed.
pub(crate) const PART: usize = 1024 * 1024;

/// Store a blob, whose digest this is.
pub(crate) async fn put(store: &Store, digest: &Digest, bytes: &Bytes) -> Result<(), RegistryError> {
    let mut change = store.begin_of("blob", &digest.to_string()).await?;
    match read(&mut change, digest).await {
        Ok(_) => return Ok(()),
        Err(RegistryError::BlobMissing { .. }) => {}
        Err(RegistryError::BlobDamaged { .. }) => remove(&mut change, digest).await?,
        Err(other) => return Err(other),
    }
    sqlx::query("INSERT INTO blobs (digest, size) VALUES ($1, $2)")
        .bind(digest.to_string())
        .bind(to_db(bytes.len() as u64))
        .execute(&mut *change)
        .await
        .map_err(cannot("keep a component"))?;
    for (part, bytes) in (0_i64..).zip(bytes.chunks(PART)) {
        sqlx::query("INSERT INTO blob_parts (digest, part, bytes) VALUES ($1, $2, $3)")
            .bind(digest.to_string())
            .bind(part)
            .bind(bytes)
            .execute(&mut *change)
            .await
            .map_err(cannot("keep a component"))?;
    }
    change.commit().await.map_err(unsure("keep a component"))
}

/// The bytes of a blob.
pub(crate) async fn get(store: &Store, digest: &Digest) -> Result<Bytes, RegistryError> {
    read(&mut *store.read().await?, digest).await
}

/// The size of a blob in bytes, without reading it.
pub(crate) async fn size(store: &Store, digest: &Digest) -> Result<u64, RegistryError> {
    length(&mut *store.read().await?, digest).await
}

async fn read(reading: &mut Connection, digest: &Digest) -> Result<Bytes, RegistryError> {
    let size = length(reading, digest).await?;
    if size > LARGEST_BLOB {
        return Err(RegistryError::BlobTooLarge { size, limit: LARGEST_BLOB });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    for part in 0_i64.. {
        let found: Option<Vec<u8>> = sqlx::query_scalar("SELECT bytes FROM blob_parts WHERE digest = $1 AND part = $2")
            .bind(digest.to_string())
            .bind(part)
            .fetch_optional(&mut *reading)
            .await
            .map_err(cannot("be read"))?;
        // More than was promised is not the blob; its first bytes tell as well.
        match found {
            Some(found) if bytes.len() as u64 <= size => bytes.extend_from_slice(&found),
            _ => break,
        }
    }
    let wanted = *digest;
    blocking(move || match Digest::of(&bytes) {
        found if found == wanted => Ok(bytes.into()),
        found => Err(RegistryError::BlobDamaged { digest: wanted, found }),
    })
    .await
}

async fn length(reading: &mut Connection, digest: &Digest) -> Result<u64, RegistryError> {
    let size: Option<i64> = sqlx::query_scalar("SELECT size FROM blobs WHERE digest = $1")
        .bind(digest.to_string())
        .fetch_optional(reading)
        .await
        .map_err(cannot("be read"))?;
    size.map(from_db).ok_or(RegistryError::BlobMissing { digest: *digest })
}

async fn remove(change: &mut Connection, digest: &Digest) -> Result<(), RegistryError> {
    for statement in ["DELETE FROM blob_parts WHERE digest = $1", "DELETE FROM blobs WHERE digest = $1"] {
        sqlx::query(statement)
            .bind(digest.to_string())
            .execute(&mut *change)
            .await
            .map_err(cannot("mend a component"))?;
    }
    Ok(())
}
