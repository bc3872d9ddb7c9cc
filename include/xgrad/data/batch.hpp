// Samples become a batch.
#pragma once

#include <xgrad/autograd/array.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/subset.hpp>
#include <xgrad/kernels/strided.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data::detail {

/// A new array of `count` rows of `source`: those numbered order[begin], order[begin + 1], ...; without an order
/// the rows from `begin` on.
XGRAD_ON_DEMAND xgrad::detail::array* copy_rows(const xgrad::detail::array& source, std::span<const std::size_t> order,
                                       std::size_t begin, std::size_t count) {
    auto sizes = source.sizes;
    sizes[0] = count;
    auto* const batch = xgrad::detail::array::make(sizes, source.element_bytes);
    const auto row_bytes = source.size / source.sizes[0] * source.element_bytes;
    if (row_bytes == 0) return batch;
    constexpr auto grain = std::size_t{256} << 10;   // bytes; less is copied before a second thread has started
    parallel_for(count, grain / row_bytes + 1, [&](std::size_t first, std::size_t last) {
        auto* const to = batch->elements + first * row_bytes;
        if (order.empty()) {
            std::memcpy(to, source.elements + (begin + first) * row_bytes, (last - first) * row_bytes);
            return;
        }
        for (auto i = first; i < last; ++i)
            std::memcpy(to + (i - first) * row_bytes, source.elements + order[begin + i] * row_bytes, row_bytes);
    });
    return batch;
}

/// Tensor number `part` of each of some samples, one after the other along a new first axis. With `padding`, an
/// element, shorter ones are filled up to the longest along each axis; otherwise they must have one shape.
XGRAD_ON_DEMAND XGRAD_COLD xgrad::detail::array* stack(std::span<const xgrad::detail::array* const> rows, std::size_t part, const void* padding) {
    auto sizes = shape{rows.size()};
    const auto& first = rows.front()->sizes;
    if (first.rank() == max_rank) fail<rank_error>("loader", "a sample has ", max_rank, " axes, so that a batch would have one too many");
    for (const auto size : first) sizes.push_back(size);
    for (const auto* const row : rows) {
        if (row->sizes.rank() != first.rank() || (padding == nullptr && row->sizes != first))
            fail<shape_error>("loader", "tensor ", part, " of the samples of a batch has shapes ", first, " and ", row->sizes,
                              padding == nullptr ? "; equal shapes make a batch, or .pad = {0} fills them up" : "; their ranks must be equal");
        for (auto axis = std::size_t{0}; axis < first.rank(); ++axis)
            sizes[axis + 1] = std::max(sizes[axis + 1], row->sizes[axis]);
    }
    const auto bytes = rows.front()->element_bytes;
    auto* const batch = xgrad::detail::array::make(sizes, bytes);
    const auto row_size = batch->size / rows.size();
    // Bytes are copied: of the last axis, so many.
    const auto in_bytes = [&](shape each) {
        each[each.rank() - 1] *= bytes;
        return each;
    };
    for (auto i = std::size_t{0}; i < rows.size(); ++i) {
        auto* const to = batch->elements + i * row_size * bytes;
        if (rows[i]->size == row_size) {
            if (row_size != 0) std::memcpy(to, rows[i]->elements, row_size * bytes);
            continue;
        }
        for (auto e = std::size_t{0}; e < row_size; ++e) std::memcpy(to + e * bytes, padding, bytes);
        const auto whole = in_bytes(shape{std::span{sizes.begin() + 1, sizes.end()}});   // of one axis or more, or it would fit
        kernels::scatter_strided(rows[i]->elements, in_bytes(rows[i]->sizes), to, kernels::strides::row_major(whole));
    }
    return batch;
}

/// What part of a sample becomes in a batch: a tensor of one rank more; numbers become a vector.
template <class Part>
struct batched {
    static_assert(std::is_arithmetic_v<Part>, "a sample is a tensor, or a tuple of tensors and numbers");
    using type = tensor<Part, 1>;
};
template <element T, std::size_t N>
struct batched<tensor<T, N>> {
    using type = tensor<T, N == dynamic_rank ? N : N + 1>;
};
template <class Tuple>
struct batch_of;
template <class... Parts>
struct batch_of<std::tuple<Parts...>> {
    using type = std::tuple<typename batched<Parts>::type...>;
};

template <std::size_t At, class Samples>
auto stacked(const Samples& samples, std::span<const double> pad) {
    using part = std::tuple_element_t<At, typename Samples::value_type>;
    if constexpr (std::is_arithmetic_v<part>) {
        auto* const made = xgrad::detail::array::make({samples.size()}, sizeof(part));
        auto* to = reinterpret_cast<part*>(made->elements);
        for (const auto& each : samples) *to++ = std::get<At>(each);
        return xgrad::detail::access::adopt<part, 1>(made);
    } else {
        using T = typename part::value_type;
        auto rows = std::vector<const xgrad::detail::array*>{};
        for (const auto& each : samples) rows.push_back(&xgrad::detail::access::get(std::get<At>(each)));
        const auto padding = pad.empty() ? T{} : xgrad::detail::nearest_cast<T>(pad[pad.size() == 1 ? 0 : At]);
        using result = typename batched<part>::type;
        return xgrad::detail::access::adopt<T, result::static_rank>(stack(rows, At, pad.empty() ? nullptr : &padding));
    }
}

/// By which the number of an epoch is multiplied in a seed: odd, so that no two epochs give the same.
inline constexpr auto epoch_factor = std::uint64_t{0xd1342543de82ef95};

/// What a sample's random numbers come of.
struct draw_context {
    std::uint64_t seed, epoch;

    generator numbers(std::size_t index) const {
        using xgrad::detail::scrambled;
        return generator{scrambled(scrambled(seed + epoch * epoch_factor) + index * 0x9e3779b97f4a7c15u)};
    }
};

/// Where a loader's batches come from: sample by sample ...
template <dataset D>
class batch_source {
public:
    using sample = decltype(as_tuple(sample_at(std::declval<const D&>(), std::size_t{})));
    using value_type = typename batch_of<sample>::type;
    static constexpr auto draws = true;

    batch_source(D set, std::span<const double> pad) : m_set{std::move(set)}, m_pad{pad.begin(), pad.end()} {
        if (pad.size() > 1 && pad.size() != std::tuple_size_v<sample>)
            fail<value_error>("loader", pad.size(), " numbers to pad with; one for all, or one for each of ", std::tuple_size_v<sample>, " tensors");
    }

    std::size_t samples() const { return static_cast<std::size_t>(m_set.size()); }

    value_type make(std::span<const std::size_t> order, std::size_t begin, std::size_t count, draw_context context) const {
        const auto guard = no_grad{};
        auto samples = std::vector<sample>{};
        samples.reserve(count);
        for (auto i = begin; i < begin + count; ++i) {
            const auto index = order.empty() ? i : order[i];
            auto numbers = context.numbers(index);
            samples.push_back(as_tuple(sample_at(m_set, index, numbers)));
        }
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return value_type{stacked<I>(samples, m_pad)...};
        }(std::make_index_sequence<std::tuple_size_v<sample>>{});
    }

private:
    D m_set;
    std::vector<double> m_pad;
};

/// Throws unless every tensor has the samples that the set says it has.
template <class... Tensors>
void check_samples(const std::tuple<Tensors...>& tensors, std::size_t samples) {
    static_assert(sizeof...(Tensors) != 0, "a data set has at least one tensor");
    static_assert((requires { Tensors::static_rank; } && ...), "tensors() of a data set gives a tuple of tensors");
    auto compare = [&, number = 0](const auto& each) mutable {
        if (each.rank() == 0)
            fail<rank_error>("loader", "tensor ", number, " of the data set is a scalar; the first axis counts the samples");
        if (each.shape(0) != samples)
            fail<shape_error>("loader", "the data set has ", samples, " samples, its tensor ", number, " has shape ",
                              each.shape(), "; the first size of each must be the number of samples");
        ++number;
    };
    std::apply([&](const auto&... each) { (compare(each), ...); }, tensors);
}

/// ... or rows of whole tensors: it holds handles to these, and not the set ...
template <tensor_source D>
class batch_source<D> {
public:
    using value_type = decltype(tuple_of_handles(std::declval<const D&>().tensors()));
    static constexpr auto draws = false;

    batch_source(const D& set, std::span<const double>)
        : m_tensors{tuple_of_handles(set.tensors())}, m_samples{static_cast<std::size_t>(set.size())} {
        check_samples(m_tensors, m_samples);
    }

    std::size_t samples() const { return m_samples; }

    value_type make(std::span<const std::size_t> order, std::size_t begin, std::size_t count, draw_context) const {
        using xgrad::detail::access;
        const auto rows = [&]<class T, std::size_t N>(const tensor<T, N>& source) {
            return access::adopt<T, N>(copy_rows(access::get(source), order, begin, count));
        };
        return std::apply([&](const auto&... each) { return value_type{rows(each)...}; }, m_tensors);
    }

private:
    value_type m_tensors;
    std::size_t m_samples;
};

/// ... or some of these rows.
template <tensor_source D>
class batch_source<subset<D>> {
public:
    using value_type = typename batch_source<D>::value_type;
    static constexpr auto draws = false;

    batch_source(subset<D> set, std::span<const double> pad) : m_set{std::move(set)}, m_base{m_set.base(), pad} {}

    std::size_t samples() const { return m_set.size(); }

    value_type make(std::span<const std::size_t> order, std::size_t begin, std::size_t count, draw_context context) const {
        const auto& indices = m_set.indices();
        if (order.empty()) return m_base.make(indices, begin, count, context);
        auto rows = std::vector<std::size_t>(count);
        for (auto i = std::size_t{0}; i < count; ++i) rows[i] = indices[order[begin + i]];
        return m_base.make(rows, 0, count, context);
    }

private:
    subset<D> m_set;
    batch_source<D> m_base;
};

}  // namespace xgrad::data::detail

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::data::detail {
XGRAD_COMMON_INSTANCE xgrad::detail::array* copy_rows<>(const xgrad::detail::array&, std::span<const std::size_t>, std::size_t, std::size_t);
XGRAD_COMMON_INSTANCE xgrad::detail::array* stack<>(std::span<const xgrad::detail::array* const>, std::size_t, const void*);
}
#endif
