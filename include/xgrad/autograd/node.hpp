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
#include <cstddef>
#include <cstdint>
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
        drop_inputs();
        if (m_inputs != m_few.data())
            memory::allocator<node*>{}.deallocate(m_inputs, m_input_count);
    }
    node(const node&) = delete;
    node& operator=(const node&) = delete;

    /// Takes the complete `gradient` of this node and adds to those of its inputs, or stores it for good.
    virtual void differentiate() = 0;
    /// Lets go of what `differentiate` reads; what then remains of the node is its place in the graph.
    virtual void release() noexcept {}

    bool is_leaf() const noexcept { return m_is_leaf; }
    std::span<node* const> inputs() const noexcept { return {m_inputs, m_input_count}; }

    static void* operator new(std::size_t bytes) { return memory::allocate(bytes); }
    static void operator delete(void* block, std::size_t bytes) noexcept { memory::deallocate(block, bytes); }

    counter references{1};
    bool released = false;
    place standing = place::outside;
    std::uint8_t level = 0;             ///< of the pass in which it stands: 1, or more for one that a rule has begun
    const void* wanted_by = nullptr;    ///< the backward pass that asks for its gradient by name
    std::uint64_t born;           ///< later than its inputs, and than any node its thread had seen before
    std::size_t element_bytes;    ///< of the value
    const char* name;
    array* gradient = nullptr;    ///< in a backward pass: the sum of what has come in so far
    node* next_dead = nullptr;
    shape sizes;                  ///< of the value

protected:
    /// Takes the value's shape and type, and a reference to the graph of each input.
    node(const char* name_, const array& value, std::span<node* const> inputs, bool is_leaf)
        : element_bytes{value.element_bytes}, name{name_}, sizes{value.sizes}, m_is_leaf{is_leaf},
          m_input_count{inputs.size()} {
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

    bool m_is_leaf;
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

inline void node::drop_inputs() noexcept {
    {
        const auto turn = counting::turn{};
        for (auto* const input : inputs())
            if (input != nullptr && input->references.drop_reference(turn)) lay_out(input);
    }
    bury();
}

}  // namespace xgrad::inline XGRAD_ABI::detail
