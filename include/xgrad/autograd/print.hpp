// Tensors as text, as NumPy prints arrays.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/text.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <ostream>
#include <string>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

// Longer tensors are printed with their first and last elements along each axis only.
inline constexpr std::size_t print_limit = 1000;
inline constexpr std::size_t print_edge = 3;

template <element T>
std::string element_text(T value, bool scientific) {
    if constexpr (std::is_same_v<T, bool>) return value ? "true" : "false";
    else if constexpr (!real<T>) return std::to_string(value);
    else {
        if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
        auto result = decimal_text(value, 4, scientific ? std::chars_format::scientific : std::chars_format::fixed);
        if (!scientific) result.erase(result.find_last_not_of('0') + 1);   // "1.", "0.25"
        return result;
    }
}

template <element T>
class printer {
public:
    explicit printer(const basic_tensor<T>& x)
        : m_data{x.data()}, m_sizes{shape_of(x)}, m_short{x.size() > print_limit} {
        if constexpr (real<T>) {
            auto largest = 0.0, smallest = 1.0;
            for (const auto value : x.span()) {
                const auto size = std::fabs(static_cast<double>(value));
                if (!std::isfinite(size) || size == 0) continue;
                largest = std::max(largest, size);
                smallest = std::min(smallest, size);
            }
            m_scientific = largest >= 1e8 || (largest > 0 && smallest < 1e-4);
        }
        measure(0, 0);
    }

    std::string print() const {
        auto out = std::string{};
        print_axis(out, 0, 0);
        return out;
    }

private:
    std::string text(std::size_t at) const { return element_text(m_data[at], m_scientific); }

    static bool has_point(const std::string& number) { return number.find('.') != std::string::npos; }
    static std::size_t behind_point(const std::string& number) {
        return has_point(number) ? number.size() - number.find('.') - 1 : 0;
    }

    bool skips(std::size_t axis) const { return m_short && m_sizes[axis] > 2 * print_edge; }

    void measure(std::size_t axis, std::size_t at) {
        if (axis == m_sizes.rank()) {
            const auto own = text(at);
            const auto behind = behind_point(own);
            m_before = std::max(m_before, own.size() - behind);
            m_behind = std::max(m_behind, behind);
            return;
        }
        for (auto i = std::size_t{0}; i < m_sizes[axis]; ++i) {
            if (skips(axis) && i == print_edge) i = m_sizes[axis] - print_edge;
            measure(axis + 1, at * m_sizes[axis] + i);
        }
    }

    void print_axis(std::string& out, std::size_t axis, std::size_t at) const {
        if (axis == m_sizes.rank()) {
            const auto own = text(at);
            const auto idle = has_point(own) ? m_behind - behind_point(own) : 0;   // so that the points stand in a column
            if (axis != 0) out.append(m_before + m_behind - own.size() - idle, ' ');
            out += own;
            if (axis != 0) out.append(idle, ' ');
            return;
        }
        const auto last = axis + 1 == m_sizes.rank();
        const auto separator = last ? std::string{", "} : "," + std::string(m_sizes.rank() - axis - 1, '\n') + std::string(axis + 1, ' ');
        out += '[';
        for (auto i = std::size_t{0}; i < m_sizes[axis]; ++i) {
            if (i != 0) out += separator;
            if (skips(axis) && i == print_edge) {
                out += "...";
                out += separator;
                i = m_sizes[axis] - print_edge;
            }
            print_axis(out, axis + 1, at * m_sizes[axis] + i);
        }
        out += ']';
    }

    const T* m_data;
    shape m_sizes;
    bool m_short;
    bool m_scientific = false;
    std::size_t m_before = 0;   ///< the most characters up to the point, and behind it
    std::size_t m_behind = 0;
};

}  // namespace detail

/// The elements in nested brackets: "[[1., 2.], [3., 4.]]", four digits after the point, long tensors with
/// their middle left out.
template <element T, std::size_t N>
std::string to_string(const tensor<T, N>& x) {
    return x.defined() ? detail::printer<T>{x}.print() : "undefined";
}

template <element T, std::size_t N>
std::ostream& operator<<(std::ostream& out, const tensor<T, N>& x) {
    return out << to_string(x);
}

}  // namespace xgrad
