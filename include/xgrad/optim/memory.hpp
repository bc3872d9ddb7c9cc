// What a rule remembers of each parameter, under names: arrays of the parameter's shape, and how often it was updated.
#pragma once

#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xgrad::inline XGRAD_ABI::optim::detail {

template <real T>
tensor<T> zeros_of(const shape& sizes) {
    auto y = xgrad::detail::make_result<T>(sizes);
    std::fill_n(xgrad::detail::access::elements(y), y.size(), T{0});
    return y;
}

template <real T>
tensor<T> number_of_steps(std::uint64_t steps) {
    auto y = zeros_of<T>({});
    *xgrad::detail::access::elements(y) = static_cast<T>(steps);
    return y;
}

/// The arrays of one parameter, one for each slot that was needed so far, and its number of updates.
template <real T>
struct memory_of {
    std::vector<tensor<T>> arrays;
    std::uint64_t steps = 0;
};

/// The arrays that belong to the names `key.slot`, looked up and checked.
template <real T>
class state_reader {
public:
    state_reader(const char* rule, const parameter_list<T>& list) : m_rule{rule}, m_list{list}, m_used(list.size()) {
        for (auto each = list.begin(); each != list.end(); ++each)
            if (std::find_if(list.begin(), each, [&](const auto& other) { return other.name() == each->name(); }) != each)
                fail<value_error>("load_state", each->name(), " is there twice");
    }

    /// A copy of the entry, undefined when there is none. Throws `shape_error` when it has another shape.
    tensor<T> take(const std::string& name, const shape& sizes) {
        const auto found = std::find_if(m_list.begin(), m_list.end(), [&](const auto& each) { return each.name() == name; });
        if (found == m_list.end()) return {};
        if (xgrad::detail::shape_of(*found) != sizes)
            fail<shape_error>("load_state", name, " is ", xgrad::detail::shape_of(*found), "; it must be ", sizes);
        m_used[static_cast<std::size_t>(found - m_list.begin())] = true;
        return found->detach().clone();
    }

    /// Throws `value_error` for an entry of the parameter called `key` that nobody has taken.
    void check_all_taken(const std::string& key) const {
        for (auto i = std::size_t{0}; i < m_list.size(); ++i) {
            const auto& name = m_list[i].name();
            if (!m_used[i] && std::string_view{name}.substr(0, name.rfind('.')) == key)
                fail<value_error>("load_state", name, " is nothing that ", m_rule,
                                  " remembers with these options; it is of another rule, or of other options");
        }
    }

    /// The names of what was not taken. Throws `value_error` when that is everything.
    std::vector<std::string> not_taken() const {
        auto names = std::vector<std::string>{};
        for (auto i = std::size_t{0}; i < m_list.size(); ++i)
            if (!m_used[i]) names.push_back(m_list[i].name());
        if (!names.empty() && names.size() == m_list.size())
            fail<value_error>("load_state", "none of ", names.size(), " entries belongs to a parameter; the first is ", names.front());
        return names;
    }

private:
    const char* m_rule;
    const parameter_list<T>& m_list;
    std::vector<bool> m_used;
};

}  // namespace xgrad::optim::detail
