//! Winsorising.
