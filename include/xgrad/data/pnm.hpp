// Pictures in the formats of Netpbm: PBM, PGM and PPM, each as text (P1 to P3) and in binary (P4 to P6).
//
// J. Poskanzer, B. Henderson: the manual pages pbm(5), pgm(5), ppm(5) of Netpbm.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/data/pixel.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data {

namespace detail {

/// A file of this kind, read from its beginning.
class pnm_file {
public:
    XGRAD_COLD explicit pnm_file(const std::string& path)
        : m_file{"pnm", path}, m_bytes(static_cast<std::size_t>(m_file.size())) {
        if (!m_bytes.empty()) m_file.read(m_bytes.data(), m_bytes.size());
        if (m_bytes.size() < 2 || m_bytes[0] != 'P' || m_bytes[1] < '1' || m_bytes[1] > '6')
            m_file.fail("is no PBM, PGM or PPM file: it must begin with P1 to P6");
        kind = m_bytes[1] - '0';
        m_at = 2;
        channels = kind % 3 == 0 ? 3 : 1;
        width = number("width");
        height = number("height");
        most = is_bitmap() ? 1 : number("maximum");
        if (width == 0 || height == 0) m_file.fail("has no pixels: ", width, " x ", height);
        if (most == 0 || most > 65535) m_file.fail("the maximum of a pixel is ", most, "; it must be 1 to 65535");
        validate_length();
    }

    /// Calls put(value) for each sample in the order of the file: row by row, the channels of a pixel together.
    template <class Put>
    void read(const Put& put) {
        const auto samples = std::size_t{width} * channels;
        for (auto row = std::size_t{0}; row < height; ++row)
            for (auto i = std::size_t{0}; i < samples; ++i) put(row, i / channels, i % channels, sample(row, i));
    }

    std::uint32_t kind = 0, channels = 1, width = 0, height = 0, most = 1;

private:
    bool is_bitmap() const { return kind % 3 == 1; }
    bool is_text() const { return kind <= 3; }
    std::size_t bytes_in_row() const {
        return is_bitmap() ? (std::size_t{width} + 7) / 8 : std::size_t{width} * channels * (most > 255 ? 2 : 1);
    }

    /// So that a size which is not there costs no memory.
    void validate_length() {
        const auto left = m_bytes.size() - m_at;
        const auto in_row = is_text() ? std::size_t{width} * channels : bytes_in_row();
        if (in_row > left / height)
            m_file.fail("is cut short: ", left, " bytes are too few for ", width, " x ", height, " pixels");
    }

    /// The next byte; a comment, from # to the end of its line, is an end of a line.
    int next() {
        if (m_at == m_bytes.size()) return -1;
        auto c = m_bytes[m_at++];
        if (c == '#')
            do {
                if (m_at == m_bytes.size()) return -1;
                c = m_bytes[m_at++];
            } while (c != '\n' && c != '\r');
        return c;
    }
    static bool is_blank(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
    static bool is_digit(int c) { return c >= '0' && c <= '9'; }

    /// A decimal number and the one byte behind it.
    std::uint32_t number(const char* what) {
        auto c = next();
        while (is_blank(c)) c = next();
        if (c < 0) m_file.fail("is cut short, before its ", what);
        auto value = std::uint64_t{0};
        for (auto first = true; first || is_digit(c); first = false, c = next()) {
            if (!is_digit(c)) m_file.fail("byte ", m_at, " is no digit of its ", what);
            value = value * 10 + static_cast<std::uint64_t>(c - '0');
            if (value > std::numeric_limits<std::uint32_t>::max()) m_file.fail("its ", what, " is too large");
        }
        if (c >= 0 && !is_blank(c)) m_file.fail("byte ", m_at, " is no digit of its ", what);
        return static_cast<std::uint32_t>(value);
    }

    std::uint32_t bit() {
        auto c = next();
        while (is_blank(c)) c = next();
        if (c != '0' && c != '1') m_file.fail(c < 0 ? "is cut short" : "a pixel is neither 0 nor 1");
        return static_cast<std::uint32_t>(c - '0');
    }

    /// Black is 1 in a bitmap, and 0 elsewhere.
    std::uint32_t sample(std::size_t row, std::size_t i) {
        if (kind == 1) return 1 - bit();
        const auto* const line = m_bytes.data() + m_at + row * bytes_in_row();
        if (kind == 4) return 1 - (line[i / 8] >> (7 - i % 8) & 1u);
        const auto value = is_text() ? number("pixels") : most > 255 ? line[2 * i] * 256u + line[2 * i + 1] : line[i];
        if (value > most) m_file.fail("a pixel is ", value, ", above the maximum, ", most);
        return value;
    }

    xgrad::detail::input_file m_file;
    std::vector<std::uint8_t> m_bytes;
    std::size_t m_at = 0;
};

}  // namespace detail

/// The (first) picture of a file: (channels, height, width), one channel or three. Real elements are in [0, 1], a
/// maximum of the file's own being 1; `std::uint8_t` and `std::uint16_t` have their whole range. Black is 0, of bitmaps
/// too. Throws `io_error` when the file cannot be read, is none of these formats, or is cut short.
template <picture_element T = float>
tensor<T, 3> read_pnm(const std::string& path) {
    auto file = detail::pnm_file{path};
    auto x = xgrad::detail::make_result<T>({file.channels, file.height, file.width});
    auto* const to = xgrad::detail::access::elements(x);
    const auto plane = std::size_t{file.height} * file.width;
    file.read([&](std::size_t row, std::size_t column, std::size_t channel, std::uint32_t value) {
        to[channel * plane + row * file.width + column] = detail::as_pixel<T>(value, file.most);
    });
    return xgrad::detail::with_rank<3>(std::move(x));
}

}  // namespace xgrad::data
