use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Density, Limit};
use crate::error::ParamError;
use crate::warning::WarningKind;

/// A share of land under construction that should not be passed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningLine {
    /// The share, above 0 and up to 1.
    pub share: f64,
    /// Who set it.
    pub source: Box<str>,
}

/// Where a unit stands to its warning line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningStatus {
    /// There is no warning line, or no land.
    NotAssessed,
    /// Even with all unknown and unparcelled land built, the line is not passed.
    Below,
    /// Known construction alone passes it.
    Exceeded,
    /// What is not known decides.
    Undetermined,
}

/// What land in no parcel (streets, mostly) counts as, where intensity is an interval.
///
/// ```
/// use landuse::intensity::{Account, Totals, Unparcelled};
///
/// let bounds = |unparcelled| {
///     let totals = Totals { other_m2: 30.0, unparcelled, ..Totals::new(100.0, 50.0) };
///     let account = Account::from_totals("somewhere", &totals, None)?;
///     Ok::<_, landuse::ParamError>((account.gross, account.gross_upper))
/// };
/// assert_eq!(bounds(Unparcelled::Unknown)?, (Some(0.5), Some(0.7)));
/// assert_eq!(bounds(Unparcelled::Construction)?, (Some(0.7), Some(0.7)));
/// assert_eq!(bounds(Unparcelled::Other)?, (Some(0.5), Some(0.5)));
/// # Ok::<(), landuse::ParamError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unparcelled {
    /// Construction land: it is in both bounds.
    Construction,
    /// Land that is not built on: it is in neither.
    Other,
    /// It may be either: it is in the upper bound alone.
    #[default]
    Unknown,
}

impl Unparcelled {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Construction => "construction",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for Unparcelled {
    type Err = ParamError;

    fn from_str(text: &str) -> Result<Self, ParamError> {
        let all = [Self::Construction, Self::Other, Self::Unknown];
        let expected = "`construction`, `other` or `unknown`";
        let named = all.into_iter().find(|kind| kind.name() == text.trim());
        named.ok_or_else(|| ParamError::new("unparcelled", text, expected))
    }
}

/// The balance of one study unit. Areas in m²; what cannot be known is `None`, never 0.
///
/// `construction + other + unknown + unparcelled = land`, `construction_inside + construction_outside = construction`,
/// `control + unrestricted = land`, and what `construction_inside + other_inside + unknown_inside` leaves of `control` is
/// unparcelled.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Account {
    /// Id of the unit; none for what lies in no district.
    pub id: Option<Box<str>>,
    /// Land of the unit.
    pub land_m2: f64,
    /// Land inside the union of the lines that exclude construction: L.
    pub control_m2: Option<f64>,
    /// Land outside it.
    pub unrestricted_m2: Option<f64>,
    /// Unrestricted land that is not unsuitable for other reasons.
    pub developable_m2: Option<f64>,
    /// Construction land: C.
    pub construction_m2: f64,
    /// Construction land inside L. That it stands there does not make it unlawful.
    pub construction_inside_m2: Option<f64>,
    /// Construction land outside L.
    pub construction_outside_m2: Option<f64>,
    /// Parcels that are not construction land.
    pub other_m2: f64,
    /// Of it inside L.
    pub other_inside_m2: Option<f64>,
    /// Parcels of which it is not known.
    pub unknown_m2: f64,
    /// Of it inside L.
    pub unknown_inside_m2: Option<f64>,
    /// Construction land outside L on land that is unsuitable for other reasons.
    pub construction_unsuitable_m2: Option<f64>,
    /// Land without parcels (streets, mostly).
    pub unparcelled_m2: f64,
    /// What that counts as in the bounds below.
    #[serde(skip)]
    pub unparcelled: Unparcelled,
    /// Gross intensity `C / land`, C with unparcelled land where that counts as construction land: a lower bound where anything
    /// is unknown.
    pub gross: Option<f64>,
    /// Its upper bound `(C + unknown + unparcelled) / land`, without unparcelled land where that counts as other land.
    pub gross_upper: Option<f64>,
    /// Net intensity: construction on developable land over developable land; none where there is next to no developable land. A
    /// lower bound as the gross one is.
    pub net: Option<f64>,
    /// Its upper bound: what of the developable land is not known to be other land, and does not count as such.
    pub net_upper: Option<f64>,
    /// `C / developable`; above 1 more is built than may be built on.
    pub construction_to_developable: Option<f64>,
    /// The warning line, as a share of the land: the unit's own where it has one. A quota given as an area is that area's share.
    pub warning_line: Option<f64>,
    /// The warning line as an area, m².
    pub limit_m2: Option<f64>,
    /// Who set it.
    pub limit_source: Option<Box<str>>,
    /// `limit − C = warning_line · land − C`, C as in `gross`: negative where the line is passed. An upper bound where anything is
    /// unknown.
    pub headroom_m2: Option<f64>,
    /// Its lower bound: the limit less what `gross_upper` counts.
    pub headroom_lower_m2: Option<f64>,
    /// Where the unit stands to the line.
    pub status: WarningStatus,
    /// What stands on the land.
    #[serde(flatten)]
    pub density: Density,
}

/// Areas of a study unit as somebody states them, m²: what an [`Account`] is computed from where there are figures and no map.
///
/// ```
/// use landuse::intensity::{Account, Diagnostic, Totals};
///
/// let totals = Totals { developable_m2: Some(40.0), ..Totals::new(100.0, 50.0) };
/// let account = Account::from_totals("somewhere", &totals, None)?;
/// assert_eq!((account.gross, account.net), (Some(0.5), None));
/// assert_eq!(account.diagnostics(), [Diagnostic::BuiltBeyondDevelopable { ratio: 1.25, at_least_m2: 10.0 }]);
/// # Ok::<(), landuse::ParamError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Totals {
    /// Land: A.
    pub land_m2: f64,
    /// Construction land: C.
    pub construction_m2: f64,
    /// Land known not to be construction land. What neither is nor is unknown counts as unparcelled.
    pub other_m2: f64,
    /// Parcels of which it is not known.
    pub unknown_m2: f64,
    /// Land inside the lines that exclude construction: L.
    pub control_m2: Option<f64>,
    /// Land that may be built on. It may be stated where L is not.
    pub developable_m2: Option<f64>,
    /// Construction land inside L.
    pub construction_inside_m2: Option<f64>,
    /// Land inside L known not to be construction land.
    pub other_inside_m2: Option<f64>,
    /// Land inside L of which it is not known.
    pub unknown_inside_m2: Option<f64>,
    /// Construction land outside L on land that is unsuitable for other reasons; none where developable land is all land
    /// outside L.
    pub construction_unsuitable_m2: Option<f64>,
    /// The same of land known not to be construction land.
    pub other_unsuitable_m2: Option<f64>,
    /// The same of land of which it is not known.
    pub unknown_unsuitable_m2: Option<f64>,
    /// What unparcelled land counts as.
    pub unparcelled: Unparcelled,
}

impl Totals {
    /// Land and construction land, all other land known not to be any; nothing said of lines.
    pub fn new(land_m2: f64, construction_m2: f64) -> Self {
        Self {
            land_m2,
            construction_m2,
            other_m2: land_m2 - construction_m2,
            unknown_m2: 0.0,
            control_m2: None,
            developable_m2: None,
            construction_inside_m2: None,
            other_inside_m2: None,
            unknown_inside_m2: None,
            construction_unsuitable_m2: None,
            other_unsuitable_m2: None,
            unknown_unsuitable_m2: None,
            unparcelled: Unparcelled::default(),
        }
    }

    /// Unparcelled land that both bounds count, and that only the upper one does not.
    fn streets(&self, unparcelled: f64) -> [f64; 2] {
        match self.unparcelled {
            Unparcelled::Construction => [unparcelled, 0.0],
            Unparcelled::Other => [0.0, unparcelled],
            Unparcelled::Unknown => [0.0, 0.0],
        }
    }

    /// Figures that no map can have.
    fn check(&self) -> Result<(), ParamError> {
        let land = self.land_m2;
        let parts = self.construction_m2 + self.other_m2 + self.unknown_m2;
        let control = self.control_m2.unwrap_or(land);
        let inside_at_most = self.construction_m2.min(control);
        let most_developable = land - self.control_m2.unwrap_or(0.0);
        for (name, value, most) in [
            ("land_m2", Some(land), f64::MAX),
            ("construction_m2", Some(self.construction_m2), land),
            ("other_m2", Some(self.other_m2), land),
            ("unknown_m2", Some(self.unknown_m2), land),
            ("construction_m2 + other_m2 + unknown_m2", Some(parts), land),
            ("control_m2", self.control_m2, land),
            ("developable_m2", self.developable_m2, most_developable),
            ("construction_inside_m2", self.construction_inside_m2, inside_at_most),
            ("other_inside_m2", self.other_inside_m2, self.other_m2.min(control)),
            ("unknown_inside_m2", self.unknown_inside_m2, self.unknown_m2.min(control)),
        ] {
            // Sums of stated figures round.
            let most = most + ROUNDING * land.abs();
            if let Some(value) = value.filter(|value| !(value.is_finite() && (0.0..=most).contains(value))) {
                return Err(ParamError::new(
                    name,
                    value,
                    &format!("an area of at least 0 and at most {most} m²"),
                ));
            }
        }
        Ok(())
    }
}

impl WarningStatus {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAssessed => "not_assessed",
            Self::Below => "below",
            Self::Exceeded => "exceeded",
            Self::Undetermined => "undetermined",
        }
    }
}

/// Relative error that sums of areas may carry.
const ROUNDING: f64 = 1e-9;

/// Share of a unit below which land does not count as land: what slivers and rounding leave is no denominator.
const LEAST_SHARE: f64 = 1e-6;

/// What the figures of an account say against each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Diagnostic {
    /// More is built than may be built on: C > developable.
    BuiltBeyondDevelopable {
        /// `C / developable`, above 1.
        ratio: f64,
        /// `C − developable`: so much at least stands where building is excluded or unsuitable, wherever the rest stands.
        at_least_m2: f64,
    },
}

impl From<Diagnostic> for WarningKind {
    fn from(diagnostic: Diagnostic) -> Self {
        let Diagnostic::BuiltBeyondDevelopable { ratio, at_least_m2 } = diagnostic;
        Self::BuiltBeyondDevelopable { ratio, at_least_m2 }
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        WarningKind::from(*self).fmt(f)
    }
}

impl Account {
    /// The account of stated totals. What is not stated stays unknown: net intensity needs the construction land inside the
    /// lines.
    ///
    /// # Errors
    /// [`ParamError`] for an area that is negative, not finite, or greater than the land it is part of.
    ///
    /// # Complexity
    /// O(1).
    ///
    /// # Source
    /// `I = C / A`, `I_net = C_dv / Dv`, `I·A = I_net·Dv + C_in + C_unsuitable`; with an area stated for developable land, C > Dv
    /// can only mean construction that stands elsewhere, or figures on different bases.
    pub fn from_totals(
        id: impl Into<Box<str>>,
        totals: &Totals,
        warning_line: Option<&WarningLine>,
    ) -> Result<Self, ParamError> {
        totals.check()?;
        if let Some(line) = warning_line {
            line.check()?;
        }
        let line = warning_line.map(|line| (Limit::Share(line.share), &*line.source));
        Ok(Self::compute(Some(id.into()), totals, line))
    }

    /// The account of totals that hold together, against a limit that holds in itself and who set it.
    pub(super) fn compute(id: Option<Box<str>>, totals: &Totals, limit: Option<(Limit, &str)>) -> Self {
        let Totals { land_m2, construction_m2, other_m2, unknown_m2, .. } = *totals;
        // What rounding leaves of a whole is none, and so is its sign.
        let rest = |area: f64, whole: f64| if area.abs() <= ROUNDING * whole { 0.0 } else { area };
        let clean = |area: f64| rest(area, land_m2);
        let ratio = |part: f64, whole: f64| (whole > LEAST_SHARE * land_m2).then(|| part / whole);
        let share = |part: f64, whole: f64| ratio(part, whole).map(|share| share.clamp(0.0, 1.0));
        let unparcelled_m2 = clean(land_m2 - construction_m2 - other_m2 - unknown_m2);
        let outside = |all: f64, inside: Option<f64>| inside.map(|inside| rest(all - inside, all));
        let construction_outside_m2 = outside(construction_m2, totals.construction_inside_m2);
        let other_outside_m2 = outside(other_m2, totals.other_inside_m2);
        let unknown_outside_m2 = outside(unknown_m2, totals.unknown_inside_m2);
        let [built, open] = totals.streets(unparcelled_m2);
        let least_m2 = construction_m2 + built;
        let most_m2 = construction_m2 + unknown_m2 + (unparcelled_m2 - open);
        let gross = share(least_m2, land_m2);
        let gross_upper = share(most_m2, land_m2);
        let developable = totals.developable_m2.map(clean);
        let suitable = |outside: Option<f64>, unsuitable: Option<f64>| {
            outside.map(|outside| outside - unsuitable.unwrap_or(0.0))
        };
        let own = suitable(construction_outside_m2, totals.construction_unsuitable_m2);
        let other = suitable(other_outside_m2, totals.other_unsuitable_m2);
        let unknown = suitable(unknown_outside_m2, totals.unknown_unsuitable_m2);
        // Where one part is not stated, nor is what is left for streets, and the wider bounds hold.
        let left = own.zip(other).zip(unknown).zip(developable);
        let left = left.map(|(((own, other), unknown), whole)| clean(whole - own - other - unknown).max(0.0));
        let [built, open] = totals.streets(left.unwrap_or(0.0));
        let net = own.zip(developable).and_then(|(own, whole)| share(own + built, whole));
        let net_upper = other.zip(developable).and_then(|(other, whole)| share(whole - other - open, whole));
        let line = limit.and_then(|(limit, _)| match limit {
            Limit::Share(share) => Some(share),
            Limit::AreaM2(area) => ratio(area, land_m2),
        });
        let limit_m2 = limit.map(|(limit, _)| match limit {
            Limit::Share(share) => share * land_m2,
            Limit::AreaM2(area) => area,
        });
        let status = match (line, gross, gross_upper) {
            (Some(line), Some(gross), _) if gross > line => WarningStatus::Exceeded,
            (Some(line), _, Some(upper)) if upper <= line => WarningStatus::Below,
            (Some(_), Some(_), _) => WarningStatus::Undetermined,
            _ => WarningStatus::NotAssessed,
        };
        Self {
            id,
            land_m2,
            control_m2: totals.control_m2,
            unrestricted_m2: totals.control_m2.map(|control| clean(land_m2 - control)),
            developable_m2: developable,
            construction_m2,
            construction_inside_m2: totals.construction_inside_m2,
            construction_outside_m2,
            other_m2,
            other_inside_m2: totals.other_inside_m2,
            unknown_m2,
            unknown_inside_m2: totals.unknown_inside_m2,
            construction_unsuitable_m2: totals.construction_unsuitable_m2.map(clean),
            unparcelled_m2,
            unparcelled: totals.unparcelled,
            gross,
            gross_upper,
            net,
            net_upper: net_upper.zip(net).map(|(upper, net)| upper.max(net)).or(net_upper),
            construction_to_developable: developable.and_then(|whole| ratio(construction_m2, whole)),
            warning_line: line,
            limit_m2,
            limit_source: limit.map(|(_, source)| source.into()),
            headroom_m2: limit_m2.map(|limit| limit - least_m2),
            headroom_lower_m2: limit_m2.map(|limit| limit - most_m2),
            status,
            density: Density::default(),
        }
    }

    /// Unparcelled land that counts as construction land, m².
    pub(super) fn built_streets_m2(&self) -> f64 {
        if self.unparcelled == Unparcelled::Construction { self.unparcelled_m2 } else { 0.0 }
    }

    /// What the figures say against each other.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        // More than rounding, and more than slivers.
        let least_m2 = LEAST_SHARE * self.land_m2;
        let beyond = self
            .construction_to_developable
            .zip(self.developable_m2)
            .filter(|(_, developable)| self.construction_m2 - developable > least_m2);
        beyond
            .map(|(ratio, developable)| Diagnostic::BuiltBeyondDevelopable {
                ratio,
                at_least_m2: self.construction_m2 - developable,
            })
            .into_iter()
            .collect()
    }

    /// The greatest relative residual of the balances of this unit: by how much parts differ from their whole, or exceed it
    /// where a part is what the others leave.
    pub fn residual(&self) -> f64 {
        let parts = self.construction_m2 + self.other_m2 + self.unknown_m2 + self.unparcelled_m2;
        let sides = self.construction_inside_m2.zip(self.construction_outside_m2);
        let lines = self.control_m2.zip(self.unrestricted_m2);
        let excess = |part: f64, whole: f64| (part.max(whole), whole);
        let balances = [
            Some((parts, self.land_m2)),
            // Unparcelled land is what the parcels leave: land counted twice would make it negative.
            Some(excess(parts - self.unparcelled_m2, self.land_m2)),
            sides.map(|(inside, outside)| (inside + outside, self.construction_m2)),
            lines.map(|(control, unrestricted)| (control + unrestricted, self.land_m2)),
            self.construction_inside_m2.zip(self.control_m2).map(|(inside, control)| {
                let others = self.other_inside_m2.unwrap_or(0.0) + self.unknown_inside_m2.unwrap_or(0.0);
                ((inside + others).max(control) - control + self.land_m2, self.land_m2)
            }),
        ];
        let relative =
            |(sum, whole): (f64, f64)| if whole > 0.0 { (sum - whole).abs() / whole } else { sum.abs() };
        balances.into_iter().flatten().map(relative).fold(0.0, f64::max)
    }
}

impl WarningLine {
    pub(super) fn check(&self) -> Result<(), ParamError> {
        if self.share > 0.0 && self.share <= 1.0 {
            return Ok(());
        }
        Err(ParamError::new("warning_line", self.share, "a share above 0 and up to 1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KM2: f64 = 1e6;
    const HA: f64 = 1e4;
    /// Land of Shenzhen, the area that published shares of it are taken of.
    const SHENZHEN: f64 = 1_997.47 * KM2;

    fn close(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found}, expected {expected}");
    }

    /// Announcement of a 2023 report on Shenzhen: "developable land is only 973.5 square kilometers"; development intensity
    /// "reaching 50%", beyond a "warning line of 30%".
    #[test]
    fn the_published_figures_of_shenzhen_contradict_each_other() {
        let line = WarningLine { share: 0.3, source: "news; no primary source".into() };
        let totals = Totals { developable_m2: Some(973.5 * KM2), ..Totals::new(SHENZHEN, 0.5 * SHENZHEN) };
        let account = Account::from_totals("Shenzhen", &totals, Some(&line)).unwrap();
        close(account.construction_m2, 998.7 * KM2, 0.1 * KM2);
        close(account.construction_to_developable.unwrap(), 1.026, 5e-4);
        let [Diagnostic::BuiltBeyondDevelopable { ratio, at_least_m2 }] = account.diagnostics()[..] else {
            panic!("one diagnostic")
        };
        close(ratio, 1.026, 5e-4);
        assert!((25.0 * KM2..25.5 * KM2).contains(&at_least_m2), "{at_least_m2}");
        assert_eq!((account.net, account.construction_inside_m2, account.control_m2), (None, None, None));
        assert_eq!(account.status, WarningStatus::Exceeded);
        close(account.headroom_m2.unwrap(), -399.5 * KM2, 0.1 * KM2);
        assert_eq!(account.residual(), 0.0);
        assert_eq!(
            account.diagnostics()[0].to_string(),
            "construction land is 1.026 of the developable land: at least 2523.5 ha of it stands where building is \
             excluded or unsuitable"
        );
    }

    /// The same with the area of the basic ecological control line (974 km²): the unrestricted land is larger than what is called
    /// developable, and still smaller than the construction land an industry plan gives (217.7 km² of industry are 21.7 % of it).
    #[test]
    fn the_independent_figures_of_shenzhen_agree() {
        let construction = 217.7 * KM2 / 0.217;
        let totals = Totals {
            control_m2: Some(974.0 * KM2),
            developable_m2: Some(973.5 * KM2),
            ..Totals::new(SHENZHEN, construction)
        };
        let account = Account::from_totals("Shenzhen", &totals, None).unwrap();
        close(account.gross.unwrap(), 0.502, 5e-4);
        close(account.control_m2.unwrap() / account.land_m2, 0.488, 5e-4);
        close(account.unrestricted_m2.unwrap(), 1_023.47 * KM2, 1.0);
        assert_eq!((account.net, account.status), (None, WarningStatus::NotAssessed));
        assert_eq!(account.diagnostics().len(), 1);
    }

    /// Zhongshan's ecological control area: level 1 of 25,428 ha and level 2 of 63,821 ha are 89,249 ha.
    #[test]
    fn the_tiers_of_zhongshan_add_up() {
        let tiers = [25_428.0 * HA, 63_821.0 * HA];
        let control = tiers.iter().sum::<f64>();
        assert_eq!(control, 89_249.0 * HA);
        let accounts = tiers.map(|tier| {
            let totals =
                Totals { control_m2: Some(tier), developable_m2: Some(0.0), ..Totals::new(tier, 0.0) };
            Account::from_totals("tier", &totals, None).unwrap()
        });
        assert_eq!(accounts.iter().map(|a| a.control_m2.unwrap()).sum::<f64>(), control);
        close(accounts[0].land_m2 / control, 0.285, 5e-4);
        close(accounts[1].land_m2 / control, 0.715, 5e-4);
        assert!(accounts.iter().all(|a| a.diagnostics().is_empty() && a.unrestricted_m2 == Some(0.0)));
    }

    /// Pingshan, 2017: 22.78 ha of land are "about 240%" of the year's 9.5 ha.
    #[test]
    fn the_land_of_pingshan_passes_its_quota() {
        let quota = WarningLine { share: 9.5 / 22.78, source: "annual task of 9.5 ha".into() };
        let totals = Totals::new(22.78 * HA, 22.78 * HA);
        let account = Account::from_totals("Pingshan", &totals, Some(&quota)).unwrap();
        assert_eq!(account.status, WarningStatus::Exceeded);
        close(account.headroom_m2.unwrap(), (9.5 - 22.78) * HA, 1e-6);
        close(account.gross.unwrap() / quota.share, 2.40, 5e-3);
    }

    #[test]
    fn the_identity_holds_where_everything_is_stated() {
        let totals = Totals {
            control_m2: Some(45.0),
            developable_m2: Some(55.0),
            construction_inside_m2: Some(7.0),
            ..Totals::new(100.0, 31.0)
        };
        let account = Account::from_totals("unit", &totals, None).unwrap();
        close(account.gross.unwrap() * 100.0, account.net.unwrap() * 55.0 + 7.0, 1e-12);
        assert_eq!(account.residual(), 0.0);
    }

    #[test]
    fn figures_that_no_map_can_have_are_refused() {
        let totals = Totals::new(100.0, 31.0);
        for (bad, name) in [
            (Totals { construction_m2: -1.0, ..totals }, "construction_m2"),
            (Totals { land_m2: f64::NAN, ..totals }, "land_m2"),
            (Totals { land_m2: f64::INFINITY, ..totals }, "land_m2"),
            (Totals { unknown_m2: 1.0, ..totals }, "construction_m2 + other_m2 + unknown_m2"),
            (Totals { control_m2: Some(101.0), ..totals }, "control_m2"),
            (Totals { control_m2: Some(60.0), developable_m2: Some(41.0), ..totals }, "developable_m2"),
            (Totals { construction_inside_m2: Some(32.0), ..totals }, "construction_inside_m2"),
            (
                Totals { control_m2: Some(5.0), construction_inside_m2: Some(6.0), ..totals },
                "construction_inside_m2",
            ),
        ] {
            assert_eq!(Account::from_totals("unit", &bad, None).unwrap_err().name(), name, "{bad:?}");
        }
        let line = WarningLine { share: 0.0, source: "nobody".into() };
        assert_eq!(Account::from_totals("unit", &totals, Some(&line)).unwrap_err().name(), "warning_line");
    }
}
