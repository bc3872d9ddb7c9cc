// The snippets of docs/coming_from_pytorch.md, word for word: scripts/snippets.py compares them.
#include <doctest/doctest.h>

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/print.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/pooling.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/optim/adamw.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/cosine.hpp>
#include <xgrad/optim/schedule.hpp>
#include <xgrad/train/metrics.hpp>

#include <support/temporary_folder.hpp>

#include <filesystem>
#include <iostream>

namespace xg = xgrad;
namespace nn = xgrad::nn;
namespace io = xgrad::io;

namespace {

struct network {
    nn::conv2d<> conv{1, 8, 3, {.padding = 1}};
    nn::batch_norm2d<> bn{8};
    nn::linear<> fc{8 * 4 * 4, 10};

    auto operator()(const xg::tensor<float, 4>& images) const {
        const auto h = xg::max_pool2d(xg::relu(bn(conv(images))), 2);
        return fc(xg::reshape(h, {h.shape(0), 8 * 4 * 4}));
    }
};

/// Files without a folder in their name go into one that vanishes.
struct in_a_folder {
    temporary_folder folder;
    std::filesystem::path before = std::filesystem::current_path();
    in_a_folder() { std::filesystem::current_path(folder.path()); }
    ~in_a_folder() { std::filesystem::current_path(before); }
};

}  // namespace

TEST_CASE("tensors and gradients") {
    auto x = xg::tensor<float, 2>{{1, 2}, {3, 4}};
    x.requires_grad(true);
    auto y = xg::sum(xg::matmul(x, x));
    y.backward();
    std::cout << x.grad() << y.item() << '\n';
    CHECK(y.item() == 54);
    CHECK(x.grad()(0, 0) == 7);

    auto z = xg::view(x, 0);                // a row, shared
    auto w = xg::view(x, xt::all(), 1);     // a column, a copy
    {
        xg::no_grad guard;
        x *= 0.5f;
    }
    CHECK(z(1) == 1);
    CHECK(w(1) == 4);
}

TEST_CASE("a network learns, and its weights travel") {
    const auto here = in_a_folder{};
    network net;
    const auto images = xg::randn<float>({20, 1, 8, 8});
    const auto labels = xg::randint(0, 10, {20});

    xg::optim::adamw opt{nn::parameters(net), {.lr = 1e-3, .weight_decay = 0.01}};
    xg::optim::scheduler plan{opt, xg::optim::cosine_annealing_lr{.t_max = 100}};
    xg::data::loader loader{xg::data::tensor_dataset{images, labels}, {.batch_size = 8, .shuffle = true}};

    const auto before = net.fc.weight.clone();
    nn::train(net);
    for (auto [x, y] : loader) {
        auto loss = xg::cross_entropy(net(x), y);
        opt.zero_grad();
        loss.backward();
        xg::optim::clip_grad_norm(opt.parameters(), 1.0);
        opt.step();
        plan.step();
    }
    CHECK(net.fc.weight(0, 0) != before(0, 0));
    CHECK(net.bn.num_batches_tracked.item() == 3);

    io::save(net, "net.safetensors", {.layout = io::layout::pytorch});
    io::load(net, "net.safetensors", {.layout = io::layout::pytorch});

    io::save_tensors(opt.state(), "opt.safetensors");
    opt.load_state(io::load_tensors<float>("opt.safetensors"));

    nn::eval(net);
    xg::no_grad guard;
    const auto accuracy = xg::train::accuracy(net(images), labels);
    CHECK((accuracy >= 0 && accuracy <= 1));
}
