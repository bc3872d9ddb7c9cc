#include <doctest/doctest.h>

#include <xgrad/core/memory.hpp>

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>
#include <set>
#include <thread>
#include <vector>

namespace xg = xgrad;
namespace memory = xgrad::memory;

namespace {

// Sizes that no other test uses, so that no block is waiting from before.
constexpr auto odd_size = std::size_t{777'777};

// Whose allocators end the program when they are asked for too much.
#if XGRAD_ADDRESS_SANITIZER || defined(__SANITIZE_THREAD__)
constexpr auto sanitized = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr auto sanitized = true;
#else
constexpr auto sanitized = false;
#endif
#else
constexpr auto sanitized = false;
#endif

std::size_t system_allocations() { return memory::stats().system_allocations; }

}  // namespace

TEST_CASE("size classes: large enough, hardly larger, in order") {
    using memory::detail::class_bytes;
    using memory::detail::size_class;
    for (auto index = std::size_t{0}; index + 1 < memory::detail::class_count; ++index) {
        REQUIRE(class_bytes(index) < class_bytes(index + 1));
        REQUIRE(class_bytes(index) % memory::alignment == 0);
        REQUIRE(size_class(class_bytes(index)) == index);
        REQUIRE(size_class(class_bytes(index) + 1) == index + 1);
    }
    CHECK(size_class(0) == 0);
    CHECK(size_class(1) == 0);
    for (auto bytes = std::size_t{1025}; bytes < 100000; bytes += 7)
        REQUIRE(static_cast<double>(class_bytes(size_class(bytes)) - bytes) < 0.2 * static_cast<double>(class_bytes(size_class(bytes))));
    CHECK(size_class((std::size_t{1} << 48) - 1) < memory::detail::class_count);
}

TEST_CASE("every block is aligned and one's own") {
    auto blocks = std::vector<std::pair<unsigned char*, std::size_t>>{};
    for (const auto bytes : {0u, 1u, 63u, 64u, 65u, 1000u, 1024u, 1025u, 5000u, 100000u})
        for (auto copy = 0; copy < 3; ++copy) {
            auto* const block = static_cast<unsigned char*>(memory::allocate(bytes));
            CHECK(reinterpret_cast<std::uintptr_t>(block) % memory::alignment == 0);
            std::memset(block, static_cast<int>(blocks.size()), bytes);
            blocks.emplace_back(block, bytes);
        }
    for (auto i = std::size_t{0}; i < blocks.size(); ++i) {
        const auto [block, bytes] = blocks[i];
        for (auto at = std::size_t{0}; at < bytes; ++at) REQUIRE(block[at] == i);
        memory::deallocate(block, bytes);
    }
}

TEST_CASE("a block given back is given out again") {
    if constexpr (memory::pooled) {
        auto* const block = memory::allocate(odd_size);
        memory::deallocate(block, odd_size);
        const auto before = system_allocations();
        CHECK(memory::allocate(odd_size) == block);
        CHECK(system_allocations() == before);
        memory::deallocate(block, odd_size);
    }
}

TEST_CASE("more memory than there can be") {
    const auto before = memory::stats();
    CHECK_THROWS_AS(memory::allocate(static_cast<std::size_t>(-1)), std::bad_alloc);
    CHECK_THROWS_AS(memory::allocate(std::size_t{1} << 62), std::bad_alloc);
    CHECK_THROWS_AS(memory::allocate(std::size_t{1} << 48), std::bad_alloc);
    if (!sanitized) CHECK_THROWS_AS(memory::allocate((std::size_t{1} << 48) - 1), std::bad_alloc);   // the system says no
    CHECK(memory::stats().reserved == before.reserved);
    CHECK(memory::stats().system_allocations == before.system_allocations);
}

TEST_CASE("what is kept for later goes back to the system on request") {
    auto* const block = memory::allocate(100'000'000);
    const auto in_use = memory::stats();
    CHECK(in_use.reserved >= 100'000'000);
    CHECK(in_use.peak >= in_use.reserved);
    memory::deallocate(block, 100'000'000);
    memory::release_unused();
    const auto after = memory::stats();
    CHECK(after.reserved <= in_use.reserved - 100'000'000);
    CHECK(after.peak == in_use.peak);
}

TEST_CASE("one thread allocates, another frees: the memory goes round") {
    if constexpr (memory::pooled) {
        auto mutex = std::mutex{};
        auto changed = std::condition_variable{};
        auto handed = static_cast<void*>(nullptr);
        auto done = false;
        auto consumer = std::thread{[&] {
            for (;;) {
                auto lock = std::unique_lock{mutex};
                changed.wait(lock, [&] { return handed != nullptr || done; });
                if (handed == nullptr) return;
                memory::deallocate(handed, odd_size);
                handed = nullptr;
                changed.notify_all();
            }
        }};
        const auto before = system_allocations();
        for (auto i = 0; i < 1000; ++i) {
            auto* const block = memory::allocate(odd_size);
            auto lock = std::unique_lock{mutex};
            changed.wait(lock, [&] { return handed == nullptr; });
            handed = block;
            changed.notify_all();
        }
        {
            auto lock = std::unique_lock{mutex};
            changed.wait(lock, [&] { return handed == nullptr; });
            done = true;
            changed.notify_all();
        }
        consumer.join();
        CHECK(system_allocations() - before < 16);
    }
}

TEST_CASE("a thread that ends hands its blocks over, also one that only freed") {
    if constexpr (memory::pooled) {
        constexpr auto size = odd_size * 2;
        auto blocks = std::array{memory::allocate(size), memory::allocate(size), memory::allocate(size)};
        std::thread{[&] {
            for (auto* const block : blocks) memory::deallocate(block, size);
        }}.join();
        const auto before = system_allocations();
        auto again = std::array{memory::allocate(size), memory::allocate(size), memory::allocate(size)};
        CHECK(system_allocations() == before);
        CHECK(std::set<void*>(blocks.begin(), blocks.end()) == std::set<void*>(again.begin(), again.end()));
        for (auto* const block : again) memory::deallocate(block, size);

        for (auto i = 0; i < 50; ++i)
            std::thread{[&] { memory::deallocate(memory::allocate(size), size); }}.join();
        CHECK(system_allocations() - before <= 1);
    }
}

TEST_CASE("destructors of a thread's own objects may still allocate and free") {
    struct late {
        void* block = nullptr;
        ~late() {
            memory::deallocate(block, 5000);
            memory::deallocate(memory::allocate(5000), 5000);
        }
    };
    std::thread{[] {
        static thread_local auto object = late{};   // made before the pool's own, so destroyed after it
        object.block = memory::allocate(5000);
    }}.join();
}

TEST_CASE("the standard allocator over the pool, and scratch memory") {
    auto numbers = std::vector<int, memory::allocator<int>>(1000, 7);
    numbers.push_back(8);
    CHECK(numbers.back() == 8);
    CHECK(memory::allocator<int>{} == memory::allocator<int>{memory::allocator<double>{}});
    const auto room = memory::scratch<double>{100};
    CHECK(room.size() == 100);
    std::fill_n(room.data(), 100, 1.0);
    CHECK(room.data()[99] == 1);
    const auto none = memory::scratch<double>{0};
    CHECK(none.size() == 0);
    CHECK_THROWS_AS(memory::scratch<double>{(std::size_t{1} << 61) + 1}, std::bad_alloc);   // 8 bytes, but for the carry
}
