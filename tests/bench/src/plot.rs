//! The plot: one SVG with a panel for each scenario that has rows. Bars of requests per second, or, for growth, lines over
//! a logarithmic scale.

use crate::measure::{Outcome, Row};
use anyhow::anyhow;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

const WIDTH: u32 = 960;
const PANEL: u32 = 320;
const COLOURS: [RGBColor; 6] = [
    RGBColor(31, 119, 180),
    RGBColor(214, 39, 40),
    RGBColor(44, 160, 44),
    RGBColor(255, 127, 14),
    RGBColor(148, 103, 189),
    RGBColor(90, 90, 90),
];

type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draw; whether there was anything to draw.
pub(crate) fn write(folder: &Path, outcomes: &[Outcome]) -> anyhow::Result<bool> {
    let drawn: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.rows.is_empty()).collect();
    if drawn.is_empty() {
        return Ok(false);
    }
    let file = folder.join("bench.svg");
    let height = PANEL * u32::try_from(drawn.len())?;
    let root = SVGBackend::new(&file, (WIDTH, height)).into_drawing_area();
    let broken = |error: &dyn std::fmt::Display| anyhow!("cannot draw `{}`: {error}", file.display());
    root.fill(&WHITE).map_err(|error| broken(&error))?;
    for (panel, outcome) in root.split_evenly((drawn.len(), 1)).iter().zip(drawn) {
        let done = if outcome.scale.is_some() { lines(panel, outcome) } else { bars(panel, outcome) };
        done.map_err(|error| broken(&error))?;
    }
    root.present().map_err(|error| broken(&error))?;
    drop(root);
    Ok(true)
}

fn colour(number: usize) -> RGBColor {
    COLOURS.get(number % COLOURS.len()).copied().unwrap_or(BLACK)
}

fn highest(rows: &[Row]) -> f64 {
    rows.iter().map(|row| row.median.per_second).fold(1.0, f64::max)
}

/// One bar for each row, the first one on top.
fn bars(panel: &Panel<'_>, outcome: &Outcome) -> anyhow::Result<()> {
    let count = i32::try_from(outcome.rows.len())?;
    let error = |error: &dyn std::fmt::Display| anyhow!("{error}");
    let mut chart = ChartBuilder::on(panel)
        .caption(outcome.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .build_cartesian_2d(0.0..highest(&outcome.rows) * 1.25, 0..count * 10)
        .map_err(|e| error(&e))?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_desc("requests/s")
        .x_label_formatter(&|value| format!("{value:.0}"))
        .draw()
        .map_err(|e| error(&e))?;
    for (number, row) in outcome.rows.iter().enumerate() {
        let top = (count - i32::try_from(number)?) * 10;
        let value = row.median.per_second;
        let bar = Rectangle::new([(0.0, top - 8), (value, top - 4)], colour(number).filled());
        let label = format!("{}: {value:.0}", row.name);
        let text = Text::new(label, (0.0, top), ("sans-serif", 14).into_font().color(&BLACK));
        chart.draw_series([bar]).map_err(|e| error(&e))?;
        chart.draw_series([text]).map_err(|e| error(&e))?;
    }
    Ok(())
}

/// One line for each name, over the scale.
fn lines(panel: &Panel<'_>, outcome: &Outcome) -> anyhow::Result<()> {
    let error = |error: &dyn std::fmt::Display| anyhow!("{error}");
    let mut series: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for row in &outcome.rows {
        let Some(at) = row.at else { continue };
        // What follows a comma is the place on the scale.
        let name = row.name.split(',').next().unwrap_or(&row.name);
        series.entry(name).or_default().push((at, row.median.per_second));
    }
    let places = || series.values().flatten().map(|point| point.0);
    let (least, most) = (places().fold(f64::INFINITY, f64::min), places().fold(1.0, f64::max));
    let mut chart = ChartBuilder::on(panel)
        .caption(outcome.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(70)
        .build_cartesian_2d((least.min(most)..most * 1.1).log_scale(), 0.0..highest(&outcome.rows) * 1.1)
        .map_err(|e| error(&e))?;
    chart
        .configure_mesh()
        .x_desc(outcome.scale.unwrap_or_default())
        .y_desc("requests/s")
        .x_label_formatter(&|value| format!("{value:.0}"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .draw()
        .map_err(|e| error(&e))?;
    for (number, (name, points)) in series.into_iter().enumerate() {
        let colour = colour(number);
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(3))
            .map_err(|e| error(&e))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()
        .map_err(|e| error(&e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::tests::round;

    #[test]
    fn bars_and_lines_are_in_one_picture() {
        let mut plain = Outcome::new("plain", "Bars of a test");
        plain.rows = vec![Row::of("nhip", vec![round(700.0)]), Row::of("native & more", vec![round(1000.0)])];
        let mut growth = Outcome { scale: Some("bytes"), ..Outcome::new("growth", "Lines of a test") };
        for at in [100.0, 1000.0, 10_000.0] {
            growth.rows.push(Row { at: Some(at), ..Row::of(format!("nhip, {at}"), vec![round(at)]) });
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(write(folder.path(), &[plain, growth, Outcome::new("deploy", "Nothing to draw")]).unwrap());
        let text = std::fs::read_to_string(folder.path().join("bench.svg")).unwrap();
        assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"));
        for part in ["Bars of a test", "native &amp; more: 1000", "Lines of a test", "bytes", "requests/s"] {
            assert!(text.contains(part), "`{part}` is missing");
        }
        assert!(!text.contains("Nothing to draw"));
    }

    #[test]
    fn without_rows_there_is_no_picture() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!write(folder.path(), &[Outcome::new("deploy", "Nothing to draw")]).unwrap());
        assert!(!folder.path().join("bench.svg").exists());
    }
}
