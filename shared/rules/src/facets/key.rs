//! Facets of keys.
