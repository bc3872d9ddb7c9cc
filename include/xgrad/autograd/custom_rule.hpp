// What becomes of the rule of a custom operation when it is recorded, for derivatives of derivatives.
//
// The rule is the user's, and may do what recording cannot follow. Then its result has a value, but not every
// derivative; the engine would take what is missing for zero. So it is found out, and who asks for such a derivative
// gets an error:
//
// - A rule is linear in dy. One whose result was not recorded as depending on dy, though it is not zero, was computed
//   by loops over numbers; no derivative of it is known.
// - A rule that reads what the forward function computed, which was not recorded, or what it has itself put together
//   element by element, or numbers out of its arguments: how its result depends on the inputs is not known.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/core/config.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::detail {

/// In its scope, arrays are made in this way.
class making_scope {
public:
    explicit making_scope(making how) noexcept
        : m_made{std::exchange(made_now, how)}, m_read{std::exchange(unrecorded_read, false)} {}
    ~making_scope() {
        made_now = m_made;
        unrecorded_read = m_read;
    }
    making_scope(const making_scope&) = delete;
    making_scope& operator=(const making_scope&) = delete;

private:
    making m_made;
    bool m_read;
};

/// An input that has no graph is a constant to the rule, whoever made it.
template <real T>
tensor<T> as_argument(const tensor<T>& x) {
    if (x.requires_grad() || access::get(x).made == making::usual) return x;
    auto argument = x.detach();
    access::get(argument).made = making::usual;
    return argument;
}

template <element T>
bool is_zero(const basic_tensor<T>& x) {
    const auto* const from = access::elements(x);
    return std::all_of(from, from + x.size(), [](T value) { return value == T{0}; });
}

template <class R>
concept tuple_like = requires { std::tuple_size<R>::value; };

/// Whether R, the result of a rule, is a gradient for each of `count` inputs of type T.
template <class R, real T, std::size_t Count>
consteval bool gives_gradients() {
    if constexpr (std::derived_from<R, basic_tensor<T>>) {
        static_assert(Count == 1, "custom: the backward of several inputs gives a std::tuple, with the gradient of each");
        return Count == 1;
    } else if constexpr (tuple_like<R>) {
        constexpr auto as_many = std::tuple_size_v<R> == Count;
        static_assert(as_many, "custom: backward gives as many gradients as there are inputs");
        constexpr auto tensors = []<std::size_t... At>(std::index_sequence<At...>) {
            return (std::derived_from<std::remove_cvref_t<std::tuple_element_t<At, R>>, basic_tensor<T>> && ...);
        }(std::make_index_sequence<std::tuple_size_v<R>>{});
        static_assert(tensors, "custom: each gradient that backward gives is a tensor of the inputs' element type");
        return as_many && tensors;
    } else {
        static_assert(std::derived_from<R, basic_tensor<T>>,
                      "custom: backward gives the gradient of the input, or a std::tuple with the gradient of each");
        return false;
    }
}

/// The gradients that a rule gave, in the order of the inputs.
template <real T, class R>
auto gradient_list(R&& given) {
    if constexpr (std::derived_from<std::remove_cvref_t<R>, basic_tensor<T>>) return std::array{tensor<T>{std::forward<R>(given)}};
    else
        return std::apply([](auto&&... each) { return std::array{tensor<T>{std::move(each)}...}; }, std::forward<R>(given));
}

/// `dx`, which the recorded rule of operation `name` gave for `dy`, as the engine goes on with it: it says where a
/// derivative is not known, and is zero where dy is, though not its derivatives.
/// `probe(v)` tells whether the rule gives zeros for the vector v, too; `x` are the operation's inputs.
template <real T, class Probe>
tensor<T> judged(const char* name, tensor<T> dx, const tensor<T>& dy, bool dy_counts, const std::vector<input>& x, const Probe& probe) {
    auto knows_dy = false, counts = false;
    if (dx.requires_grad()) {
        const auto wanted = std::array{access::graph(dy)};
        auto way = pass{*access::graph(dx), wanted};
        knows_dy = way.find();
        counts = way.met_others() || (knows_dy && dy_counts);
    }
    const auto by_numbers = !knows_dy && (access::get(dx).made == making::by_hand || !is_zero(dx) || (is_zero(dy) && !probe()));
    auto inputs = std::vector<input>{dx};
    if (by_numbers && dy_counts) inputs.push_back(dy);
    if (by_numbers || unrecorded_read) inputs.insert(inputs.end(), x.begin(), x.end());
    if (!counts) {
        inputs.front() = input{static_cast<node*>(nullptr)};
        dx = dx.detach();
    }
    const auto zero = is_zero(dy) && !is_zero(dx);
    if (inputs.size() == 1 && !zero) return dx;
    auto value = zero ? filled<dynamic_rank>(shape_of(dx), T{0}) : make_view(dx, shape_of(dx));
    return record(name, std::move(value), inputs, keep(), [name](const auto& g, gradients& d) {
        for (auto i = std::size_t{1}; i < d.size(); ++i)
            if (d.wants(i))
                fail<autograd_error>("custom", "the rule of ", name, " has no derivative: it uses numbers that were not recorded, "
                                               "computed in forward or element by element; write it in operations on "
                                               "its arguments dy, y and the inputs, and on what does not depend on them");
        d(0, [&] { return tensor<T>{g}; });
    });
}

}  // namespace xgrad::inline XGRAD_ABI::detail
