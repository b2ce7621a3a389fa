//! The register of agencies: the upstream system of the benchmark, a native server with a small JSON answer.

use crate::native::{announce, listener};
use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::routing::any;
use bench_logic::json::Agency;

/// The name that it gives an agency.
pub(crate) fn name(code: &str) -> String {
    format!("Ủy ban nhân dân {code}")
}

/// Serve until killed.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let routes = Router::new().route("/agencies/{code}", any(agency));
    let listener = listener().await?;
    announce(&listener)?;
    axum::serve(listener, routes).await?;
    Ok(())
}

async fn agency(Path(code): Path<String>) -> Json<Agency> {
    let name = name(&code);
    Json(Agency { code, name })
}
