//! Answers to requests, natively and in WASM.

use crate::compare::Input;
use crate::tour::{Sink, tour};
use crate::vectors;
use serde_json::Value;
use std::fmt::{Debug, Write as _};

/// `{"method": …, "input": …}` is a reference case; without a method it is the tour. Numbers are printed so that equal
/// text means equal bits.
pub(crate) fn answer(request: &Value) -> String {
    let Some(method) = request.get("method").and_then(Value::as_str) else {
        let mut printed = Printed(String::new());
        tour(&mut printed);
        return printed.0;
    };
    vectors::run(method, &Input(&request["input"])).map_or_else(String::new, |value| value.to_string())
}

struct Printed(String);

impl Sink for Printed {
    fn put<T: Debug>(&mut self, result: T) {
        writeln!(self.0, "{result:?}").unwrap();
    }
}
