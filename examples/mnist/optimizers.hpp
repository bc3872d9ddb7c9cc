// The optimizers to choose from.
#pragma once

#include "options.hpp"

#include <xgrad/autograd/parameter.hpp>
#include <xgrad/optim/optimizer.hpp>

#include <functional>
#include <memory>

struct chosen_optimizer {
    std::shared_ptr<xgrad::optim::optimizer<float>> rule;
    std::function<void()> step;
};

/// The one that `options::optimizer` names, for these parameters.
chosen_optimizer make_optimizer(const options& chosen, const xgrad::parameter_list<float>& parameters);
