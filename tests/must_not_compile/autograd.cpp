// What would be lost, or dangle, and rules that give no gradients.
//
// expect 1: a pointer to the elements of a temporary would dangle: name the tensor first
// expect 2: a pointer to the elements of a temporary would dangle: name the tensor first
// expect 3: conversion
// expect 4: an assignment to a temporary tensor would change nothing
// expect 5: an assignment to a temporary tensor would change nothing
// expect 6: an assignment to a temporary tensor would change nothing
// expect 7: a gradient is not assigned to, which would change nothing: w.zero_grad() takes it away, w.backward(g) adds g to it
// expect 8: a gradient is not assigned to
// expect 9: a temporary tensor is not changed in place
// expect 10: a temporary tensor is not changed in place
// expect 11: a temporary tensor is not changed in place
// expect 12: custom: the backward of several inputs gives a std::tuple, with the gradient of each
// expect 13: custom: backward gives as many gradients as there are inputs
// expect 14: custom: each gradient that backward gives is a tensor of the inputs' element type
// expect 15: custom: backward gives the gradient of the input, or a std::tuple with the gradient of each
// expect 16: custom: backward is called with dy, the value y, and each input
// expect 17: custom: forward gives a tensor of the inputs' element type
// expect 18: a range of numbers is a vector, a range of ranges a matrix
// expect 19: real numbers do not become integers here: astype<T>(tensor(values)) rounds towards 0
// expect 20: numbers do not become truth values here: tensor(values) != 0
// expect 21: a pointer to the elements of a temporary would dangle
// expect 22: sum
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/custom.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/view.hpp>

#include <span>
#include <tuple>
#include <vector>

namespace xg = xgrad;

const xg::tensor<float, 1> of_const();

void wrong(xg::tensor<float, 1> one, xg::tensor<float, 2> two, xg::tensor<int, 1> integers, std::vector<double> numbers) {
    static_cast<void>(one), static_cast<void>(two), static_cast<void>(integers), static_cast<void>(numbers);
    // What stands beside each of them, and is right.
    auto w = xg::tensor<float, 1>{1, 2}.requires_grad(true);
    const float* const held = w.grad().data();
    const std::span<const float> span = w.grad().span(), own = one.span();
    w.grad() *= 2;
    auto row = xg::view(two, 0);
    row = one;
    row += 1;
    static_cast<void>(held), static_cast<void>(span), static_cast<void>(own);
    static_cast<void>(xg::tensor<float, 1>(numbers));
    const auto product = [](const auto& a, const auto& b) { return a * b; };
    const auto pair = [](const auto& dy, const auto&, const auto& a, const auto& b) { return std::tuple{dy * b, dy * a}; };
    xg::custom("product", product, pair)(one, one);
#if MUST_NOT_COMPILE == 1
    const auto* p = (one + one).data();
#endif
#if MUST_NOT_COMPILE == 2
    auto* p = (one + one).span().data();
#endif
#if MUST_NOT_COMPILE == 3
    std::span<const float> s = (one + one).span();
#endif
#if MUST_NOT_COMPILE == 4
    xg::view(two, 0) = xg::ones({2});
#endif
#if MUST_NOT_COMPILE == 5
    xg::view(two, 0) = {1, 2};
#endif
#if MUST_NOT_COMPILE == 6
    xg::view(two, 0, 0) = 5.f;
#endif
#if MUST_NOT_COMPILE == 7
    w.grad() = xg::ones({2});
#endif
#if MUST_NOT_COMPILE == 8
    w.grad() = 0;
#endif
#if MUST_NOT_COMPILE == 9
    xg::take(one, integers) += 1;
#endif
#if MUST_NOT_COMPILE == 10
    xg::view(two, xt::all(), 1) *= one;
#endif
#if MUST_NOT_COMPILE == 11
    (one + one) -= one;
#endif
#if MUST_NOT_COMPILE == 12
    xg::custom("wrong", product, [](const auto& dy, const auto&, const auto&, const auto&) { return dy; })(one, one);
#endif
#if MUST_NOT_COMPILE == 13
    xg::custom("wrong", product, [](const auto& dy, const auto&, const auto&, const auto&) { return std::tuple{dy}; })(one, one);
#endif
#if MUST_NOT_COMPILE == 14
    xg::custom("wrong", product, [](const auto& dy, const auto&, const auto&, const auto&) { return std::tuple{dy, 1}; })(one, one);
#endif
#if MUST_NOT_COMPILE == 15
    xg::custom("wrong", [](const auto& x) { return x; }, [](const auto&, const auto&, const auto&) { return 1.f; })(one);
#endif
#if MUST_NOT_COMPILE == 16
    xg::custom("wrong", [](const auto& x) { return x; }, [](const auto& dy, const auto&) { return dy; })(one);
#endif
#if MUST_NOT_COMPILE == 17
    xg::custom("wrong", [](const auto&) { return 1.f; }, [](const auto& dy, const auto&, const auto&) { return dy; })(one);
#endif
#if MUST_NOT_COMPILE == 18
    xg::tensor<float, 2> matrix(numbers);
#endif
#if MUST_NOT_COMPILE == 19
    xg::tensor<int, 1> rounded(numbers);
#endif
#if MUST_NOT_COMPILE == 20
    xg::tensor<bool, 1> flags(std::vector<int>{1, 0});
#endif
#if MUST_NOT_COMPILE == 21
    const auto* p = of_const().data();
#endif
#if MUST_NOT_COMPILE == 22
    xg::sum(two, integers);
#endif
}
