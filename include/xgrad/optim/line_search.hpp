// A step length that fulfils the strong Wolfe conditions.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/finite.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI::optim::detail {

/// A point along the line of search: the step t, the loss f there, its derivative along the line, and whatever else the
/// caller wants back (the gradient).
template <class Extra>
struct line_point {
    double t = 0, f = 0, slope = 0;
    Extra extra{};
};

/// Where the cubic through two points, with their slopes, is least; between `low` and `high`. In the middle where there
/// is no such place, or the numbers are none.
template <class Extra>
double cubic_minimum(const line_point<Extra>& p, const line_point<Extra>& q, double low, double high) {
    const auto& a = p.t <= q.t ? p : q;
    const auto& b = p.t <= q.t ? q : p;
    const auto d = p.slope + q.slope - 3 * (p.f - q.f) / (p.t - q.t);
    const auto square = d * d - p.slope * q.slope;
    if (!(square >= 0)) return (low + high) / 2;
    const auto root = std::sqrt(square);
    const auto t = b.t - (b.t - a.t) * ((b.slope + root - d) / (b.slope - a.slope + 2 * root));
    return is_finite_number(t) ? std::min(std::max(t, low), high) : (low + high) / 2;
}

struct wolfe_options {
    double sufficient = 1e-4;         ///< c1: f(t) <= f(0) + c1 t f'(0)
    double curvature = 0.9;           ///< c2: |f'(t)| <= c2 |f'(0)|
    double tolerance_change = 1e-9;   ///< of a bracket, in the largest change of a parameter
    int max_points = 25;
};

/// J. Nocedal, S. J. Wright, "Numerical optimization", 2nd edition, algorithms 3.5 and 3.6, with cubic interpolation and
/// with the safeguards and constants of M. Schmidt's minFunc, which PyTorch takes, too: step by step as there.
/// `at(t)` evaluates a point; `start` is the one at 0; `largest` the largest element of the direction. A loss that is NaN
/// counts as too large.
template <class Extra, class At>
class wolfe_search {
public:
    using point = line_point<Extra>;

    wolfe_search(const point& start, double largest, const At& at, const wolfe_options& options)
        : m_start{start}, m_largest{largest}, m_at{at}, m_options{options} {}

    /// The best point found, the first being tried at `t`.
    point run(double t) {
        auto now = m_at(t);
        auto found = bracket(now);
        return found ? std::move(now) : zoom();
    }
    std::size_t evaluations() const { return m_points + 1; }

private:
    bool too_high(const point& p) const { return !(p.f <= m_start.f + m_options.sufficient * p.t * m_start.slope); }
    bool flat(const point& p) const { return std::fabs(p.slope) <= -m_options.curvature * m_start.slope; }
    bool exhausted() const { return m_points >= static_cast<std::size_t>(m_options.max_points); }

    /// Goes on until two points have a good one between them; true if `now` is one itself.
    bool bracket(point& now) {
        auto before = m_start;
        while (!exhausted()) {
            if (too_high(now) || (m_points > 1 && now.f >= before.f)) break;
            if (flat(now)) return true;
            if (now.slope >= 0) break;
            const auto t = cubic_minimum(before, now, now.t + 0.01 * (now.t - before.t), 10 * now.t);
            before = std::move(now);
            now = m_at(t);
            ++m_points;
        }
        m_low = exhausted() ? m_start : std::move(before);
        m_high = now;
        order();
        return false;
    }

    void order() {
        if (m_high.f < m_low.f) std::swap(m_low, m_high);
    }

    /// Halves, or does better, until a good point is found.
    point zoom() {
        auto stuck = false;
        while (!exhausted() && std::fabs(m_high.t - m_low.t) * m_largest >= m_options.tolerance_change) {
            auto now = m_at(trial(stuck));
            ++m_points;
            if (too_high(now) || now.f >= m_low.f) {
                m_high = std::move(now);
                order();
                continue;
            }
            const auto good = flat(now);
            if (!good && now.slope * (m_high.t - m_low.t) >= 0) m_high = std::move(m_low);
            m_low = std::move(now);
            if (good) break;
        }
        return std::move(m_low);
    }

    /// The next step to try: not next to either end twice.
    double trial(bool& stuck) const {
        const auto left = std::min(m_low.t, m_high.t), right = std::max(m_low.t, m_high.t), margin = 0.1 * (right - left);
        const auto t = cubic_minimum(m_low, m_high, left, right);
        const auto close = std::min(right - t, t - left) < margin;
        const auto moved = close && (stuck || t >= right || t <= left);
        stuck = close && !moved;
        if (!moved) return t;
        return std::fabs(t - right) < std::fabs(t - left) ? right - margin : left + margin;
    }

    point m_start, m_low, m_high;
    double m_largest;
    const At& m_at;
    wolfe_options m_options;
    std::size_t m_points = 0;   // after the first
};

}  // namespace xgrad::optim::detail
