#include "optimizers.hpp"

#include <xgrad/optim.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

namespace optim = xgrad::optim;

namespace {

template <class Rule>
chosen_optimizer wrap(Rule made) {
    const auto rule = std::make_shared<Rule>(std::move(made));
    return {rule, [rule] { rule->step(); }};
}

}  // namespace

chosen_optimizer make_optimizer(const options& chosen, const xgrad::parameter_list<float>& parameters) {
    const auto& name = chosen.optimizer;
    const auto lr = chosen.learning_rate();
    if (name == "sgd") return wrap(optim::sgd{parameters, {.lr = lr, .momentum = chosen.momentum.value_or(default_momentum)}});
    if (name == "adam") return wrap(optim::adam{parameters, {.lr = lr}});
    if (name == "adamw") return wrap(optim::adamw{parameters, {.lr = lr}});
    if (name == "nadam") return wrap(optim::nadam{parameters, {.lr = lr}});
    if (name == "rmsprop") return wrap(optim::rmsprop{parameters, {.lr = lr}});
    if (name == "lion") return wrap(optim::lion{parameters, {.lr = lr}});
    throw std::logic_error{name + " is in the list of optimizers, and nothing makes it"};
}
