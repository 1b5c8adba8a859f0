//! The law, and what each facet decides.
