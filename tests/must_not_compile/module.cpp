// Modules whose parameters would silently not be learnt. tests/nn/member_kind.cpp has the list of the types that are
// refused; here the compiler's words are read.
//
// expect 1: the walk over a module's parameters cannot see into this class
// expect 2: the members of this struct cannot be found: there are more than 32
// expect 3: the module has float and double tensors
// expect 4: a class derived from a module with XGRAD_MEMBERS, with members of its own, lists them all
// expect 5: the walk cannot look into this pointer, map, function or other holder
// expect 6: the XGRAD_MEMBERS of a derived class lists the members of its base class, too
// expect 7: list the members in it that learn, XGRAD_MEMBERS(weight, bias), or XGRAD_MEMBERS() when none does
// expect 8: template <> inline constexpr bool xgrad::nn::has_no_parameters<the_class> = true;
// expect 9: or a base class, a reference, a bit-field or an anonymous union
#include <xgrad/nn/module.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

struct layer {
    xgrad::tensor<float, 1> weight;
};

struct unlisted {
    explicit unlisted(int) {}
    auto operator()(const auto& x) const { return x; }
    xgrad::tensor<float, 1> weight;
};

class final_one final {
public:
    final_one() = default;

private:
    xgrad::tensor<float, 1> m_weight;
};

struct abstract {
    virtual ~abstract() = default;
    virtual float forward(float) const = 0;
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

struct derived_with_half_a_list : listed {
    derived_with_half_a_list() = default;
    XGRAD_MEMBERS(bias)
    xgrad::tensor<float, 1> bias;
};

class logger {
public:
    explicit logger(int level) : m_level{level} {}
    int level() const { return m_level; }

private:
    int m_level;
};
template <>
inline constexpr bool xgrad::nn::has_no_parameters<logger> = true;

void look() {
    struct logging {
        logger log{1};
        std::vector<std::unique_ptr<logger>> more;
        layer inner;
    };
    xgrad::nn::parameters(layer{});
    xgrad::nn::parameters(logging{});
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
        std::map<std::string, layer> layers;
    };
    xgrad::nn::parameters(net{});
#endif
#if MUST_NOT_COMPILE == 6
    xgrad::nn::parameters(derived_with_half_a_list{});
#endif
#if MUST_NOT_COMPILE == 7
    struct net {
        final_one first;
    };
    auto module = net{};
    xgrad::nn::eval(module);
#endif
#if MUST_NOT_COMPILE == 8
    struct net {
        std::vector<std::unique_ptr<abstract>> layers;
    };
    const auto module = net{};
    xgrad::nn::for_each_tensor([](auto, const auto&) {}, module);
#endif
#if MUST_NOT_COMPILE == 9
    struct net {
        unsigned flag : 1;
        layer first;
    };
    xgrad::nn::parameters(net{});
#endif
}
