// Whether a network can learn: looked at once, before the loop.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/node.hpp>
#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/reader_scope.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/text.hpp>
#include <xgrad/nn/members.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/walk.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::train {

/// What `check` found; empty lists when all is well.
struct check_result {
    std::vector<std::string> without_gradient;   ///< parameters that the loss does not depend on, by name
    std::vector<std::string> stopped;            ///< operations that took what has a gradient and gave what has none
    std::vector<shape> unknown;                  ///< of tensors that get a gradient and belong to no parameter
    std::vector<std::string> not_optimized;      ///< parameters of the module that the optimizer does not have
    /// Modules that `nn::eval` has told not to train, by name; of some that may be meant.
    std::vector<std::string> evaluating;
    bool has_graph = true;                       ///< whether the loss came of anything that asks for a gradient

    /// Whether every parameter learns, and nothing else asks for a gradient.
    bool ok() const { return has_graph && without_gradient.empty() && unknown.empty() && not_optimized.empty(); }
};

/// A line for each finding: "fc2.bias gets no gradient: ...", "argmax (2, 3) stops the gradient", ...
inline std::string to_string(const check_result& found) {
    auto text = std::string{};
    if (!found.has_graph)
        text += "the loss has no graph: nothing that it came of asks for a gradient, or recording was off\n";
    for (const auto& name : found.without_gradient)
        text += name + " gets no gradient: what its layer computes must go into the loss\n";
    for (const auto& operation : found.stopped) text += operation + " stops the gradient\n";
    for (const auto& sizes : found.unknown)
        text += xgrad::detail::joined_text("a tensor of shape ", sizes, " gets a gradient and is no parameter\n");
    for (const auto& name : found.not_optimized) text += name + " is not among the optimizer's parameters\n";
    if (!found.evaluating.empty()) {
        text += found.evaluating.front().empty() ? "the network" : found.evaluating.front();
        if (found.evaluating.size() > 1)
            text += xgrad::detail::joined_text(" and ", found.evaluating.size() - 1, " more");
        text += found.evaluating.size() > 1 ? " are" : " is";
        text += " in evaluation mode: call nn::train(net) before training, unless that is meant\n";
    }
    return text.empty() ? "every parameter gets a gradient\n" : text;
}

template <class Stream>
    requires requires(Stream& stream, const std::string& text) { stream << text; }
Stream& operator<<(Stream& stream, const check_result& found) {
    stream << to_string(found);
    return stream;
}

namespace detail {

/// Sees operations whose inputs have a graph and whose results have none; those that they call are their own affair.
/// A template, as an XGRAD_ON_DEMAND function is: else its virtual functions would be made in every program.
template <class = void>
class stops_of_gradients final : public xgrad::detail::reader_scope {
public:
    explicit stops_of_gradients(std::vector<std::string>& stopped) : m_stopped{stopped} {}

    void begin(const char* name) override {
        reader_scope::begin(name);
        if (m_depth++ != 0) return;
        m_name = name;
        m_asks = false;
    }
    void input(const char* name, const any_tensor& x) override {
        reader_scope::input(name, x);
        if (m_depth != 1 || !x.defined() || x.get().graph == nullptr) return;
        if (!std::exchange(m_asks, true))
            m_text = xgrad::detail::joined_text(m_name, " of ", x.shape(), is_grad_enabled() ? "" : ", under no_grad,");
    }
    void end(std::span<const any_tensor> results, std::shared_ptr<const callable_operation> again) override {
        reader_scope::end(results, std::move(again));
        if (--m_depth != 0 || !m_asks) return;
        const auto goes_on = lists::any_of(results, [](const auto& each) { return each.get().graph != nullptr; });
        if (!goes_on && !lists::contains(m_stopped, m_text)) m_stopped.push_back(m_text);
    }
    void abandon() noexcept override {
        reader_scope::abandon();
        --m_depth;
    }

private:
    std::vector<std::string>& m_stopped;
    std::string m_name, m_text;
    bool m_asks = false;
    int m_depth = 0;
};

/// The leaves of which a value came.
XGRAD_ON_DEMAND std::vector<const xgrad::detail::node*> leaves_behind(const xgrad::detail::node* root) {
    auto leaves = std::vector<const xgrad::detail::node*>{};
    auto seen = std::unordered_set<const xgrad::detail::node*>{};
    auto open = std::vector<const xgrad::detail::node*>{};
    const auto visit = [&](const xgrad::detail::node* each) {
        if (each != nullptr && seen.insert(each).second) open.push_back(each);
    };
    visit(root);
    while (!open.empty()) {
        const auto* const each = open.back();
        open.pop_back();
        if (each->is_leaf()) leaves.push_back(each);
        for (const auto* const input : each->inputs()) visit(input);
    }
    return leaves;
}

/// `optimized` says of a leaf whether the optimizer has it; there may be none.
template <class Net, class F, class Optimizer>
check_result check_learning(const Net& net, const F& f, const Optimizer* optimizer) {
    auto found = check_result{};
    const auto guard = enable_grad{};
    const auto loss = [&] {
        const auto reader = stops_of_gradients{found.stopped};
        return f();
    }();
    const auto* const root = xgrad::detail::access::graph(loss);
    found.has_graph = root != nullptr;
    auto leaves = leaves_behind(root);
    const auto take = [&](const xgrad::detail::node* leaf) {
        const auto at = lists::find(leaves, leaf);
        if (at == leaves.end()) return false;
        leaves.erase(at);
        return true;
    };
    const auto optimized = [&](const xgrad::detail::node* leaf, bool without_optimizer) {
        if constexpr (std::is_void_v<Optimizer>) return without_optimizer;
        else
            return lists::any_of(optimizer->parameters(),
                                 [&](const auto& each) { return xgrad::detail::access::graph(each) == leaf; });
    };
    const auto each_parameter = [&](const auto& visit) {
        for (const auto& each : nn::parameters<float>(net)) visit(each);
        for (const auto& each : nn::parameters<double>(net)) visit(each);
    };
    each_parameter([&](const auto& each) {
        if (!take(xgrad::detail::access::graph(each))) found.without_gradient.push_back(each.name());
        if (!optimized(xgrad::detail::access::graph(each), true)) found.not_optimized.push_back(each.name());
    });
    auto path = std::string{};
    nn::detail::walk(net, path, [](std::string_view, const auto&) {}, [&](std::string_view name, const auto& each) {
        if (const auto* const training = nn::detail::member_list::training(each); training != nullptr && !*training)
            found.evaluating.emplace_back(name);
    });
    for (const auto* const leaf : leaves)
        if (!optimized(leaf, false)) found.unknown.push_back(leaf->sizes);
    return found;
}

}  // namespace detail

/// Calls f, which computes the loss of `net`, once, and says which parameters get no gradient, which operations stopped
/// one on its way (a detach, an argmax, a conversion to integers), and of which shape the tensors are that get one and
/// are no parameters of the module. The gradients and the module stay as they are, unless f changes it.
///
///     std::cout << train::check(net, [&] { return mse_loss(net(x), y); });
template <class Net, class F>
check_result (check)(const Net& net, const F& f) {
    return detail::check_learning(net, f, static_cast<const void*>(nullptr));
}

/// The same, and which parameters of the module the optimizer does not have. What the optimizer has beyond the module
/// is no unknown tensor.
template <class Net, class Optimizer, class F>
check_result (check)(const Net& net, const Optimizer& optimizer, const F& f) {
    return detail::check_learning(net, f, &optimizer);
}

}  // namespace xgrad::train
