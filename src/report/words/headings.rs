//! Headings of workbooks: Chinese for the columns of each sheet; English ones are made of the columns' names.

use crate::language::Language;

/// The heading of a column, without its unit; a name of the data stays as it is.
pub(in crate::report) fn heading(name: &str, language: Language) -> String {
    match language {
        Language::Chinese => chinese(name).unwrap_or(name).to_owned(),
        Language::English => english(name),
    }
}

/// A name in words: without the unit at its end, its first letter large.
fn english(name: &str) -> String {
    let name = name.trim_end_matches("_m2").trim_end_matches("_m");
    let mut words = name.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

pub(super) fn chinese(name: &str) -> Option<&'static str> {
    Some(match name {
        "parcels" => "低效地块数",
        "parcel_ids" => "地块编号",
        "net_area_m2" => "净面积",
        "union_area_m2" => "合并面积",
        "gross_area_m2" => "含道路面积",
        "bridge_area_m2" => "连接地块面积",
        "size" => "规模",
        "single_parcel" => "单一地块",
        "control_m2" => "控制线内面积",
        "control_share" => "控制线内占比",
        "p_area" => "面积偶然概率",
        "p_parcels" => "地块数偶然概率",
        "birth_m" => "成片间距",
        "death_m" => "并入间距",
        "persistence_m" => "存续间距",
        "perimeter_m" => "周长",
        "span_m" => "最大跨度",
        "polsby_popper" => "紧凑度（Polsby-Popper）",
        "shape_index" => "形状指数",
        "hull_ratio" => "凸包比",
        "circle_ratio" => "外接圆比",
        "elongation" => "长宽比",
        "owners" => "权利人数",
        "owner_hhi" => "权利集中度（HHI）",
        "owner_largest_share" => "最大权利人占比",
        "owner_known_share" => "权利人已知占比",
        "row" => "类别",
        "site" | "id" => "编号",
        "name" => "名称",
        "land_m2" => "土地面积",
        "unrestricted_m2" => "控制线外面积",
        "developable_m2" => "可建设用地",
        "construction_m2" => "建设用地",
        "construction_inside_m2" => "线内建设用地",
        "construction_outside_m2" => "线外建设用地",
        "other_m2" => "非建设用地",
        "other_inside_m2" => "线内非建设用地",
        "unknown_m2" => "未知用地",
        "unknown_inside_m2" => "线内未知用地",
        "construction_unsuitable_m2" => "不宜建设区内建设用地",
        "unparcelled_m2" => "无地块用地",
        "gross" => "毛开发强度",
        "gross_upper" => "毛开发强度上界",
        "net" => "净开发强度",
        "net_upper" => "净开发强度上界",
        "construction_to_developable" => "建设用地与可建设用地之比",
        "warning_line" => "警戒线",
        "limit_m2" => "上限面积",
        "headroom_m2" => "余量",
        "headroom_lower_m2" => "余量下界",
        "status" => "状态",
        "limit_source" => "上限来源",
        "floor_area_m2" => "建筑面积",
        "floor_area_unknown" => "建筑面积未知地块数",
        "gross_far" => "毛容积率",
        "net_far" => "净容积率",
        "footprint_m2" => "基底面积",
        "footprint_unknown" => "基底面积未知地块数",
        "coverage" => "建筑密度",
        "spacematrix_base_m2" => "空间矩阵计算基数",
        "fsi" => "容积率指数（FSI）",
        "gsi" => "覆盖率指数（GSI）",
        "osr" => "开敞空间率（OSR）",
        "l" => "平均层数（L）",
        "population" => "人口",
        "land_per_person_m2" => "人均用地",
        "construction_per_person_m2" => "人均建设用地",
        "effect" => "作用",
        "tier" => "等级",
        "area_m2" => "面积",
        "overlap_m2" => "与地块重叠面积",
        "parcels_inside" => "全部在内地块数",
        "parcels_partial" => "部分在内地块数",
        "certain_m2" => "确定在内",
        "possible_m2" => "可能在内",
        "artefact_m2" => "误差所致",
        "exempt_m2" => "豁免",
        "permitted_m2" => "许可",
        "grandfathered_m2" => "历史遗留",
        "encroaching_m2" => "侵占",
        "unreviewed_m2" => "未审查",
        "kind" => "类型",
        "subject" => "对象",
        "figure" => "数值",
        "text" => "说明",
        _ => return None,
    })
}

/// The name of a sheet.
pub(in crate::report) fn sheet(name: &'static str, language: Language) -> &'static str {
    match (language, name) {
        (Language::Chinese, "sites") => "低效连片区",
        (Language::Chinese, "districts") => "分区",
        (Language::Chinese, "ledger") => "强度台账",
        (Language::Chinese, "lines") => "控制线",
        (Language::Chinese, "warnings") => "提示",
        (_, name) => name,
    }
}

pub(in crate::report) fn yes_or_no(flag: bool, language: Language) -> &'static str {
    match (language, flag) {
        (Language::English, true) => "yes",
        (Language::English, false) => "no",
        (Language::Chinese, true) => "是",
        (Language::Chinese, false) => "否",
    }
}

/// A unit as people of a language write it.
pub(in crate::report) fn unit(unit: &str, language: Language) -> &str {
    match (language, unit) {
        (Language::Chinese, "m²") => "平方米",
        (Language::Chinese, "ha") => "公顷",
        (Language::Chinese, "mu") => "亩",
        (Language::Chinese, "m") => "米",
        (Language::Chinese, "persons") => "人",
        (_, unit) => unit,
    }
}
