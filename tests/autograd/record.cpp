#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/view.hpp>

#include <cstddef>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

namespace xg = xgrad;

namespace {

using vector = xg::tensor<double, 1>;

// Whether backward finds that what `change` did to a kept operand (or to the result, for tanh) is a change.
struct change {
    const char* how;
    std::function<void(vector&)> apply;
};

const change changes[] = {
    {"data()", [](vector& x) { x.data()[1] = 9; }},
    {"span()", [](vector& x) { x.span()[1] = 9; }},
    {"value()", [](vector& x) { x.value()(1) = 9; }},
    {"value() assigned", [](vector& x) { x.value() *= 2; }},
    {"operator()", [](vector& x) { x(1) = 9; }},
    {"+=", [](vector& x) { const auto guard = xg::no_grad{}; x += 1; }},
    {"an update by an optimizer's hand", [](vector& x) { const auto guard = xg::no_grad{}; x -= 0.1 * x.clone(); }},
    {"another handle", [](vector& x) { auto same = x; same(1) = 9; }},
    {"a detached tensor", [](vector& x) { x.detach()(1) = 9; }},
    {"a reshape", [](vector& x) { const auto guard = xg::no_grad{}; xg::reshape(x, {1, 2})(0, 1) = 9; }},
    {"+= on a reshape", [](vector& x) { const auto guard = xg::no_grad{}; xg::reshape(x, {2, 1}) += 1; }},
    {"twice", [](vector& x) { x(0) = 8; x(1) = 9; }},
};

}  // namespace

TEST_CASE("an operation is recorded when an input needs a gradient and recording is on") {
    auto x = vector{1, 2}, w = vector{3, 4};
    CHECK(!(x * w).requires_grad());
    w.requires_grad(true);
    CHECK((x * w).requires_grad());
    CHECK(xg::needs_grad(x, w));
    CHECK(!xg::needs_grad(x));
    const auto guard = xg::no_grad{};
    CHECK(!(x * w).requires_grad());
    CHECK(!xg::needs_grad(x, w));
}

TEST_CASE("a kept operand that was changed is an error that names the operation") {
    for (const auto& each : changes) {
        CAPTURE(each.how);
        auto x = vector{1, 2}, w = vector{3, 4}.requires_grad(true);
        const auto y = x * w;
        each.apply(x);
        CHECK_THROWS_WITH_AS(y.backward(vector{1, 1}),
                             "[backward] a value of shape (2,) that multiply kept for its gradient was changed in place; "
                             "change a clone(), or call backward first",
                             xg::autograd_error);
        CHECK(!w.has_grad());
    }
}

TEST_CASE("a kept leaf that was changed") {
    for (const auto& each : changes) {
        CAPTURE(each.how);
        auto w = vector{3, 4}.requires_grad(true);
        const auto y = w * w;
        each.apply(w);
        CHECK_THROWS_AS(y.backward(vector{1, 1}), xg::autograd_error);
    }
}

TEST_CASE("a kept result that was changed") {
    for (const auto& each : changes) {
        CAPTURE(each.how);
        auto w = vector{3, 4}.requires_grad(true);
        auto y = xg::tanh(w);
        each.apply(y);
        CHECK_THROWS_WITH_AS(y.backward(vector{1, 1}), doctest::Contains("that tanh kept"), xg::autograd_error);
    }
}

TEST_CASE("a kept view: a change of the tensor behind it is found, and the other way round") {
    auto x = xg::tensor<double, 2>{{1, 2}, {3, 4}};
    auto w = xg::ones<double>({4}).requires_grad(true);
    const auto flat = xg::flatten(x);
    auto y = flat * w;
    x(1, 1) = 9;
    CHECK_THROWS_AS(y.backward(xg::ones<double>({4})), xg::autograd_error);

    auto v = xg::ones<double>({2, 2}).requires_grad(true);
    const auto z = x * v;
    xg::detail::make_view(x, {1}, 3)(0) = 10;
    CHECK_THROWS_AS(z.backward(xg::ones<double>({2, 2})), xg::autograd_error);
}

TEST_CASE("an adaptor taken before the operation and written through after it") {
    auto x = vector{1, 2}, w = vector{3, 4}.requires_grad(true);
    auto elements = x.value();
    const auto y = x * w;
    elements(0) = 9;
    CHECK_THROWS_AS(y.backward(vector{1, 1}), xg::autograd_error);
}

TEST_CASE("reading costs no gradient, by whatever accessor") {
    auto x = vector{1, 2}, w = vector{3, 4}.requires_grad(true);
    auto y = xg::tanh(x * w);
    auto sum = 0.0;
    sum += x(0) + x.data()[0] + x.span()[0] + x.value()(0);
    sum += w(0) + w.data()[0] + w.span()[0] + w.value()(0);
    sum += y(0) + y.data()[0] + y.span()[0] + y.value()(0);
    const auto elements = x.value();
    CHECK(sum + elements(0) != 0);
    CHECK_NOTHROW(y.backward(vector{1, 1}));
    CHECK(w.has_grad());
}

TEST_CASE("what no gradient needs may be changed") {
    auto x = vector{1, 2}.requires_grad(true), w = vector{3, 4};
    auto y = x * w;         // dx needs w; nothing needs x
    {
        const auto guard = xg::no_grad{};
        x += 1;
    }
    CHECK_NOTHROW(y.backward(vector{1, 1}));
    CHECK(x.grad()(1) == 4);

    y = x + x;              // keeps nothing
    x(0) = 7;
    CHECK_NOTHROW(y.backward(vector{1, 1}));
}

TEST_CASE("a recorded result that was changed, though no rule keeps it") {
    for (const auto& each : changes) {
        CAPTURE(each.how);
        auto w = vector{3, 4}.requires_grad(true);
        auto y = w * 2;
        auto z = xg::sum(y);
        each.apply(y);
        z = z + xg::sum(y);
        CHECK_THROWS_WITH_AS(z.backward(),
                             "[backward] the result of multiply, of shape (2,), was written to after it was recorded; "
                             "write to a clone()",
                             xg::autograd_error);
        CHECK(!w.has_grad());
        y = vector{};       // whether or not a tensor stands for it
        CHECK_THROWS_AS(z.backward(), xg::autograd_error);
    }
}

TEST_CASE("a recorded result, changed through what shares its elements, and the other way round") {
    const auto parts = std::vector<std::function<xg::tensor<double>(const vector&)>>{
        [](const vector& y) { return xg::reshape(y, {2, 1}); },
        [](const vector& y) { return xg::flatten(xg::reshape(y, {1, 2})); },
        [](const vector& y) { return xg::view(y, xt::range(0, 1)); },
        [](const vector& y) { return xg::reshape(y.detach(), {2}); },
        [](const vector& y) { return xg::reshape(xg::expand_dims(y, 0), {2}).detach(); },
    };
    for (const auto& part_of : parts) {
        auto w = vector{3, 4}.requires_grad(true);
        const auto y = w * 2;
        auto part = part_of(y);
        part.data()[0] = 100;
        CHECK_THROWS_AS(xg::sum(y).backward(), xg::autograd_error);
        if (part.requires_grad()) CHECK_THROWS_AS(xg::sum(part).backward(), xg::autograd_error);

        auto h = w * 2;
        part = part_of(h);
        h(0) = 100;
        if (part.requires_grad()) CHECK_THROWS_AS(xg::sum(part).backward(), xg::autograd_error);
    }
}

TEST_CASE("a leaf, and what shares its elements, may be written to") {
    auto w = xg::tensor<double, 2>{{1, 2}, {3, 4}}.requires_grad(true);
    xg::view(w, 0)(1) = 5;
    w.detach()(1, 0) = 6;
    const auto row = xg::view(w, 1);
    w(1, 1) = 7;
    CHECK_NOTHROW(xg::sum(row).backward());
    CHECK(w(0, 1) == 5);
    CHECK(row(0) == 6);
    CHECK(w.grad()(1, 1) == 1);
}

TEST_CASE("changes before the operation and after backward are nobody's business") {
    auto x = vector{1, 2}, w = vector{3, 4}.requires_grad(true);
    for (auto step = 0; step < 3; ++step) {
        x(0) = step;
        x.value()(1) = step;
        (x * w).backward(vector{1, 1});
        const auto guard = xg::no_grad{};
        w -= 0.1;
        w.data()[0] += 1;
    }
    CHECK(w.grad()(0) == 3);
}

TEST_CASE("a value kept by two operations, changed between them") {
    auto x = vector{1, 2}, w = vector{3, 4}.requires_grad(true);
    const auto before = x * w;
    x(0) = 5;
    const auto after = x * w;
    CHECK_NOTHROW(after.backward(vector{1, 1}));
    CHECK(w.grad()(0) == 5);
    CHECK_THROWS_AS(before.backward(vector{1, 1}), xg::autograd_error);

    x(0) = 1;
    const auto again = x * w;
    x(1) = 7;
    static_cast<void>(x(1));
    CHECK_THROWS_AS(again.backward(vector{1, 1}), xg::autograd_error);
}

TEST_CASE("a change taken back is no change") {
    auto x = vector{1, 2}, w = vector{3, 4}.requires_grad(true);
    const auto y = x * w;
    x(0) = 5;
    x(0) = 1;
    CHECK_NOTHROW(y.backward(vector{1, 1}));
    CHECK(w.grad()(0) == 1);
}

TEST_CASE("every single element counts, wherever it stands") {
    for (const auto size : {1u, 3u, 4u, 5u, 8u, 31u, 100u})
        for (auto at = std::size_t{0}; at < size; ++at) {
            auto x = xg::zeros<float>({size}), w = xg::ones<float>({size}).requires_grad(true);
            const auto y = x * w;
            x(at) = 1e-30f;
            REQUIRE_THROWS_AS(y.backward(xg::ones<float>({size})), xg::autograd_error);
        }
}

TEST_CASE("kept values live as long as the graph needs them") {
    auto w = vector{3, 4}.requires_grad(true);
    auto y = xg::tensor<double>{};
    {
        auto x = vector{1, 2};
        const auto h = xg::tanh(x * w);
        y = h * h;
    }
    y.backward(vector{1, 1});
    const auto t = std::tanh(3.0);
    CHECK(w.grad()(0) == doctest::Approx(2 * t * (1 - t * t)));
}

TEST_CASE("in place while recording is an error where a gradient would be lost") {
    auto w = vector{3, 4}.requires_grad(true);
    CHECK_THROWS_AS(w += 1, xg::autograd_error);
    auto x = vector{1, 2};
    CHECK_THROWS_AS(x *= w, xg::autograd_error);
    CHECK_NOTHROW(x += 1);
}

TEST_CASE("an optional input that was not given is kept as nothing") {
    auto x = vector{1, 2}.requires_grad(true);
    const auto missing = xg::tensor<double>{};
    const auto y = xg::record("optional", xg::tensor<double>{x.clone()}, {x, missing}, xg::keep(missing),
                              [](const auto& dy, xg::gradients& d, const auto& kept) {
                                  CHECK(d.size() == 2);
                                  CHECK(!d.wants(1));
                                  CHECK(!kept().defined());
                                  d(0, [&] { return xg::tensor<double>{dy}; });
                              });
    y.backward(vector{1, 1});
    CHECK(x.has_grad());
}

TEST_CASE("an operation of many inputs") {
    auto inputs = std::vector<xg::tensor<double>>{};
    for (auto i = 0; i < 20; ++i) inputs.push_back(vector{1.0 * i}.requires_grad(i % 2 == 0));
    const auto graph_inputs = std::vector<xg::detail::input>(inputs.begin(), inputs.end());
    const auto y = xg::record("many", xg::tensor<double>{vector{1}}, graph_inputs, xg::keep(), [](const auto& dy, xg::gradients& d) {
        for (auto i = std::size_t{0}; i < d.size(); ++i) d(i, [&] { return xg::tensor<double>{dy * static_cast<double>(i)}; });
    });
    y.backward();
    for (auto i = 0u; i < 20; ++i) {
        CHECK(inputs[i].has_grad() == (i % 2 == 0));
        if (i % 2 == 0) CHECK(inputs[i].grad().item() == i);
    }
}
