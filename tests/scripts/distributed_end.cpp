// Ranks that end in ways of which the others must hear: distributed_end WAY. distributed_end_test.sh looks.
#include <xgrad/distributed/data_parallel.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/ops/reduce.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

namespace xg = xgrad;

namespace {

void work(int count, char** arguments) {
    auto world = xg::distributed::world{count, arguments};
    const auto way = std::string{arguments[1]};
    const auto odd = world.rank() == world.size() - 1;
    auto net = xg::nn::linear<>{300, 300};
    auto parallel = xg::distributed::data_parallel{world, net};
    const auto loss = [&] { return xg::sum(net(xg::ones<float>({2, 300}))); };
    parallel.backward(loss(), 2);
    if (odd && way.ends_with("throw")) throw std::runtime_error{"the reason of rank " + std::to_string(world.rank())};
    if (odd && way == "in_pass") {
        const auto x = net(xg::ones<float>({2, 300}));
        x.register_hook([](const auto&) { throw std::runtime_error{"the reason of a hook"}; });
        parallel.backward(xg::sum(x), 2);
    }
    if (way == "other_network") {   // one goes on with the first, the others with a second of the same size
        auto second = xg::nn::linear<>{300, 300};
        auto parallel_second = xg::distributed::data_parallel{world, second};
        if (odd) parallel.backward(loss(), 2);
        else parallel_second.backward(xg::sum(second(xg::ones<float>({2, 300}))), 2);
    }
    if (odd && way == "exit") std::exit(3);
    if (odd && way == "abort") std::abort();
    if (odd && way == "segv") std::raise(SIGSEGV);
    if (odd && way == "quick_exit") std::quick_exit(0);
    if (odd && way == "term") std::raise(SIGTERM);
    if (odd && way == "int") std::raise(SIGINT);
    if (odd && way == "another_thread") std::thread{[] {
        std::this_thread::sleep_for(std::chrono::milliseconds{300});   // this rank waits for the others by then
        throw std::runtime_error{"the reason of another thread"};
    }}.detach();
    if (!odd && way == "another_thread") std::this_thread::sleep_for(std::chrono::seconds{30});
    if (way == "signal_to_all") std::this_thread::sleep_for(std::chrono::seconds{30});
    if (odd && way == "thread") std::thread{[] { throw std::runtime_error{"the reason of a thread"}; }}.join();
    if (odd && way == "early") return;
    if (way == "well") return;
    parallel.backward(loss(), 2);   // the others wait here
}

}  // namespace

int main(int count, char** arguments) {
    if (std::string{arguments[1]} != "caught_throw") {
        work(count, arguments);
        return 0;
    }
    try {
        work(count, arguments);
    } catch (const std::exception& wrong) {
        std::fprintf(stderr, "caught: %s\n", wrong.what());
        return 4;
    }
}
