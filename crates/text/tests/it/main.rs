//! Templates as the SDKs see them, tokens as models do.

#[cfg(test)]
mod template;
#[cfg(test)]
mod tokens;
