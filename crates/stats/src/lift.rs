//! What is different about a selection.
