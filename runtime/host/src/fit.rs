//! Whether a component fits a slot of the pool and its policy's memory: said at admission, not at the first call.

use crate::engine::{MAX_MEMORIES, MAX_TABLE_ELEMENTS, MAX_TABLES};
use nhip_exchange::port::Report;
use nhip_policies::Policy;
use wasmtime::component::Component;

const PAGE: u64 = 64 << 10;

/// Compare what the component needs at the start with what a slot and the policy give.
pub(crate) fn check(component: &Component, policy: &Policy, report: &mut Report) {
    let Some(needs) = component.resources_required() else {
        report.refuse("pool", "the component instantiates modules it imports; what it needs cannot be known");
        return;
    };
    let memory = needs.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE);
    let tables = needs.max_initial_table_size.unwrap_or(0);
    report.pool.push(format!(
        "{} of at most {MAX_MEMORIES} memories, the largest {memory} bytes at the start",
        needs.num_memories
    ));
    report.pool.push(format!(
        "{} of at most {MAX_TABLES} tables, the largest {tables} of {MAX_TABLE_ELEMENTS} elements",
        needs.num_tables
    ));
    if needs.num_memories > MAX_MEMORIES {
        report.refuse(
            "pool",
            format!("the component has {} memories; a sandbox holds {MAX_MEMORIES}", needs.num_memories),
        );
    }
    if needs.num_tables > MAX_TABLES {
        report.refuse("pool", format!("the component has {} tables; a sandbox holds {MAX_TABLES}", needs.num_tables));
    }
    if tables > MAX_TABLE_ELEMENTS as u64 {
        report.refuse("pool", format!("a table of {tables} elements; a sandbox holds {MAX_TABLE_ELEMENTS}"));
    }
    if memory > policy.limits.memory {
        report.refuse(
            "limits.memory",
            format!("the component begins with {memory} bytes of memory, the policy grants {}: raise `memory` in `[limits]`", policy.limits.memory),
        );
    }
}
