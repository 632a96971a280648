//! Who hears how far a message came while it is carried.

/// Keeps the steps of a message, so that what is known of it survives whoever carries it.
pub trait Progress {
    /// Why a step could not be kept.
    type Error;

    /// It is about to be typed: from here on it may have been.
    ///
    /// # Errors
    /// This could not be kept, so nothing is typed.
    fn typing(&mut self) -> Result<(), Self::Error>;

    /// It was not typed after all.
    ///
    /// # Errors
    /// This could not be kept.
    fn not_typed(&mut self) -> Result<(), Self::Error>;

    /// It was typed.
    fn typed(&mut self);

    /// Enter was pressed.
    fn submitted(&mut self);
}
