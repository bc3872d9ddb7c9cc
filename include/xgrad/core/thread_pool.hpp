// The threads that share an operation's work with the one that calls it.
//
// Work comes in parts, which are claimed by whoever is awake, the caller first of all; the caller goes on when all parts
// are finished, and never waits for a thread that has not begun one. A thread without work looks out for more for a
// moment, then sleeps. One call is served at a time: who comes meanwhile works alone, so that there are never more
// threads at work than were asked for, and nobody waits for another's work.
//
// Nobody waits to claim, either. The parts stand in blocks, one for each thread, which begins with its own (so that the
// same thread mostly comes by the same elements) and then goes on to the others'. A block's word tells how many of its
// parts are claimed; a claim exchanges it for the next word, and the number of the call in it makes one fail that comes
// too late. Who has claimed a part may read what the call left, since that cannot end before the part is finished.
//
// A thread that sleeps between calls wakes where the system puts it. Linux looks for an idle processor among those that share a
// cache; where it knows of none, as on many virtual machines, a thread that once came to the caller's processor, because its own
// was busy for a moment, stays there while its own idles. So who wakes where another of the team computes moves away.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/processors.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#if __has_include(<pthread.h>) && __has_include(<unistd.h>)
#define XGRAD_POSIX_THREADS 1
#include <csignal>
#include <pthread.h>
#include <unistd.h>
#else
#define XGRAD_POSIX_THREADS 0
#endif

namespace xgrad::inline XGRAD_SHARED_ABI {
namespace per_process XGRAD_VISIBLE {

inline constexpr std::size_t max_team = 128;   // threads that work on one call

/// The threads of one process, and the call that they serve. Never destroyed: they may be needed by any destructor.
struct team {
    /// Parts first, ..., first + size - 1 of the call; `word` has its number, how many are claimed, and the size.
    struct alignas(64) block {
        std::atomic<std::uint64_t> word{0};
        std::size_t first = 0;
        std::atomic<int> processor{-1};      ///< on which the thread whose block it is awoke
    };

    long process;                            ///< fork() makes another one, which has none of the threads
    std::atomic<bool> serving{false};        ///< whether a call is being served
    std::atomic<bool> ending{false};
    std::atomic<std::uint32_t> calls{0};     ///< the number of the latest call, for which the threads wait
    std::vector<std::thread> workers{};

    void (*body)(const void* context, std::size_t part) = nullptr;
    const void* context = nullptr;
    std::atomic<std::uint32_t> threads{0};
    std::atomic<bool> failed{false};
    std::exception_ptr failure{};            ///< of the part that failed first
    alignas(64) std::atomic<std::uint32_t> unfinished{0};
    std::array<block, max_team> blocks{};
};

inline constinit std::atomic<team*> current_team{nullptr};
inline constinit thread_local bool alone = false;   // whether this thread must not call on others

}  // namespace per_process
}  // namespace xgrad::inline XGRAD_SHARED_ABI

namespace xgrad::inline XGRAD_ABI::detail {

using per_process::team;

/// What a block's word says.
struct claims {
    std::uint32_t call, claimed, size;   // the latter two below 2^16

    static claims from(std::uint64_t word) {
        return {static_cast<std::uint32_t>(word >> 32), static_cast<std::uint32_t>(word >> 16 & 0xffff),
                static_cast<std::uint32_t>(word & 0xffff)};
    }
    std::uint64_t word() const { return std::uint64_t{call} << 32 | std::uint64_t{claimed} << 16 | size; }
};

inline constexpr std::uint32_t max_parts = 0xffff;

/// Whether `done(value)` holds of the value of `at` within some tens of microseconds, which is as long as it takes to wake a thread.
template <class Done>
bool holds_soon(const std::atomic<std::uint32_t>& at, const Done& done) {
    for (auto i = 0; i < 1000; ++i) {
        if (done(at.load(std::memory_order_acquire))) return true;
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ __volatile__("yield");
#endif
    }
    return false;
}

/// Waits until `done(value)` holds of the value of `at`: at first awake, then asleep. Gives back whether it slept.
template <class Done>
bool wait_until(const std::atomic<std::uint32_t>& at, const Done& done) {
    if (holds_soon(at, done)) return false;
    for (auto value = at.load(std::memory_order_acquire); !done(value); value = at.load(std::memory_order_acquire))
        at.wait(value, std::memory_order_acquire);
    return true;
}

inline void finish(team& all, std::size_t part) noexcept {
    if (!all.failed.load(std::memory_order_relaxed)) {   // else nobody will see what the part would give
        try {
            all.body(all.context, part);
        } catch (...) {
            if (!all.failed.exchange(true)) all.failure = std::current_exception();
        }
    }
    if (all.unfinished.fetch_sub(1, std::memory_order_acq_rel) == 1) all.unfinished.notify_all();
}

/// Claims and finishes parts until all are claimed, beginning with those of the block `number`.
inline void work(team& all, std::size_t number, std::size_t threads) {
    for (auto i = std::size_t{0}; i < threads; ++i) {
        auto& block = all.blocks[(number + i) % threads];
        auto word = block.word.load(std::memory_order_acquire);
        for (auto next = claims::from(word); next.claimed < next.size; next = claims::from(word)) {
            const auto mine = next.claimed++;
            if (!block.word.compare_exchange_weak(word, next.word(), std::memory_order_acq_rel)) continue;
            finish(all, block.first + mine);
            word = block.word.load(std::memory_order_acquire);
        }
    }
}

/// The processor of a thread of the team.
class seat {
public:
    seat(team& all, std::size_t number) : m_team{all}, m_number{number} {}

    /// Moves this thread if one of the team with a smaller number is on its processor. Where others keep the system from leaving it
    /// there, that is tried once in a while only.
    void take() {
        using clock = std::chrono::steady_clock;
        auto here = current_processor();
        if (is_taken(here) && clock::now() - m_moved > std::chrono::milliseconds{10}) {
            leave_processor([&](int processor) { return is_taken(processor); });
            here = current_processor();
            m_moved = clock::now();
        }
        m_team.blocks[m_number].processor.store(here, std::memory_order_relaxed);
    }

private:
    bool is_taken(int processor) const {
        return processor >= 0 && std::any_of(m_team.blocks.begin(), m_team.blocks.begin() + m_number, [&](const team::block& each) {
                   return each.processor.load(std::memory_order_relaxed) == processor;
               });
    }

    team& m_team;
    std::size_t m_number;
    std::chrono::steady_clock::time_point m_moved{};
};

/// What a thread of the team does, from its beginning on.
inline void serve(team& all, std::size_t number, std::uint32_t seen) {
    per_process::alone = true;   // a part does not divide itself further
    auto where = seat{all, number};
    where.take();
    for (;;) {
        const auto slept = wait_until(all.calls, [=](std::uint32_t now) { return now != seen; });
        seen = all.calls.load(std::memory_order_acquire);
        if (all.ending.load(std::memory_order_relaxed)) return;
        const auto threads = all.threads.load(std::memory_order_relaxed);
        if (number >= threads) continue;
        if (slept) where.take();
        work(all, number, threads);
    }
}

inline long process_number() noexcept {
#if XGRAD_POSIX_THREADS
    return static_cast<long>(getpid());
#else
    return 0;
#endif
}

/// The team of this process.
inline team& this_team() {
    auto* known = per_process::current_team.load(std::memory_order_acquire);
    const auto process = process_number();
    if (known != nullptr && known->process == process) return *known;
    auto* const made = new team{process};
    if (per_process::current_team.compare_exchange_strong(known, made, std::memory_order_acq_rel)) return *made;
    delete made;
    return *known;
}

/// Holds the team, if nobody else does, for as long as it lives.
class hold {
public:
    explicit hold(team& all) : m_team{all}, m_held{!all.serving.exchange(true, std::memory_order_acquire)} {}
    ~hold() {
        if (m_held) m_team.serving.store(false, std::memory_order_release);
    }
    hold(const hold&) = delete;
    hold& operator=(const hold&) = delete;

    explicit operator bool() const noexcept { return m_held; }

private:
    team& m_team;
    bool m_held;
};

inline constinit std::atomic<bool> library_ended{false};   // whether its threads' code may go any moment

/// Ends the threads of the team when the library that has begun them ends.
struct end_of_library {
    ~end_of_library() {
        library_ended.store(true);
        auto* const all = per_process::current_team.load(std::memory_order_acquire);
        if (all == nullptr || all->process != process_number()) return;
        if (per_process::alone) return;   // std::exit in the middle of a part, which would be waited for
        while (all->serving.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
        all->ending.store(true, std::memory_order_relaxed);
        all->calls.fetch_add(1, std::memory_order_release);
        all->calls.notify_all();
        for (auto& each : all->workers) each.join();
        all->workers.clear();
        all->ending.store(false, std::memory_order_relaxed);
        all->serving.store(false, std::memory_order_release);
    }
};

/// Sees to it that there are so many threads beside the caller, or as many as the system gives.
inline void begin_threads(team& all, std::size_t count) {
    if (all.workers.size() >= count) return;
    static const auto at_end = end_of_library{};
    static_cast<void>(at_end);
#if XGRAD_POSIX_THREADS
    auto every = sigset_t{}, before = sigset_t{};   // signals go to the user's threads
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
#endif
    try {
        all.workers.reserve(count);
        while (all.workers.size() < count)
            all.workers.emplace_back(serve, std::ref(all), all.workers.size() + 1, all.calls.load());
    } catch (const std::system_error&) {   // those that there are will do
    }
#if XGRAD_POSIX_THREADS
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
#endif
}

/// Calls body(context, 0), ..., body(context, parts - 1), each once, on at most `threads` threads, this one among them.
/// Throws what one of them throws first; others may then be left out. Does nothing, and gives back false, while the team
/// serves another call.
XGRAD_ON_DEMAND bool run_parts(std::size_t threads, std::uint32_t parts, void (*body)(const void*, std::size_t), const void* context) {
    if (library_ended.load(std::memory_order_relaxed)) return false;
    auto& all = this_team();
    const auto held = hold{all};
    if (!held) return false;
    threads = std::min({threads, std::size_t{parts}, per_process::max_team});
    all.blocks[0].processor.store(current_processor(), std::memory_order_relaxed);
    begin_threads(all, threads - 1);
    all.body = body;
    all.context = context;
    all.threads.store(static_cast<std::uint32_t>(threads), std::memory_order_relaxed);
    all.failed.store(false, std::memory_order_relaxed);
    all.unfinished.store(parts, std::memory_order_relaxed);
    const auto call = all.calls.load(std::memory_order_relaxed) + 1;
    for (auto i = std::size_t{0}; i < threads; ++i) {
        const auto first = parts * i / threads, end = parts * (i + 1) / threads;
        all.blocks[i].first = first;
        all.blocks[i].word.store(claims{call, 0, static_cast<std::uint32_t>(end - first)}.word(), std::memory_order_release);
    }
    all.calls.store(call, std::memory_order_release);
    all.calls.notify_all();
    {
        const auto before = std::exchange(per_process::alone, true);
        work(all, 0, threads);
        per_process::alone = before;
    }
    wait_until(all.unfinished, [](std::uint32_t left) { return left == 0; });
    if (all.failed.load(std::memory_order_relaxed)) std::rethrow_exception(std::exchange(all.failure, nullptr));
    return true;
}

}  // namespace xgrad::inline XGRAD_ABI::detail

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
XGRAD_COMMON_INSTANCE bool run_parts<>(std::size_t, std::uint32_t, void (*)(const void*, std::size_t), const void*);
}
#endif
