//! Facets of principals.
