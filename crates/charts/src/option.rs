//! From charming's chart to the JSON that is sent: adds what charming has no setter for.

use charming::{
    Chart,
    component::{Axis, Grid, Legend, LegendType},
    datatype::CompositeValue,
    element::{
        AxisLabel, AxisLine, AxisPointer, AxisPointerType, AxisTick, AxisType, LineStyle, SplitLine, TextStyle,
        Tooltip, Trigger,
    },
};
use domain::time::{TimeRange, TimeUs};
use serde_json::{Map, Value, json};

use crate::unit::Unit;

/// Where the axis of values ends; where the data end, if absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Ends {
    pub(crate) floor: Option<f64>,
    pub(crate) ceiling: Option<f64>,
}

/// A chart over time in the house style: hairline grid, no axis lines, one tooltip for all series at a moment.
pub(crate) fn time_chart(unit: Unit, legend: Option<Vec<String>>, range: TimeRange, ends: Ends, zone: &str) -> Chart {
    // Without a legend and names at the ends of lines the picture has the whole area.
    let (top, right) = if legend.is_some() { (44, 56) } else { (10, 12) };
    let chart = Chart::new().grid(Grid::new().left(8).right(right).top(top).bottom(4).contain_label(true));
    let chart = match legend {
        None => chart,
        Some(names) => chart.legend(
            Legend::new()
                .type_(LegendType::Scroll)
                .left(0)
                .top(0)
                .item_width(10)
                .item_height(10)
                .item_gap(16)
                .data(names)
                .text_style(TextStyle::new().color("token:ink-2").font_size(12)),
        ),
    };
    let mut values = Axis::new();
    if let Some(floor) = ends.floor {
        values = values.min(floor);
    }
    if let Some(ceiling) = ends.ceiling {
        values = values.max(ceiling);
    }
    chart
        .tooltip(Tooltip::new().trigger(Trigger::Axis).formatter(&*format!("tip:{}@{zone}", unit.name())).axis_pointer(
            AxisPointer::new().type_(AxisPointerType::Line).line_style(LineStyle::new().color("token:line-strong")),
        ))
        .x_axis(
            Axis::new()
                .type_(AxisType::Time)
                .min(milliseconds(range.from))
                .max(milliseconds(range.to))
                .axis_label(AxisLabel::new().formatter("fmt:day").color("token:ink-3").font_size(11))
                .axis_line(AxisLine::new().show(false))
                .axis_tick(AxisTick::new().show(false))
                .split_line(SplitLine::new().show(false)),
        )
        .y_axis(
            values
                .type_(AxisType::Value)
                .scale(true)
                .split_number(3)
                .axis_label(
                    AxisLabel::new().formatter(&*format!("fmt:{}", unit.name())).color("token:ink-3").font_size(11),
                )
                .axis_line(AxisLine::new().show(false))
                .axis_tick(AxisTick::new().show(false))
                .split_line(SplitLine::new().line_style(LineStyle::new().color("token:line"))),
        )
}

/// A time as the charts speak of it.
pub(crate) fn milliseconds(at: TimeUs) -> CompositeValue {
    CompositeValue::from(at.0.div_euclid(1000))
}

/// Serialises the chart and lets `each` complete every series by its id.
pub(crate) fn to_json(
    chart: &Chart,
    each: impl Fn(&str, &mut Map<String, Value>),
) -> Result<String, serde_json::Error> {
    let mut option = serde_json::to_value(chart)?;
    if let Some(option) = option.as_object_mut() {
        option.insert("useUTC".into(), json!(true));
        if let Some(label) =
            option.get_mut("xAxis").and_then(|axis| axis.get_mut("axisLabel")).and_then(Value::as_object_mut)
        {
            label.insert("hideOverlap".into(), json!(true));
        }
        if let Some(legend) = option.get_mut("legend").and_then(Value::as_object_mut) {
            legend.insert("icon".into(), json!("roundRect"));
            legend.insert("inactiveColor".into(), json!("token:line-strong"));
            legend.insert("pageTextStyle".into(), json!({"color": "token:ink-3"}));
            legend.insert("pageIconColor".into(), json!("token:ink-2"));
            legend.insert("pageIconInactiveColor".into(), json!("token:line-strong"));
        }
        for series in option.get_mut("series").and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(series) = series.as_object_mut() else { continue };
            let id = series.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            each(&id, series);
        }
    }
    serde_json::to_string(&option)
}
