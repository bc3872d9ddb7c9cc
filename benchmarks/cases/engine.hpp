// xgrad, as formulas.hpp wants a library, and its modules filled with the values that all sides share.
#pragma once

#include "../formulas.hpp"

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/nn/module.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bench {

namespace xg = xgrad;

struct engine {
    using tensor = xg::tensor<float>;
    using integers = xg::tensor<std::int64_t>;
    using not_recording = xg::no_grad;

    static tensor make(const std::vector<float>& values, const sizes& all, bool differentiated) {
        return tensor{values, xg::shape(all)}.requires_grad(differentiated);
    }
    static integers make_integers(const std::vector<std::int64_t>& values, const sizes& all) { return {values, xg::shape(all)}; }
    static void forget(tensor& x) { x.zero_grad(); }
    static void backward(const auto& y, const auto& dy, bool keep) { y.backward(dy, {.retain_graph = keep}); }
    static std::vector<float> values_of(const auto& x) { return {x.data(), x.data() + x.size()}; }
    static std::vector<float> gradient_of(const auto& x) { return values_of(x.grad()); }
    static sizes sizes_of(const auto& x) {
        const auto all = x.shape();
        return {all.begin(), all.end()};
    }
};

template <class Net>
void fill(const Net& net) {
    for (auto list : {xg::nn::parameters(net), xg::nn::buffers(net)})
        for (auto& each : list) std::ranges::copy(parameter_values(each.name(), engine::sizes_of(each)), each.data());
}

/// A step of training, whose loss comes of `find()`. `in_backward`: each parameter makes its own as soon as it can.
auto take_step(auto& opt, const auto& find, bool in_backward = false) {
    auto loss = find();
    if (in_backward) {
        opt.step_in_backward(loss);
        return loss;
    }
    opt.zero_grad();
    loss.backward();
    opt.step();
    return loss;
}

/// The gradients of all parameters.
template <class Net>
std::vector<piece> gradients_of(const Net& net) {
    auto pieces = std::vector<piece>{};
    for (const auto& p : xg::nn::parameters(net)) pieces.push_back({p.name() + "'s gradient", engine::gradient_of(p)});
    return pieces;
}

/// Forward, and backward for the gradients of x and of all parameters.     call(net, x) is y
template <class Make, class Call>
void add_layer(const std::string& name, const sizes& x_sizes, Make make, Call call) {
    add(name, [=] {
        auto net = std::make_shared<decltype(make())>(make());
        fill(*net);
        auto x = xg::tensor<float, 3>{engine::make(numbers(elements(x_sizes), 1), x_sizes, true)};
        const auto y_sizes = engine::sizes_of(call(*net, x));
        const auto dy = engine::make(numbers(elements(y_sizes), 2), y_sizes, false);
        const auto run = [=]() mutable {
            x.zero_grad();
            for (auto& p : xg::nn::parameters(*net)) p.zero_grad();
            auto y = call(*net, x);
            y.backward(dy);
            return y;
        };
        return timed(run, [=](const auto& y) {
            auto pieces = gradients_of(*net);
            pieces.push_back({"y", engine::values_of(y)});
            pieces.push_back({"dx", engine::gradient_of(x)});
            return pieces;
        });
    });
}

}  // namespace bench
