//! Clusters, named by a number that JavaScript keeps.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use napi::{Error, Result, Status};
use napi_derive::napi;
use once_cell::sync::Lazy;
use parking_lot::RwLock;

use crate::core::agent;
use crate::core::cluster::Cluster;

static CLUSTERS: Lazy<RwLock<HashMap<u32, Arc<Cluster>>>> = Lazy::new(RwLock::default);

fn cluster(id: u32) -> Result<Arc<Cluster>> {
    let known = CLUSTERS.read().get(&id).cloned();
    known.ok_or_else(|| Error::new(Status::InvalidArg, format!("no cluster {id}")))
}

#[napi]
#[must_use]
pub fn cluster_open() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    CLUSTERS.write().insert(id, Arc::default());
    id
}

/// The `ServiceCluster` was collected.
#[napi]
pub fn cluster_drop(id: u32) {
    CLUSTERS.write().remove(&id);
}

/// Adds a service; `false` when its thread has ended.
#[napi]
pub fn cluster_add(id: u32, service: u32) -> Result<bool> {
    let service = agent::find(service);
    let cluster = cluster(id)?;
    Ok(service.map(|service| cluster.add(service)).is_some())
}

#[napi]
pub fn cluster_remove(id: u32, service: u32) -> Result<bool> {
    Ok(cluster(id)?.remove(service))
}

/// The service that takes the next call; `null` for an empty cluster.
#[napi]
pub fn cluster_use(id: u32) -> Result<Option<u32>> {
    Ok(cluster(id)?.least_active())
}

#[napi]
pub fn cluster_active_calls(id: u32) -> Result<u32> {
    Ok(cluster(id)?.active_calls())
}
