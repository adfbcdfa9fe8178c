//! Templates as the SDKs see them.

#[cfg(test)]
mod template;
