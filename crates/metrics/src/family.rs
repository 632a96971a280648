//! A metric family: a name, and what its samples mean.

use crate::families::FAMILIES;

/// What kind of number a family's samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It goes up and down.
    Gauge,
    /// It only goes up, or starts anew.
    Counter,
    /// It is always 1, and what there is to know is in its labels.
    Info,
}

/// A metric family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// The name of its samples, as queries have it.
    pub name: &'static str,
    /// The kind.
    pub kind: Kind,
    /// What it says, in a sentence.
    pub help: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
}

impl Family {
    /// The family of this name. A name that [`FAMILIES`] does not have does not compile.
    pub(crate) const fn named(name: &str) -> &'static Self {
        let mut nth = 0;
        while nth < FAMILIES.len() {
            if same(FAMILIES[nth].name.as_bytes(), name.as_bytes()) {
                return &FAMILIES[nth];
            }
            nth += 1;
        }
        panic!("a family that is not in the table")
    }

    /// The name without what OpenMetrics has only in the names of samples.
    pub(crate) fn open_metrics_name(&self) -> &'static str {
        let suffix = match self.kind {
            Kind::Gauge => "",
            Kind::Counter => "_total",
            Kind::Info => "_info",
        };
        self.name.strip_suffix(suffix).unwrap_or(self.name)
    }

    /// The base unit that its samples are in, if the name ends with one.
    pub(crate) fn unit(&self) -> Option<&'static str> {
        let name = self.open_metrics_name();
        ["seconds", "bytes"].into_iter().find(|unit| name.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')))
    }
}

/// `==` of texts cannot be asked for at compile time.
const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut nth = 0;
    while nth < one.len() {
        if one[nth] != other[nth] {
            return false;
        }
        nth += 1;
    }
    true
}
