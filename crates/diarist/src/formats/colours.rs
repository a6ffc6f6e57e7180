//! Colours of speakers in pictures.

/// Colours of speakers in the order of their names, for light and dark backgrounds, in every
/// picture. Readers with a colour vision deficiency can distinguish them (tests of the command have
/// the measure), and no picture distinguishes speakers by colour alone.
pub const COLOURS: [&str; 12] = [
    "#0f3ce1", "#b4b400", "#a50000", "#5ab4ff", "#e14bb4", "#5a871e", "#f09696", "#870fa5", "#9669ff", "#0f5a4b",
    "#876978", "#ff1e1e",
];
