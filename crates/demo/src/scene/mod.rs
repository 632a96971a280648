//! The scene: all are up, one is killed, it is dead, it is up again. It decides and tells, purely;
//! `play` does what it says.

mod act;
mod stage;
mod story;

pub(crate) use act::Act;
pub(crate) use story::Story;
