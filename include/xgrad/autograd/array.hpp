// The block of memory behind a tensor.
//
// A tensor is a handle to an `array`: a header with the shape, the place in the graph and the counters,
// followed in the same block from the pool by the elements, if the array owns any. Arrays that share the
// elements of another (a reshape, a detached copy, a range of rows) hold on to the owner's block, but not
// to its graph.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/counter.hpp>
#include <xgrad/core/counting.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/shape.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <utility>

namespace xgrad::inline XGRAD_SHARED_ABI {
namespace per_process XGRAD_VISIBLE {

/// How the elements of an array came about, where recording cannot follow: see custom_rule.hpp.
enum class making : unsigned char {
    usual,
    in_rule,      ///< in the rule of a custom operation, while that is recorded
    in_forward,   ///< in the forward function of one, which is not recorded
    by_hand,      ///< in such a rule, and elements were asked for to be written to
    in_capture,   ///< by an operation of a function that is being written down: see capture.hpp
};
inline constinit thread_local making made_now = making::usual;
inline constinit thread_local bool unrecorded_read = false;   // by the rule under way
inline constinit thread_local bool between_operations = false;   // of a function that is being written down
inline constinit thread_local bool changed_between = false;      // elements, there, in place

}  // namespace per_process
}  // namespace xgrad::inline XGRAD_SHARED_ABI

namespace xgrad::inline XGRAD_ABI {

namespace detail {

class array;
class node;
void drop_node(node* graph) noexcept;                    // node.hpp
void watch_result(node& graph, array& value) noexcept;   // node.hpp

using per_process::made_now;
using per_process::making;
using per_process::unrecorded_read;

/// Memory of somebody else under an array: its destructor gives it back.
class foreign_memory {
public:
    foreign_memory() = default;
    foreign_memory(const foreign_memory&) = delete;
    foreign_memory& operator=(const foreign_memory&) = delete;
    virtual ~foreign_memory() = default;
};

/// See the top of the file. Nothing here knows the element type but by its size.
class array {
public:
    counter handles{1};   ///< tensors that refer to it; when the last one goes, so does the graph
    counter holders{1};   ///< all handles together count as one, each array and rule that needs the elements too
    counter keeps{0};     ///< backward rules that will read the elements; on the owner
    counter writers{0};   ///< adaptors through which the elements can be written at any time; on the owner
    std::atomic<std::uint32_t> version{0};       ///< how often the elements were changed in place; on the owner
    std::atomic<std::uint64_t> fingerprint{0};   ///< of the elements, once written to while kept; 0: not so
    array* owner;         ///< whose elements these are: its own, or another array's
    std::byte* elements;
    std::size_t element_bytes;
    std::size_t size;     ///< the number of elements
    std::size_t block_bytes;
    node* graph = nullptr;
    foreign_memory* foreign = nullptr;   ///< where the elements are, if not in a block of the pool; on the owner
    bool of_input = false;   ///< elements of the operation's input, whose result this is
    bool frozen = false;     ///< a parameter that is not to learn for a while: see nn/freeze.hpp
    making made = made_now;
    shape sizes;

    /// A new array that owns its elements, which are left uninitialised.
    static array* make(const shape& sizes, std::size_t element_bytes) {
        const auto size = checked_elements(sizes, element_bytes);
        const auto block_bytes = header_bytes() + size * element_bytes;
        auto* const block = static_cast<std::byte*>(memory::allocate(block_bytes));
        auto* const made = ::new (block) array(sizes, size, element_bytes, block_bytes);
        made->owner = made;
        made->elements = block + header_bytes();
        return made;
    }

    /// A new array over elements in memory that `of` gives back.
    template <class Memory>
    static array* make_over(std::byte* elements, const shape& sizes, std::size_t element_bytes,
                            std::unique_ptr<Memory> of) {
        const auto size = checked_elements(sizes, element_bytes);
        auto* const made = ::new (memory::allocate(header_bytes())) array(sizes, size, element_bytes, header_bytes());
        made->owner = made;
        made->elements = elements;
        made->foreign = of.release();
        return made;
    }

    /// A new array over the elements of `source` from the one numbered `first` on.
    static array* make_view(array& source, const shape& sizes, std::size_t first = 0) {
        auto* const block = memory::allocate(header_bytes());
        auto* const made = ::new (block) array(sizes, sizes.elements(), source.element_bytes, header_bytes());
        made->owner = source.owner;
        made->owner->holders.add();
        made->elements = source.elements + first * source.element_bytes;
        made->made = source.made;
        return made;
    }

    void drop_handle() noexcept {
        if (handles.drop_reference()) lose_handles();
    }
    void drop_holder() noexcept {
        if (holders.drop_reference()) lose_holders();
    }

    /// Whether nobody else can see the elements, so that writing to them goes unnoticed.
    bool unshared() const noexcept {
        return handles.is_one() && holders.is_one() && owner == this;   // who keeps them has a handle or holds them
    }

    /// Says that somebody got the means to write to the elements. Reading through a pointer that could have
    /// written is common and must cost no gradient; so while a rule keeps the elements, their fingerprint
    /// is taken, and it is looked whether they did change only when the rule asks. The same for the recorded result
    /// of an operation, since a backward pass that comes there takes it to be what was recorded.
    void expose() {
        if (made == making::in_forward || made == making::in_capture) note_read(true);
        else if (made == making::in_rule && made_now == making::in_rule) made = making::by_hand;
        if (graph != nullptr) {
            note_number();
            watch_result(*graph, *this);
        }
        if (owner->keeps.get() != 0 && owner->fingerprint.load(std::memory_order_relaxed) == 0)
            owner->fingerprint.store(owner->hash(), std::memory_order_relaxed);
    }

    /// Says that a derivative may come to depend on the elements. It is told whether the rule of a custom operation
    /// reads what has no graph though it may have come of the operation's inputs. Of integers and truth values there are no
    /// derivatives; a program that is being written down must know of them all the same.
    void note_read(bool differentiable) const {
        if (made > making::in_rule && (differentiable || made == making::in_capture)) note_unusual_read();
    }

    /// The same of somebody who takes a number out of what does have a graph, which ends there.
    void note_number() const {
        if (graph != nullptr && made_now == making::in_rule) unrecorded_read = true;
        if (made == making::in_capture) note_unusual_read();
    }

    void mark_changed() noexcept {
        if (graph != nullptr) watch_result(*graph, *this);
        if (per_process::between_operations) per_process::changed_between = true;
        owner->version.fetch_add(1, std::memory_order_relaxed);
    }

    /// The version of the elements, after a look at whether an exposed array was written to.
    std::uint32_t current_version() noexcept {
        const auto before = owner->fingerprint.load(std::memory_order_relaxed);
        if (before != 0) {
            const auto now = owner->hash();
            if (now != before) {
                owner->version.fetch_add(1, std::memory_order_relaxed);
                owner->fingerprint.store(now, std::memory_order_relaxed);
            }
        }
        return owner->version.load(std::memory_order_relaxed);
    }

    /// A further handle, or a further holder, for a rule that will read the elements.
    void keep_handle() noexcept { begin_keep(handles); }
    void keep_holder() noexcept { begin_keep(holders); }
    void drop_kept_handle() noexcept {
        if (end_keep(handles)) lose_handles();
    }
    void drop_kept_holder() noexcept {
        if (end_keep(holders)) lose_holders();
    }

    /// A number that changes with every byte of the elements, and is not zero: four independent streams of
    /// multiplications, after FNV-1a, by words.
    std::uint64_t hash() const noexcept {
        constexpr auto prime = std::uint64_t{0x100000001b3};
        std::uint64_t streams[4] = {1, 2, 3, 4};
        const auto bytes = size * element_bytes;
        auto at = std::size_t{0};
        for (; at + 32 <= bytes; at += 32) {
            std::uint64_t words[4];
            std::memcpy(words, elements + at, 32);
            for (auto i = 0; i < 4; ++i) streams[i] = std::rotl((streams[i] ^ words[i]) * prime, 29);
        }
        for (; at < bytes; ++at) streams[0] = (streams[0] ^ static_cast<std::uint64_t>(elements[at])) * prime;
        auto sum = std::uint64_t{0};
        for (const auto stream : streams) sum = std::rotl((sum ^ stream) * prime, 31);
        return sum | 1;
    }

private:
    array(const shape& shape_, std::size_t size_, std::size_t element_bytes_, std::size_t block_bytes_)
        : element_bytes{element_bytes_}, size{size_}, block_bytes{block_bytes_}, sizes{shape_} {}

    void lose_handles() noexcept {
        if (graph != nullptr) drop_node(std::exchange(graph, nullptr));
        drop_holder();
    }
    void lose_holders() noexcept {
        if (owner != this) owner->drop_holder();
        else if (foreign != nullptr) delete foreign;
        const auto bytes = block_bytes;
        this->~array();
        memory::deallocate(this, bytes);
    }

    XGRAD_COLD void note_unusual_read() const {
        if (made != making::in_capture) unrecorded_read = unrecorded_read || (made_now == making::in_rule && graph == nullptr);
        else if (per_process::between_operations)
            fail<autograd_error>("capture", "the function reads the elements of what it computes, of shape ", sizes,
                                 "; they would be constants of the program: use operations, or wrap the code in custom(...)");
    }

    void begin_keep(counter& references) noexcept {
        {
            const auto turn = counting::turn{};
            references.add(turn);
            owner->keeps.add(turn);
        }
        if (owner->writers.get() != 0) expose();
    }
    /// Tells whether it was the last reference.
    bool end_keep(counter& references) noexcept {
        // If nobody will look at the elements any more, the promise need not be taken back.
        const auto ends = owner == this && holders.is_one() && (&references == &holders || handles.is_one());
        if (ends) return references.drop_reference();
        const auto turn = counting::turn{};
        if (owner->keeps.drop(turn)) owner->fingerprint.store(0, std::memory_order_relaxed);
        return references.drop_reference(turn);
    }

    static constexpr std::size_t header_bytes() {
        return (sizeof(array) + memory::alignment - 1) / memory::alignment * memory::alignment;
    }

    static std::size_t checked_elements(const shape& sizes, std::size_t element_bytes) {
        if (lists::contains(sizes, std::size_t{0})) return 0;
        auto room = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / 2 / element_bytes;
        for (const auto size : sizes)
            if (room /= size; room == 0)
                fail<shape_error>("tensor", "shape ", sizes, " has more elements than memory can hold");
        return sizes.elements();
    }
};

}  // namespace detail
}  // namespace xgrad
