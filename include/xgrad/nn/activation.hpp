// Activations that have parameters, as layers; the others, xg::relu and its like, stand in a network as they are.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/make_parameter.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/activation_piecewise.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/glu.hpp>
#include <xgrad/ops/prelu.hpp>
#include <xgrad/ops/softmax.hpp>

#include <cstddef>
#include <type_traits>

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
constexpr double half() { return 0.5; }
constexpr double unit() { return 1; }

/// `Operation` with two numbers.
template <class Operation>
struct activation_with_numbers {
    double first, second;

    XGRAD_MEMBERS()

    activation_with_numbers(double a, double b) : first{a}, second{b} {}
    activation_with_numbers()
        requires std::is_same_v<Operation, hardtanh_fn>
        : first{-1}, second{1} {}

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
using hardshrink = detail::activation_with_number<hardshrink_fn, detail::half>;
using softshrink = detail::activation_with_number<softshrink_fn, detail::half>;
using hardtanh = detail::activation_with_numbers<hardtanh_fn>;
using threshold = detail::activation_with_numbers<threshold_fn>;
using softmax = detail::activation_along<softmax_fn>;
using log_softmax = detail::activation_along<log_softmax_fn>;
using glu = detail::activation_along<glu_fn>;

/// y = ln(1 + e^(beta x)) / beta, and x where beta x is above the bound, from which on both are the same in single precision.
struct softplus {
    double beta, bound;

    XGRAD_MEMBERS()

    explicit softplus(double steepness = 1, double straight_above = 20) : beta{steepness}, bound{straight_above} {
        if (!(beta > 0)) fail<value_error>("nn::softplus", "beta must be above 0, got ", beta);
    }

    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        const tensor<T, N> steep = x * static_cast<T>(beta);
        return where(steep > bound, x, xgrad::softplus(steep) / static_cast<T>(beta));
    }
};

/// y = x where x >= 0, a x elsewhere; in training a ~ U(lower, upper), for each element anew, in evaluation (lower + upper) / 2.
/// B. Xu, N. Wang, T. Chen, M. Li, "Empirical evaluation of rectified activations in convolutional network", 2015.
struct rrelu {
    double lower, upper;
    bool training = true;

    XGRAD_MEMBERS()

    explicit rrelu(double least = 1.0 / 8, double most = 1.0 / 3) : lower{least}, upper{most} {
        if (!(lower <= upper)) fail<value_error>("nn::rrelu", "lower is ", lower, ", upper ", upper, "; lower must not be above upper");
    }

    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        if (!training) return xgrad::leaky_relu(x, static_cast<T>((lower + upper) / 2));
        const auto slopes = rand<T>(shape(x.shape())) * static_cast<T>(upper - lower) + static_cast<T>(lower);
        return x * where(x < 0, slopes, 1);
    }
};

}  // namespace xgrad::nn
