// A generative adversarial network learns a ring of eight heaps of points: a generator makes points out of noise, a critic
// learns to tell them from real ones, and the generator learns from the critic. I. Goodfellow and others, "Generative
// adversarial nets", 2014.
// z: (b, 8)  generator: (b, 64), (b, 64), points (b, 2)  critic: (b, 64), (b, 64), logits (b, 1)
//
// Such a pair tends to circle, or to settle on one heap. What holds it is a penalty on the critic's slope at the real points,
// |critic'(x)|^2 / 2, whose gradient is one through a gradient (L. Mescheder, A. Geiger, S. Nowozin, "Which training methods for
// GANs do actually converge?", 2018), and learning rates that fall to 0.
//
//     ./15_gan 7     another seed than 1
#include <xgrad/xgrad.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <numeric>

namespace xg = xgrad;

using points = xg::tensor<float, 2>;

constexpr auto heaps = std::size_t{8}, batch_size = std::size_t{128}, noise = std::size_t{8}, steps = std::size_t{4000};
constexpr auto spread = 0.05;   // the standard deviation of a heap, around a place on the circle of radius 1

struct network {
    xg::nn::linear<> fc1, fc2, fc3;

    network(std::size_t in, std::size_t out) : fc1{in, 64}, fc2{64, 64}, fc3{64, out} {}
    XGRAD_MEMBERS(fc1, fc2, fc3)

    points operator()(const points& x) const { return fc3(xg::relu(fc2(xg::relu(fc1(x))))); }
};

/// The places of the heaps, (8, 2).
points places() {
    const auto angles = xg::reshape(xg::arange<float>(heaps) * (2 * std::numbers::pi / heaps), {heaps, 1});
    return xg::concat({xg::cos(angles), xg::sin(angles)}, 1);
}
points real_points(const points& at) { return xg::index_select(at, xg::randint(0, heaps, {batch_size}), 0) + xg::randn<float>({batch_size, 2}) * spread; }

/// How many of the points lie within three standard deviations of each heap.
std::array<int, heaps> count(const points& made, const points& at) {
    auto found = std::array<int, heaps>{};
    for (auto i = std::size_t{0}; i < made.shape(0); ++i)
        for (auto h = std::size_t{0}; h < heaps; ++h)
            if (std::hypot(made(i, 0) - at(h, 0), made(i, 1) - at(h, 1)) < 3 * spread) ++found[h];
    return found;
}

int main(int arguments, char** values) {
    xg::manual_seed(arguments == 2 ? std::strtoull(values[1], nullptr, 10) : 1);
    const auto at = places();
    const auto generator = network{noise, 2}, critic = network{2, 1};
    auto opt_generator = xg::optim::adam{xg::nn::parameters(generator), {.lr = 1e-3, .betas{0.5, 0.99}}};
    auto opt_critic = xg::optim::adam{xg::nn::parameters(critic), {.lr = 1e-3, .betas{0.5, 0.99}}};
    const auto falling = xg::optim::linear_lr{.start_factor = 1, .end_factor = 0, .total_iters = steps};
    auto plan_generator = xg::optim::scheduler{opt_generator, falling}, plan_critic = xg::optim::scheduler{opt_critic, falling};
    const auto slope = xg::grad([&](const points& x) { return xg::sum(critic(x)); });   // of each point's own logit

    for (auto step = std::size_t{0}; step < steps; ++step) {
        const auto x = real_points(at), made = generator(xg::randn<float>({batch_size, noise}));
        const auto penalty = xg::sum(xg::square(slope(x))) / (2.0 * batch_size);
        const auto loss = xg::mean(xg::softplus(-critic(x))) + xg::mean(xg::softplus(critic(made.detach()))) + penalty;
        opt_critic.zero_grad();
        loss.backward();
        opt_critic.step();

        const auto loss_of_generator = xg::mean(xg::softplus(-critic(made)));
        opt_generator.zero_grad();
        loss_of_generator.backward();
        opt_generator.step();
        plan_critic.step();
        plan_generator.step();
    }

    const auto recording = xg::no_grad{};
    const auto found = count(generator(xg::randn<float>({1000, noise})), at);
    for (const auto each : found) std::fprintf(stderr, "%d ", each);
    std::fprintf(stderr, "of 1000 points are in a heap\n");
    std::printf("each of the eight heaps has more than 50 of 1000 points: %s\n", *std::min_element(found.begin(), found.end()) > 50 ? "yes" : "no");
    std::printf("more than 700 are in a heap: %s\n", std::accumulate(found.begin(), found.end(), 0) > 700 ? "yes" : "no");
}
