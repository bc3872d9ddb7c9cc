// Modules whose parameters would silently not be learnt.
//
// expect 1: a module that is no aggregate lists its members: XGRAD_MEMBERS(weight, bias)
// expect 2: the members of this struct cannot be found
// expect 3: the module has float and double tensors
// expect 4: a class derived from a module with XGRAD_MEMBERS, with members of its own, lists them all
// expect 5: the walk does not look into this template around them
#include <xgrad/nn/module.hpp>

#include <memory>

struct layer {
    xgrad::tensor<float, 1> weight;
};

struct unlisted {
    explicit unlisted(int) {}
    auto operator()(const auto& x) const { return x; }
    xgrad::tensor<float, 1> weight;
};

struct derived_aggregate : layer {
    xgrad::tensor<float, 1> bias;
};

struct mixed {
    xgrad::tensor<float, 1> single;
    xgrad::tensor<double, 1> twice;
};

struct listed {
    listed() = default;
    XGRAD_MEMBERS(weight)
    xgrad::tensor<float, 1> weight;
};

struct derived : listed {
    xgrad::tensor<float, 1> bias;
};

void look() {
    xgrad::nn::parameters(layer{});
    xgrad::nn::parameters<float>(mixed{});
#if MUST_NOT_COMPILE == 1
    struct net {
        unlisted first{1};
    };
    xgrad::nn::parameters(net{});
#endif
#if MUST_NOT_COMPILE == 2
    xgrad::nn::parameters(derived_aggregate{});
#endif
#if MUST_NOT_COMPILE == 3
    xgrad::nn::parameters(mixed{});
#endif
#if MUST_NOT_COMPILE == 4
    xgrad::nn::parameters(derived{});
#endif
#if MUST_NOT_COMPILE == 5
    struct net {
        std::unique_ptr<layer> first;
    };
    xgrad::nn::parameters(net{});
#endif
}
