// The tensors of a module with all the names that they have in it, and which entry of a file belongs to which.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/io/named_tensor.hpp>
#include <xgrad/nn/walk.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xgrad::inline XGRAD_ABI::io::detail {

/// A place in a module where a tensor stands. A tensor that is shared stands in several.
struct tensor_place {
    std::string name;
    std::size_t tensor;   ///< the number of the tensor
    bool transposed;      ///< PyTorch keeps its transpose
};

struct module_tensors {
    std::vector<named_tensor> tensors;   ///< each once, by its first name
    std::vector<tensor_place> places;
    bool as_pytorch;                     ///< the file's layout

    bool turned(const tensor_place& place) const { return as_pytorch && place.transposed; }
    /// The shape that a file has for this place.
    XGRAD_ON_DEMAND shape sizes_in_file(const tensor_place& place) const {
        const auto& own = tensors[place.tensor].data->sizes;
        return turned(place) ? shape{own[1], own[0]} : own;
    }
};

/// Adds the tensor of the next place, which may have been at another place before.
XGRAD_ON_DEMAND XGRAD_COLD void add_place(module_tensors& to, named_tensor x, bool transposed) {
    const auto found = lists::find_if(to.tensors, [&](const named_tensor& other) { return other.data == x.data; });
    if (const auto rank = x.data->sizes.rank(); to.as_pytorch && transposed && rank != 2)
        fail<rank_error>("io", "tensor ", x.name, " has ", rank, " axes; is_transposed() of its layer may name tensors of two only");
    to.places.push_back({x.name, static_cast<std::size_t>(found - to.tensors.begin()), transposed});
    if (found == to.tensors.end()) to.tensors.push_back(std::move(x));
}

template <class Module>
module_tensors tensors_of(const Module& module, bool as_pytorch) {
    auto made = module_tensors{{}, {}, as_pytorch};
    const auto add = [&](std::string_view name, const auto& x, bool transposed) {
        add_place(made, named_tensor{std::string{name}, x}, transposed);
    };
    nn::for_each_tensor_with_layout(add, module);
    return made;
}

}  // namespace xgrad::inline XGRAD_ABI::io::detail

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::io::detail {
XGRAD_COMMON_INSTANCE void add_place<>(module_tensors&, named_tensor, bool);
}
#endif
