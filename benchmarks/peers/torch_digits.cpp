// LibTorch reads MNIST, and is trained on it until so many of its test images are right.
#include "../digits.hpp"
#include "torch.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace data = torch::data;

// ---- its loader ----------------------------------------------------------------------------------------

/// As its guide writes it: each image is normalised, and then a batch is stacked.
auto by_image(data::datasets::MNIST set) {
    return std::move(set).map(data::transforms::Normalize<>(pixel_mean, pixel_deviation)).map(data::transforms::Stack<>());
}

/// Stacked, and then normalised in place, a batch at a time.
auto by_batch(data::datasets::MNIST set) {
    using examples = std::vector<data::Example<>>;
    return std::move(set).map(data::transforms::BatchLambda<examples, data::Example<>>([](examples images) {
        auto batch = data::transforms::Stack<>{}.apply_batch(std::move(images));
        batch.data.sub_(pixel_mean).mul_(1 / pixel_deviation);
        return batch;
    }));
}

/// On one core a worker is of no use: batches are made where the loop is.
template <class Sampler, class Set>
auto loader_of(Set set) {
    return data::make_data_loader<Sampler>(std::move(set), data::DataLoaderOptions().batch_size(loader_batch).workers(0));
}

template <class Make>
std::vector<piece> compared(Make make) {
    auto in_order = loader_of<data::samplers::SequentialSampler>(make(data::datasets::MNIST(data_folder())));
    const auto batch = *in_order->begin();
    auto sums = epoch_sums{};
    auto shuffled_ones = loader_of<data::samplers::RandomSampler>(make(data::datasets::MNIST(data_folder())));
    for (const auto& each : *shuffled_ones)
        sums.add(each.data.template data_ptr<float>(), each.target.template data_ptr<std::int64_t>(), loader_batch);
    return {{"first", values_of(batch.data)}, {"labels", values_of(batch.target.to(torch::kFloat))}, {"epoch", sums.by_number()}};
}

template <class Make>
void add_loader(const std::string& name, Make make) {
    add(name, [=] {
        auto batches = std::shared_ptr{loader_of<data::samplers::RandomSampler>(make(data::datasets::MNIST(data_folder())))};
        const auto run = [=] {
            for (const auto& batch : *batches) static_cast<void>(batch);
        };
        return work{run, [=] { return compared(make); }};
    });
}

// ---- training ------------------------------------------------------------------------------------------

struct mlp : torch::nn::Module {
    torch::nn::Linear fc1{784, 512}, fc2{512, 256}, fc3{256, 10};

    mlp() {
        register_module("fc1", fc1);
        register_module("fc2", fc2);
        register_module("fc3", fc3);
    }
    torch::Tensor forward(const torch::Tensor& x) { return fc3(torch::relu(fc2(torch::relu(fc1(x.flatten(1)))))); }
};

struct cnn : torch::nn::Module {
    torch::nn::Conv2d conv1{torch::nn::Conv2dOptions(1, 16, 5).padding(2)}, conv2{torch::nn::Conv2dOptions(16, 32, 3).padding(1)};
    torch::nn::BatchNorm2d bn1{16}, bn2{32};
    torch::nn::Linear fc1{32 * 7 * 7, 128}, fc2{128, 10};

    cnn() {
        register_module("conv1", conv1);
        register_module("conv2", conv2);
        register_module("bn1", bn1);
        register_module("bn2", bn2);
        register_module("fc1", fc1);
        register_module("fc2", fc2);
    }
    torch::Tensor forward(const torch::Tensor& x) {
        auto h = torch::relu(bn1(torch::max_pool2d(conv1(x), 2)));
        h = torch::relu(bn2(torch::max_pool2d(conv2(h), 2)));
        return fc2(torch::relu(fc1(h.flatten(1))));
    }
};

void seed_all(torch::nn::Module& net, std::uint64_t seed) {
    const auto guard = torch::NoGradGuard{};
    for (auto& p : net.named_parameters()) {
        const auto all = engine::sizes_of(in_our_order(p.value()));
        if (is_seeded(p.key())) in_our_order(p.value()).copy_(tensor(seeded_values(seed, p.key(), all), all));
    }
}

/// Batches are taken by index: LibTorch's own loader puts them together sample by sample.
template <class Net>
struct course {
    using mnist = data::datasets::MNIST;
    recipe given;
    mnist train = mnist(digits_folder()), test = mnist(digits_folder(), mnist::Mode::kTest);

    double accuracy(Net& net) const {
        const auto guard = torch::NoGradGuard{};
        net.eval();
        auto right = std::int64_t{0};
        const auto x = test.images().split(recipe::test_batch), y = test.targets().split(recipe::test_batch);
        for (auto i = std::size_t{0}; i < x.size(); ++i) right += net.forward(x[i]).argmax(1).eq(y[i]).sum().template item<std::int64_t>();
        net.train();
        return static_cast<double>(right) / static_cast<double>(*test.size());
    }

    std::vector<float> losses(std::uint64_t seed, std::size_t most = 0) const {
        auto net = Net{};
        seed_all(net, seed);
        auto opt = torch::optim::Adam{net.parameters(), torch::optim::AdamOptions(given.rate)};
        auto seen = std::vector<float>{};
        for (auto epoch = std::size_t{0}; epoch < given.epochs; ++epoch) {
            const auto rows = shuffled(*train.size(), seed * 1000 + epoch);
            const auto order = torch::tensor(std::vector<std::int64_t>(rows.begin(), rows.end()));
            for (const auto& batch : order.split(recipe::batch)) {
                static_cast<torch::optim::AdamOptions&>(opt.param_groups()[0].options()).lr(given.rate_at(seen.size()));
                seen.push_back(take_step(net, opt, train.images().index_select(0, batch), train.targets().index_select(0, batch)).template item<float>());
                if (seen.size() == most || (seen.size() % given.test_every == 0 && accuracy(net) >= given.accuracy)) return seen;
            }
        }
        throw std::runtime_error{given.name + " does not reach its accuracy with seed " + std::to_string(seed)};
    }
};

template <class Net>
void add_recipe(const recipe& given) {
    add(given.name, [=] {
        const auto taken = std::make_shared<course<Net>>(course<Net>{given});
        return work{[taken, seed = std::make_shared<std::uint64_t>(0)] { taken->losses((*seed)++); },
                    [taken] { return std::vector<piece>{{"losses", taken->losses(0, compared_steps)}}; }};
    });
}

}  // namespace

void add_digits() {
    add_loader("data/loader", by_image);
    add_loader("data/loader_by_batch", by_batch);
    add_recipe<mlp>(mlp_recipe);
    add_recipe<cnn>(cnn_recipe);
}

}  // namespace bench
