// What both translation units define, each with the instruction set that it is compiled for.
#pragma once

#include <xgrad/core/build_info.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/kernels/gemm.hpp>

#include <cstddef>
#include <string>
#include <vector>

struct outcome {
    std::string build;
    const void* pool;
    float sum;   // of all elements of a product of matrices of ones
};

// Not inline, but with internal linkage: each unit has its own.
static outcome compute() {
    constexpr auto size = std::size_t{70};
    const auto ones = std::vector<float>(size * size, 1.0f);
    auto c = std::vector<float>(size * size);
    const auto a = xgrad::kernels::row_major(ones.data(), size, size);
    xgrad::kernels::gemm<float>(a, a, xgrad::kernels::row_major(c.data(), size, size));
    auto sum = 0.0f;
    for (const auto x : c) sum += x;
    return {xgrad::build_info(), &xgrad::memory::detail::common(), sum};
}
