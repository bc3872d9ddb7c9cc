// The graph: one node for each recorded operation and for each tensor that wants a gradient.
#pragma once

#include <xgrad/autograd/array.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/counter.hpp>
#include <xgrad/core/counting.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/shape.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_SHARED_ABI {
namespace per_process XGRAD_VISIBLE {

// The time of the latest node that this thread has seen (L. Lamport, "Time, clocks, and the ordering of events
// in a distributed system", 1978): a node can only have come of nodes born before it.
inline constinit thread_local std::uint64_t latest = 0;

}  // namespace per_process
}  // namespace xgrad::inline XGRAD_SHARED_ABI

namespace xgrad::inline XGRAD_ABI::detail {

class node;

/// Somebody who sees a node's gradient in each backward pass, as soon as it is complete.
class observer {
public:
    observer() = default;
    observer(const observer&) = delete;
    observer& operator=(const observer&) = delete;
    virtual ~observer() = default;
    virtual void see(node& at) = 0;
    /// Where it stores the gradient for `grad()`; null if it does not.
    virtual void* retained() noexcept { return nullptr; }

    observer* next = nullptr;   ///< that sees it afterwards; both are the node's
};

/// A node stands for one value: the result of an operation, or a leaf. It knows the nodes of the operation's
/// inputs (null for one that needs no gradient), and gathers the gradient with respect to its value.
class node {
public:
    /// Where a node stands in the backward pass under way, if any.
    enum class place : unsigned char {
        outside,   ///< not in it
        aside,     ///< seen, but no gradient is wanted of it or of what it came from
        within,    ///< its gradient is wanted, or on the way to one that is
    };

    virtual ~node() {
        if (gradient != nullptr) gradient->drop_handle();
        unwatch();
        drop_inputs();
        if (m_inputs != m_few.data())
            memory::allocator<node*>{}.deallocate(m_inputs, m_input_count);
        while (m_observers != nullptr) delete std::exchange(m_observers, m_observers->next);
    }
    node(const node&) = delete;
    node& operator=(const node&) = delete;

    /// Takes the complete `gradient` of this node and adds to those of its inputs, or stores it for good.
    virtual void differentiate() = 0;
    /// Lets go of what `differentiate` reads; what then remains of the node is its place in the graph.
    virtual void release() noexcept {}

    /// Looks, from here on, whether `value`, this node's or one that shares its elements, is still what was recorded:
    /// somebody may write to it.
    void watch(array& value) noexcept {
        if (m_watched.load(std::memory_order_relaxed) != nullptr) return;
        value.keep_holder();
        auto* nobody = static_cast<array*>(nullptr);
        if (!m_watched.compare_exchange_strong(nobody, &value, std::memory_order_acq_rel)) value.drop_kept_holder();
    }
    void unwatch() noexcept {
        if (m_watched.load(std::memory_order_relaxed) != nullptr)
            m_watched.exchange(nullptr, std::memory_order_acq_rel)->drop_kept_holder();
    }
    /// Whether the value is known to be no more what was recorded.
    bool was_changed() const noexcept {
        auto* const watched = m_watched.load(std::memory_order_acquire);
        return watched != nullptr && watched->current_version() != m_version;
    }

    template <class Observer>
    void observe(std::unique_ptr<Observer> last) {
        auto** end = &m_observers;
        while (*end != nullptr) end = &(*end)->next;
        *end = last.release();
    }
    /// Shows the complete gradient to all observers, which may put another in its place.
    void show_gradient() {
        for (auto* each = m_observers; each != nullptr; each = each->next) each->see(*this);
    }
    void* retained() const noexcept {
        for (auto* each = m_observers; each != nullptr; each = each->next)
            if (auto* const stored = each->retained()) return stored;
        return nullptr;
    }

    /// Takes the node for the backward passes of one thread, which `thread` stands for, and tells whether it is theirs.
    /// A pass within another one of its thread may be at nodes that are lent to it; `give_up` is for who took them.
    bool claim(const void* thread, std::uint8_t pass_level) noexcept {
        if (is_claimed_by(thread)) return true;
        const auto turn = counting::turn{};
        const void* nobody = nullptr;
        // As with counters: while one thread alone counts, no other is in a pass.
        if (turn.alone()) m_claimed_by.store(thread, std::memory_order_relaxed);
        else if (!m_claimed_by.compare_exchange_strong(nobody, thread, std::memory_order_acq_rel)) return false;
        m_claim_level = pass_level;
        return true;
    }
    void give_up(const void* thread, std::uint8_t pass_level) noexcept {
        if (is_claimed_by(thread) && m_claim_level == pass_level) m_claimed_by.store(nullptr, std::memory_order_release);
    }
    bool is_claimed_by(const void* thread) const noexcept { return claimed_by() == thread; }
    const void* claimed_by() const noexcept { return m_claimed_by.load(std::memory_order_relaxed); }

    /// Whether its gradient is on the way in the pass of this thread and level.
    bool is_within(const void* thread, std::uint8_t pass_level) const noexcept {
        return is_claimed_by(thread) && standing == place::within && level == pass_level;
    }

    bool is_leaf() const noexcept { return m_is_leaf; }
    /// Whether the value's elements are those of the (only) input.
    bool shares_input() const noexcept { return m_shares_input; }
    std::span<node* const> inputs() const noexcept { return {static_cast<node* const*>(m_inputs), m_input_count}; }

    static void* operator new(std::size_t bytes) { return memory::allocate(bytes); }
    static void operator delete(void* block, std::size_t bytes) noexcept { memory::deallocate(block, bytes); }

    counter references{1};
    bool released = false;
    bool settled = false;               ///< a leaf that a derivative made for itself, which asks for no gradient any more
    place standing = place::outside;
    std::uint8_t level = 0;             ///< of the pass in which it stands: 1, or more for one that a rule has begun
    std::atomic<const void*> wanted_by{nullptr};   ///< the backward pass that asks for its gradient by name
    std::uint64_t born;           ///< later than its inputs, and than any node its thread had seen before
    std::size_t element_bytes;    ///< of the value
    const char* name;
    array* gradient = nullptr;    ///< in a backward pass: the sum of what has come in so far
    node* next_dead = nullptr;
    shape sizes;                  ///< of the value

protected:
    /// Takes the value's shape and type, and a reference to the graph of each input.
    node(const char* name_, array& value, std::span<node* const> inputs, bool is_leaf)
        : element_bytes{value.element_bytes}, name{name_}, sizes{value.sizes}, m_version{value.current_version()},
          m_is_leaf{is_leaf}, m_shares_input{value.of_input}, m_input_count{inputs.size()} {
        if (m_input_count > m_few.size()) m_inputs = memory::allocator<node*>{}.allocate(m_input_count);
        const auto turn = counting::turn{};
        for (auto i = std::size_t{0}; i < m_input_count; ++i) {
            m_inputs[i] = inputs[i];
            if (inputs[i] == nullptr) continue;
            inputs[i]->references.add(turn);
            per_process::latest = std::max(per_process::latest, inputs[i]->born);
        }
        born = ++per_process::latest;
    }

private:
    void drop_inputs() noexcept;

    std::atomic<const void*> m_claimed_by{nullptr};   ///< whose thread's backward pass is at this node
    std::atomic<array*> m_watched{nullptr};
    observer* m_observers = nullptr;
    std::uint32_t m_version;   ///< of the value's elements, when it was recorded
    std::uint8_t m_claim_level = 0;
    bool m_is_leaf;
    bool m_shares_input;
    std::size_t m_input_count;
    std::array<node*, 3> m_few{};
    node** m_inputs = m_few.data();
};

struct dead_nodes {
    node* first = nullptr;
    bool burying = false;
};

// Nodes are made and destroyed by code for one instruction set, so this is one for each of these; but for a thread of
// the process, not of a library.
XGRAD_VISIBLE inline constinit thread_local dead_nodes dead{};

inline void lay_out(node* graph) noexcept { graph->next_dead = std::exchange(dead.first, graph); }

/// Destroys the nodes that are laid out, and those that are while it is at it.
inline void bury() noexcept {
    if (dead.burying) return;
    dead.burying = true;
    while (dead.first != nullptr) {
        auto* const buried = dead.first;
        dead.first = buried->next_dead;
        delete buried;
    }
    dead.burying = false;
}

/// Gives up a reference. The last one destroys the node, and with it perhaps those of its inputs, and so
/// on down the longest chain: by a list, not by recursion.
inline void drop_node(node* graph) noexcept {
    if (!graph->references.drop_reference()) return;
    lay_out(graph);
    bury();
}

/// The same for what the result of an operation shares its elements with, as far as that is a recorded result, too.
inline void watch_result(node& graph, array& value) noexcept {
    for (auto* at = &graph; at != nullptr && !at->is_leaf(); at = at->shares_input() ? at->inputs().front() : nullptr)
        at->watch(value);
}

inline void node::drop_inputs() noexcept {
    {
        const auto turn = counting::turn{};
        for (auto* const input : inputs())
            if (input != nullptr && input->references.drop_reference(turn)) lay_out(input);
    }
    bury();
}

}  // namespace xgrad::inline XGRAD_ABI::detail
