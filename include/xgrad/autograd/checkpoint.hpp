// Time for memory: what a function keeps for its gradient is forgotten, and computed again when it is needed.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/random.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// Nodes that the backward pass under way may be at, free for a pass within it, and given back as they were.
template <class = void>   // on demand
class set_aside {
public:
    explicit set_aside(const node_list& nodes) {
        m_states.reserve(nodes.size());
        for (auto* const each : nodes) {
            if (!each->is_claimed_by(&per_process::passes)) continue;
            m_states.push_back({each, std::exchange(each->standing, node::place::outside), each->level,
                                each->wanted_by.exchange(nullptr), std::exchange(each->gradient, nullptr)});
        }
    }
    ~set_aside() {
        for (const auto& each : m_states) {
            each.at->standing = each.standing;
            each.at->level = each.level;
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
        std::uint8_t level;
        const void* wanted_by;
        array* gradient;
    };
    std::vector<state, memory::allocator<state>> m_states;
};

/// In its scope the default generator goes on from another point, afterwards from where it was.
template <class = void>   // on demand
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

    /// What x and the others get, as far as `d` wants it, with the number of the input that it is for.
    auto gradients_for(const tensor<T>& dy, const gradients& d) {
        auto wanted = node_list{access::graph(x)};
        auto number = std::vector<std::size_t, memory::allocator<std::size_t>>{0};
        auto some = false;
        for (auto i = std::size_t{1}; i < d.size(); ++i) some = some || d.wants(i);
        for (auto i = std::size_t{1}; some && i < d.size(); ++i) {
            // The walk has to stop at all of them; but it passes by leaves, at which another thread may be.
            if (!d.wants(i) && others[i - 1]->is_leaf()) continue;
            wanted.push_back(others[i - 1]);
            number.push_back(i);
        }
        const auto recorded = is_grad_enabled();
        auto results = std::vector<std::pair<std::size_t, tensor<T>>, memory::allocator<std::pair<std::size_t, tensor<T>>>>{};
        const auto guard = set_aside{wanted};
        auto way = pass{*access::graph(y), wanted};
        if (way.find()) {
            accumulate(*access::graph(y), dy);
            way.run({.retain_graph = recorded, .create_graph = recorded});
        }
        for (auto i = std::size_t{0}; i < wanted.size(); ++i)
            if (auto* const brought = std::exchange(wanted[i]->gradient, nullptr))
                results.emplace_back(number[i], access::adopt<T>(brought));
        settle(x);
        return results;
    }
};

template <class F, real T, std::size_t N>
auto checkpoint_at(F f, const tensor<T, N>& x) {
    if (!is_grad_enabled()) return f(x);
    auto numbers = with_default_generator([](const generator& now) { return now; });
    auto first = segment<F, T, N>{f, x.detach().requires_grad(true)};
    if (!first.y.requires_grad()) return std::move(first.y);
    auto inputs = std::vector<input, memory::allocator<input>>{input{x}};
    inputs.insert(inputs.end(), first.others.begin(), first.others.end());
    const auto value = access::get(first.y).hash();
    auto rule = [f = std::move(f), numbers, value, others = first.others](const auto& dy, gradients& d, const auto& x_kept) {
        auto again = [&] {
            auto known = variable(with_rank<N>(tensor<T>{x_kept()}));
            const auto guard = numbers_from{numbers};
            return segment<F, T, N>{f, std::move(known)};
        }();
        if (again.others != others || access::get(again.y).hash() != value)
            fail<autograd_error>("checkpoint", "the function came to another value when it was run again; "
                                               "do not change what it uses before backward");
        for (const auto& each : again.gradients_for(dy, d)) d(each.first, [&] { return each.second; });
    };
    auto y = first.y.detach();
    constexpr auto rank = tensor_traits<decltype(y)>::rank;
    return with_rank<rank>(record("checkpoint", tensor<T>{std::move(y)}, inputs, keep(x), std::move(rule)));
}

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
auto checkpoint(const F& f, const tensor<T, N>& x) {
    return detail::call_with_function("checkpoint", [](const F& of, const tensor<T, N>& at) { return detail::checkpoint_at(of, at); }, f, x);
}

}  // namespace xgrad
