// L-BFGS.
#pragma once

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/dot.hpp>
#include <xgrad/kernels/update.hpp>
#include <xgrad/optim/line_search.hpp>
#include <xgrad/optim/memory.hpp>
#include <xgrad/optim/optimizer.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::optim {

/// How far to go along a direction: lr times as far as it is long, or as strong Wolfe conditions say.
enum class line_search { none, strong_wolfe };

struct lbfgs_options {
    double lr = 1;                    ///< the step length; with a line search the first to be tried
    int max_iter = 20;                ///< iterations in a `step`
    int max_eval = 0;                 ///< after so many evaluations no iteration begins; 0 for 5/4 of max_iter
    double tolerance_grad = 1e-7;     ///< of the largest element of the gradient
    double tolerance_change = 1e-9;   ///< of the loss, and of the largest change of a parameter
    int history_size = 100;
    optim::line_search line_search = optim::line_search::none;
};

namespace detail {

/// y = y + a x
template <real T>
void add_scaled(std::size_t count, T* y, double a, const T* x) {
    const auto factor = simd::batch<T>(static_cast<T>(a));
    const auto rule = [=](simd::batch<T>& to, const simd::batch<T>& from) { to = simd::fma(factor, from, to); };
    kernels::update<decltype(rule), T>(count, rule, y, x);
}

/// a x, a new vector.
template <real T>
tensor<T> scaled_copy(const tensor<T>& x, double a) {
    auto y = zeros_of<T>(xgrad::detail::shape_of(x));
    add_scaled<T>(x.size(), y.data(), a, std::as_const(x).data());
    return y;
}

template <real T>
double dot(const tensor<T>& a, const tensor<T>& b) {
    return kernels::dot<T>(a.size(), std::as_const(a).data(), std::as_const(b).data());
}

/// What two neighbouring iterations tell of the curvature: the changes of the gradient and of the parameters.
template <real T>
struct curvature {
    tensor<T> gradient, step;

    double inverse() const { return 1 / dot(gradient, step); }
};

/// -H g, by the two loops of Nocedal and Wright's algorithm 7.4; H begins as `scale` times the identity.
template <real T>
tensor<T> descent_direction(const std::deque<curvature<T>>& history, const tensor<T>& g, double scale) {
    auto q = scaled_copy(g, -1);
    auto taken = std::vector<double>(history.size());
    for (auto i = history.size(); i-- > 0;) {
        taken[i] = dot(history[i].step, q) * history[i].inverse();
        add_scaled<T>(q.size(), q.data(), -taken[i], std::as_const(history[i].gradient).data());
    }
    auto r = scaled_copy(q, scale);
    for (auto i = std::size_t{0}; i < history.size(); ++i) {
        const auto given = dot(history[i].gradient, r) * history[i].inverse();
        add_scaled<T>(r.size(), r.data(), taken[i] - given, std::as_const(history[i].step).data());
    }
    return r;
}

}  // namespace detail

/// L-BFGS (D. C. Liu, J. Nocedal, "On the limited memory BFGS method for large scale optimization", Mathematical Programming
/// 45, 1989), with a line search for the strong Wolfe conditions if asked for, as PyTorch computes it. It is for losses that
/// are the same function at each call: all data, no dropout. One `step` is several iterations, each of which evaluates
/// the loss once or, in a line search, several times; so it is given a function for that:
///
///     optim::lbfgs opt{nn::parameters(net), {.line_search = optim::line_search::strong_wolfe}};
///     auto loss = opt.step([&] {
///         opt.zero_grad();
///         auto loss = mse_loss(net(x), y);
///         loss.backward();
///         return loss;
///     });
///
/// There is one group. Where the set of parameters that have a gradient has changed, what was learnt of the curvature is
/// forgotten. Throws `value_error` for an option out of range.
template <real T>
class lbfgs final : public optimizer<T> {
public:
    static constexpr auto name = "lbfgs";

    explicit lbfgs(parameter_list<T> parameters, lbfgs_options options = {})
        : optimizer<T>{name, std::move(parameters), options.lr}, m_options{options} {
        detail::check_not_negative(name, "tolerance_grad", options.tolerance_grad);
        detail::check_not_negative(name, "tolerance_change", options.tolerance_change);
        if (options.max_iter < 1 || options.max_eval < 0 || options.history_size < 1)
            fail<value_error>(name, "max_iter and history_size must be at least 1, max_eval at least 0; got ", options.max_iter,
                              ", ", options.history_size, ", ", options.max_eval);
        for (const auto& each : this->parameters()) m_size += each.size();
    }
    template <detail::no_parameter_list Given>
    explicit lbfgs(const Given& given, lbfgs_options options = {}) : lbfgs{detail::list_wanted<T>(given), options} {}

    lbfgs_options options() const {
        auto now = m_options;
        now.lr = this->lr();
        return now;
    }

    void step_in_backward(const basic_tensor<T>&) {
        static_assert(xgrad::detail::never<T>, "lbfgs needs all gradients at once, several times for each step: call step(closure)");
    }

    /// Iterates, and gives back the loss before the first iteration. `closure` sets the gradients back, computes the loss,
    /// calls its `backward`, and returns it, a tensor or a number. What it throws is passed on; the parameters are, then,
    /// where the iteration began. Throws `value_error`, before anything has moved, when the first loss or its gradient is not
    /// finite, and `autograd_error` as the other optimizers' `step` does.
    template <class Closure>
    double step(const Closure& closure) {
        this->begin_step();
        const auto evaluate = [&]() -> double {
            const auto guard = enable_grad{};
            const auto loss = closure();
            if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(loss)>>) return static_cast<double>(loss);
            else return static_cast<double>(loss.item());
        };
        const auto first = evaluate();
        this->begin_step();
        iterate(first, evaluate);
        return first;
    }

    parameter_list<T> state() const override;

private:
    using point = detail::line_point<tensor<T>>;   // with the gradient there

    template <class Evaluate>
    void iterate(double loss, const Evaluate& evaluate);
    template <class Evaluate>
    point moved(const tensor<T>& start, double t, const Evaluate& evaluate);

    std::vector<std::string> load(const parameter_list<T>& list) override;

    /// Numbers that are part of the state are kept as elements are, so that a run that was written down goes on as one that
    /// was not.
    static double rounded(double value) { return static_cast<double>(static_cast<T>(value)); }

    double largest(const tensor<T>& x) const { return kernels::largest_size(m_size, std::as_const(x).data()); }

    /// Calls f(i, first element, number of elements) for each parameter.
    template <class F>
    void for_each_part(const F& f) const {
        auto first = std::size_t{0};
        for (auto i = std::size_t{0}; i < this->parameters().size(); ++i) {
            const auto count = this->parameters()[i].size();
            f(i, first, count);
            first += count;
        }
    }

    /// All gradients as one vector, 0 where there is none.
    tensor<T> gradient() const {
        auto g = detail::zeros_of<T>({m_size});
        for_each_part([&](std::size_t i, std::size_t first, std::size_t count) {
            if (const auto* const from = detail::gradient_of<T>("step", this->parameters()[i])) std::copy_n(from, count, g.data() + first);
        });
        return g;
    }
    tensor<T> weights() const {
        auto w = detail::zeros_of<T>({m_size});
        for_each_part([&](std::size_t i, std::size_t first, std::size_t count) {
            std::copy_n(xgrad::detail::access::elements(this->parameters()[i]), count, w.data() + first);
        });
        return w;
    }
    /// w = start + t d, for what has a gradient.
    void move(const tensor<T>& start, double t) {
        for_each_part([&](std::size_t i, std::size_t first, std::size_t count) {
            if (!m_active[i]) return;
            auto* const to = xgrad::detail::access::elements(this->at(i));
            std::copy_n(std::as_const(start).data() + first, count, to);
            detail::add_scaled<T>(count, to, t, std::as_const(m_direction).data() + first);
            xgrad::detail::access::get(this->at(i)).mark_changed();
        });
    }

    void learn_curvature(const tensor<T>& g) {
        auto y = detail::scaled_copy(g, 1);
        detail::add_scaled<T>(m_size, y.data(), -1, std::as_const(m_previous).data());
        auto pair = detail::curvature<T>{std::move(y), detail::scaled_copy(m_direction, m_t)};
        const auto product = detail::dot(pair.gradient, pair.step);
        if (!(product > 1e-10)) return;
        m_scale = rounded(product / detail::dot(pair.gradient, pair.gradient));
        if (m_history.size() == static_cast<std::size_t>(m_options.history_size)) m_history.pop_front();
        m_history.push_back(std::move(pair));
    }

    void forget() {
        m_begun = false;
        m_history.clear();
        m_scale = 1;
    }

    lbfgs_options m_options;
    std::size_t m_size = 0;
    std::vector<bool> m_active;   // which parameters had a gradient
    bool m_begun = false;         // whether there was an iteration before
    tensor<T> m_direction, m_previous;
    std::deque<detail::curvature<T>> m_history;
    double m_t = 0, m_scale = 1;
};

template <real T>
template <class Evaluate>
auto lbfgs<T>::moved(const tensor<T>& start, double t, const Evaluate& evaluate) -> point {
    move(start, t);
    try {
        const auto loss = evaluate();
        auto g = gradient();
        const auto slope = detail::dot(g, m_direction);
        return {t, loss, slope, std::move(g)};
    } catch (...) {
        move(start, 0);
        throw;
    }
}

template <real T>
template <class Evaluate>
void lbfgs<T>::iterate(double loss, const Evaluate& evaluate) {
    auto active = std::vector<bool>{};
    for (auto i = std::size_t{0}; i < this->parameters().size(); ++i) active.push_back(this->has_gradient(i));
    if (active != m_active) forget();
    m_active = std::move(active);
    auto g = gradient();
    if (!is_finite_number(loss) || !is_finite_number(largest(g)))
        fail<value_error>(name, "the loss is ", loss, ", the largest element of its gradient ", largest(g),
                          "; both must be finite, and nothing has moved");
    const auto max_eval = static_cast<std::size_t>(m_options.max_eval != 0 ? m_options.max_eval : m_options.max_iter * 5 / 4);
    auto evaluations = std::size_t{1};
    for (auto n = 1; largest(g) > m_options.tolerance_grad; ++n) {
        if (m_begun) learn_curvature(g);
        m_direction = detail::descent_direction<T>(m_history, g, m_scale);
        const auto cautious = m_begun ? 1.0 : std::min(1.0, 1 / kernels::sum_of_sizes<T>(m_size, g.data()));
        m_begun = true;
        m_previous = g;
        m_t = rounded(cautious * this->lr());
        const auto slope = detail::dot(g, m_direction);
        if (!(slope <= -m_options.tolerance_change)) return;

        const auto start = weights();
        const auto before = loss;
        if (m_options.line_search == line_search::strong_wolfe) {
            const auto at = [&](double t) { return moved(start, t, evaluate); };
            auto search = detail::wolfe_search<tensor<T>, decltype(at)>{{0, loss, slope, g}, largest(m_direction), at, {}};
            auto found = search.run(m_t);
            evaluations += search.evaluations();
            m_t = rounded(found.t);
            loss = found.f;
            g = std::move(found.extra);
            move(start, m_t);
        } else if (n == m_options.max_iter) {
            move(start, m_t);   // what comes then, the next step evaluates
            return;
        } else {
            auto found = moved(start, m_t, evaluate);
            ++evaluations;
            loss = found.f;
            g = std::move(found.extra);
        }
        if (n == m_options.max_iter || evaluations >= max_eval || !is_finite_number(loss) || !is_finite_number(largest(g))) return;
        if (std::fabs(m_t) * largest(m_direction) <= m_options.tolerance_change) return;
        if (std::fabs(loss - before) < m_options.tolerance_change) return;
    }
}

/// For each parameter its part of the direction, of the gradient before, and of each pair of changes; and "lbfgs", the step
/// length, the scale and the number of pairs.
template <real T>
parameter_list<T> lbfgs<T>::state() const {
    auto list = parameter_list<T>{};
    if (!m_begun) return list;
    for_each_part([&](std::size_t i, std::size_t first, std::size_t count) {
        const auto add = [&](const std::string& slot, const tensor<T>& whole) {
            auto part = detail::zeros_of<T>(xgrad::detail::shape_of(this->parameters()[i]));
            std::copy_n(whole.data() + first, count, part.data());
            list.push_back(parameter<T>{this->key(i) + '.' + slot, part});
        };
        add("direction", m_direction);
        add("previous_gradient", m_previous);
        for (auto k = std::size_t{0}; k < m_history.size(); ++k) {
            add("gradient_change_" + std::to_string(k), m_history[k].gradient);
            add("step_" + std::to_string(k), m_history[k].step);
        }
        add("active", detail::scaled_copy(detail::zeros_of<T>({m_size}), 1));
        std::fill_n(list.back().data(), count, m_active[i] ? T{1} : T{0});
    });
    auto numbers = detail::zeros_of<T>({3});
    numbers.data()[0] = static_cast<T>(m_t);
    numbers.data()[1] = static_cast<T>(m_scale);
    numbers.data()[2] = static_cast<T>(m_history.size());
    list.push_back(parameter<T>{"lbfgs", numbers});
    return list;
}

template <real T>
std::vector<std::string> lbfgs<T>::load(const parameter_list<T>& list) {
    auto reader = detail::state_reader<T>{name, list};
    if (list.empty()) return forget(), std::vector<std::string>{};
    const auto numbers = reader.take("lbfgs", {3});
    if (!numbers.defined()) fail<value_error>("load_state", "lbfgs is missing");
    const auto pairs = static_cast<std::size_t>(std::max(0.0, static_cast<double>(std::as_const(numbers).data()[2])));
    auto active = std::vector<bool>{};
    const auto take = [&](const std::string& slot) {
        auto whole = detail::zeros_of<T>({m_size});
        for_each_part([&](std::size_t i, std::size_t first, std::size_t count) {
            const auto entry = this->key(i) + '.' + slot;
            const auto part = reader.take(entry, xgrad::detail::shape_of(this->parameters()[i]));
            if (!part.defined()) fail<value_error>("load_state", entry, " is missing");
            std::copy_n(std::as_const(part).data(), count, whole.data() + first);
        });
        return whole;
    };
    auto direction = take("direction"), previous = take("previous_gradient");
    auto history = std::deque<detail::curvature<T>>{};
    for (auto k = std::size_t{0}; k < pairs; ++k) {
        auto change = take("gradient_change_" + std::to_string(k));
        history.push_back({std::move(change), take("step_" + std::to_string(k))});
    }
    const auto flags = take("active");
    for_each_part([&](std::size_t, std::size_t first, std::size_t count) {
        active.push_back(count != 0 && std::as_const(flags).data()[first] != 0);
    });
    for (auto i = std::size_t{0}; i < this->parameters().size(); ++i) reader.check_all_taken(this->key(i));
    auto rest = reader.not_taken();
    m_active = std::move(active);
    m_begun = true;
    m_direction = std::move(direction);
    m_previous = std::move(previous);
    m_history = std::move(history);
    m_t = static_cast<double>(std::as_const(numbers).data()[0]);
    m_scale = static_cast<double>(std::as_const(numbers).data()[1]);
    return rest;
}

template <detail::no_parameter_list Given>
lbfgs(const Given&, lbfgs_options = {}) -> lbfgs<float>;

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim::detail {
#define XGRAD_INSTANCES(T)                                                      \
    XGRAD_INSTANCE void add_scaled(std::size_t, T*, double, const T*);          \
    XGRAD_INSTANCE double dot(const tensor<T>&, const tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
