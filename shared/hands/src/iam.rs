//! iam hand.
