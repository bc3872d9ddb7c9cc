// The sum of a formula over operands that broadcast, in one pass: no array of its values is written to memory.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/elementwise.hpp>
#include <xgrad/kernels/reduce.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

inline constexpr std::size_t map_block = 4096;   // values that are computed before they are added: they stay in the first cache

/// Calls row(count, y_first, x_first, stride) for the pieces of elements [first, last), which lie in one row each.
template <class Row>
void for_each_piece(const loop_nest& nest, std::size_t first, std::size_t last, std::size_t* x_first, const Row& row) {
    const auto outer = nest.depth - 1, inner = nest.sizes[outer];
    for (auto at = first; at < last;) {
        const auto within = at % inner, count = std::min(inner - within, last - at);
        for (auto k = std::size_t{0}; k < nest.operands; ++k) x_first[k] = within * nest.along(outer)[k];
        auto rest = at / inner;
        for (auto loop = outer; loop-- > 0; rest /= nest.sizes[loop])
            for (auto k = std::size_t{0}; k < nest.operands; ++k) x_first[k] += rest % nest.sizes[loop] * nest.along(loop)[k];
        row(count, at - first, x_first, nest.along(outer));
        at += count;
    }
}

}  // namespace detail

/// The sum of f(x[i]...) over every index i of `sizes`, to which each operand's shape broadcasts. Values are added in blocks
/// of a fixed size, and these pairwise, whatever the number of threads.
template <class F, real T, class... X>
T map_sum(const F& f, const shape& sizes, operand<X>... x) {
    constexpr auto operands = sizeof...(X);
    const auto count = sizes.elements();
    if (count == 0) return T{0};
    const auto one_result = [f](const auto&... v) { return std::array{f(v...)}; };
    const auto pointers = std::tuple<const X*...>{x.data...};
    const shape* const shapes[] = {x.sizes...};
    std::size_t room[max_rank * operands];
    auto nest = detail::loop_nest{sizes, shapes, room};
    if (nest.depth == 0) {
        std::fill_n(nest.along(0), operands, std::size_t{0});
        nest.sizes[nest.depth++] = 1;
    }
    const auto blocks = (count + detail::map_block - 1) / detail::map_block;
    const auto sums = memory::scratch<T>{blocks};
    parallel_for(blocks, detail::reduce_grain / detail::map_block, [&](std::size_t begin, std::size_t end) {
        const auto values = memory::scratch<T>{std::min(count, detail::map_block)};
        const auto results = std::array{values.data()};
        const auto work = detail::any_elementwise{&detail::run_row<decltype(one_result), T, 1, X...>, &one_result, &results, &pointers, shapes};
        std::size_t x_first[operands];
        for (auto block = begin; block < end; ++block) {
            const auto first = block * detail::map_block, last = std::min(first + detail::map_block, count);
            detail::for_each_piece(nest, first, last, x_first, [&](std::size_t length, std::size_t at, const std::size_t* from, const std::size_t* stride) {
                work.row(work, length, at, from, stride);
            });
            sums.data()[block] = detail::fold_row(sum_of{}, values.data(), last - first);
        }
    });
    return detail::fold_row(sum_of{}, sums.data(), blocks);
}

}  // namespace xgrad::kernels
