// The update of many parameters at once.
#include "cases.hpp"
#include "engine.hpp"

#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/optim/adam.hpp>

#include <memory>
#include <string>
#include <vector>

namespace bench {

namespace {

struct many {
    xg::tensor<float, 1> weight{numbers(adam_count, 1), xg::shape{adam_count}};
    xg::optim::adam<float> opt;

    explicit many(double rate) : opt{named(weight.requires_grad(true)), {.lr = rate}} {
        const auto gradient = xg::tensor<float, 1>{numbers(adam_count, 2), xg::shape{adam_count}};
        weight.zero_grad();
        xg::sum(weight * gradient).backward();
    }

    static xg::parameter_list<float> named(const xg::tensor<float, 1>& weight) {
        auto list = xg::parameter_list<float>{};
        list.push_back(xg::parameter<float>{"weight", xg::tensor<float>{weight}});
        return list;
    }
};

}  // namespace

void add_optimizers() {
    add("optimizers/adam/" + std::to_string(adam_count), [] {
        auto timed_one = std::make_shared<many>(timed_rate);
        return work{[=] { timed_one->opt.step(); }, [] {
                        auto compared = many{compared_rate};
                        for (auto step = 0; step < compared_steps; ++step) compared.opt.step();
                        return std::vector<piece>{{"weight", engine::values_of(compared.weight)}};
                    }};
    });
}

}  // namespace bench
