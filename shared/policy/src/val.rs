//! Truth values of the analysis.
//!
//! A class of callers may satisfy a condition never, in part (the caller has a
//! choice), or always. On top of that AWS leaves some behaviour undocumented;
//! then only a range is known. `lo` is the reading in which the condition
//! matches least, `hi` the one in which it matches most.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Never,
    Sometimes,
    Always,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Val {
    pub(crate) lo: Level,
    pub(crate) hi: Level,
}

impl Val {
    pub(crate) const NEVER: Val = Val::sure(Level::Never);
    pub(crate) const SOMETIMES: Val = Val::sure(Level::Sometimes);
    pub(crate) const ALWAYS: Val = Val::sure(Level::Always);
    /// Undocumented: anything between never and always.
    pub(crate) const UNKNOWN: Val = Val {
        lo: Level::Never,
        hi: Level::Always,
    };

    const fn sure(level: Level) -> Val {
        Val {
            lo: level,
            hi: level,
        }
    }

    pub(crate) fn of(yes: bool) -> Val {
        if yes { Val::ALWAYS } else { Val::NEVER }
    }

    pub(crate) fn and(self, other: Val) -> Val {
        Val {
            lo: self.lo.min(other.lo),
            hi: self.hi.min(other.hi),
        }
    }

    pub(crate) fn or(self, other: Val) -> Val {
        Val {
            lo: self.lo.max(other.lo),
            hi: self.hi.max(other.hi),
        }
    }

    pub(crate) fn not(self) -> Val {
        Val {
            lo: flip(self.hi),
            hi: flip(self.lo),
        }
    }

    /// The caller decides which of the two applies.
    pub(crate) fn join(self, other: Val) -> Val {
        Val {
            lo: either(self.lo, other.lo),
            hi: either(self.hi, other.hi),
        }
    }

    /// It is not known which of the two applies.
    pub(crate) fn doubt(self, other: Val) -> Val {
        Val {
            lo: self.lo.min(other.lo),
            hi: self.hi.max(other.hi),
        }
    }

    /// At most "sometimes".
    pub(crate) fn capped(self) -> Val {
        Val {
            lo: self.lo.min(Level::Sometimes),
            hi: self.hi.min(Level::Sometimes),
        }
    }

    pub(crate) fn can_hold(self) -> bool {
        self.hi != Level::Never
    }

    pub(crate) fn surely_can_hold(self) -> bool {
        self.lo != Level::Never
    }
}

fn flip(level: Level) -> Level {
    match level {
        Level::Never => Level::Always,
        Level::Sometimes => Level::Sometimes,
        Level::Always => Level::Never,
    }
}

fn either(a: Level, b: Level) -> Level {
    if a == b { a } else { Level::Sometimes }
}
