// Who counts: whether references can be counted without locked instructions, because one thread alone does it.
//
// Threads that share the work of an operation compute, and count nothing. So even where there are several, mostly a
// single one counts. The first to do so may take it that it is the only one, until another comes; that other one then
// says so, and waits until the first is not in the middle of a count:
//
//     the only one                               another one
//         busy = true                                several = true
//         light fence                                heavy fence
//         several? if not: count plainly             wait while busy
//         busy = false                               count by locked instructions
//
// This is Dekker's way of mutual exclusion with all the cost on one side (D. Dice, H. Huang and M. Yang, "Asymmetric
// Dekker synchronization", 2001). The light fence restrains the compiler only; the heavy one has the system make every
// thread of the process pass a full fence, so that either the other sees `busy`, or the first sees `several`.
#pragma once

#include <xgrad/core/config.hpp>

#include <atomic>
#include <mutex>
#include <thread>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace xgrad::inline XGRAD_SHARED_ABI {
namespace per_process XGRAD_VISIBLE {

struct counting_state {
    std::mutex arrivals{};
    bool claimed = false;              // whether there is a first thread
    std::atomic<bool> busy{false};     // whether the first thread is in the middle of a count
    std::atomic<bool> several{false};  // for the first thread: there are others
    std::atomic<bool> agreed{false};   // for the others: the first thread knows
};

inline constinit counting_state counting{};
inline constinit thread_local bool counts_first = false;   // whether this is the first thread

}  // namespace per_process
}  // namespace xgrad::inline XGRAD_SHARED_ABI

namespace xgrad::inline XGRAD_ABI::detail {

/// Who counts in this process. Libraries that share tensors share what this decides by.
class counting {
public:
    // The C library sets this to false before a second thread begins, which sees all that was counted.
    static bool single_threaded() noexcept {
#if __has_include(<sys/single_threaded.h>)
        return __libc_single_threaded != 0;
#else
        return false;
#endif
    }

    /// While it lives, no other thread begins to count. To be short: a few counts, and no turn within a turn.
    class turn {
    public:
        [[nodiscard]] turn() noexcept {   // the compiler is told what is usual: several threads, one of which counts
            if (single_threaded()) [[unlikely]] m_alone = true;
            else m_alone = m_entered = enter();
        }
        ~turn() {
            if (m_entered) s_all.busy.store(false, std::memory_order_release);
        }
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;

        /// Whether this is the only thread to count.
        bool alone() const noexcept { return m_alone; }

    private:
        bool m_alone, m_entered = false;
    };

    /// Whether it is agreed that several threads count; then it stays so.
    static bool by_several() noexcept { return s_all.agreed.load(std::memory_order_acquire); }

private:
    static bool enter() noexcept {
        if (!per_process::counts_first) [[unlikely]]
            if (by_several() || !is_first()) return false;
        s_all.busy.store(true, std::memory_order_relaxed);
        std::atomic_signal_fence(std::memory_order_seq_cst);   // the light one
        if (!s_all.several.load(std::memory_order_relaxed)) [[likely]] return true;
        s_all.busy.store(false, std::memory_order_release);
        per_process::counts_first = false;
        return false;
    }

    /// Whether this thread, which is not known to be, is the first to count. If another is, that is told that it is no
    /// longer the only one; no newcomer counts before it is certain to know.
    XGRAD_NOINLINE static bool is_first() noexcept {
        const auto lock = std::lock_guard{s_all.arrivals};
        if (by_several()) return false;
        if (!s_all.claimed && can_fence()) return s_all.claimed = per_process::counts_first = true;
        s_all.several.store(true, std::memory_order_relaxed);
        if (s_all.claimed) {
            fence();
            while (s_all.busy.load(std::memory_order_acquire)) std::this_thread::yield();
        }
        s_all.agreed.store(true, std::memory_order_release);
        return false;
    }

    // The heavy fence; `can_fence` has it prepared, and tells whether the system knows it. See membarrier(2) of Linux.
#if defined(__linux__) && defined(SYS_membarrier)
    static bool can_fence() noexcept {
        constexpr auto register_private_expedited = 1 << 4;
        return syscall(SYS_membarrier, register_private_expedited, 0, 0) == 0;
    }
    static void fence() noexcept {
        constexpr auto private_expedited = 1 << 3;
        syscall(SYS_membarrier, private_expedited, 0, 0);
    }
#else
    static bool can_fence() noexcept { return false; }
    static void fence() noexcept {}
#endif

    static constexpr auto& s_all = per_process::counting;
};

}  // namespace xgrad::detail
