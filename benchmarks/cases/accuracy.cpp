// Training on MNIST until so many of its test images are right.
#include "../digits.hpp"
#include "cases.hpp"
#include "engine.hpp"

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/data/mnist.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/pooling.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/train/metrics.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace {

using digits = xg::data::labelled_images<float>;

struct mlp {
    xg::nn::linear<> fc1{784, 512}, fc2{512, 256}, fc3{256, 10};
    auto operator()(const auto& x) const { return fc3(fc2(fc1(x, xg::relu), xg::relu)); }
};

struct cnn {
    xg::nn::conv2d<> conv1{1, 16, 5, {.padding = 2}}, conv2{16, 32, 3, {.padding = 1}};
    xg::nn::batch_norm2d<> bn1{16}, bn2{32};
    xg::nn::linear<> fc1{32 * 7 * 7, 128}, fc2{128, 10};
    xg::nn::max_pool2d pool{2};

    auto operator()(const auto& x) const {
        const auto h = xg::relu(bn1(pool(conv1(xg::reshape(x, {-1, 1, 28, 28})))));
        return fc2(fc1(xg::flatten(xg::relu(bn2(pool(conv2(h)))), 1), xg::relu));
    }
};

/// The order of one epoch, the same for all sides.
struct given_order {
    std::vector<std::size_t> rows;

    std::size_t size(std::size_t) const { return rows.size(); }
    auto order(std::size_t, xg::generator&) const { return rows; }
};

template <class Net>
struct course {
    recipe given;
    digits train = xg::data::mnist<float>(digits_folder(), xg::data::split::train);
    digits test = xg::data::mnist<float>(digits_folder(), xg::data::split::test);

    double accuracy(Net& net) const {
        const auto guard = xg::no_grad{};
        xg::nn::eval(net);
        auto right = std::size_t{0};
        for (auto [x, y] : xg::data::loader{test, {.batch_size = recipe::test_batch}}) right += xg::train::count_correct(net(x), y);
        xg::nn::train(net);
        return static_cast<double>(right) / static_cast<double>(test.size());
    }

    /// The losses of the first steps; of all, until the accuracy is reached, where `most` is 0.
    std::vector<float> losses(std::uint64_t seed, std::size_t most = 0) const {
        auto net = Net{};
        for (auto& p : xg::nn::parameters(net))
            if (is_seeded(p.name())) std::ranges::copy(seeded_values(seed, p.name(), engine::sizes_of(p)), p.data());
        auto opt = xg::optim::adam{xg::nn::parameters(net), {.lr = given.rate}};
        auto seen = std::vector<float>{};
        for (auto epoch = std::size_t{0}; epoch < given.epochs; ++epoch) {
            const auto order = given_order{shuffled(train.size(), seed * 1000 + epoch)};
            for (auto [x, y] : xg::data::loader{train, {.batch_size = recipe::batch, .sampler = order}}) {
                opt.lr(given.rate_at(seen.size()));
                seen.push_back(take_step(opt, [&] { return xg::cross_entropy(net(x), y); }).item());
                if (seen.size() == most || (seen.size() % given.test_every == 0 && accuracy(net) >= given.accuracy)) return seen;
            }
        }
        throw std::runtime_error{given.name + " does not reach its accuracy with seed " + std::to_string(seed)};
    }
};

/// Each run is another seed's.
template <class Net>
void add_recipe(const recipe& given) {
    add(given.name, [=] {
        const auto taken = std::make_shared<course<Net>>(given);
        return work{[taken, seed = std::make_shared<std::uint64_t>(0)] { taken->losses((*seed)++); },
                    [taken] { return std::vector<piece>{{"losses", taken->losses(0, compared_steps)}}; }};
    });
}

}  // namespace

void add_accuracy() {
    add_recipe<mlp>(mlp_recipe);
    add_recipe<cnn>(cnn_recipe);
}

}  // namespace bench
