// Activations that have parameters, as layers; the others, xg::relu and its like, stand in a network as they are.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/make_parameter.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/activation_piecewise.hpp>
#include <xgrad/ops/glu.hpp>
#include <xgrad/ops/prelu.hpp>
#include <xgrad/ops/softmax.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI::nn {

/// y = x where x > 0, w x elsewhere; w is learnt        x, y: (n, c, ...)  weight: (1), or (c)
/// At first w = 1/4. K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", 2015.
template <real T = float>
struct prelu {
    tensor<T, 1> weight;

    XGRAD_MEMBERS(weight)

    explicit prelu(extent number = 1, double at_first = 0.25)
        : weight{detail::constant_parameter<1, T>({detail::at_least_one("nn::prelu", "the number of weights", number)}, at_first)} {}

    template <std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        return xgrad::prelu(x, weight);
    }
};

namespace detail {

/// `Operation` with one number.
template <class Operation, double (*Usual)()>
struct activation_with_number {
    double number;

    XGRAD_MEMBERS()

    explicit activation_with_number(double given = Usual()) : number{given} {}

    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        return Operation{}(x, static_cast<T>(number));
    }
};
constexpr double hundredth() { return 0.01; }
constexpr double unit() { return 1; }

/// `Operation` with two numbers.
template <class Operation>
struct activation_with_numbers {
    double first, second;

    XGRAD_MEMBERS()

    activation_with_numbers(double a, double b) : first{a}, second{b} {}

    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        return Operation{}(x, static_cast<T>(first), static_cast<T>(second));
    }
};

/// `Operation` along an axis, by default the last.
template <class Operation>
struct activation_along {
    std::ptrdiff_t axis;

    XGRAD_MEMBERS()

    explicit activation_along(extent along = -1) : axis{along} {}

    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        return Operation{}(x, axis);
    }
};

}  // namespace detail

/// The operations of these names, with their numbers: `nn::leaky_relu{0.2}`, `nn::hardtanh{0, 6}`, `nn::softmax{1}`.
using leaky_relu = detail::activation_with_number<leaky_relu_fn, detail::hundredth>;
using elu = detail::activation_with_number<elu_fn, detail::unit>;
using celu = detail::activation_with_number<celu_fn, detail::unit>;
using hardtanh = detail::activation_with_numbers<hardtanh_fn>;
using threshold = detail::activation_with_numbers<threshold_fn>;
using softmax = detail::activation_along<softmax_fn>;
using log_softmax = detail::activation_along<log_softmax_fn>;
using glu = detail::activation_along<glu_fn>;

}  // namespace xgrad::nn
