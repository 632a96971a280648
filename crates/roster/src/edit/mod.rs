//! Changes to a roster's text that leave everything else in it alone: comments, order, every byte.
//!
//! A change is made on lines, and believed only when the outcome, read again, is the old roster with
//! that change and no other; else it is refused, and the text stays as it was.

mod add;
mod edit_error;
mod lines;
mod new_agent;
mod original;
mod remove;
mod set_value;

pub use add::add_agent;
pub use edit_error::EditError;
pub use new_agent::NewAgent;
pub use remove::remove_agent;
pub use set_value::set_value;
