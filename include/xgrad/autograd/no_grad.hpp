// Whether operations are recorded.
#pragma once

#include <xgrad/core/config.hpp>

#include <utility>

namespace xgrad::inline XGRAD_SHARED_ABI {
namespace per_process XGRAD_VISIBLE {
inline constinit thread_local bool recording = true;
}
}  // namespace xgrad::inline XGRAD_SHARED_ABI

namespace xgrad::inline XGRAD_ABI {

/// Whether operations of this thread are recorded for `backward`.
inline bool is_grad_enabled() noexcept { return per_process::recording; }

/// While an object of this class lives, its thread records (or does not record) operations. Scopes nest.
class [[nodiscard]] set_grad_enabled {
public:
    [[nodiscard("without a name it ends at once: write xg::set_grad_enabled guard{...};")]]
    explicit set_grad_enabled(bool enabled) noexcept
        : m_before{std::exchange(per_process::recording, enabled)} {}
    ~set_grad_enabled() { per_process::recording = m_before; }
    set_grad_enabled(const set_grad_enabled&) = delete;
    set_grad_enabled& operator=(const set_grad_enabled&) = delete;

private:
    bool m_before;
};

/// A scope without recording: `xg::no_grad guard;` or `const auto guard = xg::no_grad{};`. What is computed
/// in it needs no gradient.
class [[nodiscard]] no_grad : public set_grad_enabled {
public:
    [[nodiscard("without a name it ends at once: write xg::no_grad guard;")]]
    no_grad() noexcept : set_grad_enabled{false} {}
};

/// A scope with recording, inside one without.
class [[nodiscard]] enable_grad : public set_grad_enabled {
public:
    [[nodiscard("without a name it ends at once: write xg::enable_grad guard;")]]
    enable_grad() noexcept : set_grad_enabled{true} {}
};

}  // namespace xgrad
