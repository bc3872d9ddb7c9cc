// What is no list of parameters.
//
// expect 1: an optimizer is given a list of parameters: optim::sgd opt{xgrad::nn::parameters(net), {.lr = 0.1}}
// expect 2: an optimizer is given a list of parameters: optim::sgd opt{xgrad::nn::parameters(net), {.lr = 0.1}}
// expect 3: an optimizer is given a list of parameters: optim::sgd opt{xgrad::nn::parameters(net), {.lr = 0.1}}
// expect 4: lbfgs needs all gradients at once, several times for each step: call step(closure)
#include <xgrad/optim/lbfgs.hpp>
#include <xgrad/optim/sgd.hpp>

namespace optim = xgrad::optim;

struct layer {
    xgrad::tensor<double, 1> weight;
};

void look(layer& net, const xgrad::parameter_list<double>& list) {
    optim::sgd opt{list, {.lr = 0.1}};
    optim::sgd<double> other{list};
    opt.step();
    other.step();
#if MUST_NOT_COMPILE == 1
    optim::sgd wrong{net, {.lr = 0.1}};
#endif
#if MUST_NOT_COMPILE == 2
    optim::sgd<double> wrong{net};
#endif
#if MUST_NOT_COMPILE == 3
    optim::sgd wrong{net.weight};
#endif
    optim::lbfgs searching{list};
#if MUST_NOT_COMPILE == 4
    searching.step_in_backward(net.weight);
#endif
}
