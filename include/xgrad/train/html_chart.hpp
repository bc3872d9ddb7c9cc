// Curves as a drawing: axes with round numbers, lines, a legend.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/text.hpp>
#include <xgrad/train/history.hpp>
#include <xgrad/train/html_text.hpp>
#include <xgrad/train/text.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::train::detail {

using xgrad::detail::joined_text;

/// The least and the largest finite number; where they are one, or there is none, room about it.
struct range {
    double least = 0, most = 1;

    static range of(const std::vector<const std::vector<double>*>& lists) {
        auto found = range{};
        auto any = false;
        for (const auto* const list : lists)
            for (const auto each : *list) {
                if (!is_finite_number(each)) continue;
                found.least = any ? std::min(found.least, each) : each;
                found.most = any ? std::max(found.most, each) : each;
                any = true;
            }
        constexpr auto least_width = 1e-300;   // by which one can still divide
        if (found.most / 2 - found.least / 2 < least_width) {
            const auto room = std::max(std::fabs(found.least) / 2, found.least == 0 ? 1 : least_width);
            found.least -= room, found.most += room;
        }
        return found;
    }
    /// Of a width that may overflow.
    double share(double value) const {
        const auto half = most / 2 - least / 2;
        return value / 2 / half - least / 2 / half;
    }
};

/// Multiples of 1, 2 or 5 times a power of ten within the range, five or so; none where there are no such numbers. They
/// are `least_step` apart at the least: epochs are whole numbers, however few there are.
inline std::vector<double> round_numbers(const range& r, double least_step = 0) {
    const auto rough = (r.most / 5 - r.least / 5);
    auto list = std::vector<double>{};
    if (!is_finite_number(rough) || rough < 1e-300) return list;
    const auto power = std::pow(10.0, std::floor(std::log10(rough)));
    const auto step = std::max(least_step, power * (rough / power < 1.5   ? 1
                                                    : rough / power < 3.5 ? 2
                                                    : rough / power < 7.5 ? 5
                                                                          : 10));
    for (auto i = std::ceil(r.least / step - 1e-9); list.size() < 12 && i * step <= r.most + step * 1e-9; ++i)
        list.push_back(i * step);
    return list;
}

/// Four digits, and whole numbers up to a million as they are.
inline std::string short_number(double value) {
    if (std::fabs(value) < 1e6 && std::floor(value) == value) return fixed(value == 0 ? 0 : value, 0);
    return xgrad::detail::decimal_text(value, 4, std::chars_format::general);
}

/// Whether steps are counted: epochs, and not parts of them.
inline bool are_whole(const std::vector<double>& steps) {
    return std::all_of(steps.begin(), steps.end(),
                       [](double each) { return !is_finite_number(each) || std::floor(each) == each; });
}

/// The names of a history in groups, by the last word: "train loss" and "test loss" share a drawing.
inline std::vector<std::pair<std::string, std::vector<std::string>>> groups_of(const history& log) {
    auto groups = std::vector<std::pair<std::string, std::vector<std::string>>>{};
    for (const auto& name : log.names()) {
        const auto word = name.substr(name.find_last_of(" _/") + 1);
        const auto found =
            std::find_if(groups.begin(), groups.end(), [&](const auto& each) { return each.first == word; });
        if (found == groups.end()) groups.push_back({word, {name}});
        else found->second.push_back(name);
    }
    return groups;
}

/// Places in the drawing.
struct chart {
    static constexpr auto width = 640.0, height = 260.0, left = 64.0, right = 12.0, top = 10.0, bottom = 26.0;
    range x, y;
    bool whole_steps = false;

    double across(double step) const { return left + x.share(step) * (width - left - right); }
    double down(double value) const { return height - bottom - y.share(value) * (height - top - bottom); }

    /// A line, interrupted where a number is missing; what stands alone is a dot.
    std::string curve(const std::vector<double>& steps, const std::vector<double>& values, std::size_t number) const {
        auto text = std::string{};
        const auto colour = " class=\"c" + std::to_string(number % 8) + '"';
        auto points = std::vector<std::pair<std::string, std::string>>{};   // across and down
        const auto end_line = [&] {
            if (points.size() == 1)
                text +=
                    "<circle" + colour + " r=\"3\" cx=\"" + points[0].first + "\" cy=\"" + points[0].second + "\"/>";
            if (points.size() > 1) {
                text += "<polyline" + colour + " points=\"";
                for (const auto& each : points) text += each.first + ',' + each.second + ' ';
                text.back() = '"';
                text += "/>";
            }
            points.clear();
        };
        for (auto i = std::size_t{0}; i < steps.size(); ++i) {
            if (is_finite_number(values[i]) && is_finite_number(steps[i]))
                points.emplace_back(fixed(across(steps[i]), 1), fixed(down(values[i]), 1));
            else end_line();
        }
        end_line();
        return text;
    }

    std::string axes() const {
        auto text = std::string{};
        const auto label = [&](double at_x, double at_y, const char* anchor, double value) {
            text += "<text x=\"" + fixed(at_x, 1) + "\" y=\"" + fixed(at_y, 1) + "\" text-anchor=\"" + anchor + "\">" +
                    short_number(value) + "</text>";
        };
        for (const auto value : round_numbers(y)) {
            text += "<line x1=\"" + fixed(left, 1) + "\" x2=\"" + fixed(width - right, 1) + "\" y1=\"" +
                    fixed(down(value), 1) + "\" y2=\"" + fixed(down(value), 1) + "\"/>";
            label(left - 8, down(value) + 4, "end", value);
        }
        for (const auto step : round_numbers(x, whole_steps ? 1 : 0)) label(across(step), height - 6, "middle", step);
        return text;
    }
};

/// One drawing with its legend; a script finds the numbers by data-group and shows those under the pointer.
inline std::string drawing_of(const history& log, const std::string& title, const std::vector<std::string>& names,
                              std::size_t group) {
    auto values = std::vector<const std::vector<double>*>{};
    for (const auto& name : names) values.push_back(&log[name]);
    const auto drawing = chart{range::of({&log.steps()}), range::of(values), are_whole(log.steps())};
    auto text = "<figure><figcaption><b>" + html_text(title) + "</b>";
    const auto is_alone = names.size() == 1 && names[0] == title;
    for (auto i = std::size_t{0}; i < names.size() && !is_alone; ++i)
        text +=
            "<span class=\"key\"><i class=\"c" + std::to_string(i % 8) + "\"></i>" + html_text(names[i]) + "</span>";
    text += "</figcaption><div class=\"plot\"><svg viewBox=\"" + joined_text("0 0 ", chart::width, " ", chart::height) +
            "\" role=\"img\" aria-label=\"" + html_text(title) + "\" data-group=\"" + std::to_string(group) + "\">" +
            drawing.axes();
    for (auto i = std::size_t{0}; i < names.size(); ++i) text += drawing.curve(log.steps(), *values[i], i);
    return text + joined_text("<line class=\"at\" y1=\"", chart::top, "\" y2=\"", chart::height - chart::bottom) +
           "\" visibility=\"hidden\"/></svg><div class=\"tip\" hidden></div></div></figure>\n";
}

/// What the script knows: the width of a drawing, steps, and of each group the names, the values, and where the steps
/// are across the drawing.
inline std::string chart_data(const history& log) {
    const auto list = [](const auto& items, const auto& text_of) {
        auto text = std::string{'['};
        for (const auto& each : items) (text += text.size() > 1 ? "," : "") += text_of(each);
        return text += ']';
    };
    const auto x = chart{range::of({&log.steps()}), {}};
    return "{\"width\":" + json_number(chart::width) + ",\"steps\":" + list(log.steps(), json_number) + ",\"x\":" +
           list(log.steps(),
                [&](double step) {
                    return json_number(is_finite_number(step) ? std::round(x.across(step) * 10) / 10 : step);
                }) +
           ",\"groups\":" +
           list(groups_of(log),
                [&](const auto& group) {
                    return list(group.second, [&](const std::string& name) {
                        return "{\"name\":" + json_text(name) + ",\"values\":" + list(log[name], json_number) + '}';
                    });
                }) +
           '}';
}

}  // namespace xgrad::train::detail
