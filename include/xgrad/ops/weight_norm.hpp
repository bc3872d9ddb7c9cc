// Weights of a given size: divided by their norm, or by their largest singular value.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

struct spectral_norm_options {
    std::ptrdiff_t axis = 0;         ///< of the weight, along which the rows of the matrix lie
    std::ptrdiff_t iterations = 1;   ///< of the power method; 0 outside training
    double eps = 1e-12;              ///< no vector is divided by less
};

/// The weight divided by its largest singular value, and the vectors that found it, for the next time.
template <element T, std::size_t N>
struct spectral_norm_result {
    tensor<T, N> value;
    tensor<T, 1> u, v;

    void for_each_tensor(const auto& f) { f(value), f(u), f(v); }
    void for_each_tensor(const auto& f) const { f(value), f(u), f(v); }
};

namespace detail {

void say_options(const spectral_norm_options& options, const auto& say) {
    say("axis", options.axis);
    say("iterations", options.iterations);
    say("eps", options.eps);
}

template <real T>
tensor<T> weight_norm_of(const basic_tensor<T>& v, const basic_tensor<T>& g, std::size_t axis) {
    return call("weight_norm", {"v", "g", "axis"}, [](const basic_tensor<T>& direction, const basic_tensor<T>& size, std::size_t along) {
        const auto& sizes = shape_of(direction);
        auto others = axis_set{};
        for (auto i = std::size_t{0}; i < sizes.rank(); ++i)
            if (i != along) others.insert(i);
        const auto kept = reduced_shape(sizes, others, true);
        if (shape_of(size) != kept && shape_of(size) != shape{sizes[along]})
            fail<shape_error>("weight_norm", "v is ", sizes, ", g is ", shape_of(size), "; g must be ", kept);
        const auto v_ = tensor<T>{direction};
        const auto norm = tensor<T>{sqrt(sum_over(tensor<T>{v_ * v_}, others, true))};
        return tensor<T>{v_ * (reshape_to(size, kept) / norm)};
    }, v, g, axis);
}

/// x / |x|, divided by eps at least.
template <real T>
tensor<T> direction_of(const tensor<T>& x, double eps) {
    return tensor<T>{x / maximum(tensor<T>{sqrt(sum(x * x))}, eps)};
}

/// {W / sigma, u, v} with sigma = u W v, where u and v come of the power method: u = W v / |W v|,  v = W^T u / |W^T u|
template <real T>
std::tuple<tensor<T>, tensor<T>, tensor<T>> spectral_norm_value(const basic_tensor<T>& weight, const basic_tensor<T>& u,
                                                                const basic_tensor<T>& v, const spectral_norm_options& by) {
    const auto& sizes = shape_of(weight);
    if (sizes.rank() < 2) fail<rank_error>("spectral_norm", "the weight is ", sizes, "; it must have two axes at least");
    const auto axis = normalize_axis("spectral_norm", by.axis, sizes.rank());
    auto order = std::array<std::size_t, max_rank>{axis};
    for (auto i = std::size_t{1}; i < sizes.rank(); ++i) order[i] = i <= axis ? i - 1 : i;
    const auto rows = sizes[axis], columns = sizes[axis] == 0 ? 0 : weight.size() / sizes[axis];
    if (shape_of(u) != shape{rows} || shape_of(v) != shape{columns})
        fail<shape_error>("spectral_norm", "the weight is ", sizes, " with ", rows, " rows, u is ", shape_of(u), ", v is ", shape_of(v),
                          "; u must be (", rows, ",), v (", columns, ",)");
    const auto matrix = reshape_to(axis == 0 ? tensor<T>{weight} : permute_axes(weight, order), {rows, columns});
    const auto fixed = matrix.detach();
    auto u_ = tensor<T>{u}.detach(), v_ = tensor<T>{v}.detach();
    for (auto i = std::ptrdiff_t{0}; i < by.iterations; ++i) {
        u_ = direction_of(matmul_any(fixed, v_, {}), by.eps);
        v_ = direction_of(matmul_any(u_, fixed, {}), by.eps);
    }
    const auto sigma = matmul_any(u_, matmul_any(matrix, v_, {}), {});
    return {tensor<T>{tensor<T>{weight} / sigma}, u_, v_};
}
template <real T>
std::tuple<tensor<T>, tensor<T>, tensor<T>> spectral_norm_of(const basic_tensor<T>& weight, const basic_tensor<T>& u,
                                                             const basic_tensor<T>& v, const spectral_norm_options& options) {
    return call("spectral_norm", {"weight", "u", "v", "options"},
                [](const basic_tensor<T>& w, const basic_tensor<T>& left, const basic_tensor<T>& right, const spectral_norm_options& by) {
        return spectral_norm_value(w, left, right, by);
    }, weight, u, v, options);
}

}  // namespace detail

/// w = g v / |v|, the norm over all axes but `axis`; g has size 1 along those, or is a vector. Throws `shape_error`.
/// T. Salimans, D. P. Kingma, "Weight normalization", 2016.
struct weight_norm_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, N> operator()(const tensor<T, N>& v, const tensor<U, M>& g, extent axis = 0) const {
        detail::check_types<T, U>();
        return detail::with_rank<N>(detail::weight_norm_of<T>(v, g, normalize_axis("weight_norm", axis, v.rank())));
    }
};
inline constexpr weight_norm_fn weight_norm{};

/// W / sigma, sigma the largest singular value of the weight as a matrix whose rows lie along an axis, found by the power method
/// from the vectors u, (rows), and v, (columns), which come back for the next time; in the gradient they are constants.
/// Throws `rank_error`, `shape_error`.
/// T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida, "Spectral normalization for generative adversarial networks", 2018.
struct spectral_norm_fn {
    template <element T, std::size_t N>
    spectral_norm_result<T, N> operator()(const tensor<T, N>& weight, const tensor<std::type_identity_t<T>>& u,
                                          const tensor<std::type_identity_t<T>>& v, spectral_norm_options options = {}) const {
        detail::check_types<T>();
        auto [value, left, right] = detail::spectral_norm_of<T>(weight, u, v, options);
        return {detail::with_rank<N>(std::move(value)), detail::with_rank<1>(std::move(left)), detail::with_rank<1>(std::move(right))};
    }
};
inline constexpr spectral_norm_fn spectral_norm{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> weight_norm_of(const basic_tensor<T>&, const basic_tensor<T>&, std::size_t); \
    XGRAD_INSTANCE std::tuple<tensor<T>, tensor<T>, tensor<T>> spectral_norm_of(const basic_tensor<T>&, const basic_tensor<T>&, \
                                                                                const basic_tensor<T>&, const spectral_norm_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
