//! Figures: what a round gave, the medians of rounds, and what one contender is to another.

use serde::Serialize;

/// One round of one contender.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Round {
    /// Good answers per second.
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Processor time of the contender's processes for each answer.
    pub(crate) cpu_micros: f64,
    /// Resident memory of its processes at the end.
    pub(crate) resident_mib: f64,
    /// Answers that were refused, and connections that broke.
    pub(crate) errors: u64,
}

/// A row of the table.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    pub(crate) name: String,
    /// Where it stands on the scale of growth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<f64>,
    /// The medians of the rounds; the sum of the errors.
    pub(crate) median: Round,
    pub(crate) rounds: Vec<Round>,
}

/// A limit that was set in advance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Floor {
    AtLeast(f64),
    AtMost(f64),
}

/// A figure that comes from rows, or was taken by itself.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) value: f64,
    /// `×`, `MiB`, `s`.
    pub(crate) unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) floor: Option<Floor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) met: Option<bool>,
}

/// What a scenario came to.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What the rows are ordered by in a scenario of growth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scale: Option<&'static str>,
    pub(crate) rows: Vec<Row>,
    pub(crate) figures: Vec<Figure>,
    /// What was left out, and why.
    pub(crate) notes: Vec<String>,
}

impl Floor {
    /// Whether a figure keeps to it. What is no number does not.
    pub(crate) fn met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

impl Figure {
    pub(crate) fn new(what: impl Into<String>, value: f64, unit: &'static str, floor: Option<Floor>) -> Self {
        Self { what: what.into(), value, unit, floor, met: floor.map(|floor| floor.met(value)) }
    }
}

impl Row {
    /// The medians of some rounds.
    pub(crate) fn of(name: impl Into<String>, rounds: Vec<Round>) -> Self {
        let of = |what: fn(&Round) -> f64| median(rounds.iter().map(what));
        let all = Round {
            per_second: of(|round| round.per_second),
            p50_ms: of(|round| round.p50_ms),
            p99_ms: of(|round| round.p99_ms),
            cpu_micros: of(|round| round.cpu_micros),
            resident_mib: of(|round| round.resident_mib),
            errors: rounds.iter().map(|round| round.errors).sum(),
        };
        Self { name: name.into(), at: None, median: all, rounds }
    }
}

impl Outcome {
    pub(crate) fn new(name: &'static str, title: &'static str) -> Self {
        Self { name, title, ..Self::default() }
    }

    fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Add what one row is to another in one figure, where both are there.
    pub(crate) fn compare(
        &mut self,
        [one, other]: [&str; 2],
        in_what: (&str, fn(&Round) -> f64),
        floor: Option<Floor>,
    ) {
        let (Some(first), Some(second)) = (self.row(one), self.row(other)) else { return };
        let (what, take) = in_what;
        let value = take(&first.median) / take(&second.median);
        self.figures.push(Figure::new(format!("{what}: {one} to {other}"), value, "×", floor));
    }

    /// The same in requests per second.
    pub(crate) fn compare_speed(&mut self, rows: [&str; 2], floor: Option<Floor>) {
        self.compare(rows, ("requests/s", |round| round.per_second), floor);
    }
}

/// The middle one, or the middle between the two middle ones; not a number of none.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    if sorted.len().is_multiple_of(2) && half > 0 { f64::midpoint(at(half - 1), at(half)) } else { at(half) }
}

/// The value below which that share of the sorted values lies.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    let place = (sorted.len() as f64 * share / 100.0) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn round(per_second: f64) -> Round {
        Round { per_second, p50_ms: 1.0, p99_ms: 4.0, cpu_micros: 40.0, resident_mib: 20.0, errors: 1 }
    }

    #[test]
    fn the_median_is_the_middle() {
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < f64::EPSILON);
        assert!((median([4.0, 1.0, 2.0, 3.0].into_iter()) - 2.5).abs() < f64::EPSILON);
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn percentiles_come_from_the_upper_end() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!((percentile(&values, 99.0) - 100.0).abs() < f64::EPSILON);
        assert!((percentile(&values, 50.0) - 51.0).abs() < f64::EPSILON);
        assert!(percentile(&[], 50.0).is_nan());
    }

    #[test]
    fn ratios_are_those_of_the_medians() {
        let mut outcome = Outcome::new("test", "A test");
        outcome.rows.push(Row::of("nhip", vec![round(10.0), round(30.0), round(1000.0)]));
        outcome.rows.push(Row::of("native", vec![round(60.0), round(1.0), round(70.0)]));
        outcome.compare_speed(["nhip", "native"], Some(Floor::AtLeast(0.6)));
        outcome.compare_speed(["nhip", "absent"], None);
        let [figure] = outcome.figures.as_slice() else { panic!("{:?}", outcome.figures) };
        assert!((figure.value - 0.5).abs() < f64::EPSILON);
        assert_eq!(figure.met, Some(false));
        assert_eq!(outcome.rows[0].median.errors, 3);
    }

    #[test]
    fn a_floor_is_met_at_itself_and_not_by_what_is_no_number() {
        assert!(Floor::AtLeast(0.6).met(0.6) && !Floor::AtLeast(0.6).met(0.59));
        assert!(Floor::AtMost(3.0).met(3.0) && !Floor::AtMost(3.0).met(3.01));
        assert!(!Floor::AtLeast(0.6).met(f64::NAN) && !Floor::AtMost(3.0).met(f64::NAN));
    }
}
