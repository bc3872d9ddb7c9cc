// The pool: memory that the system gave once is kept and given out again, so that a training step in its
// steady state never asks the system for any.
//
// Blocks come in size classes. Each thread keeps the blocks it freed on lists of its own, without locks;
// what a list holds beyond its share moves to lists that all threads have in common, under a mutex, so
// that a thread that only allocates can use what another only frees.
#pragma once

#include <xgrad/core/config.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <limits>
#include <mutex>
#include <new>

namespace xgrad::inline XGRAD_SHARED_ABI {
namespace per_process XGRAD_VISIBLE {

/// A block that is kept for later.
struct free_block {
    free_block* next;
};

struct free_list {
    free_block* head = nullptr;
    std::size_t count = 0;
};

// Of size classes, each of which has its list: sixteen small ones, then four to each of 38 powers of two.
inline constexpr std::size_t pool_classes = 16 + 4 * 38;

struct common_blocks {
    std::mutex mutex{};
    free_list lists[pool_classes]{};
    std::atomic<std::size_t> system_allocations{0};
    std::atomic<std::size_t> reserved{0};
    std::atomic<std::size_t> peak{0};
};

struct blocks_of_thread {
    free_list lists[pool_classes]{};
    bool watched = false;   // its blocks are handed over when the thread ends
    bool ended = false;     // from here on it keeps none
};

// Never destroyed: tensors with static storage may be freed after any destructor of ours would have run.
union undestroyed_blocks {
    common_blocks blocks{};
    ~undestroyed_blocks() {}
};

inline constinit undestroyed_blocks common{};
inline constinit thread_local blocks_of_thread own_blocks{};

}  // namespace per_process
}  // namespace xgrad::inline XGRAD_SHARED_ABI

namespace xgrad::inline XGRAD_ABI::memory {

/// The alignment of every block, in bytes: a cache line, and the widest vector register.
inline constexpr std::size_t alignment = 64;

/// Whether blocks are kept for later. Under AddressSanitizer they are not.
inline constexpr bool pooled = XGRAD_ADDRESS_SANITIZER == 0;

namespace detail {

using per_process::free_block;
using per_process::free_list;
using per_process::own_blocks;

// Classes: multiples of 64 bytes up to 1 KiB, then four to each power of two, so that at most a fifth of a
// block is idle.
inline constexpr std::size_t small_limit = 1024;
inline constexpr std::size_t small_classes = small_limit / alignment;
inline constexpr std::size_t class_count = small_classes + 4 * (48 - 10);
static_assert(class_count == per_process::pool_classes);

constexpr std::size_t size_class(std::size_t bytes) {
    if (bytes <= small_limit) return bytes == 0 ? 0 : (bytes - 1) / alignment;
    const auto octave = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;   // 2^octave < bytes <= 2^(octave+1)
    const auto quarter = (bytes - 1) >> (octave - 2) & 3;
    return small_classes + 4 * (octave - 10) + quarter;
}

constexpr std::size_t class_bytes(std::size_t index) {
    if (index < small_classes) return (index + 1) * alignment;
    const auto octave = (index - small_classes) / 4 + 10, quarter = (index - small_classes) % 4;
    return (std::size_t{1} << octave) + ((quarter + 1) << (octave - 2));
}

static_assert(class_bytes(size_class(1024)) == 1024 && class_bytes(size_class(1025)) == 1280);

inline void push(free_list& list, free_block* block) {
    block->next = list.head;
    list.head = block;
    ++list.count;
}

inline free_block* pop(free_list& list) {
    auto* const first = list.head;
    list.head = first->next;
    --list.count;
    return first;
}

// How many blocks of a class a thread keeps to itself: a mebibyte of them, and four at least.
inline constexpr auto share = [] {
    auto shares = std::array<std::size_t, class_count>{};
    for (auto index = std::size_t{0}; index < class_count; ++index)
        shares[index] = std::max<std::size_t>(4, (std::size_t{1} << 20) / class_bytes(index));
    return shares;
}();

inline per_process::common_blocks& common() { return per_process::common.blocks; }

inline void hand_over(free_list& from, free_list& to, std::size_t count) {
    for (; count != 0; --count) push(to, pop(from));
}

struct thread_watch {
    thread_watch() { own_blocks.watched = true; }
    ~thread_watch() {
        const auto lock = std::lock_guard{common().mutex};
        for (auto index = std::size_t{0}; index < class_count; ++index)
            hand_over(own_blocks.lists[index], common().lists[index], own_blocks.lists[index].count);
        own_blocks.watched = false;
        own_blocks.ended = true;
    }
};

inline void watch_this_thread() {
    static thread_local thread_watch watch;
    static_cast<void>(watch);
}

inline void* take_from_system(std::size_t bytes) {
    auto* const block = ::operator new(bytes, std::align_val_t{alignment});
    auto& all = common();
    all.system_allocations.fetch_add(1, std::memory_order_relaxed);
    const auto reserved = all.reserved.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    auto peak = all.peak.load(std::memory_order_relaxed);
    while (peak < reserved && !all.peak.compare_exchange_weak(peak, reserved, std::memory_order_relaxed)) {
    }
    return block;
}

inline void give_to_system(void* block, std::size_t bytes) {
    common().reserved.fetch_sub(bytes, std::memory_order_relaxed);
    ::operator delete(block, std::align_val_t{alignment});
}

XGRAD_ON_DEMAND XGRAD_NOINLINE void* allocate_slowly(std::size_t index) {
    auto& list = own_blocks.lists[index];
    if (!own_blocks.watched && !own_blocks.ended) watch_this_thread();
    {
        const auto lock = std::lock_guard{common().mutex};
        auto& spare = common().lists[index];
        hand_over(spare, list, std::min(spare.count, own_blocks.ended ? std::size_t{1} : share[index] / 2));
    }
    return list.head != nullptr ? pop(list) : take_from_system(class_bytes(index));
}

// For a thread that gave back a block and is not watched yet, has ended, or keeps more than its share.
XGRAD_ON_DEMAND XGRAD_NOINLINE void settle(std::size_t index) {
    auto& list = own_blocks.lists[index];
    if (!own_blocks.watched && !own_blocks.ended) watch_this_thread();
    const auto excess = own_blocks.ended ? list.count : list.count > share[index] ? list.count / 2 : 0;
    if (excess == 0) return;
    const auto lock = std::lock_guard{common().mutex};
    hand_over(list, common().lists[index], excess);
}

}  // namespace detail

/// A block of at least `bytes` bytes, aligned to 64. Throws `std::bad_alloc`.
inline void* allocate(std::size_t bytes) {
    if (bytes > std::numeric_limits<std::ptrdiff_t>::max() / 2 || bytes >> 48 != 0) throw std::bad_alloc{};
    if constexpr (!pooled) return detail::take_from_system(bytes);
    const auto index = detail::size_class(bytes);
    auto& list = per_process::own_blocks.lists[index];
    return list.head != nullptr ? detail::pop(list) : detail::allocate_slowly(index);
}

/// Takes back what `allocate(bytes)` gave, on any thread.
inline void deallocate(void* block, std::size_t bytes) noexcept {
    if constexpr (!pooled) return detail::give_to_system(block, bytes);
    const auto index = detail::size_class(bytes);
    auto& list = per_process::own_blocks.lists[index];
    detail::push(list, static_cast<detail::free_block*>(block));
    if (list.count > detail::share[index] || !per_process::own_blocks.watched) detail::settle(index);
}

/// What the pool did since the program began.
struct statistics {
    std::size_t system_allocations;   ///< how often it asked the system for memory
    std::size_t reserved;             ///< bytes it holds now, in use or kept for later
    std::size_t peak;                 ///< the most bytes it ever held
};

inline statistics stats() {
    const auto& all = detail::common();
    return {all.system_allocations.load(), all.reserved.load(), all.peak.load()};
}

/// Gives the blocks that are kept for later, this thread's and the common ones, back to the system.
inline void release_unused() {
    const auto lock = std::lock_guard{detail::common().mutex};
    for (auto* lists : {&per_process::own_blocks.lists, &detail::common().lists})
        for (auto index = std::size_t{0}; index < detail::class_count; ++index)
            while ((*lists)[index].head != nullptr)
                detail::give_to_system(detail::pop((*lists)[index]), detail::class_bytes(index));
}

/// A standard allocator over the pool, for the containers that the engine and kernels use inside.
template <class T>
struct allocator {
    using value_type = T;

    allocator() = default;
    template <class U>
    allocator(const allocator<U>&) noexcept {}

    T* allocate(std::size_t count) {
        if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_alloc{};
        return static_cast<T*>(memory::allocate(count * sizeof(T)));
    }
    void deallocate(T* block, std::size_t count) noexcept { memory::deallocate(block, count * sizeof(T)); }

    friend bool operator==(const allocator&, const allocator&) { return true; }
};

/// Room for `count` elements of scratch memory, left uninitialised, given back at the end of the scope.
template <class T>
class scratch {
public:
    [[nodiscard]] explicit scratch(std::size_t count) : m_count{count}, m_data{allocator<T>{}.allocate(count)} {}
    ~scratch() { allocator<T>{}.deallocate(m_data, m_count); }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;

    T* data() const noexcept { return m_data; }
    std::size_t size() const noexcept { return m_count; }

private:
    std::size_t m_count;
    T* m_data;
};

}  // namespace xgrad::memory

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::memory::detail {
XGRAD_COMMON_INSTANCE void* allocate_slowly<>(std::size_t);
XGRAD_COMMON_INSTANCE void settle<>(std::size_t);
}
#endif
