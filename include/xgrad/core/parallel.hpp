// Work that several threads share.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/processors.hpp>
#include <xgrad/core/thread_pool.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace xgrad::inline XGRAD_SHARED_ABI {
namespace per_process XGRAD_VISIBLE {

inline constinit thread_local int threads_wanted = 0;    // by this thread; 0: as many as usual
inline constinit thread_local std::size_t regions = 0;   // how often this thread has called on others

}  // namespace per_process
}  // namespace xgrad::inline XGRAD_SHARED_ABI

namespace xgrad::inline XGRAD_ABI {

/// How many threads an operation called from this thread may use, itself included: what `set_num_threads` said; else
/// what the environment says, XGRAD_NUM_THREADS or else OMP_NUM_THREADS; else one for each processor on which the
/// process may run (its affinity, and the quota of its control group, are looked at once). 1 within a part of shared work.
inline int num_threads() {
    static const auto usual = detail::default_threads();
    return per_process::alone ? 1 : per_process::threads_wanted != 0 ? per_process::threads_wanted : usual;
}

/// Sets how many threads the operations called from this thread may use; other threads have numbers of their own. Throws
/// `value_error` below 1. The results of an operation never depend on this number.
inline void set_num_threads(int count) {
    if (count < 1) fail<value_error>("set_num_threads", "at least one thread, got ", count);
    per_process::threads_wanted = count;
}

/// How often this thread has shared its work with others so far.
inline std::size_t parallel_regions() noexcept { return per_process::regions; }

/// While it lives, and `alone` is true, this thread shares no work with others.
class [[nodiscard]] single_thread {
public:
    [[nodiscard("without a name it ends at once: write xg::single_thread guard{...};")]]
    explicit single_thread(bool alone) : m_before{std::exchange(per_process::alone, per_process::alone || alone)} {}
    ~single_thread() { per_process::alone = m_before; }
    single_thread(const single_thread&) = delete;
    single_thread& operator=(const single_thread&) = delete;

private:
    bool m_before;
};

/// How many elements, each read and written once and little computed, pay for one more thread. Measured with
/// OpenMP: a second thread took 3 microseconds to start and to end, as long as 64 Ki floats take to be multiplied.
inline constexpr std::size_t light_grain = 65536;

namespace detail {

/// `parallel_for` on several threads, in so many parts that one which is late holds up little. Gives back false, and does
/// nothing, if there is nobody to share with.
template <class Body>
bool share_work(std::size_t count, std::size_t threads, const Body& body) {
    struct call {
        const Body& body;
        std::size_t count, parts;
    };
    const auto all = call{body, count, std::min({count, 4 * threads, std::size_t{max_parts}})};
    const auto part = [](const void* context, std::size_t number) {
        const auto& [f, items, parts] = *static_cast<const call*>(context);
        f(items * number / parts, items * (number + 1) / parts);
    };
    return run_parts(threads, static_cast<std::uint32_t>(all.parts), part, &all);
}

}  // namespace detail

/// Calls `body(begin, end)` for consecutive parts of [0, count), on several threads when every one of them
/// gets at least `grain` items. What `body` computes for an item must not depend on the part that the item falls in.
/// Throws what it throws; parts may then be left out.
template <class Body>
void parallel_for(std::size_t count, std::size_t grain, const Body& body) {
    if (count >= 2 * grain) {
        const auto threads = std::min(static_cast<std::size_t>(num_threads()), count / grain);
        if (threads > 1 && detail::share_work(count, threads, body)) {
            ++per_process::regions;
            return;
        }
    }
    if (count != 0) body(std::size_t{0}, count);
}

}  // namespace xgrad
