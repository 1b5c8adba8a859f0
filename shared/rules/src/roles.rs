//! Rules of roles.
