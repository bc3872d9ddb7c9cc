#include <iomanip>   // first: its names must not meet those of a program

#include <doctest/doctest.h>

#include <xgrad/autograd/capture.hpp>
#include <xgrad/autograd/checkpoint.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/custom.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/view.hpp>

#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace xg = xgrad;

namespace {

using names = std::vector<std::string>;

names operations_of(const xg::program& of) {
    auto list = names{};
    for (const auto& each : of.operations) list.push_back(each.name);
    return list;
}

const auto x = xg::tensor<double, 2>{{1, 2, 3}, {4, 5, 6}};

}  // namespace

TEST_CASE("a program has the operations, their attributes, inputs, constants and shapes") {
    const auto weight = xg::ones<double>({3, 2});
    const auto program = xg::capture([&](const auto& v) { return xg::sum(xg::matmul(v, weight) * 2, 0, xg::keep_dims); }, x);
    CHECK(xg::to_string(program) == "program(a0: float64 (2, 3))\n"
                                    "    constant c1: float64 (3, 2)\n"
                                    "    v2: float64 (2, 2) = matmul(a=a0, b=c1, transpose_a=false, transpose_b=false)\n"
                                    "    v3: float64 (2, 2) = multiply(a=v2, b=2)\n"
                                    "    v4: float64 (1, 2) = sum(x=v3, axes=(0,), keep_dims=true)\n"
                                    "    return v4\n");
    auto stream = std::ostringstream{};
    stream << program;
    CHECK(stream.str() == xg::to_string(program));
    CHECK(xg::array_equal(program.values[1].constant.as<double>(), weight));
    CHECK_THROWS_WITH_AS(program.values[1].constant.as<float>(), "[any_tensor] asked for float32, holds float64", xg::dtype_error);
}

TEST_CASE("an operation has those it is made of beneath it") {
    const auto program = xg::capture([](const auto& v, const auto& t) { return xg::l1_loss(v, t); }, x, x);
    CHECK(operations_of(program) == names{"l1_loss"});
    auto inside = names{};
    for (const auto& each : program.operations[0].made_of) inside.push_back(each.name);
    CHECK(inside == names{"map", "mean"});
    CHECK(program(x, x + 1).item() == 1);
}

TEST_CASE("a program runs on other arguments, and is recorded where they ask for it") {
    const auto f = [](const auto& v, const auto& w) { return xg::exp(v) * w + xg::view(v, xt::all(), xt::range(0, 1)); };
    const auto program = xg::capture(f, x, x);
    auto a = xg::randn<double>({2, 3}).requires_grad(true), b = xg::randn<double>({2, 3}).requires_grad(true);
    CHECK(xg::array_equal(program(a, b), f(a, b)));
    xg::sum(program(a, b)).backward();
    const auto [da, db] = xg::grad([&](const auto& v, const auto& w) { return xg::sum(f(v, w)); })(a.detach(), b.detach());
    CHECK(xg::array_equal(a.grad(), da));
    CHECK(xg::array_equal(b.grad(), db));
}

TEST_CASE("a program has a text of its own where the caller's is gone") {
    auto text = std::string{"twice"};
    const auto program = xg::capture([&](const auto& v) {
        return xg::detail::call("scaled", {"x", "by"}, [](const xg::tensor<double>& u, const char* by) {
            return xg::tensor<double>{u * (std::string{by} == "twice" ? 2.0 : 3.0)};
        }, xg::tensor<double>{v}, text.c_str());
    }, x);
    text.assign("three");   // in the same place
    CHECK(xg::array_equal(program(x), x * 2.0));
}

TEST_CASE("arguments and results are tensors, lists of them, pairs and tuples") {
    const auto f = [](const std::vector<xg::tensor<double, 2>>& parts, const auto& v) {
        return std::pair{xg::concat(parts, 1), std::vector{v * 2, v}};
    };
    const auto parts = std::vector{x, x + 1};
    const auto program = xg::capture(f, parts, x);
    const auto [joined, others] = program(parts, x);
    CHECK(xg::array_equal(joined, xg::concat({x, x + 1}, 1)));
    REQUIRE(others.size() == 2);
    CHECK(xg::array_equal(others[0], x * 2));
    CHECK(xg::array_equal(others[1], x));
}

TEST_CASE("map, custom operations, checkpoints and derivatives are operations with a function in them") {
    constexpr auto cube = xg::custom(
        "cube", [](const auto& v) { return v * v * v; }, [](const auto& dy, const auto&, const auto& v) { return dy * 3 * v * v; });
    const auto f = [&](const auto& v) {
        const auto mapped = xg::map([](const auto& each) { return each * each; }, v);
        const auto slope = xg::grad([](const auto& w) { return xg::sum(w * w); })(v);
        const auto cubes = cube(mapped);
        return cubes + xg::checkpoint([](const auto& w) { return xg::exp(w); }, slope);
    };
    const auto program = xg::capture(f, x);
    CHECK(operations_of(program) == names{"map", "value_and_grad", "cube", "checkpoint", "add"});
    CHECK(xg::array_equal(program(x), f(x)));
    CHECK(xg::array_equal(program(x * 0.5), f(xg::tensor<double, 2>{x * 0.5})));
}

TEST_CASE("random numbers are drawn anew") {
    const auto program = xg::capture([](const auto& v) { return v + xg::randn<double>({2, 3}); }, x);
    CHECK(operations_of(program) == names{"randn", "add"});
    xg::manual_seed(5);
    const auto first = program(x), second = program(x);
    CHECK(!xg::array_equal(first, second));
    xg::manual_seed(5);
    CHECK(xg::array_equal(program(x), first));
}

TEST_CASE("random numbers beside operations are an error: they would be drawn once") {
    const auto drawn = [](const auto& v) { return v * xg::with_default_generator([](xg::generator& numbers) { return numbers.uniform<double>(); }); };
    CHECK_THROWS_WITH_AS(xg::capture(drawn, x), doctest::Contains("default generator outside of operations"), xg::autograd_error);
    const auto seeded = [](const auto& v) {
        xg::manual_seed(1);
        return v + xg::randn<double>({2, 3});
    };
    CHECK_THROWS_AS(xg::capture(seeded, x), xg::autograd_error);
    const auto at_the_end = [](const auto& v) {
        const auto y = v + xg::randn<double>({2, 3});
        xg::manual_seed(1);
        return y;
    };
    CHECK_THROWS_AS(xg::capture(at_the_end, x), xg::autograd_error);
    const auto own = [](const auto& v) { return v * xg::generator{7}.uniform<double>(); };   // the same at each call
    CHECK(xg::array_equal(xg::capture(own, x)(x), own(x)));
}

TEST_CASE("what a program could not know is an error") {
    using xg::autograd_error;
    CHECK_THROWS_WITH_AS(xg::capture([](const auto& v) { return v * v(0, 0); }, x), doctest::Contains("reads the elements"), autograd_error);
    CHECK_THROWS_WITH_AS(xg::capture([](const auto& v) { return v * xg::sum(v).item(); }, x), doctest::Contains("reads the elements"),
                         autograd_error);
    CHECK_THROWS_AS(xg::capture([](const auto& v) {
                        auto y = v * 2;
                        y += 1;
                        return y;
                    }, x), autograd_error);
    auto state = xg::zeros<double>({2, 3});
    CHECK_THROWS_WITH_AS(xg::capture([&](const auto& v) {
                             const auto y = v + state;
                             state += 1;
                             return y;
                         }, x), doctest::Contains("changed in place"), autograd_error);
    CHECK_THROWS_WITH_AS(xg::capture([](const auto& v) {
                             auto w = v.detach().requires_grad(true);
                             xg::sum(w * w).backward();
                             return v;
                         }, x), doctest::Contains("backward"), autograd_error);
    CHECK_THROWS_WITH_AS(xg::capture([&](const auto& v) {
                             state += 1;   // nothing has seen it yet
                             return v + state;
                         }, x), doctest::Contains("changes a tensor in place"), autograd_error);
    CHECK_THROWS_WITH_AS(xg::capture([&](const auto& v) {
                             const auto y = v + 1;
                             state += 1;
                             return y;
                         }, x), doctest::Contains("changes a tensor in place"), autograd_error);
    CHECK_THROWS_AS(xg::capture([](const auto& v) { return xg::matmul(v, v); }, x), xg::shape_error);
    CHECK((x * 2)(0, 0) == 2);   // and afterwards all is as before
}

TEST_CASE("a program asks for the arguments it was captured with") {
    const auto program = xg::capture([](const auto& v) { return xg::exp(v); }, xg::tensor<double>{x});
    CHECK_THROWS_WITH_AS(program(xg::zeros<double>({3, 2})), "[program] argument 0 is (3, 2), captured as (2, 3)", xg::shape_error);
    CHECK_THROWS_AS(program.run({}), xg::value_error);
    const auto single = std::vector<xg::any_tensor>{xg::zeros<float>({2, 3})};
    CHECK_THROWS_WITH_AS(program.run(single), "[program] argument 0 is float32, captured as float64", xg::dtype_error);
}

TEST_CASE("a program is a function like others: it can be captured") {
    const auto program = xg::capture([](const auto& v) { return xg::exp(v) * 2; }, x);
    const auto again = xg::capture([&](const auto& v) { return program(v) + 1; }, x);
    CHECK(operations_of(again) == names{"exp", "multiply", "add"});
    CHECK(xg::array_equal(again(x), xg::exp(x) * 2 + 1));
}

TEST_CASE("a program is drawn") {
    const auto drawing = xg::to_dot(xg::capture([](const auto& v) { return xg::sum(v, 1); }, x));
    CHECK(drawing.starts_with("digraph program {"));
    CHECK(drawing.find("op0 [shape=box, label=\"sum\\naxes=(1,)\\nkeep_dims=false\"];") != std::string::npos);
    CHECK(drawing.find("a0 -> op0 [label=\"x (2, 3)\"];") != std::string::npos);
}

TEST_CASE("integers are arguments like others") {
    const auto indices = xg::tensor<std::int64_t, 1>{1, 0, -1}, others = xg::tensor<std::int64_t, 1>{0, 0, 1};
    const auto chosen = xg::capture([](const auto& v, const auto& at) { return xg::take(v, at); }, x, indices);
    CHECK(operations_of(chosen) == names{"take"});
    CHECK(xg::array_equal(chosen(x, others), xg::take(x, others)));
    const auto hot = xg::capture([](const auto& at) { return xg::one_hot<double>(at * at, 2); }, indices);
    CHECK(xg::array_equal(hot(others), xg::one_hot<double>(others, 2)));
    CHECK_THROWS_WITH_AS(xg::capture([](const auto& at) { return at + at(0); }, indices), doctest::Contains("reads the elements"),
                         xg::autograd_error);
}

TEST_CASE("a result may lack a tensor") {
    const auto f = [](const auto& v) { return std::pair{v + 1, xg::tensor<double, 2>{}}; };
    const auto program = xg::capture(f, x);
    CHECK(xg::array_equal(program(x * 2).first, x * 2 + 1));
    CHECK(!program(x).second.defined());
}
