#![doc = include_str!("../README.md")]

#[cfg(not(any(erase_components, doc, doctest)))]
compile_error!(
    "server and browser must draw with erased types: build in this checkout, without a RUSTFLAGS of your own, or add \
     `--cfg erase_components` to it"
);

#[cfg(feature = "ssr")]
pub mod context;
pub mod error;
pub mod form;
pub mod frame;
pub mod layout;
pub mod measured;
pub mod pages;
pub mod palette;
pub mod panel;
pub mod range;
pub mod routes;

#[cfg(feature = "ssr")]
pub mod shell;
#[cfg(feature = "ssr")]
pub mod site;
pub mod title;
pub mod wire;

pub use routes::App;
