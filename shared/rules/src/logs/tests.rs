//! The tricky judgements of log delivery.
