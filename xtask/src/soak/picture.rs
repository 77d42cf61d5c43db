//! Curves as an SVG: one panel below the other, all over the same time.

use std::fmt::Write as _;
use std::time::Duration;

use super::samples::{Sample, Samples};

const WIDTH: f64 = 860.0;
const PANEL: f64 = 190.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 54.0;
const GAP: f64 = 46.0;

/// A curve: its name, its colour, and what of a sample it shows.
type Curve = (&'static str, &'static str, fn(&Sample) -> f64);

/// The panels, each with the unit of its axis and its curves.
const PANELS: [(&str, &[Curve]); 3] = [
    ("resident memory, MB", &[("memory", "#1f6fb2", |sample| sample.memory_mb)]),
    (
        "descriptors, sockets, threads",
        &[
            ("descriptors", "#b2471f", |sample| sample.files),
            ("sockets", "#1f9a5b", |sample| sample.sockets),
            ("threads", "#7a4fb2", |sample| sample.threads),
        ],
    ),
    ("requests sent, millions", &[("requests", "#555555", |sample| sample.requests as f64 / 1e6)]),
];

/// The picture; what lies before the end of the warm-up is shaded.
pub(super) fn of(samples: &Samples, warm_up: Duration) -> String {
    let end = samples.all().last().map_or(1.0, |sample| sample.at.as_secs_f64().max(1.0));
    let height = TOP + PANELS.len() as f64 * (PANEL + GAP) + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\" fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    let requests = samples.all().last().map_or(0, |sample| sample.requests);
    let title =
        format!("Keybound under mixed traffic: {} minutes, {requests} requests", (end / 60.0).round());
    text(&mut svg, LEFT, 26.0, "start", &format!("<tspan font-size=\"16\">{title}</tspan>"));
    for (place, (unit, curves)) in PANELS.iter().enumerate() {
        let top = TOP + place as f64 * (PANEL + GAP);
        panel(&mut svg, samples, curves, unit, top, end, warm_up.as_secs_f64());
    }
    svg.push_str("</svg>\n");
    svg
}

fn panel(
    svg: &mut String,
    samples: &Samples,
    curves: &[Curve],
    unit: &str,
    top: f64,
    end: f64,
    warm_up: f64,
) {
    let (plot, bottom) = (WIDTH - LEFT - RIGHT, top + PANEL);
    let most = samples
        .all()
        .iter()
        .flat_map(|sample| curves.iter().map(move |(_, _, of)| of(sample)))
        .fold(0.0, f64::max);
    let step = step(most);
    let highest = ((most / step).ceil().max(1.0) * step).max(step);
    let x = |seconds: f64| LEFT + plot * (seconds / end).min(1.0);
    let y = |value: f64| bottom - PANEL * value / highest;
    let _ = writeln!(
        svg,
        "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{:.1}\" height=\"{PANEL}\" fill=\"#f1f1f1\"/>",
        x(warm_up) - LEFT
    );
    text(svg, LEFT, top - 8.0, "start", unit);
    text(svg, LEFT + 4.0, top + 14.0, "start", "<tspan fill=\"#777\">warm-up</tspan>");
    let mut value = 0.0;
    while value <= highest + step / 2.0 {
        line(svg, (LEFT, y(value)), (LEFT + plot, y(value)));
        text(svg, LEFT - 6.0, y(value) + 4.0, "end", &number(value));
        value += step;
    }
    let minutes = self::step(end / 60.0).max(0.5);
    let mut minute = 0.0;
    while minute * 60.0 <= end {
        text(svg, x(minute * 60.0), bottom + 16.0, "middle", &format!("{} min", number(minute)));
        minute += minutes;
    }
    for (place, (name, colour, of)) in curves.iter().enumerate() {
        // No more points than the picture has room for.
        let every = samples.len().div_ceil(600).max(1);
        let points: Vec<String> = samples
            .all()
            .iter()
            .step_by(every)
            .map(|sample| format!("{:.1},{:.1}", x(sample.at.as_secs_f64()), y(of(sample))))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" points=\"{}\"/>",
            points.join(" ")
        );
        let last = samples.all().last().map_or(0.0, of);
        let label = format!("<tspan fill=\"{colour}\">{name}: {}</tspan>", number(last));
        text(svg, LEFT + plot + 10.0, top + 16.0 + 18.0 * place as f64, "start", &label);
    }
}

/// A round distance between lines, of which about five fit below `most`.
fn step(most: f64) -> f64 {
    let rough = (most / 5.0).max(1e-6);
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= rough).unwrap_or(power)
}

fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, content: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{content}</text>");
}

fn line(svg: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ =
        writeln!(svg, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#ddd\"/>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_at_round_numbers() {
        assert_eq!([step(100.0), step(37.0), step(0.9)].map(number), ["20", "10", "0.2"]);
        assert_eq!([number(0.0), number(1.5), number(120.0)], ["0", "1.5", "120"]);
    }
}
