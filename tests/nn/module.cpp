#include <doctest/doctest.h>

#include <xgrad/nn/module.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

namespace {

template <class T = float>
xg::tensor<T, 1> weight(T value = 1) {
    return xg::tensor<T, 1>{{value, value}}.requires_grad(true);
}

struct layer {   // no default constructor, like nn::linear
    explicit layer(float value) : weight{::weight(value)}, bias{::weight(value)} {}
    XGRAD_MEMBERS(weight, bias)
    xg::tensor<float, 1> weight;
    xg::tensor<float, 1> bias;
};

struct hidden {   // private members, and the list in the private part
    hidden() = default;
    float operator()(float x) const { return x; }

private:
    XGRAD_MEMBERS(m_first, m_second)
    layer m_first{1};
    std::vector<layer> m_second{layer{2}};
};

struct shell {
    shell() = default;
    XGRAD_MEMBERS_OF(m_layers)

private:
    std::tuple<layer, int, layer> m_layers{layer{1}, 2, layer{3}};
};

struct nothing_to_learn {
    explicit nothing_to_learn(float s) : slope{s} {}
    float operator()(float x) const { return x * slope; }
    XGRAD_MEMBERS()
    float slope;
};

class listed_switch {
public:
    listed_switch() = default;
    XGRAD_MEMBERS(training)
    bool trains() const { return training; }

private:
    bool training = true;
};

class hidden_switch {   // the list, too, is private, and does not name the switch
    XGRAD_MEMBERS(weight)
    xg::tensor<float, 1> weight = ::weight();
    bool training = true;

public:
    hidden_switch() = default;
    bool trains() const { return training; }
};

struct settings {
    int width = 3;
    bool wide = false;
};

template <class T>
std::vector<std::string> names(const xg::parameter_list<T>& list) {
    auto all = std::vector<std::string>{};
    for (const auto& [name, value] : list) all.push_back(name);
    return all;
}

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("an aggregate is a module as it stands") {
    struct mlp {
        layer fc1{1};
        layer fc2{2};
        auto operator()(float x) const { return x; }
    };
    const auto net = mlp{};
    CHECK(names(nn::parameters(net)) == strings{"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"});
    CHECK(nn::parameter_count(net) == 8);
    CHECK(nn::buffers(net).empty());
}

TEST_CASE("members of every kind, by name and in order") {
    const auto scale = [factor = 2](float x) { return x * static_cast<float>(factor); };
    using lambda = std::remove_const_t<decltype(scale)>;
    auto counted = [calls = 0](const auto& x, auto&&... others) mutable { return ++calls, (x + ... + others); };
    struct everything {
        xg::tensor<float, 1> weight;
        xg::tensor<float> running_mean;
        xg::tensor<std::int64_t, 0> steps;
        xg::tensor<float, 2> no_value;
        std::vector<layer> layers;
        std::array<layer, 2> pair;
        std::tuple<layer, int, std::vector<xg::tensor<float, 1>>> mixed;
        std::optional<layer> present, absent;
        std::vector<std::vector<layer>> nested;
        settings options;
        int sizes[3];
        double numbers[2][2];
        std::string title;
        float (*function)(float);
        std::mt19937 engine;
        std::unique_ptr<settings> more;
        std::map<std::string, int> counts;
        layer rows[2];
        layer grid[1][2];
        std::pair<std::string, layer> named;
        std::vector<std::string> titles;
        std::vector<int> integers;
        lambda scaled;
        decltype(counted) count;
        nothing_to_learn leaky;
        hidden inner;
        shell shelled;
        bool training;
    };
    const auto net = everything{.weight = weight(),
                                .running_mean = weight().detach(),
                                .steps = xg::tensor<std::int64_t, 0>{3},
                                .no_value = {},
                                .layers = {layer{1}, layer{2}},
                                .pair = {layer{1}, layer{2}},
                                .mixed = {layer{1}, 7, {weight(), weight()}},
                                .present = layer{1},
                                .absent = {},
                                .nested = {{}, {layer{1}}},
                                .options = {},
                                .sizes = {},
                                .numbers = {},
                                .title = "",
                                .function = {},
                                .engine = {},
                                .more = {},
                                .counts = {},
                                .rows = {layer{1}, layer{2}},
                                .grid = {{layer{1}, layer{2}}},
                                .named = {"", layer{1}},
                                .titles = {"a"},
                                .integers = {1, 2},
                                .scaled = scale,
                                .count = counted,
                                .leaky = nothing_to_learn{0.1f},
                                .inner = {},
                                .shelled = {},
                                .training = true};
    CHECK(names(nn::parameters(net)) == strings{"weight",
                                                "layers.0.weight",
                                                "layers.0.bias",
                                                "layers.1.weight",
                                                "layers.1.bias",
                                                "pair.0.weight",
                                                "pair.0.bias",
                                                "pair.1.weight",
                                                "pair.1.bias",
                                                "mixed.0.weight",
                                                "mixed.0.bias",
                                                "mixed.2.0",
                                                "mixed.2.1",
                                                "present.weight",
                                                "present.bias",
                                                "nested.1.0.weight",
                                                "nested.1.0.bias",
                                                "rows.0.weight",
                                                "rows.0.bias",
                                                "rows.1.weight",
                                                "rows.1.bias",
                                                "grid.0.0.weight",
                                                "grid.0.0.bias",
                                                "grid.0.1.weight",
                                                "grid.0.1.bias",
                                                "named.1.weight",
                                                "named.1.bias",
                                                "inner.m_first.weight",
                                                "inner.m_first.bias",
                                                "inner.m_second.0.weight",
                                                "inner.m_second.0.bias",
                                                "shelled.0.weight",
                                                "shelled.0.bias",
                                                "shelled.2.weight",
                                                "shelled.2.bias"});
    CHECK(names(nn::buffers(net)) == strings{"running_mean"});
    auto all = strings{};
    nn::for_each_tensor([&](std::string_view name, const auto&) { all.emplace_back(name); }, net);
    CHECK(all.size() == nn::parameters(net).size() + 2);
    CHECK(all[2] == "steps");
}

TEST_CASE("an aggregate of 32 members") {
    struct wide {
        layer a0{1}, a1{1}, a2{1}, a3{1}, a4{1}, a5{1}, a6{1}, a7{1}, b0{1}, b1{1}, b2{1}, b3{1}, b4{1},
            b5{1}, b6{1}, b7{1}, c0{1}, c1{1}, c2{1}, c3{1}, c4{1}, c5{1}, c6{1}, c7{1}, d0{1}, d1{1}, d2{1},
            d3{1}, d4{1}, d5{1}, d6{1}, d7{1};
    };
    const auto list = nn::parameters(wide{});
    CHECK(list.size() == 64);
    CHECK(list.front().name() == "a0.weight");
    CHECK(list.back().name() == "d7.bias");
}

TEST_CASE("C arrays of modules, between other members and with defaults") {
    struct net {
        layer few[2] = {layer{1}, layer{2}};
        char title[5] = "net";
        layer last{3};
        settings options[2];
        xg::tensor<float, 1> scales[2];
    };
    CHECK(nn::detail::member_count<net>() == 5);
    CHECK(names(nn::parameters(net{})) ==
          strings{"few.0.weight", "few.0.bias", "few.1.weight", "few.1.bias", "last.weight", "last.bias"});
}

TEST_CASE("a parameter that two members share appears once, under its first name") {
    struct tied {
        layer encoder{1};
        layer decoder{2};
    };
    auto net = tied{};
    net.decoder.weight = net.encoder.weight;
    CHECK(names(nn::parameters(net)) == strings{"encoder.weight", "encoder.bias", "decoder.bias"});
    const auto copy = nn::clone(net);
    CHECK(names(nn::parameters(copy)) == strings{"encoder.weight", "encoder.bias", "decoder.bias"});
}

TEST_CASE("the list holds handles, a clone holds tensors of its own") {
    struct pair {
        xg::tensor<float, 1> weight = ::weight();
        xg::tensor<float, 1> fixed = ::weight().detach();
    };
    auto net = pair{};
    auto list = nn::parameters(net);
    const auto copy = nn::clone(net);
    list[0](0) = 7;
    CHECK(net.weight(0) == 7);
    CHECK(copy.weight(0) == 1);
    CHECK(copy.weight.requires_grad());
    CHECK_FALSE(copy.fixed.requires_grad());
    for (auto& [name, value] : list) value(1) = 8;
    CHECK(net.weight(1) == 8);
}

TEST_CASE("what a frozen parameter is") {
    auto net = layer{1};
    net.bias.requires_grad(false);
    CHECK(names(nn::named_parameters(net)) == strings{"weight"});
    CHECK(names(nn::named_buffers(net)) == strings{"bias"});
}

TEST_CASE("double, mixed and several modules") {
    struct in_double {
        xg::tensor<double, 1> weight = ::weight(1.0);
    };
    struct mixed {
        layer single{1};
        in_double twice;
    };
    const auto net = mixed{};
    CHECK(std::is_same_v<decltype(nn::parameters(in_double{})), xg::parameter_list<double>>);
    CHECK(names(nn::parameters<float>(net)) == strings{"single.weight", "single.bias"});
    CHECK(names(nn::parameters<double>(net)) == strings{"twice.weight"});
    CHECK(nn::parameter_count(net) == 6);

    const auto first = layer{1}, second = layer{2};
    CHECK(names(nn::parameters(first, second)) == strings{"0.weight", "0.bias", "1.weight", "1.bias"});
    const auto w = weight(), b = weight();
    CHECK(names(nn::parameters(w, b)) == strings{"0", "1"});
}

TEST_CASE("a module may hold modules of its own type") {
    struct tree {
        xg::tensor<float, 1> weight = ::weight();
        std::vector<tree> children;
    };
    auto root = tree{};
    root.children.resize(2);
    root.children[1].children.resize(1);
    CHECK(names(nn::parameters(root)) ==
          strings{"weight", "children.0.weight", "children.1.weight", "children.1.children.0.weight"});
}

TEST_CASE("train and eval reach every module that has the switch") {
    struct dropout {
        bool training = true;
        float operator()(float x) const { return training ? 0 : x; }
    };
    struct net_type {
        dropout outer;
        std::vector<dropout> inner{2};
        bool training = true;
        int trainings = 3;
        listed_switch listed;
        hidden_switch hidden;
    };
    auto net = net_type{};
    nn::eval(net);
    CHECK_FALSE(net.training);
    CHECK_FALSE(net.outer.training);
    CHECK_FALSE(net.inner[1].training);
    CHECK_FALSE(net.listed.trains());
    CHECK_FALSE(net.hidden.trains());
    nn::train(net);
    CHECK(net.listed.trains());
    CHECK(net.hidden.trains());
    CHECK(net.training);
    CHECK(net.inner[1].training);
    CHECK(net.trainings == 3);
}
