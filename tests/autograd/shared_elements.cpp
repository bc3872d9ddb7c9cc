// Tensors as xtensor sees them. Compiled, besides, with the settings of xtensor that change how its own containers are
// laid out: a tensor stays row by row.
#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace xg = xgrad;

namespace {

template <class Adaptor>
void check_rows(const Adaptor& seen) {
    static_assert(std::remove_cvref_t<Adaptor>::static_layout == xt::layout_type::row_major);
    CHECK(seen(0, 0) == 1);
    CHECK(seen(0, 1) == 2);
    CHECK(seen(1, 0) == 3);
    CHECK(seen(1, 1) == 4);
    auto i = std::size_t{0};
    for (const auto value : seen.storage()) CHECK(value == static_cast<float>(++i));
}

}  // namespace

TEST_CASE("xtensor sees the elements where they are") {
    auto fixed = xg::tensor<float, 2>{{1, 2}, {3, 4}};
    auto dynamic = xg::tensor<float>(fixed);
    check_rows(fixed.value());
    check_rows(dynamic.value());
    check_rows(std::as_const(fixed).value());
    check_rows(std::as_const(dynamic).value());
    fixed.value()(0, 1) = 7;
    CHECK(dynamic(0, 1) == 7);
}

TEST_CASE("what xtensor lays out in another way comes row by row") {
    check_rows(xg::tensor<float, 2>(xt::xarray<float>{{1, 2}, {3, 4}}).value());
    check_rows(xg::tensor<float>(xt::xtensor<float, 2>{{1, 2}, {3, 4}}).value());
    check_rows(xg::tensor<float>(xt::xarray<float, xt::layout_type::column_major>{{1, 2}, {3, 4}}).value());
    check_rows(xg::tensor<float>(xt::xarray<float, xt::layout_type::row_major>{{1, 2}, {3, 4}} + 0).value());
    auto x = xg::zeros<float>({2, 2});
    auto seen = x.value();
    seen = xt::xarray<float>{{0, 1}, {2, 3}} + 1;
    check_rows(x.value());
    seen = xt::xarray<float, xt::layout_type::column_major>{{1, 2}, {3, 4}};
    check_rows(x.value());
}

TEST_CASE("xtensor computes with elements that begin anywhere") {
    const auto x = xg::arange<float>(5 * 67);
    for (auto from = std::size_t{0}; from < 5; ++from) {
        const auto part = xg::detail::make_view(x, {67}, from);
        const xg::tensor<float, 1> sum = part.value() + 2 * part.value();
        const xt::xarray<float> copy = part.value();
        for (auto i = std::size_t{0}; i < 67; ++i) {
            CHECK(sum(i) == 3 * static_cast<float>(from + i));
            CHECK(copy(i) == static_cast<float>(from + i));
        }
    }
}
