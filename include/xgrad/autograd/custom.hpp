// Operations of the user's own.
#pragma once

#include <xgrad/autograd/custom_rule.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/core/config.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

/// An operation out of two functions:
///
///     // y = x^3        dx = 3 x^2 dy
///     constexpr auto cube = xg::custom("cube", [](const auto& x) { return x * x * x; },
///                                      [](const auto& dy, const auto&, const auto& x) { return dy * 3 * x * x; });
///
/// `forward` maps the inputs to the value, in any way it likes: it is not recorded. `backward` maps the
/// value's gradient, the value and the inputs to the gradient of the input, or to a tuple with one for each
/// input. Inputs and value are kept until backward. The gradient of an input that was broadcast is summed to the
/// input's shape. Where all of dy is zero, the gradients are zero, whatever the rule would give.
///
/// Written in differentiable operations on its arguments, `backward` can itself be differentiated. Where it is not
/// (it loops over numbers, or uses a tensor that `forward` computed), a second derivative is an `autograd_error`. A
/// plain number that `forward` computed cannot be told from a constant: compute it in the rule.
template <class Forward, class Backward>
class custom {
public:
    constexpr custom(const char* name, Forward forward, Backward backward)
        : m_name{name}, m_forward{std::move(forward)}, m_backward{std::move(backward)} {}

    template <real T, std::size_t... N>
    auto operator()(const tensor<T, N>&... x) const {
        return detail::call_with_function(m_name, [](const custom& own, const auto&... v) { return own.apply(v...); }, *this, x...);
    }

private:
    template <real T, std::size_t... N>
    auto apply(const tensor<T, N>&... x) const {
        auto y = [&] {
            const auto guard = no_grad{};
            const auto scope = detail::making_scope{detail::making::in_forward};
            return m_forward(x...);
        }();
        using result_type = decltype(y);
        if constexpr (!std::derived_from<result_type, basic_tensor<T>>) {
            static_assert(std::derived_from<result_type, basic_tensor<T>>, "custom: forward gives a tensor of the inputs' element type");
            return y;
        } else {
            constexpr auto rank = result_type::static_rank;
            using rule_arguments = std::tuple<tensor<T, rank>, tensor<T, rank>, tensor<T, N>...>;
            constexpr auto callable = std::is_invocable_v<const Backward&, tensor<T, rank>, tensor<T, rank>, tensor<T, N>...>;
            static_assert(callable, "custom: backward is called with dy, the value y, and each input");
            if (!detail::access::get(y).unshared()) y = y.clone();   // an input, a view of one, something it holds on to
            detail::access::get(y).made = detail::made_now;
            if constexpr (callable) {
                using given = std::remove_cvref_t<decltype(std::apply(std::declval<const Backward&>(), std::declval<rule_arguments>()))>;
                if constexpr (detail::gives_gradients<given, T, sizeof...(N)>()) {
                    auto values = keep(result(y), x...);
                    return detail::with_rank<rank>(
                        record(m_name, tensor<T>{std::move(y)}, {x...}, std::move(values), rule<T, rank, N...>()));
                } else return y;
            } else return y;
        }
    }

    template <real T, std::size_t Rank, std::size_t... N>
    auto rule() const {
        return [backward = m_backward, name = m_name](const auto& dy, gradients& d, const auto& y_kept, const auto&... x_kept) {
            const auto deliver = [&](const auto& gradient_of) {
                for (auto i = std::size_t{0}; i < sizeof...(N); ++i) d(i, [&] { return gradient_of(i); });
            };
            const auto x = std::tuple{typed<N>(detail::as_argument(x_kept()))...};
            if (!is_grad_enabled() && detail::is_zero(dy)) {
                const auto sizes = std::array{detail::shape_of(x_kept())...};
                return deliver([&](std::size_t i) { return detail::filled<dynamic_rank>(sizes[i], T{0}); });
            }
            const auto y = typed<Rank>(y_kept());
            const auto evaluate = [&](const tensor<T>& v) {
                return std::apply([&](const auto&... each) {
                    return detail::gradient_list<T>(backward(typed<Rank>(v), y, each...));
                }, x);
            };
            if (!is_grad_enabled()) {
                auto slopes = evaluate(dy);
                return deliver([&](std::size_t i) { return std::move(slopes[i]); });
            }
            const auto v = detail::variable(dy);
            const auto inputs = std::vector<detail::input>{x_kept()...};
            const auto scope = detail::making_scope{detail::making::in_rule};
            auto slopes = evaluate(v);
            deliver([&](std::size_t i) {
                const auto gives_zero = [&] {
                    const auto guard = no_grad{};
                    return detail::is_zero(evaluate(ones_like(v))[i]);
                };
                return detail::judged(name, std::move(slopes[i]), v, dy.requires_grad(), inputs, gives_zero);
            });
            detail::settle(v);
        };
    }

    template <std::size_t N, real T>
    static tensor<T, N> typed(tensor<T> value) {
        return detail::with_rank<N>(std::move(value));
    }

    const char* m_name;
    Forward m_forward;
    Backward m_backward;
};

/// The same out of one struct with `name`, `forward` and `backward` as static members.
template <class Op>
inline constexpr auto custom_of = custom(
    Op::name, [](const auto&... x) { return Op::forward(x...); }, [](const auto&... x) { return Op::backward(x...); });

}  // namespace xgrad
