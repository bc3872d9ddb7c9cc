// Data sets: tensors whose first axis counts the samples.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI::data {

/// Anything with `size()`, the number of samples, and `tensors()`, a tuple of tensors with that first size.
template <class D>
concept dataset = requires(const D& set) {
    { set.size() } -> std::convertible_to<std::size_t>;
    std::tuple_size<std::remove_cvref_t<decltype(set.tensors())>>::value;
};

/// Tensors side by side, sample by sample: `tensor_dataset{x, y}`, x: (n, ...), y: (n). They are handles and
/// share their arrays. `auto& [x, y] = set` takes them apart.
template <class... Tensors>
class tensor_dataset {
    static_assert(sizeof...(Tensors) != 0, "a data set has at least one tensor");
    static_assert(((Tensors::static_rank != 0) && ...), "the first axis of each tensor counts the samples");

public:
    /// Throws `rank_error` for a scalar, `shape_error` when the first sizes differ.
    explicit tensor_dataset(Tensors... tensors) : m_tensors{std::move(tensors)...} {
        auto compare = [&, first = true](const auto& each) mutable {
            if (each.rank() == 0) fail<rank_error>("tensor_dataset", "a scalar has no samples");
            if (first) m_size = each.shape(0);
            else if (each.shape(0) != m_size)
                fail<shape_error>("tensor_dataset", "the tensors hold ", m_size, " and ", each.shape(0),
                                  " samples; the first sizes must be equal");
            first = false;
        };
        std::apply([&](const auto&... each) { (compare(each), ...); }, m_tensors);
    }

    std::size_t size() const noexcept { return m_size; }
    const std::tuple<Tensors...>& tensors() const noexcept { return m_tensors; }

    template <std::size_t At>
    auto& get() {
        return std::get<At>(m_tensors);
    }
    template <std::size_t At>
    const auto& get() const {
        return std::get<At>(m_tensors);
    }

private:
    std::tuple<Tensors...> m_tensors;
    std::size_t m_size = 0;
};

}  // namespace xgrad::data

template <class... Tensors>
struct std::tuple_size<xgrad::data::tensor_dataset<Tensors...>>
    : std::integral_constant<std::size_t, sizeof...(Tensors)> {};
template <std::size_t At, class... Tensors>
struct std::tuple_element<At, xgrad::data::tensor_dataset<Tensors...>>
    : std::tuple_element<At, std::tuple<Tensors...>> {};
