// How near predicted numbers are to the true ones.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>

#include <cstddef>
#include <limits>

namespace xgrad::inline XGRAD_ABI::train {

namespace detail {

/// Calls f(prediction, target) for each pair. Throws `shape_error` when their numbers differ.
template <real T, std::size_t N, std::size_t M, class F>
void for_each_pair(const char* where, const tensor<T, N>& predictions, const tensor<T, M>& targets, const F& f) {
    if (predictions.size() != targets.size())
        fail<shape_error>(where, "predictions are ", xgrad::detail::shape_of(predictions), ", targets ",
                          xgrad::detail::shape_of(targets), "; as many of each");
    auto target = targets.begin();
    for (const auto each : predictions) f(static_cast<double>(each), static_cast<double>(*target++));
}

}  // namespace detail

/// The mean of |prediction - target|; NaN of none.
class mean_absolute_error_meter {
public:
    template <real T, std::size_t N, std::size_t M>
    void add(const tensor<T, N>& predictions, const tensor<T, M>& targets) {
        detail::for_each_pair("mean_absolute_error", predictions, targets,
                              [this](double p, double t) { m_sum += std::fabs(p - t); });
        m_count += targets.size();
    }
    double value() const noexcept { return m_sum / static_cast<double>(m_count); }
    std::size_t count() const noexcept { return m_count; }
    void reset() { *this = {}; }

private:
    double m_sum = 0;
    std::size_t m_count = 0;
};

/// 1 - sum (p - t)^2 / sum (t - mean t)^2: the part of the targets' variance that is explained. Where the targets are
/// all equal, it is 1 if they were met, and else 0, as scikit-learn has it; NaN of fewer than two.
class r2_meter {
public:
    template <real T, std::size_t N, std::size_t M>
    void add(const tensor<T, N>& predictions, const tensor<T, M>& targets) {
        detail::for_each_pair("r2", predictions, targets, [this](double p, double t) {
            m_residual += (p - t) * (p - t);
            // B. P. Welford, "Note on a method for calculating corrected sums of squares and products", 1962.
            ++m_count;
            const auto deviation = t - m_mean;
            m_mean += deviation / static_cast<double>(m_count);
            m_total += deviation * (t - m_mean);
        });
    }
    double value() const noexcept {
        if (m_count < 2) return std::numeric_limits<double>::quiet_NaN();
        if (m_total == 0) return m_residual == 0 ? 1 : m_residual > 0 ? 0 : m_residual;
        return 1 - m_residual / m_total;
    }
    std::size_t count() const noexcept { return m_count; }
    void reset() { *this = {}; }

private:
    double m_residual = 0, m_mean = 0, m_total = 0;
    std::size_t m_count = 0;
};

template <real T, std::size_t N, std::size_t M>
double mean_absolute_error(const tensor<T, N>& predictions, const tensor<T, M>& targets) {
    auto meter = mean_absolute_error_meter{};
    meter.add(predictions, targets);
    return meter.value();
}
template <real T, std::size_t N, std::size_t M>
double r2(const tensor<T, N>& predictions, const tensor<T, M>& targets) {
    auto meter = r2_meter{};
    meter.add(predictions, targets);
    return meter.value();
}

}  // namespace xgrad::train
