//! All keys of one sort that a service writes into a bucket, as one resource.

use crate::glob::covers;
use crate::val::Val;

/// One part of a key.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Text(String),
    /// So many digits.
    Digits(usize),
    /// One character or more, each of this sort.
    Run(fn(char) -> bool),
}

/// What all keys of a sort look like.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    parts: Vec<Part>,
    /// A pattern that matches them all, and more.
    wide: String,
}

impl Keys {
    pub(crate) fn new(parts: Vec<Part>) -> Keys {
        let mut wide = String::new();
        for part in &parts {
            match part {
                Part::Text(text) => wide.push_str(text),
                Part::Digits(count) => wide.extend(std::iter::repeat_n('?', *count)),
                Part::Run(_) => wide.push_str("?*"),
            }
        }
        Keys { parts, wide }
    }

    /// Whether a pattern matches all keys, some of them, or none.
    pub(crate) fn met_by(&self, pattern: &str) -> Val {
        if covers(pattern, &self.wide, false) {
            Val::ALWAYS
        } else if self.is_touched_by(pattern) {
            Val::SOMETIMES
        } else {
            Val::NEVER
        }
    }

    fn is_touched_by(&self, pattern: &str) -> bool {
        let mut reached = Reached::new(pattern);
        for part in &self.parts {
            match part {
                Part::Text(text) => text.chars().for_each(|c| reached.step(&|own| own == c)),
                Part::Digits(count) => {
                    (0..*count).for_each(|_| reached.step(&|own| own.is_ascii_digit()));
                }
                Part::Run(sort) => reached.run(sort),
            }
            if reached.is_lost() {
                return false;
            }
        }
        reached.is_through()
    }
}

/// The places of a pattern up to which it matches some key's beginning.
struct Reached {
    pattern: Vec<char>,
    places: Vec<bool>,
}

impl Reached {
    fn new(pattern: &str) -> Reached {
        let pattern: Vec<char> = pattern.chars().collect();
        let mut places = vec![false; pattern.len() + 1];
        if let Some(first) = places.first_mut() {
            *first = true;
        }
        let mut reached = Reached { pattern, places };
        reached.spread(None);
        reached
    }

    /// Goes on by one character of a sort.
    fn step(&mut self, sort: &dyn Fn(char) -> bool) {
        let mut next = vec![false; self.places.len()];
        for (at, (own, here)) in self.pattern.iter().zip(&self.places).enumerate() {
            let to = match own {
                _ if !here => continue,
                '*' => at,
                '?' => at + 1,
                literal if sort(*literal) => at + 1,
                _ => continue,
            };
            if let Some(cell) = next.get_mut(to) {
                *cell = true;
            }
        }
        self.places = next;
        self.spread(None);
    }

    /// Goes on by one or more characters of a sort.
    fn run(&mut self, sort: &dyn Fn(char) -> bool) {
        self.step(sort);
        self.spread(Some(sort));
    }

    /// A `*` may match nothing; on a run more characters may follow.
    fn spread(&mut self, run: Option<&dyn Fn(char) -> bool>) {
        for (at, own) in self.pattern.iter().enumerate() {
            let passes = *own == '*' || run.is_some_and(|sort| *own == '?' || sort(*own));
            if passes
                && self.places.get(at) == Some(&true)
                && let Some(next) = self.places.get_mut(at + 1)
            {
                *next = true;
            }
        }
    }

    fn is_lost(&self) -> bool {
        !self.places.contains(&true)
    }

    fn is_through(&self) -> bool {
        self.places.last() == Some(&true)
    }
}
