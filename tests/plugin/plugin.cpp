// A library that a program loads while it runs, compiled with hidden visibility: see program.cpp.
#include "support/unit.hpp"

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/ops/arithmetic.hpp>

extern "C" {

// Data: to be read before it is certain that this machine can run the code.
XGRAD_VISIBLE extern const char plugin_build[];
const char plugin_build[] = XGRAD_STRINGIZE(XGRAD_ABI);

XGRAD_VISIBLE unit plugin_unit();
unit plugin_unit() { return this_unit(); }

/// y = x x, of two tensors as the plugin's build knows them.
XGRAD_VISIBLE void plugin_square(const void* x, void* y);
void plugin_square(const void* x, void* y) {
    const auto& from = *static_cast<const xgrad::tensor<float, 1>*>(x);
    *static_cast<xgrad::tensor<float, 1>*>(y) = from * from;
}

}
