#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/nn/flatten.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/sequential.hpp>

#include <cstddef>
#include <type_traits>

namespace xg = xgrad;
namespace nn = xgrad::nn;

TEST_CASE("flatten: axes made one") {
    const auto x = xg::ones<float>({2, 3, 4, 5});
    const auto y = nn::flatten{}(x);
    static_assert(std::is_same_v<decltype(y), const xg::tensor<float, 2>>);
    CHECK(xg::shape(y.shape()) == xg::shape{2, 60});
    CHECK(xg::shape(nn::flatten<0, -2>{}(x).shape()) == xg::shape{24, 5});
    CHECK(xg::shape(nn::flatten<>{}(xg::tensor<float>{x}).shape()) == xg::shape{2, 60});
}

TEST_CASE("unflatten: one axis made several") {
    const auto layer = nn::unflatten{1, {3, -1, 5}};
    const auto y = layer(xg::ones<float>({2, 60}));
    static_assert(std::is_same_v<decltype(y), const xg::tensor<float, 4>>);
    CHECK(xg::shape(y.shape()) == xg::shape{2, 3, 4, 5});
    CHECK_THROWS_AS(layer(xg::ones<float>({2, 61})), xg::shape_error);
    CHECK(xg::shape(nn::unflatten{-1, {2, 2}}(xg::ones<float>({3, 4})).shape()) == xg::shape{3, 2, 2});
    CHECK(nn::parameter_count(nn::sequential{nn::flatten<>{}, layer}) == 0);
}
