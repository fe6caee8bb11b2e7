//! Clusters: each belongs to the `ServiceCluster` that keeps it, and goes with it.
//!
//! That is an external's finalizer, not a `FinalizationRegistry`: what one of those has due when a thread ends, Node 20
//! calls where JavaScript must not run any more, and aborts the process.

use napi::bindgen_prelude::External;
use napi_derive::napi;

use crate::core::agent;
use crate::core::cluster::Cluster;

#[napi]
#[must_use]
pub fn cluster_open() -> External<Cluster> {
    External::new(Cluster::default())
}

/// Adds a service; `false` when its thread has ended.
#[napi]
#[must_use]
pub fn cluster_add(cluster: &External<Cluster>, service: u32) -> bool {
    let service = agent::find(service);
    service.map(|service| cluster.add(service)).is_some()
}

#[napi]
#[must_use]
pub fn cluster_remove(cluster: &External<Cluster>, service: u32) -> bool {
    cluster.remove(service)
}

/// The service that takes the next call; `null` for an empty cluster.
#[napi]
#[must_use]
pub fn cluster_use(cluster: &External<Cluster>) -> Option<u32> {
    cluster.least_active()
}

#[napi]
#[must_use]
pub fn cluster_active_calls(cluster: &External<Cluster>) -> u32 {
    cluster.active_calls()
}
