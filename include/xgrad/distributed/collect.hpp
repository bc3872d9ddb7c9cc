// Numbers and rows of all ranks, brought together: metrics.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/distributed/mpi.hpp>
#include <xgrad/distributed/world.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::distributed {

namespace detail {

/// The bytes of each rank, of any number, on all of them.
inline std::vector<std::vector<std::byte>> gather_bytes(world& all, std::span<const std::byte> own, deed what = deed::gather) {
    const auto notes = all.agree({.what = what, .size = own.size()});
    auto counts = std::vector<int>{}, places = std::vector<int>{};
    auto sum = std::size_t{0};
    for (const auto& each : notes) {
        counts.push_back(count_of(each.size));
        places.push_back(count_of(sum));
        sum += each.size;
    }
    auto flat = std::vector<std::byte>(sum);
    auto request = MPI_Request{};
    all.count(own.size(), all.size() - 1);
    check_mpi("MPI_Iallgatherv", MPI_Iallgatherv(own.data(), count_of(own.size()), MPI_BYTE, flat.data(), counts.data(), places.data(), MPI_BYTE,
                                                 all.communicator(), &request));
    all.wait(request);
    auto parts = std::vector<std::vector<std::byte>>{};
    for (auto r = std::size_t{0}; r < all.size(); ++r) {
        const auto* const begin = flat.data() + places[r];
        parts.emplace_back(begin, begin + counts[r]);
    }
    return parts;
}

/// Numbers of each rank, one list after the other, of equal lengths.
template <class Number>
std::vector<std::vector<Number>> gather_numbers(world& all, std::span<const Number> own, deed what = deed::gather) {
    static_assert(!std::is_same_v<Number, bool>, "a vector of bools has no elements to copy to");
    auto lists = std::vector<std::vector<Number>>{};
    for (const auto& part : gather_bytes(all, std::as_bytes(own), what)) {
        auto& list = lists.emplace_back(part.size() / sizeof(Number));
        if (!part.empty()) std::memcpy(list.data(), part.data(), part.size());
    }
    return lists;
}

/// The sums over all ranks, from rank 0 on.
inline std::vector<double> sums(world& all, std::span<const double> own) {
    auto total = std::vector<double>(own.size(), 0.0);
    for (const auto& part : gather_numbers(all, own, deed::sum)) {
        if (part.size() != own.size())
            fail<shape_error>("distributed", "the ranks sum different things: ", part.size(), " numbers and ", own.size());
        for (auto i = std::size_t{0}; i < part.size(); ++i) total[i] += part[i];
    }
    return total;
}

}  // namespace detail

/// What each rank gives, by ranks, on all of them.
inline std::vector<double> gather(world& all, detail::number own) {
    auto list = std::vector<double>{};
    for (const auto& part : detail::gather_numbers(all, std::span<const double>{&own.value, 1})) list.push_back(part.at(0));
    return list;
}

/// The sum over all ranks, added in their order.
inline double sum(world& all, detail::number own) { return detail::sums(all, {&own.value, 1})[0]; }

/// The mean, each rank's value weighted: `mean(world, loss, rows)`. A rank whose weight is 0 does not count, whatever its
/// value; NaN when that are all.
inline double mean(world& all, detail::number value, detail::number weight) {
    if (!(weight.value >= 0)) fail<value_error>("distributed::mean", "a weight must be at least 0, got ", weight.value);
    const double own[] = {weight.value == 0 ? 0 : value.value * weight.value, weight.value};
    const auto total = detail::sums(all, own);
    return total[0] / total[1];
}

/// The value of a meter that had met what those of all ranks have: one whose value is a mean over what it counts, such as
/// `mean_meter`, `accuracy_meter`, `top_k_accuracy_meter`.
template <class Meter>
    requires requires(const Meter& meter) { meter.value(); meter.count(); }
double mean(world& all, const Meter& meter) {
    return mean(all, meter.value(), meter.count());
}

/// The rows of all ranks, one rank's after the other's: for metrics that are no means. Ranks may have different numbers of
/// rows, or none. No gradient. Throws `rank_error` for a scalar, `shape_error` where rows differ in size.
template <element T, std::size_t N>
tensor<T, N> gather_rows(world& all, const tensor<T, N>& own) {
    static_assert(N != 0, "a scalar has no rows: gather(world, x.item())");
    if (own.rank() == 0) fail<rank_error>("gather_rows", "a scalar has no rows: gather(world, x.item())");
    auto sizes = xgrad::detail::shape_of(own);
    auto row = std::size_t{1};
    for (auto axis = std::size_t{1}; axis < sizes.rank(); ++axis) row *= sizes[axis];
    const double shape_of_row[] = {static_cast<double>(row), static_cast<double>(sizes[0])};
    auto rows = std::size_t{0};
    for (const auto& each : detail::gather_numbers(all, std::span<const double>{shape_of_row})) {
        if (each.at(0) != shape_of_row[0]) fail<shape_error>("gather_rows", "rows have ", each[0], " elements on one rank, ", row, " on another");
        rows += static_cast<std::size_t>(each.at(1));
    }
    const auto* const elements = reinterpret_cast<const std::byte*>(own.data());
    const auto parts = detail::gather_bytes(all, {elements, own.size() * sizeof(T)});
    sizes[0] = rows;
    auto y = xgrad::detail::make_result<T>(sizes);
    auto* to = reinterpret_cast<std::byte*>(xgrad::detail::access::elements(y));
    for (const auto& part : parts) {
        if (!part.empty()) std::memcpy(to, part.data(), part.size());
        to += part.size();
    }
    return xgrad::detail::with_rank<N>(std::move(y));
}

}  // namespace xgrad::distributed
