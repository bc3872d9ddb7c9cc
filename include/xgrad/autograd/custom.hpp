// Operations of the user's own.
#pragma once

#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/core/config.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// An operation out of two functions:
///
///     // y = x^3        dx = 3 x^2 dy
///     constexpr auto cube = xg::custom("cube", [](const auto& x) { return x * x * x; },
///                                      [](const auto& dy, const auto&, const auto& x) { return dy * 3 * x * x; });
///
/// `forward` maps the inputs to the value, in any way it likes: it is not recorded. `backward` maps the
/// value's gradient, the value and the inputs to the gradient of the input, or to a tuple with one for each
/// input. Written in differentiable operations, it can itself be differentiated. Inputs and value are kept
/// until backward. The gradient of an input that was broadcast is summed to the input's shape.
template <class Forward, class Backward>
class custom {
public:
    constexpr custom(const char* name, Forward forward, Backward backward)
        : m_name{name}, m_forward{std::move(forward)}, m_backward{std::move(backward)} {}

    template <real T, std::size_t... N>
    auto operator()(const tensor<T, N>&... x) const {
        auto y = [&] {
            const auto guard = no_grad{};
            return m_forward(x...);
        }();
        using result_type = decltype(y);
        constexpr auto rank = detail::tensor_traits<result_type>::rank;
        if (!detail::access::get(y).unshared()) y = y.clone();   // an input, a view of one, something it holds on to
        auto values = keep(result(y), x...);
        const auto rule = [backward = m_backward](const auto& dy, gradients& d, const auto& y_kept, const auto&... x_kept) {
            const auto typed = [](tensor<T> value, auto like) {
                return detail::with_rank<decltype(like)::value>(std::move(value));
            };
            auto all = backward(typed(dy, std::integral_constant<std::size_t, rank>{}),
                                typed(y_kept(), std::integral_constant<std::size_t, rank>{}),
                                typed(x_kept(), std::integral_constant<std::size_t, N>{})...);
            if constexpr (sizeof...(N) == 1) d(0, [&] { return tensor<T>{std::move(all)}; });
            else
                [&]<std::size_t... At>(std::index_sequence<At...>) {
                    (d(At, [&] { return tensor<T>{std::get<At>(std::move(all))}; }), ...);
                }(std::make_index_sequence<sizeof...(N)>{});
        };
        return detail::with_rank<rank>(record(m_name, tensor<T>{std::move(y)}, {x...}, std::move(values), rule));
    }

private:
    const char* m_name;
    Forward m_forward;
    Backward m_backward;
};

/// The same out of one struct with `name`, `forward` and `backward` as static members.
template <class Op>
inline constexpr auto custom_of = custom(
    Op::name, [](const auto&... x) { return Op::forward(x...); }, [](const auto&... x) { return Op::backward(x...); });

}  // namespace xgrad
