// A part of a program that was compiled by itself, as the others see it: another translation unit, or a plugin. What
// there is one of in a process they share; code they do not.
#pragma once

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/build_info.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/kernels/gemm.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <thread>
#include <vector>

struct unit {
    const char* (*build)();
    void* (*allocate)(std::size_t);   // the library's own function: where its code is
    void (*deallocate)(void*, std::size_t) noexcept;
    std::size_t (*asked_system)();    // how often the pool did
    void (*seed)(std::uint64_t);
    double (*draw)();
    bool (*records)();
    void (*without_recording)(void (*)());
    int (*threads)();
    float (*product)();   // the sum of all elements of a product of matrices of ones
    void (*fail)();       // throws shape_error
};

namespace {

float product() {
    constexpr auto size = std::size_t{70};
    const auto ones = std::vector<float>(size * size, 1.0f);
    auto c = std::vector<float>(size * size);
    const auto a = xgrad::kernels::row_major(ones.data(), size, size);
    xgrad::kernels::gemm<float>(a, a, xgrad::kernels::row_major(c.data(), size, size));
    auto sum = 0.0f;
    for (const auto x : c) sum += x;
    return sum;
}

unit this_unit() {
    return {[] { return XGRAD_STRINGIZE(XGRAD_ABI); },
            &xgrad::memory::allocate,
            &xgrad::memory::deallocate,
            [] { return xgrad::memory::stats().system_allocations; },
            [](std::uint64_t seed) { xgrad::manual_seed(seed); },
            [] {
                return xgrad::with_default_generator([](xgrad::generator& g) { return g.uniform<double>(); });
            },
            [] { return xgrad::is_grad_enabled(); },
            [](void (*body)()) {
                const auto guard = xgrad::no_grad{};
                body();
            },
            [] { return xgrad::num_threads(); },
            &product,
            [] { xgrad::fail<xgrad::shape_error>("unit", "as it was asked to"); }};
}

[[maybe_unused]] int expect(bool right, const char* what) {
    if (!right) std::printf("not so: %s\n", what);
    return right ? 0 : 1;
}

/// How much of what must hold between this unit and another does not.
[[maybe_unused]] int differences_from(const unit& other) {
    const auto own = this_unit();
    auto wrong = 0;
    wrong += expect(own.allocate != other.allocate, "each unit has code of its own");
    wrong += expect(own.product() == 70.0f * 70 * 70 && other.product() == own.product(), "both compute products");

    own.seed(1);
    const double drawn[] = {own.draw(), own.draw(), own.draw()};
    other.seed(1);
    wrong += expect(own.draw() == drawn[0] && other.draw() == drawn[1] && own.draw() == drawn[2], "one generator");

    static auto seen = false;
    other.without_recording([] { seen = xgrad::is_grad_enabled(); });
    wrong += expect(!seen && xgrad::is_grad_enabled(), "no_grad of the other holds here");
    {
        const auto guard = xgrad::no_grad{};
        wrong += expect(!other.records(), "no_grad holds in the other");
        std::thread{[&] { seen = other.records(); }}.join();
        wrong += expect(seen, "no_grad is a matter of one thread");
    }
    wrong += expect(other.records(), "no_grad ends in the other");
    {
        const auto guard = xgrad::single_thread{true};
        wrong += expect(other.threads() == 1, "single_thread holds in the other");
    }

    if (xgrad::memory::pooled) {
        constexpr auto bytes = std::size_t{5} << 20;
        other.deallocate(own.allocate(bytes), bytes);
        const auto asked = own.asked_system();
        own.deallocate(other.allocate(bytes), bytes);
        wrong += expect(own.asked_system() == asked && other.asked_system() == asked, "one pool of memory");
        other.deallocate(other.allocate(4 * bytes), 4 * bytes);
        wrong += expect(own.asked_system() == asked + 1, "one count of what it asked for");
        own.deallocate(own.allocate(4 * bytes), 4 * bytes);
        xgrad::memory::release_unused();
    }

    try {
        other.fail();
        wrong += expect(false, "it throws");
    } catch (const xgrad::shape_error& error) {
        wrong += expect(error.what() == std::string_view{"[unit] as it was asked to"}, "the error says what it was given");
    } catch (...) {
        wrong += expect(false, "an error of the other is caught by its type");
    }
    return wrong;
}

}  // namespace
