// Which steps of the sequences of a batch there are, and which are padding.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/shape.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace xgrad::inline XGRAD_ABI::nn::detail {

/// (b, length), true for the first lengths[b] steps. Throws `shape_error`, and `value_error` for what is no length.
inline tensor<bool, 2> steps_within(const char* layer, const tensor<std::int64_t>& lengths, std::size_t batch, std::size_t length) {
    if (shape(lengths.shape()) != shape{batch})
        fail<shape_error>(layer, "lengths are ", shape(lengths.shape()), "; there must be one for each of ", batch, " sequences");
    auto keep = xgrad::detail::make_result<bool>({batch, length});
    for (auto b = std::size_t{0}; b < batch; ++b) {
        const auto own = lengths.data()[b];
        if (own < 0 || own > static_cast<std::int64_t>(length))
            fail<value_error>(layer, "the length of sequence ", b, " is ", own, "; it must be from 0 to ", length);
        for (auto t = std::size_t{0}; t < length; ++t)
            xgrad::detail::access::elements(keep)[b * length + t] = static_cast<std::int64_t>(t) < own;
    }
    return xgrad::detail::with_rank<2>(std::move(keep));
}

/// The steps that there are, (b, length); undefined, which is all, where neither `lengths`, (b), nor `keep`, (b, length), has a
/// value.
inline tensor<bool> steps_there(const char* layer, const tensor<std::int64_t>& lengths, const tensor<bool>& keep, std::size_t batch,
                                std::size_t length) {
    if (lengths.defined() && keep.defined()) fail<value_error>(layer, "lengths and keep say the same thing: give one of them");
    if (lengths.defined()) return steps_within(layer, lengths, batch, length);
    if (keep.defined() && shape(keep.shape()) != shape{batch, length})
        fail<shape_error>(layer, "keep is ", shape(keep.shape()), "; it must be (batch, length), ", shape{batch, length});
    return keep;
}

/// x (b, length, features), 0 where there is no step, so that nothing that stands there is computed with.
template <real T>
tensor<T, 3> without_padding(const tensor<T, 3>& x, const tensor<bool>& there) {
    return there.defined() ? tensor<T, 3>{where(tensor<bool, 3>{expand_dims(there, 2)}, x, 0)} : x;
}

}  // namespace xgrad::nn::detail
