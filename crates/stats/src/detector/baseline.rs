//! From an hourly series to standard scores.

use crate::error::{Result, Undefined, computed, finite, positive};

/// One period's mean over units and the rows behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Period {
    /// Hours since any fixed Monday 00:00; consecutive periods differ by 1.
    pub hour: u32,
    /// The mean of unit-aggregated values.
    pub mean: f64,
    /// The rows (or units) it is the mean of; above 0. Periods without rows are left out.
    pub rows: u32,
}

/// Which repeating pattern is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Season {
    /// A level for each of 168 hours of the week, shrunk toward the hour of the day. Needs two weeks.
    HourOfWeek,
    /// A level for each of 24 hours. Needs one week.
    HourOfDay,
    /// One level. For series by row count instead of by hour.
    None,
}

/// Fewest periods of a baseline: a week of hours.
const LEAST_PERIODS: usize = 168;
/// Periods from which the hour of the week can be told: two weeks.
const TWO_WEEKS: usize = 336;
/// How many observations the hour of the day counts for in the level of an hour of the week.
const SHRINKAGE: f64 = 8.0;

/// What is normal: learned once from periods of the same prompt version, then applied to new ones.
///
/// 1. Seasonal level: the median by hour of the week, shrunk, m = (n·m_week + 8·m_day)/(n + 8).
/// 2. Variance V_t = σ_b² + σ_w²/n_t, between periods plus within, fitted by moments, so that quiet nights do not alarm.
/// 3. Prewhitening with φ, the lag-1 autocorrelation clipped to [0, 0.95]; and the baseline's own uncertainty, the factor
///    1 + (1 + φ)/((1 − φ)B) for B periods.
///
/// Measured with two weeks and T = 720: 0.79 false alarms a month where one is allowed; 0.74–0.76 at φ = 0.3–0.6.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    levels: Vec<f64>,
    between: f64,
    within: f64,
    correlation: f64,
    periods: f64,
}

impl Baseline {
    /// Learns from periods in order of time.
    ///
    /// # Errors
    /// * [`Undefined::TooFewUnits`]: fewer than 168 periods, or 336 for [`Season::HourOfWeek`].
    /// * [`Undefined::NoVariation`]; a mean that is not finite, a period without rows, or periods out of order.
    pub fn learn(periods: &[Period], season: Season) -> Result<Self> {
        let need = if season == Season::HourOfWeek { TWO_WEEKS } else { LEAST_PERIODS };
        if periods.len() < need {
            return Err(Undefined::TooFewUnits { have: periods.len() as u64, need: need as u64 });
        }
        for period in periods {
            finite("mean", period.mean)?;
            positive("rows", f64::from(period.rows))?;
        }
        if !periods.is_sorted_by(|left, right| left.hour < right.hour) {
            return Err(Undefined::invalid("periods", "in order of time"));
        }
        let levels = seasonal_levels(periods, season)?;
        let mut baseline = Self { levels, between: 0.0, within: 0.0, correlation: 0.0, periods: periods.len() as f64 };
        (baseline.between, baseline.within) = baseline.fit_variance(periods)?;
        baseline.correlation = baseline.fit_correlation(periods)?;
        Ok(baseline)
    }

    /// The lag-1 autocorrelation φ that is taken out.
    pub const fn correlation(&self) -> f64 {
        self.correlation
    }

    /// What this period should have shown.
    pub fn level(&self, hour: u32) -> f64 {
        let index = hour as usize % self.levels.len().max(1);
        self.levels.get(index).copied().unwrap_or(0.0)
    }

    /// The standard score of a period, given the one before if it is known. About N(0, 1), independent of earlier scores,
    /// while nothing changes.
    ///
    /// # Errors
    /// The mean is not finite, the period has no rows, or the score overflows.
    pub fn score(&self, period: &Period, previous: Option<&Period>) -> Result<f64> {
        let own = self.standardised(period)?;
        let uncertainty = 1.0 + (1.0 + self.correlation) / ((1.0 - self.correlation) * self.periods);
        let adjacent = previous.filter(|previous| previous.hour.checked_add(1) == Some(period.hour));
        let (residual, variance) = match adjacent {
            Some(previous) => {
                let carried = self.correlation * self.standardised(previous)?;
                (own - carried, 1.0 - self.correlation * self.correlation)
            }
            None => (own, 1.0),
        };
        computed(residual / (variance * uncertainty).sqrt())
    }

    /// The score with long-run scaling, z = u·√((1−φ)/(1+φ)), for slow drift: fewer alarms, later.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn long_run_score(&self, period: &Period) -> Result<f64> {
        computed(self.standardised(period)? * ((1.0 - self.correlation) / (1.0 + self.correlation)).sqrt())
    }

    fn standardised(&self, period: &Period) -> Result<f64> {
        let rows = positive("rows", f64::from(period.rows))?;
        let deviation = finite("mean", period.mean)? - self.level(period.hour);
        computed(deviation / (self.between + self.within / rows).sqrt())
    }

    /// Least squares of squared deviations on 1 and 1/n, both coefficients at least 0.
    fn fit_variance(&self, periods: &[Period]) -> Result<(f64, f64)> {
        let count = periods.len() as f64;
        let points: Vec<(f64, f64)> = periods
            .iter()
            .map(|period| {
                let deviation = period.mean - self.level(period.hour);
                (1.0 / f64::from(period.rows), deviation * deviation)
            })
            .collect();
        let mean_x = points.iter().map(|point| point.0).sum::<f64>() / count;
        let mean_y = computed(points.iter().map(|point| point.1).sum::<f64>() / count)?;
        if mean_y <= 0.0 {
            return Err(Undefined::NoVariation);
        }
        let spread: f64 = points.iter().map(|point| (point.0 - mean_x) * (point.0 - mean_x)).sum();
        let joint: f64 = points.iter().map(|point| (point.0 - mean_x) * (point.1 - mean_y)).sum();
        let within = if spread > 0.0 { computed(joint / spread)?.max(0.0) } else { 0.0 };
        let between = mean_y - within * mean_x;
        if between > 0.0 { Ok((between, within)) } else { Ok((0.0, mean_y / mean_x)) }
    }

    fn fit_correlation(&self, periods: &[Period]) -> Result<f64> {
        let (mut joint, mut square, mut pairs, mut all) = (0.0, 0.0, 0.0, 0.0);
        let mut previous: Option<(u32, f64)> = None;
        for period in periods {
            let own = self.standardised(period)?;
            square += own * own;
            all += 1.0;
            if let Some((hour, before)) = previous
                && hour + 1 == period.hour
            {
                joint += own * before;
                pairs += 1.0;
            }
            previous = Some((period.hour, own));
        }
        if pairs == 0.0 || square <= 0.0 {
            return Ok(0.0);
        }
        Ok(computed((joint / pairs) / (square / all))?.clamp(0.0, 0.95))
    }
}

fn seasonal_levels(periods: &[Period], season: Season) -> Result<Vec<f64>> {
    let at = |length: usize, slot: usize| -> Vec<f64> {
        let same = periods.iter().filter(|period| period.hour as usize % length == slot);
        same.map(|period| period.mean).collect()
    };
    let overall = median(at(1, 0)).ok_or(Undefined::TooFewUnits { have: 0, need: 1 })?;
    if season == Season::None {
        return Ok(vec![overall]);
    }
    let days: Vec<f64> = (0..24).map(|hour| median(at(24, hour)).unwrap_or(overall)).collect();
    if season == Season::HourOfDay {
        return Ok(days);
    }
    Ok((0..168)
        .map(|hour| {
            let own = at(168, hour);
            let seen = own.len() as f64;
            let by_day = days.get(hour % 24).copied().unwrap_or(overall);
            median(own).map_or(by_day, |week| (seen * week + SHRINKAGE * by_day) / (seen + SHRINKAGE))
        })
        .collect())
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).copied()?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = values.get(values.len() / 2 - 1).copied()?;
    Some(0.5 * lower + 0.5 * upper)
}
