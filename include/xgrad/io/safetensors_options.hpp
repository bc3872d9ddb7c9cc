// How weights are written to files and read from them.
#pragma once

#include <xgrad/core/config.hpp>

#include <functional>
#include <string>
#include <vector>

namespace xgrad::inline XGRAD_ABI::io {

/// How weights lie in a file.
enum class layout : unsigned char {
    xgrad,     ///< as they are: `nn::linear` has (in, out)
    pytorch,   ///< as PyTorch keeps them: what a layer's `is_transposed` names is transposed
};

/// From the name that a tensor has where it comes from to the one where it goes. An empty name: it is left out.
using rename_function = std::function<std::string(const std::string& name)>;

struct save_options {
    io::layout layout = io::layout::xgrad;
    rename_function rename{};         ///< gives the file's name for the module's
};

struct load_options {
    io::layout layout = io::layout::xgrad;   ///< the file's
    /// false: what is missing in the file stays as it was, what there is no place for is passed over.
    bool strict = true;
    /// Entries of element types that their tensor has not, or of which there are no tensors, are passed over.
    bool skip_other_types = false;
    rename_function rename{};                ///< gives the module's name for the file's
};

/// What `load` has passed over, by name: tensors of the module that the file has not, and entries of the file without a
/// place; entries left out for their element type or by `rename`.
struct load_report {
    std::vector<std::string> missing, unexpected, skipped;
};

struct load_tensors_options {
    bool skip_other_types = false;   ///< entries of other element types than that asked for are passed over
};

}  // namespace xgrad::io
