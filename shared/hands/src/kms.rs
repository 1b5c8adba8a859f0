//! kms hand.
