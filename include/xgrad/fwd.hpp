// The names of the tensors, for headers that pass them on without looking inside.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/shape.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

template <element T>
class basic_tensor;

template <element T, std::size_t N = dynamic_rank>
class tensor;

/// Where the standard library's mathematical functions are found for tensors and dual numbers by the types of their
/// arguments (ops/math.hpp): `using std::exp; exp(x)`.
namespace standard_names {
struct base {};
}  // namespace standard_names

}  // namespace xgrad
