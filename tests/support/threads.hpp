// Results that do not depend on the number of threads.
#pragma once

#include <doctest/doctest.h>

#include <xgrad/autograd/functional.hpp>
#include <xgrad/core/parallel.hpp>

#include <cstddef>
#include <cstring>

/// `results()` on one thread and on several, each time a list of tensors: they must have the same bits.
template <class Results>
void check_same_on_threads(const Results& results) {
    const auto usual = xgrad::num_threads();
    xgrad::set_num_threads(1);
    const auto alone = results();
    for (const auto threads : {2, 3, 7}) {
        CAPTURE(threads);
        xgrad::set_num_threads(threads);
        const auto shared = results();
        REQUIRE(shared.size() == alone.size());
        for (auto i = std::size_t{0}; i < alone.size(); ++i) {
            CAPTURE(i);
            REQUIRE(shared[i].shape() == alone[i].shape());
            CHECK(std::memcmp(shared[i].data(), alone[i].data(), alone[i].size() * sizeof *alone[i].data()) == 0);
        }
    }
    xgrad::set_num_threads(usual);
}

/// Appends f(x), and the gradient by x where f(x) itself comes back.
template <class List, class F, class X>
void append_both_ways(List& list, const F& f, const X& x) {
    const auto [y, back] = xgrad::vjp(f, x);
    list.emplace_back(y);
    list.emplace_back(back(y));
}
