// Reference counts that take no locked instruction while one thread alone counts.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/counting.hpp>

#include <atomic>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::detail {

/// A count of references, or of whatever threads add to and take from.
class counter {
public:
    explicit counter(std::uint32_t count) noexcept : m_count{count} {}

    // Several counts in a row may share a turn.
    void add(const counting::turn& turn = {}) noexcept { change(turn, 1); }
    /// Counts down and tells whether that was the last one.
    bool drop(const counting::turn& turn = {}) noexcept { return change(turn, -1) == 0; }

    /// Counts down where only who is counted can let others be counted, as with references: nobody can then add to
    /// the last one, and it takes no turn.
    bool drop_reference() noexcept { return take_last() || drop(); }
    bool drop_reference(const counting::turn& turn) noexcept { return take_last() || drop(turn); }

    /// Whether what the caller has counted is all there is.
    bool is_one() const noexcept { return m_count.load(std::memory_order_acquire) == 1; }
    std::uint32_t get() const noexcept { return m_count.load(std::memory_order_relaxed); }

private:
    std::uint32_t change(const counting::turn& turn, std::int32_t by) noexcept {
        if (turn.alone()) return change_plainly(by);
        const auto step = static_cast<std::uint32_t>(by);
        return m_count.fetch_add(step, std::memory_order_acq_rel) + step;
    }

    bool take_last() noexcept {
        if (!is_one()) return false;
        m_count.store(0, std::memory_order_relaxed);
        return true;
    }

    std::uint32_t change_plainly(std::int32_t by) noexcept {
        const auto now = get() + static_cast<std::uint32_t>(by);
        m_count.store(now, std::memory_order_release);
        return now;
    }

    std::atomic<std::uint32_t> m_count;
};

}  // namespace xgrad::detail
