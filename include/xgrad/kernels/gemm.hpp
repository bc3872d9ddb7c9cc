// The general matrix product: c = epilogue(a @ b), with any of the three transposed, in any strides.
//
// The work is done by `detail::multiply`, which knows nothing of the epilogue but a pointer to call for
// each finished part of c. So a new epilogue costs one short loop and no further copy of the product.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/gemm_blocks.hpp>
#include <xgrad/kernels/gemm_dot.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::kernels {

/// The epilogue that changes nothing. An epilogue maps `value`, which is elements
/// c(row, col), c(row, col + 1), ..., c(row, col + count - 1) and, in the lanes from `count` on, anything,
/// to what c shall hold there. It must read nothing that belongs to columns from col + count on.
struct identity {
    template <class T>
    simd::batch<T> operator()(const simd::batch<T>& value, std::size_t /*row*/, std::size_t /*col*/,
                              std::size_t /*count*/) const {
        return value;
    }
};

namespace detail {

template <class T>
struct finisher {
    void (*apply)(const void* epilogue, matrix_ref<T> c, std::size_t row, std::size_t rows, std::size_t col,
                  std::size_t cols);
    const void* epilogue;
};

/// c = epilogue(c) for a part of c.
template <class T, class Epilogue>
void finish_part(const void* epilogue, matrix_ref<T> c, std::size_t row, std::size_t rows, std::size_t col,
                 std::size_t cols) {
    constexpr auto width = simd::width<T>;
    const auto& function = *static_cast<const Epilogue*>(epilogue);
    for (auto i = row; i < row + rows; ++i)
        for (auto j = col; j < col + cols; j += width) {
            const auto count = std::min(width, col + cols - j);
            if (c.col_stride == 1) {
                auto* to = c.at(i, j);
                store_up_to(to, function(load_up_to(to, count), i, j, count), count);
            } else {
                alignas(64) T lanes[width] = {};
                for (auto l = std::size_t{0}; l < count; ++l) lanes[l] = *c.at(i, j + l);
                simd::store(lanes, simd::batch<T>(function(simd::load(lanes), i, j, count)));
                for (auto l = std::size_t{0}; l < count; ++l) *c.at(i, j + l) = lanes[l];
            }
        }
}

/// One way to compute a product: as it stands or transposed (c' = b' @ a'), by tiles or by inner products.
struct strategy {
    bool transposed, by_dots;
    double cost;   // in vector multiply-adds
};

template <class T>
strategy cheaper(strategy best, bool transposed, matrix_ref<const T> a, matrix_ref<const T> b, matrix_ref<T> c) {
    constexpr auto width = simd::width<T>;
    const auto m = static_cast<double>(c.rows), n = static_cast<double>(c.cols), k = static_cast<double>(a.cols);
    const auto vectors = [](std::size_t count) { return static_cast<double>((count + width - 1) / width); };
    const auto transposing = [](double elements) { return elements * 0.5; };

    auto tiles = m * vectors(c.cols) * k;
    if (b.col_stride != 1) tiles += transposing(k * n);
    if (c.col_stride != 1) tiles += transposing(m * n);
    if (tiles < best.cost) best = {transposed, false, tiles};

    if (b.row_stride == 1 && a.col_stride == 1 && c.col_stride == 1) {
        const auto dots = m * n * (1.5 * vectors(a.cols) + 3);
        if (dots < best.cost) best = {transposed, true, dots};
    }
    return best;
}

/// The work, in multiply-adds, from which a second thread pays.
inline constexpr std::size_t parallel_work = std::size_t{1} << 19;

/// Runs the product on a grid of parts of c, one for each thread.
template <class T>
void run(strategy how, matrix_ref<const T> a, matrix_ref<const T> b, matrix_ref<T> c, bool accumulate,
         const finisher<T>* finish) {
    if (how.transposed) {
        const auto left = b.transposed(), right = a.transposed();
        a = left, b = right, c = c.transposed();
    }
    constexpr auto unit = max_width<T>;
    auto threads = std::size_t{1};
    if (c.rows * c.cols * a.cols >= 2 * parallel_work) threads = static_cast<std::size_t>(num_threads());
    const auto strips = (c.cols + unit - 1) / unit, bands = (c.rows + max_rows_narrow - 1) / max_rows_narrow;
    auto across = std::min(threads, c.cols >= c.rows ? strips : std::max<std::size_t>(1, threads / bands));
    auto down = std::min(threads / across, bands);

    auto panels = std::optional<memory::scratch<T>>{};
    if (!how.by_dots && (must_pack(b) || c.rows >= pack_rows)) panels.emplace(across * down * panel_size<T>(a.cols));
    parallel_for(across * down, 1, [&](std::size_t begin, std::size_t end) {
        for (auto part = begin; part < end; ++part) {
            const auto x = part % across, y = part / across;
            const auto col = std::min(strips * x / across * unit, c.cols);
            const auto cols = std::min(strips * (x + 1) / across * unit, c.cols) - col;
            const auto row = c.rows * y / down, rows = c.rows * (y + 1) / down - row;
            const auto a_part = a.block(row, 0, rows, a.cols);
            const auto b_part = b.block(0, col, b.rows, cols);
            const auto c_part = c.block(row, col, rows, cols);
            const auto done = [&](std::size_t i, std::size_t i_count, std::size_t j, std::size_t j_count) {
                if (finish == nullptr) return;
                if (how.transposed) finish->apply(finish->epilogue, c.transposed(), col + j, j_count, row + i, i_count);
                else finish->apply(finish->epilogue, c, row + i, i_count, col + j, j_count);
            };
            if (how.by_dots) {
                multiply_by_dots(a_part, b_part, c_part, accumulate);
                done(0, rows, 0, cols);
            } else {
                auto* panel = panels ? panels->data() + part * panel_size<T>(a.cols) : nullptr;
                multiply_by_tiles(a_part, b_part, c_part, accumulate, panel, done);
            }
        }
    });
}

/// A stride along an axis of one element is never used: any value will do, and 1 fits every kernel.
template <class T>
matrix_ref<T> normalized(matrix_ref<T> matrix) {
    if (matrix.rows == 1) matrix.row_stride = 1;
    if (matrix.cols == 1) matrix.col_stride = 1;
    return matrix;
}

template <class T>
XGRAD_NOINLINE void multiply(matrix_ref<const T> a, matrix_ref<const T> b, matrix_ref<T> c, bool accumulate,
                             const finisher<T>* finish) {
    if (c.rows == 0 || c.cols == 0) return;
    if (a.cols == 0) {
        for (auto i = std::size_t{0}; i < c.rows && !accumulate; ++i)
            for (auto j = std::size_t{0}; j < c.cols; ++j) *c.at(i, j) = T{0};
        if (finish != nullptr) finish->apply(finish->epilogue, c, 0, c.rows, 0, c.cols);
        return;
    }
    a = normalized(a), b = normalized(b), c = normalized(c);
    if (c.row_stride != 1 && c.col_stride != 1) {
        const auto dense = memory::scratch<T>{c.rows * c.cols};
        const auto copy = row_major(dense.data(), c.rows, c.cols);
        multiply<T>(a, b, copy, false, nullptr);
        for (auto i = std::size_t{0}; i < c.rows; ++i)
            for (auto j = std::size_t{0}; j < c.cols; ++j)
                *c.at(i, j) = accumulate ? *c.at(i, j) + *copy.at(i, j) : *copy.at(i, j);
        if (finish != nullptr) finish->apply(finish->epilogue, c, 0, c.rows, 0, c.cols);
        return;
    }
    auto how = strategy{false, false, 1e300};
    how = cheaper<T>(how, false, a, b, c);
    how = cheaper<T>(how, true, b.transposed(), a.transposed(), c.transposed());
    run<T>(how, a, b, c, accumulate, finish);
}

}  // namespace detail

/// c = epilogue(a @ b), or c = epilogue(c + a @ b) when `accumulate`; a: (m, k)  b: (k, n)  c: (m, n).
///
/// c must not overlap a or b. Every element of c is the same to the bit for every number of threads.
/// NaN and infinity count as in a plain sum of products. With k = 0 the sum is zero.
template <std::floating_point T, class Epilogue = identity>
void gemm(std::type_identity_t<matrix_ref<const T>> a, std::type_identity_t<matrix_ref<const T>> b,
          matrix_ref<T> c, bool accumulate = false, const Epilogue& epilogue = {}) {
    if constexpr (std::same_as<Epilogue, identity>) {
        detail::multiply<T>(a, b, c, accumulate, nullptr);
    } else {
        const auto finish = detail::finisher<T>{&detail::finish_part<T, Epilogue>, &epilogue};
        detail::multiply<T>(a, b, c, accumulate, &finish);
    }
}

}  // namespace xgrad::kernels
