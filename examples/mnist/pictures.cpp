#include "pictures.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace {

std::size_t side_of(const picture& p) {
    return static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(p.pixels.size()))));
}

float ink(const picture& p, std::size_t row, std::size_t column) {
    const auto side = side_of(p);
    return row < side && column < side ? static_cast<float>(p.pixels[row * side + column]) / 255 : 0.0f;
}

// The part of the pictures that has ink in any of them.
struct frame {
    std::size_t top, left, bottom, right;   // the last two are one past the end
};

frame frame_of(const std::vector<picture>& pictures) {
    auto f = frame{side_of(pictures[0]), side_of(pictures[0]), 0, 0};
    for (const auto& p : pictures)
        for (auto row = std::size_t{0}; row < side_of(p); ++row)
            for (auto column = std::size_t{0}; column < side_of(p); ++column)
                if (ink(p, row, column) > 0.25f) {
                    f.top = std::min(f.top, row), f.bottom = std::max(f.bottom, row + 1);
                    f.left = std::min(f.left, column), f.right = std::max(f.right, column + 1);
                }
    return f;
}

std::string_view character(float upper, float lower, bool ascii) {
    if (ascii) {
        constexpr auto shades = std::string_view{" .:-=+*#%@"};
        const auto grey = std::clamp((upper + lower) / 2, 0.0f, 1.0f);
        return shades.substr(static_cast<std::size_t>(std::lround(grey * static_cast<float>(shades.size() - 1))), 1);
    }
    constexpr auto dark = 0.4f;   // lets thin strokes through
    if (upper < dark) return lower < dark ? " " : "\u2584";
    return lower < dark ? "\u2580" : "\u2588";
}

}  // namespace

bool locale_is_utf8() {
    for (const auto* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {   // the first that is set decides
        const auto* const value = std::getenv(name);
        if (value == nullptr || *value == '\0') continue;
        auto text = std::string{value};
        std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return text.find("utf-8") != std::string::npos || text.find("utf8") != std::string::npos;
    }
    return false;
}

std::string draw(const std::vector<picture>& pictures, std::size_t width, bool ascii) {
    if (pictures.empty()) return "";
    const auto f = frame_of(pictures);
    auto cell = f.right - std::min(f.left, f.right);
    for (const auto& p : pictures) cell = std::max(cell, p.caption.size());
    cell += 2;
    const auto in_a_row = std::max<std::size_t>(1, width / cell);

    auto text = std::string{};
    const auto end_line = [&] { text.erase(text.find_last_not_of(' ') + 1) += '\n'; };
    for (auto first = std::size_t{0}; first < pictures.size(); first += in_a_row) {
        const auto count = std::min(in_a_row, pictures.size() - first);
        text += '\n';
        for (auto i = std::size_t{0}; i < count; ++i) {
            const auto& caption = pictures[first + i].caption;
            text += caption + std::string(cell - caption.size(), ' ');
        }
        end_line();
        for (auto row = f.top; row < f.bottom; row += 2) {
            for (auto i = std::size_t{0}; i < count; ++i) {
                const auto& p = pictures[first + i];
                for (auto column = f.left; column < f.right; ++column)
                    text += character(ink(p, row, column), ink(p, row + 1, column), ascii);
                text.append(cell - (f.right - f.left), ' ');
            }
            end_line();
        }
    }
    return text;
}
