// What the files of LibTorch's side share.
#pragma once

#include "../formulas.hpp"

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bench {

void add_formulas();   ///< operations, windows, normalisation, attention
void add_layers();     ///< networks, layers, an optimizer
void add_resnet();
void add_digits();     ///< MNIST in batches, and training until an accuracy is reached

inline torch::Tensor tensor(const std::vector<float>& values, std::vector<std::int64_t> sizes) {
    return torch::tensor(values).reshape(sizes).clone();
}
inline torch::Tensor tensor(const std::vector<float>& values, std::size_t rows, std::size_t columns) {
    return tensor(values, {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)});
}
inline torch::Tensor tensor(const std::vector<float>& values, const sizes& all) {
    return tensor(values, std::vector<std::int64_t>(all.begin(), all.end()));
}

inline std::vector<float> values_of(const torch::Tensor& x) {
    const auto dense = x.detach().contiguous();
    return {dense.data_ptr<float>(), dense.data_ptr<float>() + dense.numel()};
}

inline void forget(torch::Tensor& leaf) { leaf.mutable_grad() = torch::Tensor{}; }

/// LibTorch, as formulas.hpp wants a library.
struct engine {
    using tensor = torch::Tensor;
    using integers = torch::Tensor;
    using not_recording = c10::InferenceMode;

    static tensor make(const std::vector<float>& values, const sizes& all, bool differentiated) {
        return bench::tensor(values, all).requires_grad_(differentiated);
    }
    static integers make_integers(const std::vector<std::int64_t>& values, const sizes& all) {
        return torch::tensor(values, torch::kInt64).reshape(std::vector<std::int64_t>(all.begin(), all.end())).clone();
    }
    static void forget(tensor& x) { bench::forget(x); }
    static void backward(const tensor& y, const tensor& dy, bool keep) { y.backward(dy, keep); }
    static std::vector<float> values_of(const tensor& x) { return bench::values_of(x); }
    static std::vector<float> gradient_of(const tensor& x) { return bench::values_of(x.grad()); }
    static sizes sizes_of(const tensor& x) { return {x.sizes().begin(), x.sizes().end()}; }
};

// Parameters have our names. Matrices are kept transposed; the values and gradients that are shared are in our order.

inline torch::Tensor in_our_order(const torch::Tensor& x) { return x.dim() == 2 ? x.t() : x; }

inline void fill(torch::nn::Module& net) {
    const auto guard = torch::NoGradGuard{};
    const auto take = [](const std::string& name, torch::Tensor& x) {
        const auto all = engine::sizes_of(in_our_order(x));
        in_our_order(x).copy_(tensor(parameter_values(name, all), all));
    };
    for (auto& p : net.named_parameters()) take(p.key(), p.value());
    for (auto& b : net.named_buffers())
        if (b.value().is_floating_point()) take(b.key(), b.value());
}

inline void forget_all(torch::nn::Module& net) {
    for (auto& p : net.parameters()) forget(p);
}

/// Pixels from 0 to 1.
inline torch::Tensor pictures(const sizes& all) { return tensor(numbers(elements(all), 1, 0, 1), all); }

/// A step of training of a network that classifies.
template <class Net, class Optimizer>
torch::Tensor take_step(Net& net, Optimizer& opt, const torch::Tensor& x, const torch::Tensor& labels) {
    auto loss = torch::nn::functional::cross_entropy(net.forward(x), labels);
    forget_all(net);
    loss.backward();
    opt.step();
    return loss;
}

template <class Net>
void add_inference(const std::string& name, const sizes& input) {
    add(name, [=] {
        auto net = std::make_shared<Net>();
        net->eval();
        return timed([net, x = pictures(input)] {
            const auto guard = c10::InferenceMode{};
            return net->forward(x);
        }, [](const auto& y) { return std::vector<piece>{{"out", values_of(y)}}; });
    });
}

}  // namespace bench
