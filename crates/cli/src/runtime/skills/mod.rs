//! Which skills pi is given.
//!
//! A session that has all skills pays for their descriptions with every turn, so that pi gets few of them unless
//! somebody wants more. `shelf` and `skill` look at directories, `choice` decides, purely.

mod arguments;
mod choice;
mod shelf;
mod shelves;
mod skill;
mod skill_mode;

pub(super) use arguments::skill_arguments;

use choice::choose;
use shelf::read_shelf;
use shelves::Shelves;
use skill::{Skill, is_skill_name};
use skill_mode::SkillMode;
