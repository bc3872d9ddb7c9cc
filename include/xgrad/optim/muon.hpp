// Muon.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/dot.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/update.hpp>
#include <xgrad/optim/rule.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_ABI::optim {

/// By what a step is scaled: sqrt(max(1, rows / cols)), or 0.2 sqrt(max(rows, cols)), with which the learning rates of adamw do.
enum class muon_scale { original, match_rms_adamw };

struct muon_options {
    double lr = 0.02;          ///< the learning rate
    double momentum = 0.95;    ///< mu
    double weight_decay = 0;   ///< lambda, decoupled
    bool nesterov = true;
    int steps = 5;             ///< of the iteration
    std::array<double, 3> coefficients{3.4445, -4.7750, 2.0315};
    double eps = 1e-7;
    muon_scale scale = muon_scale::original;
    bool inputs_first = false;   ///< rows and cols the other way round: of weights (in, out), as `nn::linear` has them
};

namespace detail {

/// x = a x + (b s + c s s) x,  s = x x^T        x: (rows, cols), rows <= cols, in place
template <real T>
void newton_schulz(const kernels::matrix_ref<T>& x, const std::array<double, 3>& coefficients) {
    const auto count = x.rows * x.rows;
    const auto room = memory::scratch<T>{2 * count + x.rows * x.cols};
    const auto s = kernels::row_major(room.data(), x.rows, x.rows);
    const auto p = kernels::row_major(room.data() + count, x.rows, x.rows);
    const auto y = kernels::matrix_ref<T>{room.data() + 2 * count, x.rows, x.cols, x.row_stride, x.col_stride};
    kernels::gemm<T>(x, x.transposed(), s);
    kernels::gemm<T>(s, s, p);
    const auto [a, b, c] = coefficients;
    for (auto i = std::size_t{0}; i < count; ++i) p.data[i] = static_cast<T>(b) * s.data[i] + static_cast<T>(c) * p.data[i];
    kernels::gemm<T>(p, x, y);
    for (auto i = std::size_t{0}; i < x.rows * x.cols; ++i) x.data[i] = static_cast<T>(a) * x.data[i] + y.data[i];
}

/// The step on a matrix (rows, cols), with the momentum b.
template <real T>
void muon_step(const muon_options& options, std::size_t rows, std::span<T> weight, std::span<const T> gradient, T* b) {
    using batch = simd::batch<T>;
    const auto cols = rows == 0 ? std::size_t{0} : weight.size() / rows;
    const auto mu = batch(static_cast<T>(options.momentum));
    const auto step = memory::scratch<T>{weight.size()};
    const auto momentum = [=, nesterov = options.nesterov](batch& d, const batch& g, batch& past) {
        past = simd::fma(mu, past, g);
        d = nesterov ? simd::fma(mu, past, g) : past;
    };
    kernels::update(weight.size(), momentum, step.data(), gradient.data(), b);
    const auto length = batch(static_cast<T>(1 / (kernels::norm(weight.size(), step.data()) + options.eps)));
    const auto normalized = [=](batch& d, const batch&) { d = d * length; };
    kernels::update(weight.size(), normalized, step.data(), gradient.data());
    const auto x = kernels::row_major(step.data(), rows, cols);
    for (auto i = 0; i < options.steps; ++i) newton_schulz<T>(rows > cols ? x.transposed() : x, options.coefficients);

    const auto out = static_cast<double>(options.inputs_first ? cols : rows), in = static_cast<double>(options.inputs_first ? rows : cols);
    const auto scale = options.scale == muon_scale::original ? std::sqrt(std::max(1.0, out / in)) : 0.2 * std::sqrt(std::max(out, in));
    const auto size = batch(static_cast<T>(-options.lr * scale));
    const auto shrink = batch(static_cast<T>(1 - options.lr * options.weight_decay));
    const auto rule = [=](batch& w, const batch& d) { w = simd::fma(size, d, shrink * w); };
    kernels::update<decltype(rule), T>(weight.size(), rule, weight.data(), step.data());
}

}  // namespace detail

/// Muon (K. Jordan, Y. Jin, V. Boza and others, "Muon: an optimizer for hidden layers in neural networks", 2024; weight decay
/// and the second scale: J. Liu and others, "Muon is scalable for LLM training", arXiv:2502.16982): momentum, whose matrix is
/// brought near to the orthogonal one by an iteration of Newton and Schulz:
///
///     b = mu b + g,  d = g + mu b, or without Nesterov  b
///     x = d / (|d| + eps), then `steps` times  x = a x + (b' s + c s s) x,  s = x x^T,  (a, b', c) the coefficients
///     w = w - lr lambda w - lr sqrt(max(1, rows / cols)) x
///
/// It is for the matrices of hidden layers; biases, embeddings and the last layer are adamw's. The weights of a convolution,
/// (out, in, kh, kw), are taken for a matrix (out, in kh kw). Computed in the parameters' type, not in bfloat16.
/// Throws `value_error` for an option out of range and for a parameter of fewer than two axes.
template <real T>
class muon final : public rule<muon<T>, T, muon_options> {
public:
    static constexpr auto name = "muon";
    static constexpr auto remembers = std::array{"momentum_buffer"};
    static constexpr auto counts = false;

    explicit muon(parameter_list<T> parameters, muon_options options = {}) : muon::rule{std::move(parameters), options} {
        for (const auto& each : this->parameters())
            if (each.rank() < 2)
                fail<value_error>(name, "parameter ", each.name(), " is ", xgrad::detail::shape_of(each),
                                  "; muon is for matrices: leave biases and the like to another optimizer, adamw for one");
    }
    template <detail::no_parameter_list Given>
    explicit muon(const Given& given, muon_options options = {}) : muon{detail::list_wanted<T>(given), options} {}

    static void validate(const muon_options& options) {
        detail::check_not_negative(name, "momentum", options.momentum);
        detail::check_not_negative(name, "weight_decay", options.weight_decay);
        detail::check_not_negative(name, "eps", options.eps);
        if (options.steps < 0) fail<value_error>(name, "steps must not be negative, got ", options.steps);
    }

private:
    void update(std::size_t i, std::span<T> weight, std::span<const T> gradient) override {
        const auto rows = xgrad::detail::shape_of(this->parameters()[i])[0];
        detail::muon_step<T>(this->options_of(i), rows, weight, gradient, this->remembered(i, 0));
    }
};

template <detail::no_parameter_list Given>
muon(const Given&, muon_options = {}) -> muon<float>;

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE void muon_step(const muon_options&, std::size_t, std::span<T>, std::span<const T>, T*);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
