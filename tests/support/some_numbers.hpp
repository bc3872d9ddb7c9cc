// Numbers of either sign, none of them special, as operands where it does not matter which.
#pragma once

#include <support/operation_table.hpp>

#include <vector>

namespace operation_tests {

inline const auto some = std::vector<double>{0.5, -1, 2, 0.1, -3, 1.5, 0.7};
inline const auto others = std::vector<double>{-0.3, 4, 0.9, -2.5, 1.1};

/// Under any shape: so many that begin again after eleven that rows differ.
inline xg::tensor<double> mixed(const xg::shape& sizes) {
    return shaped({0.5, -1, 2, 0.1, -3, 1.5, 0.7, -0.4, 0.9, 1.1, -0.2}, sizes);
}

}  // namespace operation_tests
