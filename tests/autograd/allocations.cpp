// That a training step in its steady state never asks the system for memory: not through the pool, and not
// around it either, which the global operator new and, with the C library of GNU, malloc would see: they are
// replaced in this program.
#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/reduce.hpp>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#if !XGRAD_ADDRESS_SANITIZER && !defined(__SANITIZE_THREAD__)

namespace {

std::atomic<std::size_t> system_calls{0};

void* counted(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
    ++system_calls;
    bytes = (bytes + alignment - 1) / alignment * alignment;
    if (auto* const block = std::aligned_alloc(alignment, bytes == 0 ? alignment : bytes)) return block;
    throw std::bad_alloc{};
}

// Not inlined, or a compiler sees `free` on what `new` has given, and warns.
XGRAD_NOINLINE void give_back(void* block) { std::free(block); }

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return counted(bytes, static_cast<std::size_t>(alignment)); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) { return counted(bytes, static_cast<std::size_t>(alignment)); }
void operator delete(void* block) noexcept { give_back(block); }
void operator delete[](void* block) noexcept { give_back(block); }
void operator delete(void* block, std::size_t) noexcept { give_back(block); }
void operator delete[](void* block, std::size_t) noexcept { give_back(block); }
void operator delete(void* block, std::align_val_t) noexcept { give_back(block); }
void operator delete[](void* block, std::align_val_t) noexcept { give_back(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { give_back(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { give_back(block); }

#if defined(__GLIBC__)
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* malloc(std::size_t bytes) noexcept {
    ++system_calls;
    return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) noexcept {
    ++system_calls;
    return __libc_calloc(count, bytes);
}
void* realloc(void* block, std::size_t bytes) noexcept {
    ++system_calls;
    return __libc_realloc(block, bytes);
}
}
#endif

namespace xg = xgrad;

namespace {

/// How often the system was asked for memory in 100 calls of `step`, once it is steady: the first hundred that asks for
/// nothing counts, of ten. A thread of the team whose first part comes late takes its own blocks only then.
template <class Step>
std::size_t system_calls_of(const Step& step) {
    for (auto i = 0; i < 5; ++i) step();
    auto asked = std::size_t{0};
    for (auto round = 0; round < 10; ++round) {
        const auto before = system_calls.load() + xg::memory::stats().system_allocations;
        for (auto i = 0; i < 100; ++i) step();
        asked = system_calls.load() + xg::memory::stats().system_allocations - before;
        if (asked == 0) break;
    }
    return asked;
}

xg::tensor<float, 2> weight(std::size_t in, std::size_t out) { return (xg::randn({in, out}) * 0.1f).requires_grad(true); }

}  // namespace

TEST_CASE("the counter counts") {
    const auto before = system_calls.load();
    auto* volatile block = new int{1};
    delete block;
    CHECK(system_calls.load() == before + 1);
#if defined(__GLIBC__)
    void* volatile other = std::malloc(10);
    std::free(other);
    CHECK(system_calls.load() == before + 2);
#endif
}

TEST_CASE("training a small network") {
    xg::manual_seed(1);
    auto w1 = weight(20, 64), w2 = weight(64, 10);
    auto b1 = xg::zeros({64}).requires_grad(true), b2 = xg::zeros({10}).requires_grad(true);
    const auto x = xg::randn({32, 20}), target = xg::randn({32, 10});
    CHECK(system_calls_of([&] {
              const auto out = xg::linear(xg::relu(xg::linear(x, w1, b1)), w2, b2);
              const auto loss = xg::mse_loss(out, target);
              for (auto* each : {&w1, &w2}) each->zero_grad();
              for (auto* each : {&b1, &b2}) each->zero_grad();
              loss.backward();
              const auto guard = xg::no_grad{};
              w1 -= 0.1f * w1.grad();
              w2 -= 0.1f * w2.grad();
              b1 -= 0.1f * b1.grad();
              b2 -= 0.1f * b2.grad();
          }) == 0);
}

TEST_CASE("large elementwise work and reductions, on several threads") {
    const auto before = xg::num_threads();
    xg::set_num_threads(2);
    auto x = xg::ones({400, 500}).requires_grad(true);
    const auto row = xg::ones({500});
    CHECK(system_calls_of([&] {
              x.zero_grad();
              (xg::sum(xg::mean(x * row, 0)) + xg::sum(xg::tanh(x), {0, 1})).backward();
          }) == 0);
    xg::set_num_threads(before);
}

TEST_CASE("long graphs, shared values, retained and recorded passes") {
    auto x = xg::tensor<double, 0>(0.5).requires_grad(true);
    CHECK(system_calls_of([&] {
              x.zero_grad();
              auto y = x * x;
              for (auto i = 0; i < 300; ++i) y = xg::tanh(y + x);
              y.backward({.retain_graph = true});
              y.backward({.create_graph = true});
              const auto slope = x.grad();
              x.zero_grad();
              slope.backward();
          }) == 0);
}

TEST_CASE("derivatives of functions") {
    const auto f = [](const auto& v) { return xg::sum(v * v * v); };
    const auto x = xg::ones<double>({3});
    CHECK(system_calls_of([&] {
              static_cast<void>(xg::grad(f)(x));
              static_cast<void>(xg::jvp([](const auto& v) { return v * v; }, x, x));
              static_cast<void>(xg::hessian(f, x));
          }) == 0);
}

TEST_CASE("changed values are found without memory, too, and reading through value() takes none") {
    auto x = xg::ones({100}), w = xg::ones({100}).requires_grad(true);
    CHECK(system_calls_of([&] {
              w.zero_grad();
              const auto y = x * w;
              auto sum = x(0) + x.value()(1);
              static_cast<void>(sum);
              y.backward(xg::ones_like(x));
          }) == 0);
}

#else

// Sanitizers bring an allocator of their own, and under AddressSanitizer the pool steps aside.
TEST_CASE("sanitized builds do not count") { CHECK(xgrad::memory::pooled == !XGRAD_ADDRESS_SANITIZER); }

#endif
