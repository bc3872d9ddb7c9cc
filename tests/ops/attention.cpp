#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/capture.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/attention.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();

xg::tensor<double> operand(const xg::shape& sizes, double first) {
    auto values = std::vector<double>{};
    for (auto i = 0; i < 97; ++i) values.push_back(static_cast<double>((i * 31) % 97) / 48 - first);
    return shaped(values, sizes);
}

list<double> operands(const xg::shape& q, const xg::shape& k, const xg::shape& v) {
    return {operand(q, 0.9), operand(k, 1.1), operand(v, 0.8)};
}

/// softmax(q k^T scale + added) v in loops; added: (queries, keys), the same for every head.
template <class Added>
xg::tensor<double> attention_reference(const list<double>& x, double scale, const Added& added) {
    const auto q = x[0].shape(), k = x[1].shape(), v = x[2].shape();
    const auto rank = q.rank(), l = q[rank - 2], s = k[rank - 2], d = q[rank - 1], e = v[rank - 1];
    auto heads = std::size_t{1}, key_heads = std::size_t{1};
    for (auto axis = std::size_t{0}; axis + 2 < rank; ++axis) heads *= q[axis], key_heads *= k[axis];
    auto sizes = q;
    sizes[rank - 1] = e;
    auto y = xg::zeros<double>(sizes);
    for (auto h = std::size_t{0}; h < heads; ++h)
        for (auto i = std::size_t{0}; i < l; ++i) {
            const auto own = h / (heads / key_heads);
            auto scores = std::vector<long double>(s);
            auto largest = -std::numeric_limits<long double>::infinity(), total = 0.0L;
            for (auto j = std::size_t{0}; j < s; ++j) {
                for (auto c = std::size_t{0}; c < d; ++c) scores[j] += static_cast<long double>(x[0].data()[(h * l + i) * d + c]) * x[1].data()[(own * s + j) * d + c];
                scores[j] = scores[j] * scale + added(i, j);
                largest = std::max(largest, scores[j]);
            }
            if (std::isinf(largest)) continue;
            for (auto& score : scores) total += score = std::exp(score - largest);
            for (auto c = std::size_t{0}; c < e; ++c) {
                auto sum = 0.0L;
                for (auto j = std::size_t{0}; j < s; ++j) sum += scores[j] / total * x[2].data()[(own * s + j) * e + c];
                y.data()[(h * l + i) * e + c] = static_cast<double>(sum);
            }
        }
    return y;
}

constexpr auto nothing_added = [](std::size_t, std::size_t) { return 0.0; };
/// For so many queries and keys.
auto causal_mask(std::size_t l, std::size_t s) {
    return [=](std::size_t i, std::size_t j) { return j + l <= i + s ? 0.0 : -inf; };
}

template <class F, class Added>
operation row(const char* name, const F& f, const Added& added, list<double> at, double scale = 1 / std::sqrt(3.0)) {
    return {.name = name, .run = on_lists(f), .reference = [=](const list<double>& x) { return attention_reference(x, scale, added); },
            .points = {std::move(at)}, .epsilons = 64, .scale = 1, .is_product = true};
}

/// As one formula of the composed operations.
template <class T>
struct inputs {
    xg::tensor<T> q, k, v;
};
template <class T>
inputs<T> random_inputs(const xg::shape& q, const xg::shape& k, const xg::shape& v) {
    return {xg::randn<T>(q), xg::randn<T>(k), xg::randn<T>(v)};
}

const auto attention = [](const auto& q, const auto& k, const auto& v) { return xg::scaled_dot_product_attention(q, k, v); };
const auto causal_attention = [](const auto& q, const auto& k, const auto& v) { return xg::scaled_dot_product_attention(q, k, v, {.causal = true}); };

}  // namespace

TEST_CASE("attention: values and derivatives") {
    const auto keep = [](std::size_t i, std::size_t j) { return (i + j) % 3 != 0 && i != 1; };
    const auto mask = [=](std::size_t l, std::size_t s) {
        auto values = xg::tensor<bool>{xg::zeros<bool>({l, s})};
        for (auto i = std::size_t{0}; i < values.size(); ++i) values.data()[i] = keep(i / s, i % s);
        return values;
    };
    const auto of = [](const auto& x) { return xg::scaled_dot_product_attention(x[0], x[1], x[2]); };
    const auto causal = [](const auto& x) { return xg::scaled_dot_product_attention(x[0], x[1], x[2], {.causal = true}); };
    check({
        row("attention", of, nothing_added, operands({2, 2, 4, 3}, {2, 2, 5, 3}, {2, 2, 5, 2})),
        row("attention without heads", of, nothing_added, operands({4, 3}, {5, 3}, {5, 4})),
        row("attention, grouped queries", of, nothing_added, operands({4, 3, 3}, {2, 4, 3}, {2, 4, 2})),
        row("attention, one head of keys", of, nothing_added, operands({2, 3, 2, 3}, {2, 1, 3, 3}, {2, 1, 3, 3})),
        row("attention, causal", causal, causal_mask(4, 4), operands({2, 4, 3}, {2, 4, 3}, {2, 4, 2})),
        row("attention, causal, more keys", causal, causal_mask(3, 5), operands({2, 3, 3}, {2, 5, 3}, {2, 5, 2})),
        row("attention, causal, more queries", causal, causal_mask(5, 3), operands({2, 5, 3}, {2, 3, 3}, {2, 3, 2})),
        row("attention, keep, a query without keys", [=](const auto& x) { return xg::scaled_dot_product_attention(x[0], x[1], x[2], {.keep = mask(3, 4)}); },
            [=](std::size_t i, std::size_t j) { return keep(i, j) ? 0.0 : -inf; }, operands({2, 3, 3}, {2, 4, 3}, {2, 4, 2})),
        row("attention, scale", [](const auto& x) { return xg::scaled_dot_product_attention(x[0], x[1], x[2], {.scale = 0.25}); }, nothing_added,
            operands({2, 3, 3}, {2, 4, 3}, {2, 4, 2}), 0.25),
        row("attention, no queries", of, nothing_added, operands({2, 0, 3}, {2, 4, 3}, {2, 4, 2})),
        row("attention, no keys", of, nothing_added, operands({2, 3, 3}, {2, 0, 3}, {2, 0, 2})),
    });
}

TEST_CASE("attention: the bias has a gradient, however it broadcasts") {
    const auto x = operands({2, 2, 3, 3}, {2, 2, 4, 3}, {2, 2, 4, 2});
    for (const auto& sizes : {xg::shape{3, 4}, xg::shape{2, 2, 3, 4}, xg::shape{2, 1, 3, 1}, xg::shape{2, 1, 4}, xg::shape{4}, xg::shape{}}) {
        const auto f = [&](const xg::tensor<double>& bias, const xg::tensor<double>& q) {
            return xg::scaled_dot_product_attention(q, x[1], x[2], {.bias = bias, .causal = true});
        };
        const auto at = std::tuple{operand(sizes, 0.7), x[0]};
        CHECK(xg::gradcheck(f, at));
        CHECK(xg::gradgradcheck(f, at));
    }
    const auto bias = operand({3, 4}, 0.7);
    const auto y = xg::scaled_dot_product_attention(x[0], x[1], x[2], {.bias = bias});
    const auto wanted = attention_reference(x, 1 / std::sqrt(3.0), [&](std::size_t i, std::size_t j) { return bias.data()[i * 4 + j]; });
    CHECK(xg::allclose(y, wanted, 1e-13));
}

TEST_CASE("attention: blocks give what one piece gives") {
    xg::manual_seed(5);
    const auto in = random_inputs<double>({2, 150, 7}, {2, 301, 7}, {2, 301, 5});
    const auto wanted = attention_reference({in.q, in.k, in.v}, 1 / std::sqrt(7.0), causal_mask(150, 301));
    CHECK(xg::allclose(causal_attention(in.q, in.k, in.v), wanted, 1e-12, 1e-13));
    const auto [y, back] = xg::vjp(causal_attention, in.q, in.k, in.v);
    const auto dy = xg::tensor<double>{xg::randn<double>({2, 150, 5})};
    const auto slopes = back(dy);
    // The recorded rule is another way to the same gradients.
    const auto loss = [&](const auto& q, const auto& k, const auto& v) { return xg::sum(causal_attention(q, k, v) * dy); };
    auto q = in.q.clone().requires_grad(true), k = in.k.clone().requires_grad(true), v = in.v.clone().requires_grad(true);
    loss(q, k, v).backward({.create_graph = true});
    CHECK(xg::allclose(std::get<0>(slopes), q.grad().detach(), 1e-11, 1e-12));
    CHECK(xg::allclose(std::get<1>(slopes), k.grad().detach(), 1e-11, 1e-12));
    CHECK(xg::allclose(std::get<2>(slopes), v.grad().detach(), 1e-11, 1e-12));
    for (auto* each : {&q, &k, &v}) each->zero_grad();
}

TEST_CASE("attention: the same bits on any number of threads") {
    xg::manual_seed(6);
    for (const auto heads : {2, 8}) {
        const auto in = random_inputs<float>({heads, 200, 16}, {heads / 2, 260, 16}, {heads / 2, 260, 16});
        const auto dy = xg::tensor<float>{xg::randn<float>({heads, 200, 16})};
        const auto bias = xg::tensor<float>{xg::randn<float>({200, 260})};
        const auto results = [&](int threads) {
            xg::set_num_threads(threads);
            const auto [y, back] = xg::vjp([](const auto& q, const auto& k, const auto& v, const auto& b) {
                return xg::scaled_dot_product_attention(q, k, v, {.bias = b, .causal = true});
            }, in.q, in.k, in.v, bias);
            const auto [dq, dk, dv, db] = back(dy);
            return list<float>{y, dq, dk, dv, db};
        };
        const auto before = xg::num_threads();
        const auto alone = results(1), shared = results(3);
        xg::set_num_threads(before);
        for (auto i = std::size_t{0}; i < alone.size(); ++i) CHECK(xg::array_equal(alone[i], shared[i]));
    }
}

TEST_CASE("attention: memory grows with the length, not with its square") {
    xg::manual_seed(7);
    const auto sizes = xg::shape{2, 2048, 16};
    auto in = random_inputs<float>(sizes, sizes, sizes);
    for (auto* each : {&in.q, &in.k, &in.v}) each->requires_grad(true);
    xg::memory::release_unused();
    const auto before = xg::memory::stats().reserved;
    xg::sum(attention(in.q, in.k, in.v)).backward();
    const auto used = xg::memory::stats().reserved - before;
    const auto inputs_and_outputs = std::size_t{8} * 2 * 2048 * 16 * sizeof(float);
    if (used != 0) CHECK(used < 2 * inputs_and_outputs + (std::size_t{2} << 20));   // a matrix of scores has 16 MiB
}

TEST_CASE("attention: queries that see nothing, scores beyond the range of exp") {
    const auto x = operands({1, 3, 3}, {1, 4, 3}, {1, 4, 2});
    const auto none = xg::tensor<bool>{xg::zeros<bool>({3, 4})};
    const auto minus = xg::tensor<double>{xg::full<double>({4}, -inf)};
    for (const auto& hidden : {xg::attention_options<double>{.keep = none}, xg::attention_options<double>{.bias = minus}}) {
        const auto f = [&](const auto& q, const auto& k, const auto& v) { return xg::scaled_dot_product_attention(q, k, v, hidden); };
        const auto [y, back] = xg::vjp(f, x[0], x[1], x[2]);
        CHECK(xg::array_equal(y, xg::tensor<double>{xg::zeros<double>({1, 3, 2})}));
        const auto [dq, dk, dv] = back(xg::ones_like(y));
        CHECK(xg::array_equal(dq, xg::zeros_like(x[0])));
        CHECK(xg::array_equal(dk, xg::zeros_like(x[1])));
        CHECK(xg::array_equal(dv, xg::zeros_like(x[2])));
    }
    for (const auto factor : {1e4, -1e4, 1e30}) {
        const auto q = xg::astype<float>(x[0] * factor), k = xg::astype<float>(x[1]), v = xg::astype<float>(x[2]);
        const auto wanted = attention_reference({xg::astype<double>(q), x[1], x[2]}, 1 / std::sqrt(3.0), nothing_added);
        CHECK(xg::allclose(xg::astype<double>(attention(q, k, v)), wanted, 1e-2, 1e-2));
        const auto slope = xg::grad([&](const auto& at) { return xg::sum(xg::square(attention(at, k, v))); })(q);
        CHECK(std::isfinite(xg::sum(slope).item()));
    }
}

TEST_CASE("attention: dropout") {
    const auto ones = xg::tensor<double>{xg::ones<double>({1, 400, 1})};
    const auto zeros = xg::tensor<double>{xg::zeros<double>({1, 400, 2})};
    const auto dropped = [&](double p) {
        xg::manual_seed(8);
        return xg::scaled_dot_product_attention(zeros, zeros, ones, {.dropout = p});
    };
    const auto y = dropped(0.25);
    CHECK(xg::array_equal(y, dropped(0.25)));
    CHECK(xg::mean(y).item() == doctest::Approx(1).epsilon(0.01));
    CHECK(xg::max(y).item() > 1.01);   // each query is dropped from by itself
    CHECK(xg::array_equal(dropped(1), xg::zeros_like(y)));
    const auto x = operands({2, 3, 3}, {2, 4, 3}, {2, 4, 2});
    const auto f = [](const auto& q, const auto& k, const auto& v) {
        xg::manual_seed(9);
        return xg::scaled_dot_product_attention(q, k, v, {.dropout = 0.4});
    };
    CHECK(xg::gradcheck(f, std::tuple{x[0], x[1], x[2]}));
    CHECK(xg::gradgradcheck(f, std::tuple{x[0], x[1], x[2]}));
}

TEST_CASE("attention: ranks and wrong shapes") {
    static_assert(std::is_same_v<decltype(attention(xg::tensor<float, 4>{}, xg::tensor<float, 4>{}, xg::tensor<float, 4>{})), xg::tensor<float, 4>>);
    const auto q = xg::zeros<float>({2, 6, 3, 4}), k = xg::zeros<float>({2, 3, 5, 4});
    const auto with = [&](const xg::shape& sizes) { return xg::scaled_dot_product_attention(q, k, k, {.keep = xg::ones<bool>(sizes)}); };
    CHECK(with({3, 5}).shape() == xg::shape{2, 6, 3, 4});
    CHECK_THROWS_WITH_AS(with({5, 3}), "[scaled_dot_product_attention] keep is (5, 3); it must broadcast to (2, 6, 3, 5), (..., queries, keys)",
                         xg::shape_error);
    CHECK_THROWS_AS(with({2, 2, 6, 3, 5}), xg::shape_error);
    CHECK_THROWS_AS(with({2, 3, 3, 5}), xg::shape_error);
    CHECK_THROWS_AS(xg::scaled_dot_product_attention(q, k, k, {.bias = xg::zeros<float>({3, 4})}), xg::shape_error);
    CHECK_THROWS_AS(attention(q, xg::zeros<float>({2, 4, 5, 4}), xg::zeros<float>({2, 4, 5, 4})), xg::shape_error);
    CHECK_THROWS_AS(attention(q, xg::zeros<float>({2, 3, 5, 3}), k), xg::shape_error);
    CHECK_THROWS_AS(attention(q, k, xg::zeros<float>({2, 3, 4, 4})), xg::shape_error);
    CHECK_THROWS_AS(attention(xg::tensor<float>{q}, k, xg::tensor<float>{xg::zeros<float>({5, 4})}), xg::rank_error);
    CHECK_THROWS_AS(xg::scaled_dot_product_attention(q, k, k, {.dropout = 1.5}), xg::value_error);
}
