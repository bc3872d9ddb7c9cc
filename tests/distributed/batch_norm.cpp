#include <doctest/doctest.h>

#include <xgrad/autograd/functional.hpp>
#include <xgrad/distributed/batch_norm.hpp>
#include <xgrad/distributed/data_parallel.hpp>
#include <xgrad/ops/convolution.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/ops/shape.hpp>

#include <support/ranks.hpp>
#include <support/what_is_said.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace distributed = xgrad::distributed;
using ranks::world;

namespace {

template <class Norm>
struct with_norm {
    xg::nn::linear<> fc1{5, 6};
    Norm norm{6};
    xg::nn::linear<> fc2{6, 3};
    auto operator()(const auto& x) const { return fc2(xg::relu(norm(fc1(x)))); }
};

template <class Net>
std::vector<std::string> names_in(Net& net) {
    auto names = std::vector<std::string>{};
    xg::nn::for_each_tensor([&](auto name, const auto&) { names.emplace_back(name); }, net);
    return names;
}

}  // namespace

TEST_CASE("n ranks compute what one would with the whole batch, in numbers, gradients and running statistics") {
    xg::manual_seed(3);
    auto whole_net = with_norm<xg::nn::batch_norm1d<>>{};
    xg::manual_seed(3);
    auto net = with_norm<distributed::batch_norm1d<>>{};
    CHECK(names_in(net) == names_in(whole_net));
    auto parallel = distributed::data_parallel{world(), net};
    auto numbers = xg::generator{4};
    for (const auto& counts : {std::vector<std::size_t>{5, 7}, std::vector<std::size_t>{0, 12}, std::vector<std::size_t>{1, 11}, std::vector<std::size_t>{11, 1}}) {
        auto whole = ranks::whole_batch(numbers, 12);
        for (auto& each : whole.x.span()) each += 100;   // a mean that is large beside the spread
        const auto own = ranks::part_of(whole, counts);
        for (auto& each : xg::nn::parameters(net, whole_net)) each.zero_grad();
        xg::mse_loss(whole_net(whole.x), whole.y).backward();
        parallel.backward(xg::mse_loss(net(own.x), own.y), own.rows());
        const auto wanted = xg::nn::parameters(whole_net), got = xg::nn::parameters(net);
        for (auto i = std::size_t{0}; i < got.size(); ++i) {
            CAPTURE(got[i].name());
            // The gradients of what stands before the norm are differences of large numbers.
            const auto tolerance = i < 2 ? 2e-3 : 1e-4;
            for (auto e = std::size_t{0}; e < got[i].size(); ++e)
                CHECK(got[i].grad().data()[e] == doctest::Approx(wanted[i].grad().data()[e]).epsilon(tolerance).scale(1));
        }
    }
    for (auto c = std::size_t{0}; c < 6; ++c) {
        CHECK(net.norm.layer.running_mean(c) == doctest::Approx(whole_net.norm.running_mean(c)).epsilon(1e-5));
        CHECK(net.norm.layer.running_var(c) == doctest::Approx(whole_net.norm.running_var(c)).epsilon(1e-3));
    }
    CHECK(net.norm.layer.num_batches_tracked.item() == 4);

    xg::nn::eval(net);
    CHECK(!net.norm.layer.training);
    if (world().is_first()) net(xg::ones<float>({2, 5}));   // in evaluation nobody else is needed
}

TEST_CASE("pictures have channels, too") {
    auto norm = distributed::batch_norm2d<>{2};
    auto numbers = xg::generator{6};
    auto x = ranks::random_rows(numbers, world().rank() + 1, 2 * 9);
    for (auto& each : x.span()) each += static_cast<float>(world().rank());
    const auto y = norm(xg::reshape(x, {x.shape(0), std::size_t{2}, std::size_t{3}, std::size_t{3}}));
    auto sums = std::vector<double>(3);
    for (const auto each : y) sums[0] += 1, sums[1] += static_cast<double>(each), sums[2] += static_cast<double>(each) * static_cast<double>(each);
    const auto total = distributed::detail::sums(world(), sums);
    CHECK(std::abs(total[1] / total[0]) < 1e-5);
    CHECK(total[2] / total[0] == doctest::Approx(1).epsilon(1e-3));
}

TEST_CASE("what does not fit has a sentence") {
    auto norm = distributed::batch_norm1d<>{2};
    CHECK(what_is_said([&] { norm(xg::ones<float>({3, 4})); }) == "[nn::batch_norm] x is (3, 4); the layer has 2 channels");
    const auto one = xg::ones<float>({world().is_first() ? 1 : 0, 2});
    CHECK(what_is_said([&] { norm(one); }).find("a single value for each channel") != std::string::npos);
}
