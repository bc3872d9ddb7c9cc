// The threads that share an operation's work with the one that calls it.
//
// Work comes in parts, which are claimed by whoever is awake, the caller first of all; it goes on when all claimed parts
// are finished, and never waits for a thread that has not begun. A thread without work looks out for more for a moment,
// then sleeps. One call is served at a time: who comes meanwhile works alone, so that there are never more threads at
// work than were asked for and nobody waits for another's work.
//
// Nobody waits for a claim either. The parts stand in blocks, one for each thread, which begins with its own (so that the
// same thread mostly comes by the same elements) and goes on to the others'. A block's word says how many of its parts
// are claimed; a claim exchanges the word for the next, and the number of the call within it makes one that comes too
// late fail. Whoever has claimed a part may read the call, which cannot end before the part is finished.
#pragma once

#include <xgrad/core/config.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#if __has_include(<pthread.h>) && __has_include(<unistd.h>)
#include <csignal>
#include <pthread.h>
#include <unistd.h>
#endif

namespace xgrad::inline XGRAD_ABI::detail {

inline constexpr std::size_t max_threads = 128;   // that work on one call

/// Says to the processor that the thread only waits.
inline void spin() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

/// Signals go to the user's threads: none is delivered to one that begins while this lives.
class no_signals {
public:
#if __has_include(<pthread.h>) && __has_include(<unistd.h>)
    no_signals() {
        auto all = sigset_t{};
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &m_before);
    }
    ~no_signals() { pthread_sigmask(SIG_SETMASK, &m_before, nullptr); }
    no_signals(const no_signals&) = delete;
    no_signals& operator=(const no_signals&) = delete;

private:
    sigset_t m_before{};
#endif
};

/// The process that asks: another one after fork(), which has none of the threads.
inline long process_number() noexcept {
#if __has_include(<pthread.h>) && __has_include(<unistd.h>)
    return static_cast<long>(getpid());
#else
    return 0;
#endif
}

class thread_pool {
public:
    using body = void (*)(const void* context, std::size_t part);

    /// Calls f(context, 0), ..., f(context, parts - 1), each once, on at most `threads` threads, this one among them.
    /// Throws what one of them has thrown; parts that nobody has claimed by then are left out. Gives back false, and
    /// does nothing, when another call is being served.
    bool run(std::size_t threads, std::size_t parts, body f, const void* context) {
        if (m_serving.exchange(true, std::memory_order_acquire)) return false;
        const auto guard = serving{*this};
        threads = std::min({threads, parts, max_threads});
        start(threads - 1);
        m_body = f;
        m_context = context;
        m_threads = threads;
        m_failure = nullptr;
        m_unfinished.store(parts, std::memory_order_relaxed);
        ++m_call;
        for (auto block = std::size_t{0}; block < threads; ++block) {
            m_blocks[block].first = parts * block / threads;
            const auto size = parts * (block + 1) / threads - m_blocks[block].first;
            m_blocks[block].word.store(word{m_call, 0, static_cast<std::uint32_t>(size)}.bits(), std::memory_order_release);
        }
        m_calls.store(m_call, std::memory_order_seq_cst);
        if (m_asleep.load(std::memory_order_seq_cst) != 0) m_calls.notify_all();
        work(0, threads);
        wait_for_others();
        if (m_failure != nullptr) std::rethrow_exception(std::exchange(m_failure, nullptr));
        return true;
    }

    /// Ends the threads; later calls start them again.
    void stop() {
        while (m_serving.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
        const auto guard = serving{*this};
        m_ending.store(true, std::memory_order_relaxed);
        m_calls.store(++m_call, std::memory_order_seq_cst);
        m_calls.notify_all();
        for (auto& each : m_workers) {
            if (each.get_id() == std::this_thread::get_id()) each.detach();   // std::exit in the middle of a part
            else each.join();
        }
        m_workers.clear();
        m_ending.store(false, std::memory_order_relaxed);
    }

    /// Whether the calling thread is one of a pool's.
    static bool is_worker() noexcept { return s_is_worker; }

private:
    /// The call that a block belongs to, and how many of its parts are claimed, of how many.
    struct word {
        std::uint32_t call, claimed, size;   // 16 bits each of the latter two

        static word from(std::uint64_t bits) {
            return {static_cast<std::uint32_t>(bits >> 32), static_cast<std::uint32_t>(bits >> 16 & 0xffff),
                    static_cast<std::uint32_t>(bits & 0xffff)};
        }
        std::uint64_t bits() const { return std::uint64_t{call} << 32 | claimed << 16 | size; }
    };

    struct alignas(64) block {
        std::atomic<std::uint64_t> word{0};
        std::size_t first = 0;
    };

    struct serving {
        thread_pool& pool;
        ~serving() { pool.m_serving.store(false, std::memory_order_release); }
    };

    void start(std::size_t workers) {
        if (m_workers.size() >= workers) return;
        const auto guard = no_signals{};
        try {
            while (m_workers.size() < workers)
                m_workers.emplace_back([this, number = m_workers.size() + 1, seen = m_call] { serve(number, seen); });
        } catch (const std::system_error&) {   // no more are to be had; those that there are will do
        }
    }

    void serve(std::size_t number, std::uint32_t seen) {
        s_is_worker = true;
        for (;;) {
            seen = wait_for_call(seen);
            if (m_ending.load(std::memory_order_relaxed)) return;
            work(number, std::min(m_threads.load(std::memory_order_relaxed), max_threads));
        }
    }

    std::uint32_t wait_for_call(std::uint32_t seen) {
        for (auto i = 0; i < spins; ++i) {
            if (const auto now = m_calls.load(std::memory_order_acquire); now != seen) return now;
            spin();
        }
        m_asleep.fetch_add(1, std::memory_order_seq_cst);
        m_calls.wait(seen, std::memory_order_seq_cst);
        m_asleep.fetch_sub(1, std::memory_order_relaxed);
        return m_calls.load(std::memory_order_acquire);
    }

    /// Claims and finishes parts until all are claimed, beginning with the block `number`.
    void work(std::size_t number, std::size_t threads) {
        if (number >= threads) return;
        auto finished = std::size_t{0};
        for (auto i = std::size_t{0}; i < threads; ++i) {
            auto& from = m_blocks[(number + i) % threads];
            auto bits = from.word.load(std::memory_order_acquire);
            for (;;) {
                auto now = word::from(bits);
                if (now.claimed == now.size) break;
                const auto part = now.claimed++;
                if (!from.word.compare_exchange_weak(bits, now.bits(), std::memory_order_acquire)) continue;
                finish(from.first + part);
                bits = from.word.load(std::memory_order_acquire);
                static_cast<void>(finished);
            }
        }
    }

    void finish(std::size_t part) {
        try {
            m_body(m_context, part);
        } catch (...) {
            const auto lock = std::lock_guard{m_failing};
            if (m_failure == nullptr) m_failure = std::current_exception();
        }
        if (m_unfinished.fetch_sub(1, std::memory_order_acq_rel) == 1) m_unfinished.notify_all();
    }

    void wait_for_others() {
        for (auto i = 0; i < spins; ++i) {
            if (m_unfinished.load(std::memory_order_acquire) == 0) return;
            spin();
        }
        for (auto left = m_unfinished.load(std::memory_order_acquire); left != 0; left = m_unfinished.load(std::memory_order_acquire))
            m_unfinished.wait(left, std::memory_order_acquire);
    }

    // Some tens of microseconds: as long as it takes to wake a thread that sleeps.
    static constexpr auto spins = 1000;
    static constinit inline thread_local bool s_is_worker = false;

    std::atomic<bool> m_serving{false};
    std::atomic<bool> m_ending{false};
    std::atomic<int> m_asleep{0};
    std::atomic<std::uint32_t> m_calls{0};   ///< the number of the latest call
    std::uint32_t m_call = 0;                ///< the same, for the caller
    std::vector<std::thread> m_workers;

    body m_body = nullptr;
    const void* m_context = nullptr;
    std::atomic<std::size_t> m_threads{0};
    alignas(64) std::atomic<std::size_t> m_unfinished{0};
    std::mutex m_failing;
    std::exception_ptr m_failure;
    std::array<block, max_threads> m_blocks;
};

}  // namespace xgrad::inline XGRAD_ABI::detail
