// Time for memory: what a function keeps for its gradient is forgotten, and computed again when it is needed.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/random.hpp>

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// Nodes that the backward pass under way may be at, free for a pass within it, and given back as they were.
class set_aside {
public:
    explicit set_aside(const node_list& nodes) {
        m_states.reserve(nodes.size());
        for (auto* const each : nodes) {
            m_states.push_back({each, std::exchange(each->standing, node::place::outside),
                                std::exchange(each->wanted_by, nullptr), std::exchange(each->gradient, nullptr)});
        }
    }
    ~set_aside() {
        for (const auto& each : m_states) {
            each.at->standing = each.standing;
            each.at->wanted_by = each.wanted_by;
            each.at->gradient = each.gradient;
        }
    }
    set_aside(const set_aside&) = delete;
    set_aside& operator=(const set_aside&) = delete;

private:
    struct state {
        node* at;
        node::place standing;
        const void* wanted_by;
        array* gradient;
    };
    std::vector<state, memory::allocator<state>> m_states;
};

/// In its scope the default generator goes on from another point, afterwards from where it was.
class numbers_from {
public:
    explicit numbers_from(const generator& start) : m_other{start} { exchange(); }
    ~numbers_from() { exchange(); }
    numbers_from(const numbers_from&) = delete;
    numbers_from& operator=(const numbers_from&) = delete;

private:
    void exchange() {
        with_default_generator([this](generator& current) { std::swap(current, m_other); });
    }

    generator m_other;
};

/// f at x as a graph of its own, and the nodes before it of which it came beside x.
template <class F, real T, std::size_t N>
struct segment {
    tensor<T, N> x;
    decltype(std::declval<const F&>()(std::declval<const tensor<T, N>&>())) y;
    node_list others{};

    segment(const F& f, tensor<T, N> x_) : x{std::move(x_)} {
        {
            const auto guard = enable_grad{};
            y = f(x);
        }
        if (!y.requires_grad()) return;
        const auto wanted = std::array{access::graph(x)};
        pass{*access::graph(y), wanted, &others}.find();
    }

    /// The gradients of x and, where they are wanted, of the others: undefined for what got none.
    std::vector<tensor<T>, memory::allocator<tensor<T>>> gradients_for(const tensor<T>& dy, bool of_others) {
        const auto recorded = is_grad_enabled();
        auto wanted = node_list{access::graph(x)};
        if (of_others) wanted.insert(wanted.end(), others.begin(), others.end());
        auto result = std::vector<tensor<T>, memory::allocator<tensor<T>>>{};
        const auto guard = set_aside{wanted};
        auto way = pass{*access::graph(y), wanted};
        if (way.find()) {
            accumulate(*access::graph(y), dy);
            way.run({.retain_graph = recorded, .create_graph = recorded});
        }
        for (auto* const each : wanted)
            result.push_back(each->gradient == nullptr ? tensor<T>{} : access::adopt<T>(std::exchange(each->gradient, nullptr)));
        return result;
    }
};

}  // namespace detail

/// f(x), of which nothing but x is kept for the gradient: backward runs f again. Tensors that f holds, like
/// weights, get their gradients too. f is copied and called later: by reference it may hold only what lives until
/// then. The default generator gives it the same numbers both times.
///
/// T. Chen, B. Xu, C. Zhang, C. Guestrin, "Training deep nets with sublinear memory cost", 2016.
///
/// Backward throws `autograd_error` when x was changed in place, or when f comes to another value: when
/// something that it holds has changed since, or it is not a function of x at all.
template <class F, real T, std::size_t N>
auto checkpoint(F f, const tensor<T, N>& x) {
    if (!is_grad_enabled()) return f(x);
    auto numbers = with_default_generator([](const generator& now) { return now; });
    auto first = detail::segment<F, T, N>{f, x.detach().requires_grad(true)};
    if (!first.y.requires_grad()) return std::move(first.y);
    auto inputs = std::vector<detail::input, memory::allocator<detail::input>>{detail::input{x}};
    inputs.insert(inputs.end(), first.others.begin(), first.others.end());
    const auto value = detail::access::get(first.y).hash();
    auto rule = [f = std::move(f), numbers, value, others = first.others](const auto& dy, gradients& d, const auto& x_kept) {
        auto again = [&] {
            auto known = detail::variable(detail::with_rank<N>(tensor<T>{x_kept()}));
            const auto guard = detail::numbers_from{numbers};
            return detail::segment<F, T, N>{f, std::move(known)};
        }();
        if (again.others != others || detail::access::get(again.y).hash() != value)
            fail<autograd_error>("checkpoint", "the function came to another value when it was run again; "
                                               "do not change what it uses before backward");
        auto of_others = false;
        for (auto i = std::size_t{1}; i < d.size(); ++i) of_others = of_others || d.wants(i);
        const auto results = again.gradients_for(dy, of_others);
        for (auto i = std::size_t{0}; i < results.size(); ++i)
            if (results[i].defined()) d(i, [&] { return results[i]; });
    };
    auto y = first.y.detach();
    constexpr auto rank = detail::tensor_traits<decltype(y)>::rank;
    return detail::with_rank<rank>(record("checkpoint", tensor<T>{std::move(y)}, inputs, keep(x), std::move(rule)));
}

}  // namespace xgrad
