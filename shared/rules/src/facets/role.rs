//! Facets of roles.
