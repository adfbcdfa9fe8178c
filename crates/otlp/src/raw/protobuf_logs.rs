//! OTLP log records in protobuf. Field numbers are those of `opentelemetry/proto/{collector/,}logs/v1`.

use domain::ids::{SpanId, TraceId};

use super::{
    RawLog,
    protobuf::{messages, read_any, read_attributes, text},
    value::Budget,
    wire::{Damage, Slice},
};
use crate::{DecodeError, limits, logs::LogIntake};

/// Hands every log record of the request to `intake`.
pub(crate) fn read<'a>(body: &'a [u8], intake: &mut LogIntake<'a>) -> Result<(), DecodeError> {
    let request = Slice::new(body);
    let found = count(request)?;
    if found > limits::LOGS {
        return Err(DecodeError::TooManyLogs { found, limit: limits::LOGS });
    }
    for resource_logs in messages(request, 1) {
        for scope_logs in messages(resource_logs?, 2) {
            for record in messages(scope_logs?, 2) {
                let (message, mut log) = (record?, RawLog::new());
                match read_log(message, &mut log, intake.budget()) {
                    Ok(()) => intake.log(log),
                    Err(damage) => intake.damaged(&log, format!("{} at byte {}", damage.reason, damage.offset)),
                }
            }
        }
    }
    Ok(())
}

fn count(request: Slice<'_>) -> Result<usize, Damage> {
    let mut found = 0;
    for resource_logs in messages(request, 1) {
        for scope_logs in messages(resource_logs?, 2) {
            for record in messages(scope_logs?, 2) {
                record?;
                found += 1;
            }
        }
    }
    Ok(found)
}

/// Fills in `log`; on damage it holds what was readable before.
fn read_log<'a>(message: Slice<'a>, log: &mut RawLog<'a>, budget: &Budget) -> Result<(), Damage> {
    let (mut happened, mut seen, mut broken) = (0, 0, false);
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => happened = field.fixed64()?,
            5 => log.body = read_any(field.bytes()?, limits::DEPTH, budget, &mut broken)?,
            9 => log.trace_id = TraceId::from_slice(field.bytes()?.bytes),
            10 => log.span_id = SpanId::from_slice(field.bytes()?.bytes),
            11 => seen = field.fixed64()?,
            12 => log.event = text(field.bytes()?, "event_name", &mut log.notes),
            _ => {}
        }
    }
    if broken {
        log.notes.add("body", "invalid UTF-8 was replaced");
    }
    log.at_ns = if happened == 0 { seen } else { happened };
    read_attributes(message, 6, &mut log.attributes, &mut log.notes, budget);
    Ok(())
}
