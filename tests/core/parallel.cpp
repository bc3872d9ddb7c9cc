#include <doctest/doctest.h>

#include <xgrad/core/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#if XGRAD_POSIX_THREADS
#include <sys/wait.h>
#endif

namespace xg = xgrad;

TEST_CASE("every index once, whatever the count, the grain and the number of threads") {
    const auto before = xg::num_threads();
    for (const auto threads : {1, 2, 3}) {
        xg::set_num_threads(threads);
        for (const auto count : {0u, 1u, 2u, 3u, 7u, 64u, 1000u})
            for (const auto grain : {1u, 2u, 5u, 500u, 100000u}) {
                auto visits = std::vector<std::atomic<int>>(count);
                xg::parallel_for(count, grain, [&](std::size_t begin, std::size_t end) {
                    for (auto i = begin; i < end; ++i) ++visits[i];
                });
                CHECK(std::ranges::all_of(visits, [](const auto& times) { return times == 1; }));
            }
    }
    xg::set_num_threads(before);
}

TEST_CASE("little work stays on the calling thread, in one part") {
    auto parts = 0;
    xg::parallel_for(100, 51, [&](std::size_t begin, std::size_t end) {
        ++parts;
        CHECK(begin == 0);
        CHECK(end == 100);
    });
    CHECK(parts == 1);
}

TEST_CASE("the number of threads") {
    const auto before = xg::num_threads();
    CHECK(before >= 1);
    xg::set_num_threads(2);
    CHECK(xg::num_threads() == 2);
    auto elsewhere = 0;
    std::thread{[&] { elsewhere = xg::num_threads(); }}.join();   // the number belongs to the thread that set it
    CHECK(elsewhere == before);
    CHECK_THROWS_WITH_AS(xg::set_num_threads(0), "[set_num_threads] at least one thread, got 0", xg::value_error);
    CHECK_THROWS_AS(xg::set_num_threads(-1), xg::value_error);
    xg::set_num_threads(before);
}

TEST_CASE("a part does not divide itself further") {
    const auto before = xg::num_threads();
    xg::set_num_threads(2);
    auto inner_parts = std::atomic{0}, outer_parts = std::atomic{0};
    xg::parallel_for(2, 1, [&](std::size_t, std::size_t) {
        ++outer_parts;
        CHECK(xg::num_threads() == 1);
        xg::parallel_for(2, 1, [&](std::size_t, std::size_t) { ++inner_parts; });
    });
    CHECK(inner_parts == outer_parts);
    CHECK(outer_parts == 2);
    xg::set_num_threads(before);
}

TEST_CASE("work that is shared is counted, and a guard keeps it on one thread") {
    const auto before = xg::num_threads();
    xg::set_num_threads(2);
    auto parts = std::atomic{0};
    const auto share = [&] { xg::parallel_for(2, 1, [&](std::size_t, std::size_t) { ++parts; }); };
    const auto regions = xg::parallel_regions();
    {
        const auto guard = xg::single_thread{true};
        CHECK(xg::num_threads() == 1);
        {
            const auto no_guard = xg::single_thread{false};   // does not lift the one around it
            CHECK(xg::num_threads() == 1);
        }
        share();
        CHECK(parts == 1);
    }
    CHECK(xg::parallel_regions() == regions);
    share();
    CHECK(xg::num_threads() == 2);
    CHECK(xg::parallel_regions() == regions + 1);
    xg::set_num_threads(before);
}

namespace {

/// The sum of f(i) over [0, count), on several threads.
template <class F>
std::size_t shared_sum(std::size_t count, const F& f) {
    auto sum = std::atomic<std::size_t>{0};
    xg::parallel_for(count, 1, [&](std::size_t begin, std::size_t end) {
        auto own = std::size_t{0};
        for (auto i = begin; i < end; ++i) own += f(i);
        sum += own;
    });
    return sum;
}

std::size_t sum_below(std::size_t count) { return count * (count - 1) / 2; }

const auto itself = [](std::size_t i) { return i; };

/// In its scope this thread may use `count` threads.
class with_threads {
public:
    explicit with_threads(int count) : m_before{xg::num_threads()} { xg::set_num_threads(count); }
    ~with_threads() { xg::set_num_threads(m_before); }

private:
    int m_before;
};

}  // namespace

TEST_CASE("nobody is waited for who has not begun: the caller can do all the work by itself") {
    const auto guard = with_threads{2};
    auto others = std::atomic<std::size_t>{0};
    const auto caller = std::this_thread::get_id();
    for (auto call = 0; call < 2000; ++call) {
        const auto sum = shared_sum(97, [&](std::size_t i) {
            if (std::this_thread::get_id() != caller) ++others;
            return i;
        });
        REQUIRE(sum == sum_below(97));
    }
    MESSAGE("items done by the second thread: ", others.load(), " of ", 2000 * 97);
}

TEST_CASE("a second thread does take part") {
    const auto guard = with_threads{2};
    const auto caller = std::this_thread::get_id();
    auto helped = std::atomic{false};
    for (auto call = 0; call < 1000 && !helped; ++call)
        xg::parallel_for(8, 1, [&](std::size_t, std::size_t) {
            if (std::this_thread::get_id() != caller) helped = true;
            else std::this_thread::sleep_for(std::chrono::milliseconds{1});
        });
    CHECK(helped);
}

TEST_CASE("an exception in a part arrives at the caller, from whichever thread, and the next call works") {
    const auto guard = with_threads{3};
    for (auto at = std::size_t{0}; at < 12; ++at) {
        const auto broken = [&](std::size_t begin, std::size_t end) {
            if (begin <= at && at < end) throw std::runtime_error{"part " + std::to_string(at)};
        };
        CHECK_THROWS_WITH_AS(xg::parallel_for(12, 1, broken), ("part " + std::to_string(at)).c_str(), std::runtime_error);
        CHECK(shared_sum(100, itself) == sum_below(100));
    }
}

TEST_CASE("several threads may call at once") {
    auto callers = std::vector<std::thread>{};
    auto wrong = std::atomic{0};
    for (auto number = 0; number < 4; ++number)
        callers.emplace_back([&] {
            const auto guard = with_threads{3};
            for (auto call = std::size_t{0}; call < 500; ++call)
                if (shared_sum(50 + call, itself) != sum_below(50 + call)) ++wrong;
        });
    for (auto& each : callers) each.join();
    CHECK(wrong == 0);
}

TEST_CASE("more threads than there are processors, and more than a team has") {
    for (const auto threads : {17, 200}) {
        const auto guard = with_threads{threads};
        CHECK(shared_sum(100000, itself) == sum_below(100000));
    }
}

#if XGRAD_POSIX_THREADS && !defined(__SANITIZE_THREAD__)   // whose runtime allows no threads in a child
TEST_CASE("a child that fork() made computes") {
    const auto guard = with_threads{2};
    REQUIRE(shared_sum(1000, itself) == sum_below(1000));
    const auto child = fork();
    if (child == 0) _exit(shared_sum(1000, itself) == sum_below(1000) && shared_sum(10, itself) == sum_below(10) ? 7 : 1);
    auto status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
    CHECK(shared_sum(1000, itself) == sum_below(1000));
}
#endif

TEST_CASE("how many threads the environment and the system say") {
    using namespace xg::detail;
    CHECK(leading_count("4") == 4);
    CHECK(leading_count(" 8 , 2") == 8);
    for (const auto* const wrong : {"", "0", "-2", "two", "4x", "99999999999"}) CHECK(leading_count(wrong) == 0);
    CHECK(quota_in("150000 100000") == 2);
    CHECK(quota_in("400000 100000") == 4);
    CHECK(quota_in("5000 100000") == 1);
    for (const auto* const unlimited : {"max 100000", "", "100000", "x y"})
        CHECK(quota_in(unlimited) == std::numeric_limits<int>::max());
    CHECK(usable_processors() >= 1);
}

#if defined(__linux__)
TEST_CASE("a thread leaves the processor that another has, and may return to it") {
    const auto allowed = [] {
        auto set = cpu_set_t{};
        REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
        return set;
    };
    const auto before = allowed();
    const auto nowhere_else = [](int) { return true; };
    auto moved = false;
    for (auto trial = 0; trial < 100 && !moved; ++trial) {   // the system may bring it back at once
        const auto here = xg::detail::current_processor();
        REQUIRE(here >= 0);
        xg::detail::leave_processor([=](int processor) { return processor == here; });
        moved = xg::detail::current_processor() != here;
    }
    CHECK(moved == (CPU_COUNT(&before) > 1));
    xg::detail::leave_processor(nowhere_else);
    const auto after = allowed();
    CHECK(CPU_EQUAL(&before, &after));
}
#endif
