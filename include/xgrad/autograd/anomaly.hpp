// Finding the operation that made a NaN.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/node.hpp>
#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/reader_scope.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/text.hpp>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

struct anomaly_options {
    bool debugger = false;   ///< stop in the debugger (SIGTRAP) before the error is thrown
};

namespace detail {

/// The place of the first element that is infinite or NaN, and what it is: "nan at (0, 2)"; nothing if all are finite.
template <real T>
std::string first_not_finite(const array& x) {
    const auto* const elements = reinterpret_cast<const T*>(x.elements);
    const auto* const found = std::find_if(elements, elements + x.size, [](T value) { return !is_finite_number(value); });
    if (found == elements + x.size) return {};
    auto rest = static_cast<std::size_t>(found - elements);
    auto place = x.sizes;
    for (auto axis = place.rank(); axis-- > 0;) {
        place[axis] = rest % x.sizes[axis];
        rest /= x.sizes[axis];
    }
    return joined_text(*found, " at ", place);
}
XGRAD_ON_DEMAND std::string first_not_finite(const any_tensor& x) {
    if (!x.defined() || (x.type() != dtype::float32 && x.type() != dtype::float64)) return {};
    return x.type() == dtype::float32 ? first_not_finite<float>(x.get()) : first_not_finite<double>(x.get());
}
/// The same of a gradient.
XGRAD_ON_DEMAND std::string first_not_finite(const array& x) {
    return x.element_bytes == sizeof(float) ? first_not_finite<float>(x) : first_not_finite<double>(x);
}

/// What `detect_anomaly` does, at the door and at the backward rules.
template <class = void>   // on demand
class anomaly_reader final : reader_scope, rule_watcher {
public:
    explicit anomaly_reader(anomaly_options options)
        : m_options{options}, m_before{std::exchange(watching_rules, static_cast<rule_watcher*>(this))} {}
    ~anomaly_reader() override { watching_rules = m_before; }

    void name(std::string name, const any_tensor& x) { m_parameters.push_back({std::move(name), x}); }

private:
    struct named {
        std::string name;
        any_tensor x;
    };
    struct open_operation {
        std::string name;
        std::string inputs{};
        bool finite = true;   // what went in
    };

    void begin(const char* name) override {
        reader_scope::begin(name);
        m_open.push_back({name});
    }
    void input(const char* name, const any_tensor& x) override {
        reader_scope::input(name, x);
        auto& current = m_open.back();
        if (!x.defined()) return;
        current.finite = current.finite && first_not_finite(x).empty();
        current.inputs += joined_text(current.inputs.empty() ? "" : ", ", name, " ", name_of(x.get()), x.shape());
    }
    void number(const char* name, double value) override {
        reader_scope::number(name, value);
        m_open.back().finite = m_open.back().finite && is_finite_number(value);
    }
    void numbers(const char* name, std::span<const double> values) override {
        reader_scope::numbers(name, values);
        for (const auto value : values) m_open.back().finite = m_open.back().finite && is_finite_number(value);
    }
    void end(std::span<const any_tensor> results, std::shared_ptr<const callable_operation> again) override {
        reader_scope::end(results, std::move(again));
        const auto done = std::move(m_open.back());
        m_open.pop_back();
        if (!done.finite || m_rules != 0) return;
        for (const auto& each : results)
            if (const auto what = first_not_finite(each); !what.empty()) {
                if (m_innermost.empty()) m_innermost = done.name;
                if (!m_open.empty()) return;   // the operation that called it may yet make something finite of it
                const auto inside = std::exchange(m_innermost, {});
                stop();
                fail<value_error>(done.name, "made ", what, " of its result ", each.shape(), " out of finite numbers",
                                  inside == done.name ? "" : ", in ", inside == done.name ? "" : inside, "; its inputs are ", done.inputs);
            }
        if (m_open.empty()) m_innermost.clear();
    }
    void abandon() noexcept override {
        reader_scope::abandon();
        m_open.pop_back();
        if (m_open.empty()) m_innermost.clear();
    }

    void run(node& at) override {
        const auto was_finite = first_not_finite(*at.gradient).empty();
        ++m_rules;
        try {
            at.differentiate();
        } catch (...) {
            --m_rules;
            throw;
        }
        --m_rules;
        if (!was_finite) return;
        const auto inputs = at.inputs();
        for (auto i = std::size_t{0}; i < inputs.size(); ++i) {
            if (inputs[i] == nullptr || inputs[i]->gradient == nullptr) continue;
            const auto what = first_not_finite(*inputs[i]->gradient);
            if (what.empty()) continue;
            stop();
            fail<value_error>(at.name, "its backward made ", what, " of the gradient of input ", i, ", ", name_of(*inputs[i]),
                              inputs[i]->sizes, ", out of finite numbers; its result is ", at.sizes);
        }
    }

    /// "fc1.weight " for a parameter.
    std::string name_of(const array& x) const {
        for (const auto& each : m_parameters)
            if (&each.x.get() == &x) return each.name + ' ';
        return {};
    }
    std::string name_of(const node& leaf) const {
        for (const auto& each : m_parameters)
            if (each.x.get().graph == &leaf) return each.name + ' ';
        return {};
    }

    void stop() const {
#if defined(SIGTRAP)
        if (m_options.debugger) std::raise(SIGTRAP);
#endif
    }

    anomaly_options m_options;
    rule_watcher* m_before;
    std::vector<named> m_parameters{};
    std::vector<open_operation> m_open{};
    std::string m_innermost{};
    int m_rules = 0;   // backward rules at work: only what comes of them counts
};

}  // namespace detail

/// While an object of this class lives, the first operation of its thread that makes an infinity or a NaN out of finite
/// numbers, forward or backward, throws a `value_error` that names the operation, shapes, the first such element, and the
/// parameters among its inputs by their names, where it is given those of a net:
///
///     const auto guard = xg::detect_anomaly{xg::nn::named_parameters(net)};
///     xg::mse_loss(net(x), y).backward();
///
/// Of an operation that is made of others the innermost is named, too. For looking for a fault: everything is read once more.
class [[nodiscard]] detect_anomaly {
public:
    template <class = void>   // on demand
    [[nodiscard("without a name it ends at once: write xg::detect_anomaly guard;")]]
    explicit detect_anomaly(anomaly_options options = {}) : m_reader{options} {}
    template <real T>
    [[nodiscard("without a name it ends at once: write xg::detect_anomaly guard{...};")]]
    explicit detect_anomaly(const parameter_list<T>& parameters, anomaly_options options = {}) : m_reader{options} {
        for (const auto& each : parameters) m_reader.name(each.name(), any_tensor{each});
    }

private:
    detail::anomaly_reader<> m_reader;
};

}  // namespace xgrad
