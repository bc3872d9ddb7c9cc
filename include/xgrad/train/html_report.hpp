// A page about a run: its curves, what the model takes for what, its worst mistakes, how and where it was made.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/build_info.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/train/history.hpp>
#include <xgrad/train/html_chart.hpp>
#include <xgrad/train/html_text.hpp>
#include <xgrad/train/metrics.hpp>
#include <xgrad/train/report.hpp>
#include <xgrad/train/text.hpp>

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::train {

/// pixels: (height, width) or (1 or 3, height, width), in [0, 1].
struct report_picture {
    std::string caption;
    tensor<float> pixels;
};

struct html_report_options {
    std::string title = "Training";
    std::vector<std::pair<std::string, std::string>> settings{};   ///< {"learning rate", "0.1"}
    std::optional<confusion_matrix> confusion{};
    class_names classes{};                    ///< of the matrix's rows and columns; else their numbers
    std::vector<report_picture> mistakes{};   ///< the worst ones first
    double seconds = std::numeric_limits<double>::quiet_NaN();   ///< that the run took
};

namespace detail {

inline constexpr auto page_style = R"(
:root{color-scheme:light dark;--back:#fff;--text:#1b1f24;--dim:#59636e;--line:#d8dee4;--heat:9,105,218}
@media(prefers-color-scheme:dark){:root{--back:#14171c;--text:#e6e9ed;--dim:#9aa4af;--line:#343b44;--heat:88,166,255}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:76rem;background:var(--back);color:var(--text);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:2rem 0 .5rem}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,26rem),1fr));gap:1rem}
figure{margin:0;min-width:0}figcaption{display:flex;flex-wrap:wrap;gap:.2rem 1rem;overflow-wrap:anywhere}
.key i{display:inline-block;width:1rem;height:3px;margin-right:.4rem;vertical-align:middle;background:currentColor}
.plot{position:relative}svg{display:block;width:100%;height:auto;overflow:visible;touch-action:pan-y}
svg text{fill:var(--dim);font-size:13px}svg line{stroke:var(--line)}svg .at{stroke:var(--dim)}
polyline{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}circle{fill:currentColor}
.c0{color:#0969da}.c1{color:#cf4b00}.c2{color:#1a7f37}.c3{color:#8250df}.c4{color:#bf3989}.c5{color:#8a6d00}.c6{color:#0a7f8a}.c7{color:#59636e}
@media(prefers-color-scheme:dark){.c0{color:#58a6ff}.c1{color:#ff8c4a}.c2{color:#56d364}.c3{color:#b794ff}.c4{color:#ff7bb5}.c5{color:#e3b341}.c6{color:#4fd1dc}.c7{color:#9aa4af}}
.tip{position:absolute;top:0;padding:.3rem .6rem;background:var(--back);border:1px solid var(--line);border-radius:.3rem;font-size:.85rem;pointer-events:none;white-space:nowrap;max-width:100%;overflow:hidden}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .5rem;text-align:right;white-space:nowrap}th{font-weight:600;color:var(--dim)}
.matrix th{max-width:9rem;white-space:normal;overflow-wrap:break-word}.matrix th:first-child{position:sticky;left:0;background:var(--back)}
.matrix td{min-width:2.4rem;border:1px solid var(--line)}.matrix .found{border:0}
.facts{display:grid;grid-template-columns:fit-content(45%) 1fr;gap:.4rem 1rem;margin:0;overflow-wrap:anywhere}
.facts dt{font-weight:600;color:var(--dim)}.facts dd{margin:0}
@media(max-width:36rem){svg text{font-size:21px}.matrix th{max-width:7rem}}
.pictures{display:flex;flex-wrap:wrap;gap:.8rem}.pictures figure{width:6rem;font-size:.85rem}
.pictures img{width:6rem;height:6rem;object-fit:contain;image-rendering:pixelated;background:#000;border-radius:.2rem}
)";

inline constexpr auto page_script = R"(
const data=JSON.parse(document.getElementById('data').textContent);
for(const svg of document.querySelectorAll('svg[data-group]')){
  const group=data.groups[svg.dataset.group],at=svg.querySelector('.at'),tip=svg.parentNode.querySelector('.tip');
  const show=event=>{
    const box=svg.getBoundingClientRect(),x=(event.clientX-box.left)*data.width/box.width;
    let best=-1;
    data.x.forEach((each,i)=>{if(each!==null&&(best<0||Math.abs(each-x)<Math.abs(data.x[best]-x)))best=i});
    if(best<0)return;
    at.setAttribute('x1',data.x[best]);at.setAttribute('x2',data.x[best]);at.setAttribute('visibility','visible');
    tip.replaceChildren();
    const line=text=>{const row=document.createElement('div');row.textContent=text;tip.append(row)};
    line('step '+data.steps[best]);
    for(const each of group){const value=each.values[best];line(each.name+': '+(value===null?'-':Number(value.toPrecision(5))))}
    tip.hidden=false;tip.style.left='0';
    const left=data.x[best]/data.width*box.width;
    tip.style.left=Math.max(0,Math.min(left+10,box.width-tip.offsetWidth))+'px';
  };
  const hide=()=>{tip.hidden=true;at.setAttribute('visibility','hidden')};
  svg.addEventListener('pointermove',show);svg.addEventListener('pointerdown',show);svg.addEventListener('pointerleave',hide);
}
)";

/// A row for each label, a column for each prediction; the darker, the larger a part of the label's row.
inline std::string matrix_table(const confusion_matrix& matrix, const class_names& names) {
    auto text = std::string{"<div class=\"wide\"><table class=\"matrix\"><tr><th>label \\ taken for</th>"};
    for (auto c = std::size_t{0}; c < matrix.classes(); ++c) text += "<th>" + html_text(name_of(names, c)) + "</th>";
    text += "<th>found</th></tr>\n";
    for (auto i = std::size_t{0}; i < matrix.classes(); ++i) {
        const auto labels = matrix.with_label(i);
        text += "<tr><th>" + html_text(name_of(names, i)) + "</th>";
        for (auto j = std::size_t{0}; j < matrix.classes(); ++j) {
            const auto part = labels == 0 ? 0 : static_cast<double>(matrix(i, j)) / static_cast<double>(labels);
            text += "<td style=\"background:rgba(var(--heat)," + fixed(0.55 * part, 3) + ")\" title=\"" + html_text(name_of(names, i)) + " taken for " + html_text(name_of(names, j)) + "\">" +
                    std::to_string(matrix(i, j)) + "</td>";
        }
        text += "<td class=\"found\">" + share(matrix.recall(i)) + "</td></tr>\n";
    }
    return text + "</table></div>\n";
}

inline std::string list_of(const std::vector<std::pair<std::string, std::string>>& facts) {
    auto text = std::string{"<dl class=\"facts\">"};
    for (const auto& [name, value] : facts) text += "<dt>" + html_text(name) + "</dt><dd>" + html_text(value) + "</dd>\n";
    return text + "</dl>\n";
}

}  // namespace detail

/// The page as text.
XGRAD_COLD inline std::string html_report_text(const history& log, const html_report_options& options = {}) {
    auto page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
                detail::html_text(options.title) + "</title><style>" + detail::page_style + "</style></head><body>\n<h1>" + detail::html_text(options.title) + "</h1>\n";
    if (log.size() != 0) {
        page += "<div class=\"charts\">\n";
        auto number = std::size_t{0};
        for (const auto& [title, names] : detail::groups_of(log)) page += detail::drawing_of(log, title, names, number++);
        page += "</div>\n";
    }
    if (options.confusion) {
        page += "<h2>What was taken for what</h2>\n<p>Accuracy " + detail::share(options.confusion->accuracy()) + " of " + std::to_string(options.confusion->total()) + ".</p>\n";
        page += detail::matrix_table(*options.confusion, options.classes);
    }
    if (!options.mistakes.empty()) {
        page += "<h2>The worst mistakes</h2>\n<div class=\"pictures\">\n";
        for (const auto& each : options.mistakes)
            page += "<figure><img alt=\"" + detail::html_text(each.caption) + "\" src=\"" + detail::picture_address(each.pixels) + "\"><figcaption>" + detail::html_text(each.caption) + "</figcaption></figure>\n";
        page += "</div>\n";
    }
    if (!options.settings.empty()) page += "<h2>Settings</h2>\n" + detail::list_of(options.settings);
    auto facts = std::vector<std::pair<std::string, std::string>>{{"library", build_info()}};
    if (options.seconds == options.seconds) facts.emplace_back("duration", duration(options.seconds));
    page += "<h2>Where and how long</h2>\n" + detail::list_of(facts);
    return page + "<script type=\"application/json\" id=\"data\">" + detail::chart_data(log) + "</script>\n<script>" + detail::page_script + "</script>\n</body></html>\n";
}

/// Writes one page that needs nothing else, light or dark as its reader's system is:
///
///     train::html_report("run.html", log, {.title = "Digits", .settings = {{"lr", "0.1"}}, .confusion = matrix, .mistakes = worst});
///
/// Curves whose names end with the same word ("train loss", "test loss") share a drawing. Whatever is given is shown as
/// text. Throws `io_error`, and `shape_error` for a picture that is none.
inline void html_report(const std::string& path, const history& log, const html_report_options& options = {}) {
    const auto page = html_report_text(log, options);
    auto file = xgrad::detail::output_file{"html_report", path};
    file.write(page.data(), page.size());
    file.commit();
}

}  // namespace xgrad::train
