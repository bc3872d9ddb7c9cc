// The sizes of a convolution, and where its matrices are.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/kernels/matrix_ref.hpp>
#include <xgrad/kernels/window.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

/// The sizes of a convolution; channels are those of one group.
struct convolution {
    window over;
    std::size_t batch = 1, groups = 1, in = 1, out = 1;

    std::size_t depth() const { return in * over.taps(); }
    bool is_depthwise() const { return in == 1 && groups > 1; }

    template <class T>
    T* x_of(T* x, std::size_t image, std::size_t group, std::size_t channel = 0) const {
        return x + ((image * groups + group) * in + channel) * over.in();
    }
    template <class T>
    T* y_of(T* y, std::size_t image, std::size_t group, std::size_t channel = 0) const {
        return y + ((image * groups + group) * out + channel) * over.out();
    }
    template <class T>
    matrix_ref<T> weight_of(T* w, std::size_t group) const {
        return row_major(w + group * out * depth(), out, depth());
    }
};

}  // namespace xgrad::kernels
