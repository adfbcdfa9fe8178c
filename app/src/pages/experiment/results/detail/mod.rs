//! An open row: the effect at every look, the distribution by arm, the effect by time since the exposure.

#[cfg(feature = "ssr")]
pub(super) mod draw;
pub mod model;

use leptos::{ev, prelude::*};
use ui::{Legend, LegendItem, Series, Tone, Verdict, live};

use self::model::{AgesView, Course, CourseLine, DetailView, SpreadView};

/// The day of the look somebody points at, as it is written; empty until they do. It stays with another metric.
pub type Pointed = RwSignal<String>;

/// Everything about one metric.
pub fn detail(view: DetailView, at: Pointed) -> AnyView {
    let DetailView { title, course, spread, ages, .. } = view;
    let course = match course {
        Some(course) => view! { <EffectOverTime title=title.clone() course at/> }.into_any(),
        None => view! { <p class="muted">"No look has an interval yet: it needs 50 units an arm."</p> }.into_any(),
    };
    let spread = spread.map(|spread| view! { <Distribution title=title.clone() spread/> }.into_any());
    let ages = (!ages.is_empty()).then(|| view! { <ByAge ages/> }.into_any());
    view! { <div class="metric-detail">{course} <div class="metric-detail__side">{spread} {ages}</div></div> }
        .into_any()
}

/// Height of the box lines are drawn in; it is stretched to the drawing.
const BOX: f64 = 100.0;

#[component]
fn EffectOverTime(title: String, course: Course, at: Pointed) -> impl IntoView {
    let Course { summary, axis: (low, high), ticks, margin, days, count, lines } = course;
    let y = move |value: f64| ((high - value) / (high - low) * BOX).clamp(0.0, BOX);
    // One look stands in the middle.
    let x = move |day: u32| if count < 2 { BOX / 2.0 } else { f64::from(day) / f64::from(count - 1) * BOX };
    let labels = ticks
        .iter()
        .map(|(value, text)| {
            let at = format!("{}%", place(y(*value)));
            view! { <text x="100%" y=at text-anchor="end" dominant-baseline="middle">{text.clone()}</text> }.into_any()
        })
        .collect_view();
    let grid = ticks
        .iter()
        .map(|(value, _)| {
            let (at, class) = (place(y(*value)), if value.abs() < 1e-12 { "course__zero" } else { "course__grid" });
            view! { <line class=class x1="0" x2="100" y1=at.clone() y2=at></line> }.into_any()
        })
        .collect_view();
    let margin = margin.map(|limit| {
        let (from, to) = if limit > 0.0 { (0.0, y(limit)) } else { (y(limit), BOX) };
        view! { <rect class="course__margin" x="0" width="100" y=place(from) height=place(to - from)></rect> }
            .into_any()
    });
    let legend = (lines.len() > 1).then(|| {
        let items = lines.iter().map(|line| LegendItem { text: line.title.clone(), series: Series::Arm(line.arm) });
        view! { <Legend items=items.collect()/> }.into_any()
    });
    let drawn = lines
        .iter()
        .map(|line| {
            let upper = line.points.iter().map(|(day, _, _, high)| (x(*day), y(*high)));
            let lower = line.points.iter().rev().map(|(day, low, _, _)| (x(*day), y(*low)));
            let band = points(upper.chain(lower));
            let middle = points(line.points.iter().map(|(day, _, estimate, _)| (x(*day), y(*estimate))));
            let only = (line.points.len() == 1).then(|| {
                let (_, low, _, high) = line.points.first().copied().unwrap_or_default();
                view! { <line class="course__line" x1="50" x2="50" y1=place(y(low)) y2=place(y(high))></line> }
                    .into_any()
            });
            let series = Series::Arm(line.arm).name();
            view! {
                <g data-series=series>
                    <polygon class="course__band" points=band></polygon>
                    <polyline class="course__line" points=middle></polyline>
                    {only}
                </g>
            }
            .into_any()
        })
        .collect_view();
    let named = days
        .into_iter()
        .map(|(day, text)| {
            let at = x(day);
            let anchor = if at < 5.0 {
                "start"
            } else if at > 95.0 {
                "end"
            } else {
                "middle"
            };
            view! { <text x=format!("{}%", place(at)) y="12" text-anchor=anchor>{text}</text> }.into_any()
        })
        .collect_view();
    let all = StoredValue::new(lines.clone());
    let last = count.saturating_sub(1);
    let index = move || all.with_value(|lines| pointed(lines, &at.get(), last));
    let cross = live(move || {
        let x = place(x(index()));
        Some(view! { <line class="course__at" x1=x.clone() x2=x y1="0" y2="100"></line> }.into_any())
    });
    let reading = live(move || Some(all.with_value(|lines| reading(lines, index()))));
    let slider = live(move || Some(all.with_value(|lines| slider(lines, index(), last, all, at))));
    let looks = lines.into_iter().map(|line| view! { <Looks line/> }.into_any()).collect_view();
    let label = summary.clone();
    view! {
        <section class="course">
            <h3>{format!("{title}, effect over time")}</h3>
            {legend}
            <div class="course__plot">
                <svg class="course__labels" height="180" aria-hidden="true">{labels}</svg>
                <svg class="course__box" height="180" viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=label>
                    {margin} {grid} {drawn}
                    {cross}
                </svg>
                {slider}
                <svg class="course__days" height="16" aria-hidden="true">{named}</svg>
            </div>
            {reading}
            <p class="small muted">{summary}</p>
            {looks}
        </section>
    }
    .into_any()
}

/// The look of a day, counted from the oldest; the last one where nobody points.
fn pointed(lines: &[CourseLine], day: &str, last: u32) -> u32 {
    let looks = lines.first().map(|line| line.looks.as_slice()).unwrap_or_default();
    // The newest stands first.
    let back = looks.iter().position(|[own, ..]| own == day).and_then(|place| u32::try_from(place).ok());
    last.saturating_sub(back.unwrap_or(0))
}

/// The look of a treatment, counted from the oldest.
fn look(line: &CourseLine, index: u32) -> Option<&[String; 5]> {
    line.looks.get(line.looks.len().checked_sub(index as usize + 1)?)
}

/// "Nov 17: +6.7%, +1.0% to +12.4%, 812 units".
fn said(line: &CourseLine, index: u32) -> String {
    let Some([day, units, change, interval, _]) = look(line, index) else { return String::new() };
    format!("{day}: {change}, {interval}, {units} units")
}

/// The look pointed at, a line for each treatment.
fn reading(lines: &[CourseLine], index: u32) -> AnyView {
    let several = lines.len() > 1;
    let lines = lines
        .iter()
        .map(|line| {
            let series = Series::Arm(line.arm).name();
            let swatch = several.then(|| view! { <span class="swatch" data-series=series></span> " " }.into_any());
            view! { <p>{swatch} {said(line, index)}</p> }.into_any()
        })
        .collect_view();
    view! { <div class="course__reading small num">{lines}</div> }.into_any()
}

/// Lies over the drawing, so that pointer, finger and arrow keys choose a look.
fn slider(lines: &[CourseLine], index: u32, last: u32, all: StoredValue<Vec<CourseLine>>, at: Pointed) -> AnyView {
    let words: Vec<String> = lines.iter().map(|line| format!("{}, {}", line.title, said(line, index))).collect();
    let point = move |index: u32| {
        let day = all.with_value(|lines| lines.first().and_then(|line| Some(look(line, index.min(last))?[0].clone())));
        let day = day.unwrap_or_default();
        // Drawn again under a pointer at rest, it is told of that pointer again.
        if at.with_untracked(|at| *at != day) {
            at.set(day);
        }
    };
    let typed = move |event| {
        if let Ok(index) = event_target_value(&event).parse() {
            point(index);
        }
    };
    let moved = move |event: ev::PointerEvent| {
        let width = event_target::<web_sys::HtmlElement>(&event).offset_width();
        let share = f64::from(event.offset_x()) / f64::from(width.max(1));
        point((share.clamp(0.0, 1.0) * f64::from(last)).round() as u32);
    };
    view! {
        <input
            type="range"
            class="course__slider"
            aria-label="Look"
            aria-valuetext=words.join("; ")
            min="0"
            max=last.to_string()
            prop:value=index.to_string()
            on:input=typed
            on:pointermove=moved
        />
    }
    .into_any()
}

/// A place in the box, as attributes write it.
fn place(value: f64) -> String {
    ui::format::fixed(value.max(0.0), 2)
}

fn points(places: impl Iterator<Item = (f64, f64)>) -> String {
    places.map(|(x, y)| format!("{},{}", place(x), place(y))).collect::<Vec<_>>().join(" ")
}

#[component]
fn Looks(line: CourseLine) -> impl IntoView {
    let count = line.looks.len();
    let rows = line
        .looks
        .into_iter()
        .map(|[day, units, change, interval, p]| {
            view! {
                <tr>
                    <td>{day}</td>
                    <td data-align="end">{units}</td>
                    <td data-align="end">{change}</td>
                    <td data-align="end">{interval}</td>
                    <td data-align="end">{p}</td>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    let days = ui::format::plural(i64::try_from(count).unwrap_or(i64::MAX), "look", "looks");
    let caption = format!("{}: every look", line.title);
    let region = caption.clone();
    view! {
        <details class="more">
            <summary>{format!("{}: {days}, one a day", line.title)}</summary>
            <div class="table-scroll" tabindex="0" role="region" aria-label=region>
                <table class="table" data-density="compact" data-cards="never">
                    <caption class="visually-hidden">{caption}</caption>
                    <thead>
                        <tr>
                            <th scope="col">"End of"</th>
                            <th scope="col" data-align="end">"Units"</th>
                            <th scope="col" data-align="end">"Change"</th>
                            <th scope="col" data-align="end">"Interval"</th>
                            <th scope="col" data-align="end">"p"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}

#[component]
fn Distribution(title: String, spread: SpreadView) -> impl IntoView {
    let SpreadView { caption, ends: (first, last), arms, quantiles } = spread;
    let drawn = arms
        .iter()
        .map(|(arm, name, bars, _)| {
            let width = BOX / bars.len().max(1) as f64;
            let shapes = bars
                .iter()
                .enumerate()
                .map(|(index, share)| {
                    let (x, height) = (index as f64 * width, share * BOX);
                    view! { <rect x=place(x + width * 0.08) y=place(BOX - height) width=place(width * 0.84) height=place(height)></rect> }.into_any()
                })
                .collect_view();
            let series = Series::Arm(*arm).name();
            let label = format!("Distribution of {title} in {name}");
            view! {
                <div class="spread__arm">
                    <span class="small"><span class="swatch" data-series=series></span> " " {name.clone()}</span>
                    <svg class="spread__bars" data-series=series height="44" viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=label>
                        {shapes}
                    </svg>
                </div>
            }
            .into_any()
        })
        .collect_view();
    let heads = quantiles
        .into_iter()
        .map(|name| view! { <th scope="col" data-align="end">{name}</th> }.into_any())
        .collect_view();
    let rows = arms
        .into_iter()
        .map(|(_, name, _, quantiles)| {
            let cells = quantiles
                .into_iter()
                .map(|value| view! { <td data-align="end">{value}</td> }.into_any())
                .collect_view();
            view! { <tr><th scope="row">{name}</th> {cells}</tr> }.into_any()
        })
        .collect_view();
    view! {
        <section class="spread">
            <h3>"Distribution " <span class="muted small">{caption}</span></h3>
            {drawn}
            <div class="spread__ends small muted"><span>{first}</span> <span>{last}</span></div>
            <div class="table-scroll" tabindex="0" role="region" aria-label="Quantiles">
                <table class="table" data-density="compact" data-cards="never">
                    <caption class="visually-hidden">"Quantiles by arm"</caption>
                    <thead>
                        <tr><th scope="col">"Quantile"</th> {heads}</tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn ByAge(ages: Vec<AgesView>) -> impl IntoView {
    let several = ages.len() > 1;
    let parts = ages
        .into_iter()
        .map(|one| {
            let rows = one
                .steps
                .into_iter()
                .map(|[days, effect, units]| {
                    view! {
                        <tr>
                            <td>{days}</td>
                            <td data-align="end">{effect}</td>
                            <td data-align="end">{units}</td>
                        </tr>
                    }
                    .into_any()
                })
                .collect_view();
            let finding = one.finding.map(|(mood, text)| {
                let tone = mood.tone();
                view! { <p class="small"><Verdict tone text icon=tone != Tone::Plain/></p> }.into_any()
            });
            let name = several.then(|| view! { <h4>{one.title.clone()}</h4> }.into_any());
            view! {
                {name}
                {finding}
                <table class="table" data-density="compact" data-cards="never">
                    <caption class="visually-hidden">{format!("{}: effect by time since the first exposure", one.title)}</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Since exposure"</th>
                            <th scope="col" data-align="end">"Effect"</th>
                            <th scope="col" data-align="end">"Units"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            }
            .into_any()
        })
        .collect_view();
    view! { <section class="ages"><h3>"Novelty"</h3>{parts}</section> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_look_pointed_at_is_read_from_the_newest_back() {
        let look = |day: &str| [day, "812", "+6.7%", "+1.0% to +12.4%", "0.01"].map(str::to_owned);
        let looks = vec![look("Nov 18"), look("Nov 17")];
        let line = CourseLine { arm: 1, title: "Warm".to_owned(), points: Vec::new(), looks };
        assert_eq!(said(&line, 0), "Nov 17: +6.7%, +1.0% to +12.4%, 812 units");
        assert!(said(&line, 1).starts_with("Nov 18"));
        assert_eq!(said(&line, 2), "");
        let lines = [line];
        assert_eq!(["", "Nov 17", "Nov 18", "Nov 1"].map(|day| pointed(&lines, day, 1)), [1, 0, 1, 1]);
    }
}
