//! Takes away what an install put in place, and nothing else: the roster stays, and whatever a site
//! has written into our files or beside them.

mod plan;
mod seen;

pub use plan::plan;
pub use seen::Seen;
