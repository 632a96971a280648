//! An observer that caches between observations reports the same as one that starts afresh.

mod comparer;
mod resident_comparison;
