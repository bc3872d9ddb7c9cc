// LibTorch's side of the comparison, as its documentation writes such programs, and set to its best: gradients are
// none, not zeros, before each step; inference runs in inference mode.
#include "../digits.hpp"
#include "torch.hpp"

#include <dlfcn.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace {

struct training {
    std::vector<torch::nn::Linear> layers;
    torch::Tensor x, y;
    bool small;
    std::unique_ptr<torch::optim::SGD> opt;
    std::vector<torch::Tensor> parameters;

    training(const network& given, double rate, double mu)
        : x{tensor(given.x, given.batch, given.widths.front())},
          y{tensor(given.y, given.batch, given.widths.back())},
          small{given.widths.front() == 2} {
        const auto guard = torch::NoGradGuard{};
        for (auto l = std::size_t{0}; l < given.layers(); ++l) {
            auto layer = torch::nn::Linear(static_cast<std::int64_t>(given.widths[l]),
                                           static_cast<std::int64_t>(given.widths[l + 1]));
            layer->weight.copy_(tensor(given.weights[l], given.widths[l], given.widths[l + 1]).t());
            layer->bias.copy_(tensor(given.biases[l], sizes{given.widths[l + 1]}));
            for (auto& p : layer->parameters()) parameters.push_back(p);
            layers.push_back(std::move(layer));
        }
        opt = std::make_unique<torch::optim::SGD>(parameters, torch::optim::SGDOptions(rate).momentum(mu));
    }

    torch::Tensor forward(const torch::Tensor& input) {
        if (small) return layers[2](torch::tanh(layers[1](torch::tanh(layers[0](input)))));
        return torch::relu(layers[2](torch::relu(layers[1](torch::relu(layers[0](input))))));
    }

    torch::Tensor step(const torch::Tensor& input, const torch::Tensor& target) {
        auto loss = torch::mse_loss(forward(input), target);
        for (auto& p : parameters) forget(p);
        loss.backward();
        opt->step();
        return loss;
    }
    torch::Tensor step() { return step(x, y); }
};

/// Parameters in our order of axes, with our names.
template <class F>
void each_parameter(training& trained, const F& f) {
    for (auto l = std::size_t{0}; l < trained.layers.size(); ++l) {
        const auto name = "fc" + std::to_string(l + 1);
        f(name + ".weight", trained.layers[l]->weight, true);
        f(name + ".bias", trained.layers[l]->bias, false);
    }
}

std::vector<piece> compared(const network& given, double mu) {
    auto trained = training{given, compared_rate, mu};
    auto pieces = std::vector<piece>{};
    for (auto step = 0; step < compared_steps; ++step) {
        pieces.push_back({"loss", {trained.step().item<float>()}});
        each_parameter(trained, [&](const std::string& name, const torch::Tensor& p, bool transposed) {
            if (step == 0) pieces.push_back({name + "'s gradient", values_of(transposed ? p.grad().t() : p.grad())});
        });
    }
    each_parameter(trained, [&](const std::string& name, const torch::Tensor& p, bool transposed) {
        pieces.push_back({name, values_of(transposed ? p.t() : p)});
    });
    return pieces;
}

template <class Given>
void add_training(const std::string& name, Given given, double mu) {
    add(name, [=] {
        auto trained = std::make_shared<training>(given(), timed_rate, mu);
        return work{[=] { trained->step(); }, [=] { return compared(given(), mu); }};
    });
}

void add_inference(std::size_t batch) {
    add("inference/" + std::to_string(batch), [=] {
        auto given = std::make_shared<training>(mnist_network(batch), timed_rate, 0);
        const auto run = [=] {
            const auto guard = c10::InferenceMode{};
            return given->forward(given->x);
        };
        return timed(run, [](const auto& out) { return std::vector<piece>{{"out", values_of(out)}}; });
    });
}

void add_chain() {
    add("chain", [] {
        const auto leaf = torch::TensorOptions().requires_grad(true);
        auto start = torch::tensor(chain_start, leaf), factor = torch::tensor(chain_factor, leaf);
        const auto run = [=]() mutable {
            forget(start);
            forget(factor);
            auto y = start;
            for (auto i = 0; i < chain_length; ++i) y = torch::tanh(y * factor);
            y.backward();
            return y;
        };
        return timed(run, [=](const auto& y) {
            return std::vector<piece>{{"y", values_of(y)},
                                      {"start's gradient", values_of(start.grad())},
                                      {"factor's gradient", values_of(factor.grad())}};
        });
    });
}

torch::Tensor gelu(const torch::Tensor& x) {
    return 0.5F * x * (1.0F + torch::tanh(0.7978845608F * (x + 0.044715F * x * x * x)));
}

template <class F>
void add_with_gradient(const std::string& name, std::size_t count, F f) {
    add(name + '/' + std::to_string(count), [=] {
        const auto size = std::vector{static_cast<std::int64_t>(count)};
        auto x = tensor(numbers(count, 1, -4, 4), size).requires_grad_();
        const auto dy = tensor(numbers(count, 2), size);
        const auto run = [=]() mutable {
            forget(x);
            auto y = f(x);
            y.backward(dy);
            return y;
        };
        return timed(run, [=](const auto& y) { return std::vector<piece>{{"y", values_of(y)}, {"dx", values_of(x.grad())}}; });
    });
}

template <class F>
void add_value(const std::string& name, std::size_t count, F f) {
    add(name + '/' + std::to_string(count), [=] {
        const auto x = tensor(numbers(count, 1, -4, 4), sizes{count});
        const auto run = [=] {
            const auto guard = c10::InferenceMode{};
            return f(x);
        };
        return timed(run, [](const auto& y) { return std::vector<piece>{{"y", values_of(y)}}; });
    });
}

void add_loss() {
    add("cross_entropy", [] {
        auto x = tensor(numbers(loss_rows * loss_classes, 1, -4, 4), loss_rows, loss_classes).requires_grad_();
        const auto labels = torch::tensor(loss_labels(), torch::kInt64);
        const auto run = [=]() mutable {
            forget(x);
            auto loss = torch::nn::functional::cross_entropy(x, labels);
            loss.backward();
            return loss;
        };
        return timed(run, [=](const auto& loss) {
            return std::vector<piece>{{"loss", {loss.template item<float>()}}, {"dx", values_of(x.grad())}};
        });
    });
}

/// One epoch of MNIST, batches taken by index: LibTorch's own loader puts them together sample by sample.
void train_on_digits() {
    const auto set = torch::data::datasets::MNIST(data_folder());
    const auto x = set.images().reshape({-1, 784}), y = set.targets();
    const auto order = torch::randperm(x.size(0));
    auto net = training{mnist_network(1), 0.01, momentum};
    for (const auto& rows : order.split(200))
        net.step(x.index_select(0, rows), torch::one_hot(y.index_select(0, rows), 10).to(torch::kFloat));
}

/// The instructions of LibTorch's own kernels, and of the libraries that it calls, where they say.
std::string instructions() {
    const auto config = at::show_config();
    const auto label = std::string{"CPU capability usage: "};
    const auto at = config.find(label);
    auto words = at == std::string::npos ? "does not say" : config.substr(at + label.size(), config.find('\n', at) - at - label.size());
    if (auto* const core = reinterpret_cast<const char* (*)()>(dlsym(RTLD_DEFAULT, "openblas_get_corename")))
        words += std::string{", OpenBLAS "} + core();
    return words;
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
    using namespace bench;
    for (const auto batch : mnist_batches) {
        add_training("training/" + std::to_string(batch), [=] { return mnist_network(batch); }, momentum);
        add_inference(batch);
    }
    add_training("small", [] { return small_network(1); }, 0);
    add_chain();
    for (const auto count : elementwise_sizes) {
        add_with_gradient("gelu", count, gelu);
        add_with_gradient("gelu_own", count, [](const torch::Tensor& x) { return torch::gelu(x, "tanh"); });
        add_with_gradient("silu", count, [](const torch::Tensor& x) { return torch::silu(x); });
    }
    add_loss();
    constexpr auto count = std::size_t{100'000};
    add_value("exp", count, [](const torch::Tensor& x) { return torch::exp(x); });
    add_value("tanh", count, [](const torch::Tensor& x) { return torch::tanh(x); });
    add_value("sum", count, [](const torch::Tensor& x) { return torch::sum(x); });
    add("digits", [] { return work{train_on_digits, {}}; });
    add_formulas();
    add_layers();
    add_resnet();
    add_digits();
    return bench::main(argc, argv, [](int threads) {
        torch::set_num_threads(threads);
        at::set_num_interop_threads(1);
    }, instructions);
}
