//! 简体中文.

use crate::warning::{Warning, WarningKind, WhyLeftOut};

/// A warning, with the date and the layer it is about in front.
pub(super) fn warning(warning: &Warning) -> String {
    let sentence = sentence(warning.kind());
    match (warning.date(), warning.layer()) {
        (None, None) => sentence,
        (date, layer) => {
            format!("{}{}：{sentence}", date.map_or("", known_name), layer.map_or("", known_name))
        }
    }
}

/// The name of a date, a layer or what else stands in front of warnings; names of the data stay as they are.
pub(super) fn known_name(name: &str) -> &str {
    match name {
        "old" => "旧",
        "new" => "新",
        "parcels" => "地块",
        "control lines" => "控制线",
        "districts" => "分区",
        "unsuitable land" => "不宜建设用地",
        "buildings" => "建筑",
        "barriers" => "阻隔",
        "lanes" => "通道",
        "firms" => "企业",
        "field checks" => "实地核查",
        "appraisal" => "评价",
        "outside all districts" => "分区之外",
        "all" => "全部范围",
        _ => name,
    }
}

/// What values of an attribute should be.
fn expected(words: &str) -> &str {
    match words {
        "an area of at least 0" => "不小于 0 的面积",
        "a number of storeys of at least 0" => "不小于 0 的层数",
        "a height of at least 0" => "不小于 0 的高度",
        "a floor area ratio of at least 0" => "不小于 0 的容积率",
        "a year from 1 to 9999" => "1 至 9999 的年份",
        "a number" => "数字",
        "a finite number" => "有限的数字",
        "a land-use code" => "地类代码",
        "true or false" => "真或假",
        "a text or a number" => "文字或数字",
        _ => words,
    }
}

/// The first few of many.
fn few(items: &[Box<str>]) -> String {
    let first = items[..items.len().min(8)].join("、");
    if items.len() > 8 { format!("{first} 等 {} 个", items.len()) } else { first }
}

fn why_left_out(why: &WhyLeftOut) -> String {
    match why {
        WhyLeftOut::Taken { target, property } => format!("“{target}”已取自“{property}”"),
        WhyLeftOut::Values { target, unreadable, known, expected: words } => {
            format!("名称可作“{target}”，但 {known} 个已知值中有 {unreadable} 个不是{}", expected(words))
        }
        WhyLeftOut::NoScheme { target } => {
            format!("名称即“{target}”，但其编码含义因地而异，须由编码表说明")
        }
        WhyLeftOut::Codes { target, codes, values } => {
            format!("名称可作“{target}”，但 {values} 个值中仅 {codes} 个是同一已知分类的代码")
        }
    }
}

#[expect(clippy::too_many_lines, reason = "a table: one sentence per kind")]
fn sentence(kind: &WarningKind) -> String {
    use WarningKind as Kind;
    match kind {
        Kind::ValuesNotRead { property, count, expected: words } => {
            format!("“{property}”有 {count} 个值不是{}，按未知处理", expected(words))
        }
        Kind::PropertyAbsent { property, features, nearest } => {
            let guess = nearest.as_ref().map_or(String::new(), |name| format!("（是否指“{name}”？）"));
            format!("{features} 个要素均无属性“{property}”{guess}")
        }
        Kind::PropertyLeftOut { property, reason } => {
            format!("属性“{property}”未采用：{}", why_left_out(reason))
        }
        Kind::OrdinatesDropped { count } => format!("舍去 {count} 个第二维以后的坐标值"),
        Kind::ClosedLinesTaken { count } => format!("{count} 个闭合线要素按面处理"),
        Kind::CollectionsTaken { count } => format!("{count} 个仅含面的几何集合按多面处理"),
        Kind::PropertiesRepeated { count } => format!("{count} 个属性在同一要素中重复出现，取最后的值"),
        Kind::BoundariesRepaired { count, added_m2, taken_m2 } => {
            format!("{count} 条边界无效，已修复，增加 {added_m2:.2} 平方米，减少 {taken_m2:.2} 平方米")
        }
        Kind::LayerEmpty => "图层中没有要素，视同未提供".into(),
        Kind::LayerChosen { condition, taken, of, unknown } => {
            let aside = if *unknown > 0 {
                format!("；其中 {unknown} 个是否符合未知")
            } else {
                String::new()
            };
            format!("{of} 个要素中取 {taken} 个，条件为“{condition}”{aside}")
        }
        Kind::PlaneReach { reach_m, error } => format!(
            "数据距计算平面中心最远 {:.0} 千米，该处距离误差可达 {:.2}%",
            reach_m / 1e3,
            100.0 * error
        ),
        Kind::PlaneScale { areas, lengths } => format!(
            "计算平面中面积误差可达 {:.2}%，长度误差可达 {:.2}%；平面 `auto` 保持面积",
            100.0 * areas,
            100.0 * lengths
        ),
        Kind::FeaturesRejected { count } => format!("{count} 个要素无法使用，已搁置"),
        Kind::RecordsOnOneLand { records, pieces, stacks, most } => format!(
            "{records} 条记录位于 {pieces} 宗土地上：{stacks} 宗有多条记录，最多 {most} 条；同宗各记录的数量相加"
        ),
        Kind::RecordsRepeated { count } => {
            format!("{count} 条记录与同宗另一记录的编号及已知内容完全相同，只计一次")
        }
        Kind::RecordsMixed { pieces } => {
            format!("{pieces} 宗土地上的记录分属多种用途或分区，且均不过半：属混合，按未知处理")
        }
        Kind::OneRecordAsAll { pieces } => {
            format!("{pieces} 宗土地上有一条记录的建筑面积等于其余记录之和：可能为整栋面积，重复计算")
        }
        Kind::LinesRepeated { count } => format!("{count} 条的边界、管控作用和层级与另一条相同，只计一次"),
        Kind::BuildingsRepeated { count } => {
            format!("{count} 栋与同边界另一栋的编号及已知内容完全相同，只计一次")
        }
        Kind::CrsOverruled { member, declared } => {
            format!("文件的 crs 成员为 {member}，调用方指定 {declared}，以后者为准")
        }
        Kind::CrsNotUnderstood { name } => {
            format!("文件所写坐标系“{name}”无法识别，按 WGS 84 经纬度处理")
        }
        Kind::EncodingOverruled { stated, taken } => {
            format!("文件声明文字编码为 {stated}，实为 {taken}，按后者读取")
        }
        Kind::EncodingGuessed { taken } => {
            format!("文件未声明文字编码，按 {taken} 读取；可用选项 encoding 另行指定")
        }
        Kind::TextsNotDecoded { count, encoding } => {
            format!("{count} 处文字不全是 {encoding} 编码，无法解码之处写作“�”")
        }
        Kind::DeletedRecords { count } => format!("{count} 条记录带有删除标记，连同图形一并略去"),
        Kind::TableMissing => ".shp 旁没有 .dbf，要素无属性".into(),
        Kind::OutsideAreaOfUse { crs, area, longitude: [west, east], latitude: [south, north] } => format!(
            "数据位于经度 {west:.4} 至 {east:.4}、纬度 {south:.4} 至 {north:.4}，超出 {crs} 的适用范围：{area}"
        ),
        Kind::OffsetDatum { tag } => format!(
            "“{tag}”是网络地图的偏移坐标系（GCJ-02、BD-09），坐标可能偏移 100 至 700 米；未作转换，不要与其他数据叠加"
        ),
        Kind::StrayCoordinates { count } => format!("{count} 个坐标与其余坐标类型不同"),
        Kind::NonFiniteCoordinates { count } => format!("{count} 个坐标不是数字"),
        Kind::LooksLikeDegrees => "坐标声明为 local（米），但看似经纬度".into(),
        Kind::LayerFarAway { reach_m } => format!("距所有地块超过 {reach_m} 米，不予采用，相关结果未知"),
        Kind::EffectNotStated { count } => format!("{count} 条未说明管控作用，按禁止建设处理"),
        Kind::BuildingsJoined { buildings, on_parcels, on_none, unknown } => format!(
            "共 {buildings} 栋，位于地块上 {on_parcels} 栋，不在任何地块上 {on_none} 栋；建筑面积未知 {unknown} 栋"
        ),
        Kind::BuildingsMeetNothing => "没有一栋位于地块上".into(),
        Kind::FirmsJoined { rows, matched, on_none, unsplit, contradictions } => format!(
            "共 {rows} 行，匹配 {matched} 行；{on_none} 家企业不在任何地块上，{unsplit} 家无法分摊，{contradictions} 处矛盾"
        ),
        Kind::NumbersNotRead { column, count, known } => {
            format!("“{column}”的 {known} 个值中有 {count} 个不是数字，按未知处理")
        }
        Kind::CodesUnknown { codes } => format!("现状用途：没有分类方案包含代码 {}", few(codes)),
        Kind::CandidatesUnknown { condition, count } => {
            format!("评判对象：{count} 个地块是否符合“{condition}”不详，不参与评判")
        }
        Kind::AllAreCandidates => "评判对象：没有已知的工业或仓储地块，因此全部地块均为评判对象".into(),
        Kind::UnusedNotRanked { count } => {
            format!("评判对象：{count} 个地块属闲置或批而未供，单列一类，不参与排名")
        }
        Kind::FlagsIgnored { columns } => {
            format!("未利用土地：{} 含有真假以外的值，不予采用", few(columns))
        }
        Kind::PackWithoutGrades { pack } => format!("规则包“{pack}”不分等级，低效按得分判定"),
        Kind::NothingJudged => "未给出得分或规则，税收、产值、建筑面积也均未知，不评判任何地块".into(),
        Kind::TooFewToRank { known, least } => {
            format!("已知的评判对象仅 {known} 个，不足以排名（至少 {least} 个）")
        }
        Kind::TiesAtThreshold { count } => format!("{count} 个评判对象恰在阈值上，视为通过"),
        Kind::GroupUnknown { rows } => format!("{rows} 行：分组条件不详，无法分组，不参与排名"),
        Kind::NoGroup { rows } => format!("{rows} 行：不属于任何分组，不参与排名"),
        Kind::ExemptionUnknown { rows } => format!("{rows} 行：是否免评不详，按参评处理"),
        Kind::ScoreUnknown { rows } => format!("{rows} 行：已知数据不足以计分，不参与排名"),
        Kind::ScoreRefused { rows } => format!("{rows} 行：有小于 0 的值，不予计分，不参与排名"),
        Kind::LimitUnknown { condition, rows } => {
            format!("{rows} 行：是否符合“{condition}”从而限制等级不详")
        }
        Kind::ChecksOfNoParcel { ids } => {
            format!("实地核查：{} 条所列编号没有对应地块：{}", ids.len(), few(ids))
        }
        Kind::ChecksOfSeveralParcels { ids } => {
            format!("实地核查：{} 条所列编号对应多个地块：{}", ids.len(), few(ids))
        }
        Kind::ChecksApplied { applied, changed } => {
            format!("实地核查：核查了 {applied} 个地块，以核查结果为准；其中 {changed} 个改变类别")
        }
        Kind::DatesShareNoLand => "两个时点没有任何地块占用相同的土地：可能位置不同，或有偏移".into(),
        Kind::LinesMeetNothing => "控制线：没有一条与地块相交".into(),
        Kind::BandsWithoutLine => "距离带：未给出控制线，无从计算距离".into(),
        Kind::DistrictSlivers { count, area_m2 } => {
            format!("分区之间有 {count} 处细碎重叠（共 {area_m2:.1} 平方米），计入编号在前的分区")
        }
        Kind::BuiltBeyondDevelopable { ratio, at_least_m2 } => format!(
            "建设用地为可建设用地的 {ratio:.3} 倍：至少 {:.1} 公顷位于禁止或不宜建设之处",
            at_least_m2 / 10_000.0
        ),
        Kind::MoreBuiltBeyond { count } => format!("另有 {count} 个单元的建设用地多于可建设用地"),
        Kind::OneLargeSite { share, gap_m } => format!(
            "间距为 {gap_m} 米时，一个片区占全部低效用地的 {:.0}%，请查看不同间距下的结果",
            share * 100.0
        ),
        Kind::StatusUnknown { count } => format!("{count} 个地块是否为建设用地不详"),
        Kind::NothingToRedevelop => "没有待改造地块：没有低效片区，或条件对任何地块都不成立".into(),
        Kind::TargetFarUnknown { count, parcels } => {
            format!("{parcels} 个待改造地块中 {count} 个的目标容积率不详：其用地不计新增建筑面积")
        }
        Kind::PresentFloorUnknown { count, parcels } => {
            format!("{parcels} 个待改造地块中 {count} 个的现状建筑面积不详：计新建面积，不计净增面积")
        }
        Kind::SitesWithoutUsableLand { count } => {
            format!("{count} 个片区没有可用土地：全部位于禁止建设的控制线内或其退让距离内")
        }
        Kind::AssemblySearchCut { seeds, eligible } => format!(
            "{eligible} 个地块中有 {seeds} 个起始的组合数超过 `max_visits`：可能有未找到的组合，每个起始地块已另行扩展一个"
        ),
        Kind::AssembliesDropped { count, kept } => {
            format!("{count} 个组合超出同一起始地块的 `max_kept`，未保留；保留 {kept} 个")
        }
        Kind::SitesOverTarget { count } => {
            format!("{count} 个片区的现状建筑面积超过目标容积率所允许的面积：净增面积为负")
        }
    }
}
