// Threads: OpenMP where the compiler has it, one thread where it has not.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace xgrad::inline XGRAD_SHARED_ABI {
namespace per_process XGRAD_VISIBLE {

inline constinit thread_local std::size_t regions = 0;   // how often this thread has called on others
inline constinit thread_local bool alone = false;        // whether it must not

}  // namespace per_process
}  // namespace xgrad::inline XGRAD_SHARED_ABI

namespace xgrad::inline XGRAD_ABI {

/// How many threads an operation may use. Without OpenMP it is 1.
inline int num_threads() noexcept {
#if defined(_OPENMP)
    return per_process::alone || omp_in_parallel() != 0 ? 1 : omp_get_max_threads();
#else
    return 1;
#endif
}

/// Sets how many threads the operations called from this thread may use. Throws `value_error` below 1.
/// Without OpenMP it changes nothing. The results of an operation never depend on this number.
inline void set_num_threads([[maybe_unused]] int count) {
    if (count < 1) fail<value_error>("set_num_threads", "at least one thread, got ", count);
#if defined(_OPENMP)
    omp_set_num_threads(count);
#endif
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

/// How many elements, each read and written once and little computed, pay for one more thread. Measured: a second
/// thread takes 3 microseconds to start and to end, which is as long as 64 Ki floats take to be multiplied.
inline constexpr std::size_t light_grain = 65536;

/// Calls `body(begin, end)` for consecutive parts of [0, count), on several threads when every one of them
/// gets at least `grain` items. `body` must not throw, and what it computes for an item must not depend on
/// the part that the item falls in.
template <class Body>
void parallel_for(std::size_t count, std::size_t grain, const Body& body) {
#if defined(_OPENMP)
    if (count >= 2 * grain) {
        const auto threads = std::min(static_cast<std::size_t>(num_threads()), count / grain);
        if (threads > 1) {
            ++per_process::regions;
#pragma omp parallel num_threads(static_cast<int>(threads))
            {
                const auto team = static_cast<std::size_t>(omp_get_num_threads());
                const auto member = static_cast<std::size_t>(omp_get_thread_num());
                const auto begin = count * member / team, end = count * (member + 1) / team;
                if (begin < end) body(begin, end);
            }
            return;
        }
    }
#else
    static_cast<void>(grain);
#endif
    if (count != 0) body(std::size_t{0}, count);
}

}  // namespace xgrad
