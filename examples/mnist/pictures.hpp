// Small grey pictures, as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

struct picture {
    std::string caption;
    std::span<const std::uint8_t> pixels;   // square, row by row, from 0 (paper) to 255 (ink)
};

/// Whether the user's locale has characters beyond ASCII.
bool locale_is_utf8();

/// The pictures side by side, as many in a row as fit into `width` columns, without the margin that all of
/// them leave empty. Two pixels, one above the other, make a character: half blocks, or with `ascii` shades.
std::string draw(const std::vector<picture>& pictures, std::size_t width, bool ascii);
