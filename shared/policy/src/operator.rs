//! Condition operators.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    Text { like: bool, fold: bool },
    Arn,
    Bool,
    Ip,
    Numeric(Compare),
    Date(Compare),
    Binary,
    Null,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetOp {
    None,
    Any,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) base: Base,
    pub(crate) negated: bool,
    pub(crate) set: SetOp,
    pub(crate) if_exists: bool,
}

impl Operator {
    pub(crate) fn parse(text: &str) -> Operator {
        let (set, rest) = match text.split_once(':') {
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAnyValue") => (SetOp::Any, rest),
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAllValues") => (SetOp::All, rest),
            _ => (SetOp::None, text),
        };
        let (name, if_exists) = match rest
            .len()
            .checked_sub(8)
            .and_then(|at| rest.split_at_checked(at))
        {
            Some((name, tail)) if tail.eq_ignore_ascii_case("IfExists") => (name, true),
            _ => (rest, false),
        };
        let (base, negated) = base(name);
        let base = if base == Base::Null && (if_exists || set != SetOp::None) {
            Base::Unknown
        } else {
            base
        };
        Operator {
            base,
            negated,
            set,
            if_exists,
        }
    }
}

fn base(name: &str) -> (Base, bool) {
    // The usual spelling first; AWS's own examples vary in case.
    match exact(name) {
        (Base::Unknown, _) => exact(&canonical(name)),
        known => known,
    }
}

const NAMES: [&str; 27] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Bool",
    "IpAddress",
    "NotIpAddress",
    "Null",
    "BinaryEquals",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];

fn canonical(name: &str) -> String {
    NAMES
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .map_or_else(String::new, |known| (*known).to_owned())
}

fn exact(name: &str) -> (Base, bool) {
    let text = |like, fold| Base::Text { like, fold };
    match name {
        "StringEquals" => (text(false, false), false),
        "StringNotEquals" => (text(false, false), true),
        "StringEqualsIgnoreCase" => (text(false, true), false),
        "StringNotEqualsIgnoreCase" => (text(false, true), true),
        "StringLike" => (text(true, false), false),
        "StringNotLike" => (text(true, false), true),
        "ArnEquals" | "ArnLike" => (Base::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Base::Arn, true),
        "Bool" => (Base::Bool, false),
        "IpAddress" => (Base::Ip, false),
        "NotIpAddress" => (Base::Ip, true),
        "Null" => (Base::Null, false),
        "BinaryEquals" => (Base::Binary, false),
        "NumericEquals" => (Base::Numeric(Compare::Equal), false),
        "NumericNotEquals" => (Base::Numeric(Compare::Equal), true),
        "NumericLessThan" => (Base::Numeric(Compare::Less), false),
        "NumericLessThanEquals" => (Base::Numeric(Compare::LessOrEqual), false),
        "NumericGreaterThan" => (Base::Numeric(Compare::Greater), false),
        "NumericGreaterThanEquals" => (Base::Numeric(Compare::GreaterOrEqual), false),
        "DateEquals" => (Base::Date(Compare::Equal), false),
        "DateNotEquals" => (Base::Date(Compare::Equal), true),
        "DateLessThan" => (Base::Date(Compare::Less), false),
        "DateLessThanEquals" => (Base::Date(Compare::LessOrEqual), false),
        "DateGreaterThan" => (Base::Date(Compare::Greater), false),
        "DateGreaterThanEquals" => (Base::Date(Compare::GreaterOrEqual), false),
        _ => (Base::Unknown, false),
    }
}
