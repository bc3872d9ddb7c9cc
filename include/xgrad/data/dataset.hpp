// Data sets: tensors whose first axis counts the samples, or whatever gives them one by one.
#pragma once

#include <xgrad/autograd/array.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/shape.hpp>

#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI::data {

/// The parts that many data sets come in.
enum class split { train, test };

/// The fast case: `size()`, the number of samples, and `tensors()`, a tuple of tensors with that first size.
template <class D>
concept tensor_source = requires(const D& set) {
    { set.size() } -> std::convertible_to<std::size_t>;
    std::tuple_size<std::remove_cvref_t<decltype(set.tensors())>>::value;
};

/// Sample by sample: `size()`, and `operator[](i)`, which gives a tensor, or a tuple of tensors and numbers. One with
/// random numbers has `draw(i, generator&)`, too: see transform.hpp.
template <class D>
concept sample_source = requires(const D& set, std::size_t i) {
    { set.size() } -> std::convertible_to<std::size_t>;
    set[i];
};

template <class D>
concept dataset = tensor_source<D> || sample_source<D>;

namespace detail {

/// Throws `index_error` for a sample that there is not.
XGRAD_ON_DEMAND void check_sample(const char* where, std::size_t i, std::size_t samples) {
    if (i >= samples) fail<index_error>(where, "sample ", i, " is not one of ", samples);
}

/// Row i of a tensor, as a tensor of its own: what is done to a sample does not change its set.
template <element T, std::size_t N>
auto row_of(const tensor<T, N>& source, std::size_t i) {
    using xgrad::detail::access;
    const auto& from = access::get(source);
    auto* const row = xgrad::detail::array::make(std::span{from.sizes.begin() + 1, from.sizes.end()}, sizeof(T));
    const auto bytes = row->size * sizeof(T);
    if (bytes != 0) std::memcpy(row->elements, from.elements + i * bytes, bytes);
    return access::adopt<T, N == dynamic_rank ? N : N - 1>(row);
}

template <class... Tensors>
auto rows_of(const std::tuple<Tensors...>& tensors, std::size_t i) {
    return std::apply([&](const auto&... each) { return std::tuple{row_of(each, i)...}; }, tensors);
}

/// A tuple of handles, out of whatever a data set gives: a tuple of tensors or of references, a pair, an array.
inline constexpr auto tuple_of_handles = [](const auto& tensors) {
    return std::apply([](const auto&... each) { return std::tuple<std::remove_cvref_t<decltype(each)>...>{each...}; },
                      tensors);
};

/// Sample i of any set, its random numbers drawn from `numbers`.
template <dataset D>
auto sample_at(const D& set, std::size_t i, generator& numbers) {
    if constexpr (requires { set.draw(i, numbers); }) return set.draw(i, numbers);
    else if constexpr (sample_source<D>) return set[i];
    else return rows_of(tuple_of_handles(set.tensors()), i);
}

/// The same of a set that draws none; one that does gives what its index alone determines.
template <dataset D>
auto sample_at(const D& set, std::size_t i) {
    auto numbers = generator{i};
    return sample_at(set, i, numbers);
}

/// A tensor or a number alone as a tuple of one; a tuple as it is.
template <class Sample>
auto as_tuple(const Sample& sample) {
    if constexpr (std::is_arithmetic_v<Sample> || requires { Sample::static_rank; }) return std::tuple{sample};
    else return tuple_of_handles(sample);
}

}  // namespace detail

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

    /// Row i of each tensor, copied. Throws `index_error`.
    auto operator[](std::size_t i) const {
        detail::check_sample("tensor_dataset", i, m_size);
        return detail::rows_of(m_tensors, i);
    }

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
