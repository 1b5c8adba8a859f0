//! Facets of buckets.
