// A program that computes a bit of everything and prints it to the bit: the same, whether it is header-only or links
// xgrad::compiled.
#include <xgrad/autograd/create.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/optim/sgd.hpp>

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

namespace xg = xgrad;

namespace {

/// By FNV-1a.
template <class T>
void print(const char* name, const xg::tensor<T>& x) {
    auto hash = std::uint64_t{0xcbf29ce484222325};
    for (const auto byte : std::as_bytes(x.span())) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3;
    std::printf("%s %016llx\n", name, static_cast<unsigned long long>(hash));
}

// Before main begins, and perhaps before anything else.
const auto early = xg::tensor<float>{xg::exp(xg::linspace<float>(-3, 3, 100))};

template <class T>
void train() {
    xg::manual_seed(1);
    auto net = xg::nn::sequential{xg::nn::linear<T>{37, 61}, xg::tanh, xg::nn::linear<T>{61, 45}, xg::relu, xg::nn::linear<T>{45, 10}};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.1, .momentum = 0.9}};
    const auto x = xg::rand<T>({33, 37});
    const auto labels = xg::randint(0, 10, {33});
    for (auto step = 0; step < 20; ++step) {
        const auto y = net(x);
        const auto loss = xg::cross_entropy(y, labels) + xg::mean(xg::gelu(y)) * 0.01 +
                          xg::sum(xg::map([](auto v) { return v * v * 0.001f; }, y));
        opt.zero_grad();
        loss.backward();
        opt.step();
    }
    for (const auto& each : xg::nn::parameters(net)) print<T>(each.name().c_str(), each);
}

template <class T>
void operations() {
    const auto x = xg::tensor<T>{xg::linspace<T>(-2, 2, 1001)}.requires_grad(true);
    const auto of_one = [&](const char* name, const auto& f) {
        const auto y = xg::tensor<T>{f(x)};
        xg::sum(y * y).backward();
        print<T>(name, y);
        print<T>("... its gradient", x.grad());
        x.detach();
    };
    of_one("exp", xg::exp);
    of_one("erf", xg::erf);
    of_one("silu", xg::silu);
    of_one("softplus", xg::softplus);
    of_one("square root", [](const auto& v) { return xg::sqrt(v * v + 1); });
    of_one("view", [](const auto& v) { return xg::view(v, xt::range(7, 400, 3)); });
    of_one("softmax", [](const auto& v) { return xg::softmax(xg::reshape(v, {7, 143}), 1); });
    of_one("max", [](const auto& v) { return xg::max(xg::reshape(v, {7, 143}), 0); });
}

template <class T>
std::string message() {
    try {
        xg::matmul(xg::zeros<T>({3, 4}), xg::zeros<T>({5, 2}));
    } catch (const xg::shape_error& error) {
        return error.what();
    }
    return {};
}

}  // namespace

int main() {
    print<float>("early", early);
    train<float>();
    train<double>();
    operations<float>();
    operations<double>();
    std::puts(message<float>().c_str());
}
