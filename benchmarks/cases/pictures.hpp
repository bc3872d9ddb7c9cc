// What the cases of networks that look at pictures share.
#pragma once

#include "engine.hpp"

#include <xgrad/nn/fuse.hpp>

#include <string>
#include <vector>

namespace bench {

/// Pixels from 0 to 1.
inline xg::tensor<float, 4> pictures(const sizes& all) { return {numbers(elements(all), 1, 0, 1), xg::shape(all)}; }

/// The evaluation of a network, fused.
template <class Net>
void add_inference(const std::string& name, const sizes& input) {
    add(name, [=] {
        const auto net = Net{};
        fill(net);
        const auto x = pictures(input);
        return timed([program = xg::nn::fuse(net, x), x] {
            const auto guard = xg::no_grad{};
            return program(x);
        }, [](const auto& y) { return std::vector<piece>{{"out", engine::values_of(y)}}; });
    });
}

}  // namespace bench
