//! s3 hand.
