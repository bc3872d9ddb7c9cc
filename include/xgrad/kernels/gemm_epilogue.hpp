// What follows a matrix product, element by element: in a tile's registers, or on what was stored.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/gemm_tile.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

/// What follows a product, without its type, and where in the whole of c its part begins.
struct epilogue_at {
    const void* epilogue;
    std::size_t row, col;
};

/// c(R, cols) = epilogue(a @ b), or epilogue(c + a @ b) when `add`, on sums that are still in registers.
template <class T, std::size_t R, std::size_t V, class Epilogue>
XGRAD_NOINLINE void tile_with_epilogue(std::size_t k, const factors<T>& from, T* c, std::ptrdiff_t c_row,
                                       std::size_t cols, bool add, const epilogue_at& after) {
    constexpr auto width = simd::width<T>;
    const auto& epilogue = *static_cast<const Epilogue*>(after.epilogue);
    multiply_tile<R, V, simd::batch<T>>(k, from, cols, [&](std::size_t r, std::size_t v, const simd::batch<T>& sum) {
        auto* to = c + static_cast<std::ptrdiff_t>(r) * c_row + v * width;
        const auto count = v < V - 1 ? width : cols - v * width;
        const auto total = add ? simd::load_up_to(to, count) + sum : sum;
        simd::store_up_to(to, simd::batch<T>(epilogue(total, after.row + r, after.col + v * width, count)), count);
    });
}

/// The tiles of usual size, max_rows and one row less high and max_vectors wide, with an epilogue. Others are rare, and
/// every one of them would be compiled again for each epilogue.
template <class T>
using tiles_with_epilogue =
    std::array<void (*)(std::size_t, const factors<T>&, T*, std::ptrdiff_t, std::size_t, bool, const epilogue_at&), 2>;

template <class T, class Epilogue>
inline constexpr auto usual_tiles = tiles_with_epilogue<T>{&tile_with_epilogue<T, max_rows - 1, max_vectors, Epilogue>,
                                                           &tile_with_epilogue<T, max_rows, max_vectors, Epilogue>};

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
                simd::store_up_to(to, function(simd::load_up_to(to, count), i, j, count), count);
            } else {
                alignas(64) T lanes[width] = {};
                for (auto l = std::size_t{0}; l < count; ++l) lanes[l] = *c.at(i, j + l);
                simd::store(lanes, simd::batch<T>(function(simd::load(lanes), i, j, count)));
                for (auto l = std::size_t{0}; l < count; ++l) *c.at(i, j + l) = lanes[l];
            }
        }
}

/// What is to be done with each part of c when nothing more will be added to it: an epilogue without its type.
template <class T>
struct finisher {
    void (*apply)(const void* epilogue, matrix_ref<T> c, std::size_t row, std::size_t rows, std::size_t col,
                  std::size_t cols) = nullptr;
    tiles_with_epilogue<T> tiles{};
    const void* epilogue = nullptr;

    void operator()(const matrix_ref<T>& c, std::size_t row, std::size_t rows, std::size_t col,
                    std::size_t cols) const {
        if (apply != nullptr) apply(epilogue, c, row, rows, col, cols);
    }
};

/// The same for the part of c, or of its transpose, that begins at (row, col).
template <class T>
struct finisher_of_part {
    const finisher<T>& whole;
    const matrix_ref<T>& c;
    std::size_t row, col;
    bool transposed;

    void operator()(std::size_t i, std::size_t rows, std::size_t j, std::size_t cols) const {
        if (transposed) whole(c.transposed(), col + j, cols, row + i, rows);
        else whole(c, row + i, rows, col + j, cols);
    }
    /// The tile that does it by itself, or null.
    auto tile(std::size_t rows, std::size_t vectors) const {
        const auto usual = !transposed && vectors == max_vectors && rows + 1 >= max_rows;
        return usual ? whole.tiles[rows + 1 - max_rows] : nullptr;
    }
    epilogue_at at(std::size_t i, std::size_t j) const { return {whole.epilogue, row + i, col + j}; }
};

}  // namespace xgrad::kernels::detail
