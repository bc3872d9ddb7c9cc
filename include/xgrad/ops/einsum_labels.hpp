// The subscripts of einsum: which label stands at which axis, and how large it is.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/shape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xgrad::inline XGRAD_ABI::detail {

/// A label: a letter, A-Z and then a-z, or an axis under the ellipsis, the last one first.
using axis_label = std::uint8_t;
inline constexpr axis_label first_of_ellipsis = 52, label_count = first_of_ellipsis + max_rank;

/// A set of labels, one bit each.
using label_set = std::uint64_t;
constexpr label_set set_of(axis_label one) { return label_set{1} << one; }
constexpr bool contains(label_set set, axis_label one) { return (set >> one & 1u) != 0; }

/// The labels of some axes, in order.
struct label_list {
    std::array<axis_label, max_rank> items{};
    std::size_t count = 0;

    const axis_label* begin() const { return items.data(); }
    const axis_label* end() const { return items.data() + count; }
    axis_label operator[](std::size_t i) const { return items[i]; }
    void push_back(axis_label one) {
        if (count == max_rank) fail<rank_error>("einsum", "a result has more than ", max_rank, " axes");
        items[count++] = one;
    }
    void append(const axis_label* from, const axis_label* to) {
        for (; from != to; ++from) push_back(*from);
    }
    label_set set() const {
        auto result = label_set{0};
        for (const auto one : *this) result |= set_of(one);
        return result;
    }
    /// Those of `kept`, in the same order.
    label_list only(label_set kept) const {
        auto result = label_list{};
        for (const auto one : *this)
            if (contains(kept, one)) result.push_back(one);
        return result;
    }
    std::size_t position(axis_label one) const { return static_cast<std::size_t>(std::find(begin(), end(), one) - begin()); }
    friend bool operator==(const label_list& a, const label_list& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
};

using label_sizes = std::array<std::size_t, label_count>;

XGRAD_ON_DEMAND std::string name_of(axis_label one) {
    if (one >= first_of_ellipsis) return "an axis of the ellipsis";
    return std::string{"letter '"} + static_cast<char>(one < 26 ? 'A' + one : 'a' + (one - 26)) + "'";
}

/// The equation taken apart, for operands of these shapes. Throws `value_error` for one that is none, `rank_error` and
/// `shape_error` for operands that it does not fit.
template <class = void>   // on demand
class einsum_equation {
public:
    einsum_equation(std::string_view text, std::span<const shape> shapes) : m_shapes{shapes} {
        auto plain = std::string{};
        for (const auto each : text)
            if (each != ' ') plain.push_back(each);
        const auto arrow = plain.find("->");
        read_operands(std::string_view{plain}.substr(0, arrow));
        find_sizes();
        if (arrow == std::string::npos) output = implied_output();
        else read_output(std::string_view{plain}.substr(arrow + 2));
    }

    std::vector<label_list, memory::allocator<label_list>> operands;
    label_list output;
    label_sizes sizes{};   ///< of each label: 1 only where every operand has it with 1

private:
    static axis_label label_of(char letter) {
        if (letter >= 'A' && letter <= 'Z') return static_cast<axis_label>(letter - 'A');
        if (letter >= 'a' && letter <= 'z') return static_cast<axis_label>(letter - 'a' + 26);
        fail<value_error>("einsum", "'", std::string(1, letter), "' is no letter");
    }

    /// The labels that a term names; its ellipsis, if it has one, stands for `hidden` axes.
    static label_list labels_of(std::string_view term, std::size_t hidden) {
        auto result = label_list{};
        for (auto i = std::size_t{0}; i < term.size(); ++i) {
            if (term[i] != '.') {
                result.push_back(label_of(term[i]));
                continue;
            }
            i += 2;
            for (auto axis = hidden; axis-- > 0;) result.push_back(static_cast<axis_label>(first_of_ellipsis + axis));
        }
        return result;
    }
    static bool has_ellipsis(std::string_view term) {
        const auto at = term.find('.');
        if (at == std::string_view::npos) return false;
        if (term.substr(at, 3) != "..." || term.find('.', at + 3) != std::string_view::npos)
            fail<value_error>("einsum", "'", term, "': an ellipsis is three dots, once in a term");
        return true;
    }

    void read_operands(std::string_view terms) {
        const auto named = static_cast<std::size_t>(std::count(terms.begin(), terms.end(), ',')) + 1;
        if (named != m_shapes.size()) fail<value_error>("einsum", "the equation is for ", named, " operands, there are ", m_shapes.size());
        for (auto k = std::size_t{0}; k < named; ++k) {
            const auto term = terms.substr(0, terms.find(','));
            terms.remove_prefix(std::min(terms.size(), term.size() + 1));
            const auto& own = m_shapes[k];
            const auto open = has_ellipsis(term);
            const auto letters = term.size() - (open ? 3 : 0);
            if (open ? letters > own.rank() : letters != own.rank())
                fail<rank_error>("einsum", "operand ", k, " is ", own, ", which '", term, "' does not fit: it names ", letters, " axes");
            m_hidden = std::max(m_hidden, open ? own.rank() - letters : 0);
            operands.push_back(labels_of(term, own.rank() - letters));
        }
    }

    void find_sizes() {
        auto from = std::array<std::size_t, label_count>{};
        auto seen = label_set{0};
        for (auto k = std::size_t{0}; k < operands.size(); ++k)
            for (auto axis = std::size_t{0}; axis < operands[k].count; ++axis) {
                const auto one = operands[k][axis];
                const auto size = m_shapes[k][axis];
                // Within one operand a label takes a diagonal, and no size is repeated.
                const auto own = m_shapes[k][operands[k].position(one)];
                if (own != size)
                    fail<shape_error>("einsum", name_of(one), " is ", own, " and ", size, " in operand ", k, ", which is ", m_shapes[k]);
                if (contains(seen, one) && sizes[one] != size && sizes[one] != 1 && size != 1)
                    fail<shape_error>("einsum", name_of(one), " is ", sizes[one], " in operand ", from[one], " and ", size, " in operand ", k,
                                      "; they must be equal, or one of them 1");
                if (!contains(seen, one) || sizes[one] == 1) sizes[one] = size, from[one] = k;
                seen |= set_of(one);
            }
    }

    label_list hidden_axes() const { return labels_of("...", m_hidden); }

    /// What stands once, in alphabetical order, behind the axes of the ellipsis.
    label_list implied_output() const {
        auto result = hidden_axes();
        for (auto one = axis_label{0}; one < first_of_ellipsis; ++one) {
            auto times = std::ptrdiff_t{0};
            for (const auto& each : operands) times += std::count(each.begin(), each.end(), one);
            if (times == 1) result.push_back(one);
        }
        return result;
    }

    void read_output(std::string_view term) {
        output = labels_of(term, has_ellipsis(term) ? m_hidden : 0);
        auto known = hidden_axes().set(), named = label_set{0};
        for (const auto& each : operands) known |= each.set();
        for (const auto one : output) {
            if (!contains(known, one)) fail<value_error>("einsum", name_of(one), " of the output is in no operand");
            if (contains(named, one)) fail<value_error>("einsum", name_of(one), " is named twice in the output");
            named |= set_of(one);
        }
    }

    std::span<const shape> m_shapes;
    std::size_t m_hidden = 0;   // axes under the ellipsis, in the operand that has most
};

}  // namespace xgrad::inline XGRAD_ABI::detail
