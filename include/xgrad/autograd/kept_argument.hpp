// How an operation's arguments are kept, so that it can be called again when the caller's are gone.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/basic_tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/sequence.hpp>
#include <xgrad/fwd.hpp>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::detail {

template <class X>
concept tensor_like = requires { typename X::value_type; } && element<typename X::value_type> &&
                      std::derived_from<X, basic_tensor<typename X::value_type>>;
template <class X>
concept list_of_tensors = sequence<X> && tensor_like<sequence_value<X>>;
/// Of one type, or of several.
template <class X>
concept list_of_inputs = list_of_tensors<X> || (sequence<X> && std::is_same_v<sequence_value<X>, any_tensor>);

/// A const object on the heap, of which nobody but its maker knows the type. (std::shared_ptr<const void> would be as
/// good, at a class with a table of virtual functions for each type.)
class erased {
public:
    erased() = default;
    template <class X>
    explicit erased(const X* owned) : erased{owned, owned} {}
    /// A part of it is what is meant.
    template <class X>
    erased(const X* owned, const void* meant)
        : m_owned{owned}, m_meant{meant}, m_drop{[](const void* x) { delete static_cast<const X*>(x); }} {}
    erased(erased&& other) noexcept : m_owned{std::exchange(other.m_owned, nullptr)}, m_meant{other.m_meant}, m_drop{other.m_drop} {}
    erased& operator=(erased&&) = delete;
    ~erased() {
        if (m_owned != nullptr) m_drop(m_owned);
    }
    const void* get() const noexcept { return m_meant; }

private:
    const void* m_owned = nullptr;
    const void* m_meant = nullptr;
    void (*m_drop)(const void*) = nullptr;
};

/// How an argument is kept for a later call: of a tensor and of a list of tensors nothing is, and the next of the
/// inputs stand in their places then; of anything else a copy is, which needs no restoring.
template <class X>
struct kept_argument {
    static_assert(!std::is_same_v<X, std::string_view>,
                  "an attribute that is a text is a std::string, of which a copy is kept");
    static constexpr bool is_input = false;
    static erased keep(const X& x) { return erased{new X(x)}; }
};
template <>
struct kept_argument<const char*> {
    static constexpr bool is_input = false;
    static erased keep(const char* x) {
        struct text {
            std::string letters;
            const char* begin = letters.c_str();
        };
        const auto* const made = new text{x};
        return {made, &made->begin};
    }
};
template <class Number, std::size_t Extent>
    requires(std::is_arithmetic_v<Number>)
struct kept_argument<std::span<const Number, Extent>> {
    static constexpr bool is_input = false;
    static erased keep(std::span<const Number, Extent> x) {
        struct list {
            std::vector<Number> values;
            std::span<const Number, Extent> view{values};
        };
        const auto* const made = new list{{x.begin(), x.end()}};
        return {made, &made->view};
    }
};
template <tensor_like X>
struct kept_argument<X> {
    static constexpr bool is_input = true;
    static std::size_t count(const X&) { return 1; }
    static erased restore(std::size_t, const any_tensor*& next) {
        return erased{of(*next++, static_cast<const X*>(nullptr))};
    }

private:
    template <element T>
    static const tensor<T>* of(const any_tensor& x, const basic_tensor<T>*) {
        return new tensor<T>(x.as<T>());
    }
    template <element T, std::size_t N>
    static const tensor<T, N>* of(const any_tensor& x, const tensor<T, N>*) {
        return new tensor<T, N>(x.as<T>());
    }
};
template <list_of_inputs X>
struct kept_argument<X> {
    using part = sequence_value<X>;
    static constexpr bool is_input = true;

    static std::size_t count(const X& x) { return std::size(x); }
    static erased restore(std::size_t count, const any_tensor*& next) {
        struct list {
            std::vector<part> parts{};
            X view{};
        };
        auto* const made = new list{};
        auto owner = erased{made, &made->view};
        for (; count > 0; --count) made->parts.push_back(part_of(*next++));
        made->view = X(made->parts.data(), made->parts.data() + made->parts.size());
        return owner;
    }

private:
    static part part_of(const any_tensor& x) {
        if constexpr (std::is_same_v<part, any_tensor>) return x;
        else return x.as<typename part::value_type>();
    }
};

}  // namespace xgrad::inline XGRAD_ABI::detail
