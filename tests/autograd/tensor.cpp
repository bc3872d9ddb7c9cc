#include <doctest/doctest.h>

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/xtensor.hpp>
#include <xgrad/ops/arithmetic.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <ranges>
#include <span>
#include <sstream>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;

namespace {

template <class T>
std::vector<T> elements(const xg::tensor<T>& x) {
    return {x.span().begin(), x.span().end()};
}

template <class X>
concept stores_gradient = requires(X x) { x.grad(); } || requires(X x) { x.requires_grad(true); };
static_assert(stores_gradient<xg::tensor<float, 1>>);

}  // namespace

TEST_CASE("nested braces, for a rank that the type fixes") {
    const auto a = xg::tensor<float, 1>{1, 2, 3};
    CHECK(a.shape() == std::array<std::size_t, 1>{3});
    const auto b = xg::tensor<float, 2>{{1, 2, 3}, {4, 5, 6}};
    CHECK(b.shape() == std::array<std::size_t, 2>{2, 3});
    CHECK(elements<float>(b) == std::vector<float>{1, 2, 3, 4, 5, 6});
    const auto c = xg::tensor<double, 3>{{{1}, {2}}, {{3}, {4}}};
    CHECK(c.shape() == std::array<std::size_t, 3>{2, 2, 1});
    const auto d = xg::tensor<int, 4>{{{{1, 2}}}, {{{3, 4}}}};
    CHECK(d.shape() == std::array<std::size_t, 4>{2, 1, 1, 2});
    CHECK(d(1, 0, 0, 1) == 4);
    const auto mask = xg::tensor<bool, 1>{true, false};
    CHECK(mask(0));
    CHECK(!mask(1));
    const auto column = xg::tensor<float, 2>{{1}, {2}};
    CHECK(column.shape() == std::array<std::size_t, 2>{2, 1});
    const auto none = xg::tensor<float, 2>{{}, {}};
    CHECK(none.shape() == std::array<std::size_t, 2>{2, 0});
}

TEST_CASE("nested braces, for any rank") {
    CHECK(xg::tensor<float>{1, 2, 3}.shape() == xg::shape{3});
    CHECK(xg::tensor<float>{{1, 2, 3}, {4, 5, 6}}.shape() == xg::shape{2, 3});
    CHECK(xg::tensor<float>{{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}, {{9, 10}, {11, 12}}}.shape() == xg::shape{3, 2, 2});
    CHECK(xg::tensor<float>{{{{1, 2}, {3, 4}}}, {{{5, 6}, {7, 8}}}}.shape() == xg::shape{2, 1, 2, 2});
}

TEST_CASE("ragged braces") {
    CHECK_THROWS_WITH_AS((xg::tensor<float, 2>{{1, 2}, {3}}), "[tensor] braces of unequal length: 1 where the first has 2",
                         xg::shape_error);
    CHECK_THROWS_AS((xg::tensor<float, 2>{{}, {1}}), xg::shape_error);
    CHECK_THROWS_AS((xg::tensor<float, 3>{{{1, 2}}, {{1, 2}, {3, 4}}}), xg::shape_error);
    CHECK_THROWS_AS((xg::tensor<float, 3>{{{1, 2}, {3, 4}}, {{1, 2}, {3}}}), xg::shape_error);
}

TEST_CASE("element type and rank from what is given") {
    static_assert(std::is_same_v<decltype(xg::tensor{1.5f}), xg::tensor<float, 1>>);
    static_assert(std::is_same_v<decltype(xg::tensor(1.5)), xg::tensor<double, 0>>);
    static_assert(std::is_same_v<decltype(xg::tensor{1.0, 2.0}), xg::tensor<double, 1>>);
    static_assert(std::is_same_v<decltype(xg::tensor{{1, 2}, {3, 4}}), xg::tensor<int, 2>>);
    static_assert(std::is_same_v<decltype(xg::tensor(xt::xarray<double>{})), xg::tensor<double>>);
    CHECK(xg::tensor{{1, 2}, {3, 4}}(1, 0) == 3);
}

TEST_CASE("a scalar") {
    const auto x = xg::tensor<float, 0>(2.5f);
    CHECK(x.rank() == 0);
    CHECK(x.size() == 1);
    CHECK(x.item() == 2.5f);
    CHECK(x() == 2.5f);
    CHECK(xg::tensor<double>(2.0).shape() == xg::shape{});
}

TEST_CASE("from a span with a shape") {
    const auto values = std::vector<float>{1, 2, 3, 4, 5, 6};
    const auto x = xg::tensor<float, 2>(values, {2, 3});
    CHECK(x(1, 2) == 6);
    CHECK(xg::tensor<float>(values, {3, 2, 1}).shape() == xg::shape{3, 2, 1});
    CHECK_THROWS_WITH_AS(xg::tensor<float>(values, {2, 2}), "[tensor] 6 values for the shape (2, 2), which has 4", xg::shape_error);
    CHECK_THROWS_AS((xg::tensor<float, 2>(values, {6})), xg::rank_error);
    CHECK_THROWS_AS(xg::tensor<float>(values, {std::size_t{1} << 40, std::size_t{1} << 40}), xg::shape_error);
}

TEST_CASE("from xtensor's containers, expressions and views, in any layout") {
    const auto rows = xt::xarray<double>{{1, 2, 3}, {4, 5, 6}};
    CHECK(elements(xg::tensor<double>(rows)) == std::vector<double>{1, 2, 3, 4, 5, 6});
    const auto columns = xt::xarray<double, xt::layout_type::column_major>{{1, 2, 3}, {4, 5, 6}};
    CHECK(elements(xg::tensor<double>(columns)) == std::vector<double>{1, 2, 3, 4, 5, 6});
    CHECK(elements<float>(xg::tensor<float, 2>(columns * 2)) == std::vector<float>{2, 4, 6, 8, 10, 12});
    const xg::tensor<float, 2> from_fixed = xt::xtensor<int, 2>{{1, 2}, {3, 4}};
    CHECK(from_fixed(1, 1) == 4);
    CHECK_THROWS_WITH_AS((xg::tensor<double, 1>(rows)), "[tensor] a tensor with 1 axes cannot have the shape (2, 3)", xg::rank_error);
    const xg::tensor<double> scalar = xt::xarray<double>(7.0);
    CHECK(scalar.item() == 7);
    CHECK(scalar.rank() == 0);
}

TEST_CASE("a copy of the handle shares the elements; clone and detach") {
    auto x = xg::tensor<float, 1>{1, 2};
    auto same = x;
    same(0) = 5;
    CHECK(x(0) == 5);
    auto copy = x.clone();
    copy(0) = 7;
    CHECK(x(0) == 5);
    auto apart = x.detach();
    apart(1) = 9;
    CHECK(x(1) == 9);

    x.requires_grad(true);
    CHECK(same.requires_grad());
    CHECK(!x.clone().requires_grad());
    CHECK(!x.detach().requires_grad());
    auto& itself = x;
    x = std::move(itself);
    CHECK(x(0) == 5);
    x = itself;
    CHECK(x(0) == 5);
    x = xg::tensor<float, 1>{3};
    CHECK(same(0) == 5);
    CHECK(x.size() == 1);
}

TEST_CASE("static rank to dynamic, silently; back again, checked") {
    const auto x = xg::tensor<float, 2>{{1, 2}, {3, 4}};
    xg::tensor<float> any = x;
    CHECK(any.data() == x.data());
    const xg::tensor<float, 2> back = any;
    CHECK(back.data() == x.data());
    static_assert(!std::is_convertible_v<xg::tensor<float, 2>, xg::tensor<float, 1>>);
    static_assert(!std::is_convertible_v<xg::tensor<float, 2>, xg::tensor<double, 2>>);
    CHECK_THROWS_WITH_AS((xg::tensor<float, 1>{any}), "[tensor] a tensor with 1 axes cannot hold the shape (2, 2)", xg::rank_error);
    CHECK_THROWS_AS((xg::tensor<float, 3>{std::move(any)}), xg::rank_error);
    CHECK(any.defined());   // a move that throws has moved nothing
    const xg::tensor<float, 3> undefined = xg::tensor<float>{};
    CHECK(!undefined.defined());
}

TEST_CASE("sizes") {
    const auto x = xg::tensor<float, 3>{{{1, 2}, {3, 4}, {5, 6}}};
    CHECK(x.rank() == 3);
    CHECK(x.dimension() == 3);
    CHECK(x.size() == 6);
    CHECK(!x.empty());
    CHECK(x.shape(0) == 1);
    CHECK(x.shape(-1) == 2);
    CHECK_THROWS_WITH_AS(x.shape(3), "[shape] axis 3 is out of range for 3 axes", xg::index_error);
    CHECK(xg::zeros<float>({2, 0}).empty());
}

TEST_CASE("elements by index") {
    auto x = xg::tensor<float, 2>{{1, 2, 3}, {4, 5, 6}};
    CHECK(x(1, 0) == 4);
    CHECK(x(-1, -1) == 6);
    CHECK(x(std::size_t{1}, std::int8_t{-3}) == 4);
    x(0, 2) = 9;
    CHECK(std::as_const(x)(0, -1) == 9);
    CHECK_THROWS_WITH_AS(x(2, 0), "[tensor] index 2 is out of range for axis 0 of size 2", xg::index_error);
    CHECK_THROWS_WITH_AS(x(0, -4), "[tensor] index -4 is out of range for axis 1 of size 3", xg::index_error);
    CHECK_THROWS_AS(x(0, std::numeric_limits<std::size_t>::max() / 2), xg::index_error);
    CHECK_THROWS_WITH_AS(x(0), "[tensor] 1 indices for 2 axes", xg::rank_error);
    CHECK_THROWS_AS(std::as_const(x)(0, 0, 0), xg::rank_error);
    CHECK_THROWS_WITH_AS(x.item(), "[item] one element wanted, the shape is (2, 3)", xg::shape_error);
    CHECK_THROWS_AS(xg::zeros<float>({0}).item(), xg::shape_error);
    CHECK_THROWS_AS(xg::zeros<float>({0})(0), xg::index_error);
    CHECK(xg::tensor<float, 2>{{8}}.item() == 8);
}

TEST_CASE("elements by pointer and span") {
    auto x = xg::tensor<float, 2>{{1, 2}, {3, 4}};
    x.data()[3] = 8;
    x.span()[0] = 7;
    CHECK(elements<float>(x) == std::vector<float>{7, 2, 3, 8});
    static_assert(std::is_same_v<decltype(std::as_const(x).data()), const float*>);
    static_assert(std::is_same_v<decltype(std::as_const(x).span()), std::span<const float>>);
    CHECK(reinterpret_cast<std::uintptr_t>(x.data()) % 64 == 0);
}

TEST_CASE("the elements one after the other") {
    auto x = xg::tensor<float, 2>{{1, 2}, {3, 4}};
    using range = xg::tensor<float, 2>;
    static_assert(std::ranges::random_access_range<range> && std::ranges::sized_range<range>);
    static_assert(!std::ranges::contiguous_range<range> && !std::ranges::contiguous_range<const range>);
    static_assert(!std::ranges::borrowed_range<range>);
    static_assert(!std::is_constructible_v<std::span<const float>, range>);
    static_assert(!std::is_constructible_v<std::span<const float>, const range&>);
    static_assert(std::is_same_v<std::ranges::range_reference_t<const range>, const float&>);
    static_assert(std::random_access_iterator<xg::element_iterator<const float>>);

    auto sum = 0.f;
    for (const auto value : std::as_const(x)) sum += value;
    for (const auto value : x * 2) sum += value;      // a temporary lives as long as the loop
    CHECK(sum == 30);
    for (auto& value : x) value += 1;
    CHECK(std::vector<float>(x.begin(), x.end()) == std::vector<float>{2, 3, 4, 5});
    std::ranges::sort(x, std::greater<>{});
    CHECK(x(0, 0) == 5);
    CHECK(*std::ranges::min_element(x) == 2);
    CHECK(std::accumulate(x.begin(), x.end(), 0.f) == 14);
    static_assert(std::is_same_v<decltype(std::ranges::find(x + 1, 2.f)), std::ranges::dangling>);
    CHECK(x.end() - x.begin() == 4);
    CHECK(x.begin()[3] == 2);
    CHECK(std::as_const(x).begin() == x.begin());
    CHECK(std::ranges::equal(xg::zeros<float>({0, 3}), std::vector<float>{}));
    auto flags = xg::tensor<bool>{true, false};
    *flags.begin() = false;
    CHECK(std::ranges::none_of(flags, std::identity{}));
}

TEST_CASE("writing through an iterator is a change like any other") {
    auto x = xg::tensor<double, 1>{1, 2}, w = xg::tensor<double, 1>{3, 4}.requires_grad(true);
    auto y = x * w;
    CHECK(std::accumulate(x.begin(), x.end(), 0.0) == 3);
    CHECK_NOTHROW(y.backward(xg::ones<double>({2})));
    y = x * w;
    *x.begin() = 5;
    CHECK_THROWS_AS(y.backward(xg::ones<double>({2})), xg::autograd_error);
}

TEST_CASE("a tensor of integers is no range of axes or sizes") {
    static_assert(!xg::integral_range<xg::tensor<int, 1>>);
    static_assert(!xg::integral_range<xg::tensor<std::int64_t>>);
    static_assert(!std::is_constructible_v<xg::shape, xg::tensor<int, 1>>);
    static_assert(!std::is_convertible_v<xg::tensor<int, 1>, xg::shape>);
}

TEST_CASE("the span of a temporary keeps the elements, and turns into no std::span") {
    const auto doubled = [] { return xg::tensor<float, 1>{1, 2, 3} * 2; };
    auto sum = 0.f;
    for (const auto value : doubled().span()) sum += value;
    CHECK(sum == 12);
    const auto kept = doubled().span();
    const auto others = doubled().span();            // which would take the place of what was freed
    CHECK(kept.size() == 3);
    CHECK(kept[2] == 6);
    CHECK(kept.front() + kept.back() == 8);
    CHECK(kept.data() != others.data());
    CHECK(std::ranges::equal(kept, others));
    static_assert(!std::is_constructible_v<std::span<const float>, decltype(doubled().span())>);
    static_assert(!std::is_constructible_v<std::span<float>, decltype(doubled().span())>);
    static_assert(!std::is_constructible_v<std::span<const float>, const decltype(doubled().span())&>);
    auto copy = kept;
    copy = others;
    CHECK(copy.data() == others.data());
    // Where the temporary shares elements, they can be written to.
    auto x = xg::tensor<float, 1>{1, 2};
    x.detach().span()[1] = 5;
    CHECK(x(1) == 5);
    CHECK(x.detach().value()(1) == 5);
}

TEST_CASE("a gradient is held by its leaf") {
    auto w = xg::tensor<float, 1>{1, 2}.requires_grad(true);
    const float* const zeros = w.grad().data();
    const auto of_zeros = w.grad().span();
    CHECK(zeros[0] + of_zeros[1] == 0);
    CHECK(!w.has_grad());
    xg::detail::add_same<float>(w, w).backward(xg::ones<float>({2}));
    const float* const pointer = w.grad().data();
    const std::span<float> span = w.grad().span();
    CHECK(pointer[0] + span[1] == 4);
    for (auto& value : w.grad().span()) value *= 2;
    CHECK(*w.grad().begin() == 4);
    static_assert(std::is_same_v<decltype(std::as_const(w).grad().data()), float*>);
    auto g = w.grad();
    g = g.clone();                                   // a handle like any other
    g(0) = 7;
    CHECK(w.grad()(0) == 4);
    const xg::tensor<float, 1> same = w.grad();
    CHECK(same.data() == w.grad().data());
    const xg::tensor<float> any = w.grad();
    CHECK(any.rank() == 1);
    w.zero_grad();
    CHECK(w.grad()(0) == 0);
}

TEST_CASE("a shape prints, compares, decomposes and converts") {
    const auto x = xg::tensor<float, 2>{{1, 2, 3}, {4, 5, 6}};
    auto out = std::ostringstream{};
    out << x.shape() << xg::tensor<float>(x).shape() << xg::zeros<float>({4}).shape() << xg::tensor<float, 0>(1.f).shape();
    CHECK(out.str() == "(2, 3)(2, 3)(4,)()");
    CHECK(xg::to_string(x.shape()) == "(2, 3)");
    const auto [rows, columns] = x.shape();
    CHECK(rows == 2);
    CHECK(columns == 3);
    const std::array<std::size_t, 2> sizes = x.shape();
    CHECK(x.shape() == sizes);
    CHECK(sizes == x.shape());
    CHECK(x.shape() == x.clone().shape());
    CHECK(x.shape() == xg::shape{2, 3});
    CHECK(xg::tensor<float>(x).shape() == x.shape());
    CHECK(x.shape() != std::array<std::size_t, 2>{3, 2});
    CHECK(std::get<1>(x.shape()) == 3);
    CHECK(x.shape().size() == 2);
    static_assert(std::is_same_v<decltype(xg::zeros<float>(x.shape())), xg::tensor<float, 2>>);
    static_assert(std::tuple_size_v<decltype(x.shape())> == 2);
    // xtensor takes it for a std::array.
    auto numbers = std::vector<float>(6, 1.f);
    const auto adapted = xt::adapt(numbers, x.shape());
    static_assert(std::is_same_v<std::decay_t<decltype(adapted.shape())>, std::array<std::size_t, 2>>);
    CHECK(adapted.shape() == x.shape());
    CHECK(xt::xtensor<float, 2>(x.shape()).size() == 6);
    CHECK(xt::xarray<float>::from_shape(x.shape()).dimension() == 2);
}

TEST_CASE("from ranges of numbers") {
    const auto values = std::vector<float>{1, 2, 3};
    const auto x = xg::tensor<float, 1>(values);
    CHECK(elements<float>(x) == values);
    CHECK(xg::tensor<float>(values).shape() == xg::shape{3});
    CHECK(elements<float>(xg::tensor<float, 1>{values}) == values);
    CHECK(elements<float>(xg::tensor<float, 1>(std::span{values}.first(2))) == std::vector<float>{1, 2});
    CHECK(elements<float>(xg::tensor<float, 1>(std::array{4, 5})) == std::vector<float>{4, 5});
    const double c_array[] = {0.1, 0.2};
    CHECK(xg::tensor<float, 1>(c_array)(0) == 0.1f);      // rounded
    CHECK(xg::tensor<bool, 1>(std::vector<bool>{true, false})(0));
    CHECK(xg::tensor<int, 1>(std::deque{3, 4, 5})(2) == 5);
    CHECK(xg::tensor<std::int64_t, 1>(xg::zeros<float>({2, 7}).shape())(1) == 7);
    CHECK(xg::tensor<float, 1>(std::vector<float>{}).shape() == xg::shape{0});
    static_assert(std::is_same_v<decltype(xg::tensor(values)), xg::tensor<float, 1>>);
    static_assert(std::is_same_v<decltype(xg::tensor(std::vector<std::vector<double>>{})), xg::tensor<double, 2>>);

    const auto rows = std::vector<std::vector<int>>{{1, 2, 3}, {4, 5, 6}};
    const auto m = xg::tensor<float, 2>(rows);
    CHECK(m.shape() == xg::shape{2, 3});
    CHECK(m(1, 0) == 4);
    CHECK(xg::tensor<float>(rows).shape() == xg::shape{2, 3});
    CHECK_THROWS_WITH_AS((xg::tensor<float, 2>(std::vector<std::vector<int>>{{1, 2}, {3}})),
                         "[tensor] ranges of unequal length: 1 where the first has 2", xg::shape_error);
    CHECK_THROWS_WITH_AS((xg::tensor<std::int8_t, 1>(std::vector<int>{127, 128})), "[tensor] 128 does not fit into int8",
                         xg::value_error);
    CHECK_THROWS_AS((xg::tensor<unsigned, 1>(std::vector<int>{-1})), xg::value_error);
    CHECK_THROWS_AS((xg::tensor<int, 1>(std::vector<unsigned>{4'000'000'000u})), xg::value_error);
    CHECK(xg::tensor<std::int64_t, 1>(std::vector<std::uint8_t>{255})(0) == 255);
}

TEST_CASE("value() is an xtensor adaptor that reads, writes and keeps alive") {
    auto x = xg::tensor<float, 2>{{1, 2}, {3, 4}};
    auto v = x.value();
    CHECK(v.dimension() == 2);
    CHECK(v(1, 0) == 3);
    v(1, 0) = 30;
    CHECK(x(1, 0) == 30);
    v *= 2;
    CHECK(elements<float>(x) == std::vector<float>{2, 4, 60, 8});
    v = xt::xarray<float>{{1, 2}, {3, 4}} + 1;
    CHECK(elements<float>(x) == std::vector<float>{2, 3, 4, 5});

    static_assert(!std::is_assignable_v<decltype(std::as_const(x).value()(0, 0)), float>);
    x = {};
    CHECK(v(1, 1) == 5);

    const auto of_temporary = xg::tensor<double>{{1, 2, 3}}.value();
    CHECK(of_temporary(0, 2) == 3);
    CHECK(xt::xarray<double>(of_temporary * 2)(0, 1) == 4);
    CHECK(xg::tensor<float>(1.5f).value()() == 1.5f);
    CHECK(xg::tensor<bool, 1>{true}.value()(0));
}

TEST_CASE("assigning one value() to another copies elements, as between xtensor's containers") {
    auto x = xg::zeros<float>({2, 2});
    auto y = xg::tensor<float, 2>{{1, 2}, {3, 4}};
    x.value() = y.value();
    CHECK(elements<float>(x) == std::vector<float>{1, 2, 3, 4});
    y(0, 0) = 9;
    CHECK(x(0, 0) == 1);
    x.value() = std::as_const(y).value();
    CHECK(x(0, 0) == 9);
    auto any = xg::tensor<double>{1, 2};
    any.value() = xg::tensor<double>{3, 4}.value();
    CHECK(elements(any) == std::vector<double>{3, 4});
    CHECK_THROWS_AS((any.value() = xg::tensor<double>{3, 4, 5}.value()), xg::shape_error);
    auto mask = xg::tensor<bool, 1>{true, true};
    mask.value() = !mask.value();
    CHECK(!mask(0));
}

TEST_CASE("a tensor without a value") {
    auto x = xg::tensor<float>{};
    CHECK(!x.defined());
    CHECK(!x.requires_grad());
    CHECK_THROWS_WITH_AS(x.rank(), "[tensor] used before it was given a value", xg::error);
    CHECK_THROWS_AS(x.data(), xg::error);
    CHECK_THROWS_AS(std::as_const(x).data(), xg::error);
    CHECK_THROWS_AS(x.value(), xg::error);
    CHECK_THROWS_AS(x.item(), xg::error);
    CHECK_THROWS_AS(x.clone(), xg::error);
    CHECK_THROWS_AS(x.detach(), xg::error);
    CHECK_THROWS_AS(x.requires_grad(true), xg::error);
    CHECK_THROWS_AS(x.backward(), xg::error);
    CHECK_THROWS_AS(x(0), xg::error);
    CHECK_THROWS_AS(x.grad(), xg::error);
    const auto copy = x;
    CHECK(!copy.defined());
}

TEST_CASE("asking for a gradient") {
    auto x = xg::tensor<float, 1>{1, 2};
    CHECK(x.is_leaf());
    CHECK(!x.requires_grad());
    CHECK_THROWS_WITH_AS(x.grad(), "[grad] the tensor does not require a gradient; call requires_grad(true) before using it",
                         xg::autograd_error);
    CHECK(!x.has_grad());
    CHECK_NOTHROW(x.zero_grad());
    x.requires_grad(true);
    x.requires_grad(true);
    CHECK(x.requires_grad());
    CHECK(x.is_leaf());
    CHECK(!x.has_grad());
    CHECK(elements<float>(x.grad()) == std::vector<float>{0, 0});
    static_assert(std::is_base_of_v<xg::tensor<float, 1>, decltype(x.grad())>);
    x.requires_grad(false);
    CHECK(!x.requires_grad());

    const auto y = xg::detail::add_same<float>(xg::ones<float>({2}).requires_grad(true), x);
    CHECK(!y.is_leaf());
    CHECK(y.requires_grad());
    CHECK_THROWS_WITH_AS([](auto copy) { copy.requires_grad(false); }(y),
                         "[requires_grad] only a leaf can be asked; this tensor is the recorded result of add; detach() it first",
                         xg::autograd_error);
    CHECK_THROWS_WITH_AS(y.grad(), "[grad] the tensor is the result of add; only leaves store a gradient, "
                         "and what retain_grad was called for", xg::autograd_error);
    CHECK(!y.has_grad());
}

TEST_CASE("integers and truth values do not differentiate") {
    auto x = xg::tensor<std::int64_t, 1>{1, 2};
    CHECK(!x.requires_grad());
    CHECK(x.is_leaf());
    CHECK(!x.has_grad());
    CHECK_NOTHROW(x.zero_grad());
    CHECK_THROWS_AS((xg::tensor<int, 0>(1).backward()), xg::autograd_error);
    static_assert(!stores_gradient<decltype(x)>);
}

TEST_CASE("shapes beyond memory") {
    CHECK_THROWS_AS(xg::zeros<float>({std::size_t{1} << 32, std::size_t{1} << 32}), xg::shape_error);
    CHECK(xg::zeros<float>({0, std::size_t{1} << 40, std::size_t{1} << 40}).empty());
}
