use std::path::PathBuf;

/// Something that ends when a file appears. That it has is for good.
#[derive(Debug)]
pub(crate) struct Gate(Option<PathBuf>);

impl Gate {
    /// One that waits for a file, or is open from the beginning.
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        Self(file)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.is_none()
    }

    /// Looks whether the file is there by now.
    pub(crate) fn look(&mut self) {
        self.0.take_if(|file| file.exists());
    }
}
