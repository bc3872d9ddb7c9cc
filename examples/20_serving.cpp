// One model that several threads ask at once: each takes the next request that nobody has taken yet. The answers are, to the
// bit, those that one thread alone gives. Requests are one to three pictures each.
// x: (b, 1, 28, 28), then (b, 16, 14, 14), then (b, 32, 7, 7), out: (b, 10)
//
//     ./20_serving         as many threads as there are processors
//     ./20_serving 8
//
// Times go to the standard error.
#include <xgrad/xgrad.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

namespace xg = xgrad;
using pictures = xg::tensor<float, 4>;
using outputs = xg::tensor<float, 2>;

struct network {
    xg::nn::conv2d<> conv1{1, 16, 3, {.padding = 1}}, conv2{16, 32, 3, {.padding = 1}};
    xg::nn::batch_norm2d<> norm1{16}, norm2{32};
    xg::nn::max_pool2d pool{2};
    xg::nn::linear<> fc{32 * 7 * 7, 10};

    auto operator()(const pictures& x) const {
        const auto h = pool(xg::relu(norm1(conv1(x))));
        return fc(xg::flatten(pool(xg::relu(norm2(conv2(h)))), 1));
    }
};

std::vector<outputs> serve(const char* name, const auto& model, const std::vector<pictures>& requests, std::size_t count) {
    auto answers = std::vector<outputs>(requests.size());
    auto next = std::atomic<std::size_t>{0};
    const auto work = [&] {                    // a server would catch here what a bad request throws
        xg::set_num_threads(1);                // both belong to the thread that says it: one request, one thread ...
        const auto recording = xg::no_grad{};  // ... and nothing kept for derivatives
        for (auto i = next++; i < requests.size(); i = next++) answers[i] = model(requests[i]);
    };
    const auto begin = std::chrono::steady_clock::now();
    auto threads = std::vector<std::thread>{};
    while (threads.size() < count) threads.emplace_back(work);
    for (auto& each : threads) each.join();
    const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::fprintf(stderr, "%s, %zu thread%s: %.0f requests per second\n", name, count, count == 1 ? "" : "s",
                 static_cast<double>(requests.size()) / seconds);
    return answers;
}

bool same_bits(const std::vector<outputs>& a, const std::vector<outputs>& b) {
    for (auto i = std::size_t{0}; i < a.size(); ++i)
        if (!xg::all(a[i] == b[i]).item()) return false;
    return true;
}

int main(int count, char** arguments) try {
    const auto wanted = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : std::max(2u, std::thread::hardware_concurrency());
    const auto threads = std::clamp(wanted, 1ul, 256ul);
    xg::manual_seed(1);
    auto net = network{};   // or one that xg::io::load has filled
    xg::nn::eval(net);      // before anybody asks: from here on the model only is read
    const auto program = xg::nn::fuse(net, xg::randn({1, 1, 28, 28}));   // norms and activations inside the convolutions

    auto requests = std::vector<pictures>{};
    for (auto i = std::size_t{0}; i < 300; ++i) requests.push_back(xg::randn({1 + i % 3, 1, 28, 28}));

    const auto alone = serve("network", net, requests, 1);
    const auto together = serve("network", net, requests, threads);
    std::printf("%zu requests answered, the same by several threads as by one: %s\n", together.size(), same_bits(alone, together) ? "yes" : "no");
    const auto fused_alone = serve("program", program, requests, 1);
    const auto fused_together = serve("program", program, requests, threads);
    std::printf("and by the fused program: %s\n", same_bits(fused_alone, fused_together) ? "yes" : "no");
    auto farthest = 0.0f;
    for (auto i = std::size_t{0}; i < alone.size(); ++i) farthest = std::max(farthest, xg::max(xg::abs(alone[i] - fused_alone[i])).item());
    std::printf("which agrees with the network: %s\n", farthest < 1e-4f ? "yes" : "no");
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], wrong.what());
    return 1;
}
