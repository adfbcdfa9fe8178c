//! What a colour may mean. Whoever sets a tone also shows a sign or a word: colour never speaks alone.

/// Meaning of a chip, card, verdict or notice.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Tone {
    /// No judgement.
    #[default]
    Plain,
    /// Better, healthy, live.
    Good,
    /// Worse, failed.
    Bad,
    /// Needs a look.
    Warn,
    /// Ours, chosen, new.
    Accent,
}

impl Tone {
    /// Value of `data-tone`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Accent => "accent",
        }
    }
}

/// Colour of a line, bar or swatch. `Arm(0)` is the control and always slate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Series {
    /// Arm or series by index; five colours, then they repeat.
    Arm(u32),
    /// An improvement.
    Good,
    /// A worsening.
    Bad,
    /// Near a limit.
    Warn,
    /// Neither: cannot tell.
    Flat,
}

impl Series {
    /// Value of `data-series`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Arm(index) => match index % 5 {
                0 => "0",
                1 => "1",
                2 => "2",
                3 => "3",
                _ => "4",
            },
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Flat => "flat",
        }
    }

    /// Name of the design token, as chart options write it: `arm-1`.
    pub fn token(self) -> &'static str {
        match self {
            Self::Arm(index) => match index % 5 {
                0 => "arm-0",
                1 => "arm-1",
                2 => "arm-2",
                3 => "arm-3",
                _ => "arm-4",
            },
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Flat => "ink-2",
        }
    }
}
