#include <doctest/doctest.h>

#include <xgrad/core/counter.hpp>
#include <xgrad/core/counting.hpp>
#include <xgrad/core/parallel.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#if __has_include(<sys/wait.h>)
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace xg = xgrad;
using xgrad::detail::counter;
using xgrad::detail::counting;

namespace {

/// Something counted, that knows how often it came to its end.
struct thing {
    counter references{1};
    std::atomic<int> ends{0};
};

/// A reference to it, as a tensor has one to its array.
class reference {
public:
    explicit reference(thing& counted) : m_counted{&counted} {}
    reference(const reference& other) : m_counted{other.m_counted} { m_counted->references.add(); }
    reference(reference&& other) noexcept : m_counted{std::exchange(other.m_counted, nullptr)} {}
    reference& operator=(reference other) noexcept {
        std::swap(m_counted, other.m_counted);
        return *this;
    }
    ~reference() {
        if (m_counted != nullptr && m_counted->references.drop_reference()) ++m_counted->ends;
    }

private:
    thing* m_counted;
};

}  // namespace

#if __has_include(<sys/wait.h>)
// Comes before the tests in which several threads count. Only the first arrival in a process is one, so each is tried in
// a process of its own. There the newcomer begins to count while the first thread is at it, and they go on together.
TEST_CASE("others begin to count while the first thread is counting: no count is lost") {
    constexpr auto processes = 80;
    const auto try_once = [](int number) {
        auto counts = std::array<counter, 4>{counter{1}, counter{1}, counter{1}, counter{1}};
        const auto go_round = [&](int rounds) {
            for (auto i = 0; i < rounds; ++i) {
                for (auto& count : counts) count.add();
                for (auto& count : counts)
                    if (count.drop()) return;
            }
        };
        // Two of them throw a ball to and fro until both have a processor, and then all count at the same time.
        auto ball = std::atomic<int>{0};
        const auto play = [&](int side) {
            for (auto i = 0; i < 10; ++i) {
                while (ball % 2 != side) {}
                ++ball;
            }
        };
        auto first = std::thread{[&] {
            go_round(10);
            play(0);
            go_round(20'000);
        }};
        play(1);
        auto third = std::thread{};
        if (number % 2 == 0) third = std::thread{[&] { go_round(10'000); }};
        for (auto wait = std::atomic<int>{0}; wait < number; ++wait) {}
        go_round(10'000);
        first.join();
        if (third.joinable()) third.join();
        return std::ranges::all_of(counts, [](const counter& count) { return count.get() == 1; });
    };
    auto good = 0;
    for (auto i = 0; i < processes; ++i) {
        const auto child = fork();
        if (child == 0) _exit(try_once(i) ? 0 : 1);
        REQUIRE(child > 0);
        auto status = 0;
        REQUIRE(waitpid(child, &status, 0) == child);
        good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    CHECK(good == processes);
}
#endif

TEST_CASE("a count goes up and down, and tells when it was the last") {
    auto count = counter{1};
    count.add();
    count.add();
    CHECK(count.get() == 3);
    CHECK_FALSE(count.drop());
    CHECK_FALSE(count.drop_reference());
    CHECK(count.get() == 1);
    CHECK(count.drop_reference());
    count.add();
    CHECK(count.drop());
}

TEST_CASE("several counts in one turn") {
    auto a = counter{1}, b = counter{0};
    {
        const auto turn = counting::turn{};
        a.add(turn);
        b.add(turn);
        CHECK(b.drop(turn));
        CHECK_FALSE(a.drop_reference(turn));
    }
    CHECK(a.get() == 1);
    CHECK(b.get() == 0);
}

TEST_CASE("threads that only compute leave the counting to one; another one that counts is noticed") {
    const auto before = counting::by_several();
    const auto threads = xg::num_threads();
    xg::set_num_threads(2);
    auto count = counter{1};
    auto sum = std::atomic<std::size_t>{0};
    for (auto i = 0; i < 100; ++i) {
        xg::parallel_for(1000, 1, [&](std::size_t begin, std::size_t end) { sum += end - begin; });
        count.add();
    }
    xg::set_num_threads(threads);
    CHECK(sum == 100'000);
    CHECK(count.get() == 101);
    CHECK(counting::by_several() == before);

    std::thread{[&] { count.add(); }}.join();
    count.add();
    CHECK(count.get() == 103);
    // The main thread may have been the only one in its process while it counted.
    std::thread{[&] { CHECK_FALSE(count.drop()); }}.join();
    CHECK(count.get() == 102);
    CHECK(counting::by_several());
}

TEST_CASE("references that wander between threads: each count ends once, with the last") {
    constexpr auto threads = std::size_t{4}, rounds = std::size_t{400}, things = std::size_t{8};
    auto made = std::vector<thing>(threads * rounds * things);
    auto mutex = std::mutex{};
    auto shared = std::vector<reference>{};
    const auto work = [&](std::size_t number) {
        auto random = static_cast<std::uint32_t>(number * 7919 + 1);
        const auto below = [&](std::size_t limit) {
            random = random * 1664525 + 1013904223;
            return (random >> 16) % limit;
        };
        auto own = std::vector<reference>{};
        const auto take_out = [&](reference& chosen) {
            auto taken = std::move(chosen);
            if (&chosen != &own.back()) chosen = std::move(own.back());
            own.pop_back();
            return taken;
        };
        for (auto round = std::size_t{0}; round < rounds; ++round) {
            for (auto i = std::size_t{0}; i < things; ++i) own.emplace_back(made[(number * rounds + round) * things + i]);
            for (auto i = std::size_t{0}; i < 4 * things && !own.empty(); ++i) {
                auto& chosen = own[below(own.size())];
                switch (below(4)) {
                    case 0: own.push_back(reference{chosen}); break;
                    case 1: {
                        auto passed_on = take_out(chosen);
                        const auto lock = std::lock_guard{mutex};
                        shared.push_back(std::move(passed_on));
                        break;
                    }
                    case 2: {
                        const auto lock = std::lock_guard{mutex};
                        if (!shared.empty()) std::swap(chosen, shared[below(shared.size())]);
                        break;
                    }
                    default: take_out(chosen);
                }
            }
        }
    };
    auto workers = std::vector<std::thread>{};
    for (auto i = std::size_t{0}; i < threads; ++i) workers.emplace_back(work, i);
    for (auto& worker : workers) worker.join();
    CHECK(std::ranges::all_of(made, [](const thing& each) { return each.ends == (each.references.get() == 0 ? 1 : 0); }));
    CHECK(std::ranges::any_of(made, [](const thing& each) { return each.ends == 0; }));
    shared.clear();
    CHECK(std::ranges::all_of(made, [](const thing& each) { return each.ends == 1; }));
}
