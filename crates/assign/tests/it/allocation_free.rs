//! Assignment allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use assign::{Attribute, Condition, Definition, Experiment, Filter, Holdout, Range};

use crate::experiment::definition;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "a global allocator cannot be written without; it only counts and passes on")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn assignment_allocates_nothing() {
    let condition: Condition = serde_json::from_str(
        r#"{"and": [{"in": {"attribute": "plan", "values": ["pro", "team"]}}, {"ge": {"attribute": "age", "value": 7}},
            {"not": {"suffix": {"attribute": "user.mail", "text": "@example.org"}}}]}"#,
    )
    .unwrap();
    let experiment = Experiment::new(Definition {
        condition: Some(condition),
        holdout: Some(Holdout { seed: "holdout".to_owned(), share: 0.05 }),
        exclusion: Some(Filter { seed: "group".to_owned(), ranges: vec![Range { start: 0, end: 9000 }] }),
        forced: [("somebody".to_owned(), "arm-0".to_owned())].into(),
        ..definition("01JD0000000000000000000001", &[3333, 3333, 3334], 0.8)
    })
    .unwrap();
    let json = serde_json::json!({"plan": "pro", "age": 9, "user": {"mail": "a@b.c"}});
    let json = json.as_object().unwrap();
    let table = [("plan", Attribute::Text("team")), ("age", Attribute::Number(8.0))];
    let units: Vec<String> = (0..500).map(|number| format!("user-{number}-é😀")).collect();
    let before = ALLOCATIONS.get();
    let mut assigned = 0;
    for unit in &units {
        assigned += u32::from(experiment.assign(Some(unit), json).arm().is_some());
        assigned += u32::from(experiment.assign(Some(unit), &table).arm().is_some());
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert!(assigned > 100);
}
