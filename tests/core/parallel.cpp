#include <doctest/doctest.h>

#include <xgrad/core/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <vector>

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
#if defined(_OPENMP)
    CHECK(xg::num_threads() == 2);
#else
    CHECK(xg::num_threads() == 1);
#endif
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
        xg::parallel_for(2, 1, [&](std::size_t, std::size_t) { ++inner_parts; });
    });
    CHECK(inner_parts == outer_parts);
    if (outer_parts == 1) CHECK(xg::num_threads() == 1);
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
#if defined(_OPENMP)
    CHECK(xg::num_threads() == 2);
    CHECK(xg::parallel_regions() == regions + 1);
#endif
    xg::set_num_threads(before);
}
