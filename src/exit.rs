//! Exit codes: a contract with CI and the CronJob.

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All complete, and accepted where it was pushed.
    Complete,
    /// Nothing was delivered.
    Nothing,
    /// The command line or the configuration is wrong; nothing was asked of anybody.
    Usage,
    /// Something failed, the rest was delivered.
    Partial,
    /// A check is missed.
    Missed,
}

impl Exit {
    /// The code for the shell.
    pub fn code(self) -> u8 {
        match self {
            Exit::Complete => 0,
            Exit::Nothing => 1,
            Exit::Usage => 2,
            Exit::Partial => 3,
            Exit::Missed => 4,
        }
    }
}
