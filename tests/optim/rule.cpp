#include <doctest/doctest.h>

#include <support/temporary_folder.hpp>

#include <xgrad/autograd/capture.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/sgd.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xg = xgrad;
namespace optim = xgrad::optim;

namespace {

struct layer {
    xg::tensor<float, 1> weight = xg::tensor<float, 1>{{1, 2}}.requires_grad(true);
    xg::tensor<float, 1> bias = xg::tensor<float, 1>{{3, 4}}.requires_grad(true);

    xg::parameter_list<float> list() const { return {{"weight", weight}, {"bias", bias}}; }
    void backward() const { xg::sum(weight * weight * bias).backward(); }
};

template <class Optimizer>
void step(Optimizer& opt, const layer& net) {
    opt.zero_grad();
    net.backward();
    opt.step();
}

const auto of_bias = [](std::string_view name) { return name.ends_with("bias"); };

std::vector<std::string> names(const xg::parameter_list<float>& list) {
    auto result = std::vector<std::string>{};
    for (const auto& each : list) result.push_back(each.name());
    return result;
}

}  // namespace

TEST_CASE("groups: options of their own for the parameters whose names fit") {
    const auto net = layer{}, same = layer{};
    auto opt = optim::sgd{net.list(), {.lr = 0.5, .weight_decay = 0.25}};
    opt.add_group(of_bias, {.lr = 0.125, .momentum = 0.5});
    auto weights = optim::sgd{xg::parameter_list<float>{{"weight", same.weight}}, {.lr = 0.5, .weight_decay = 0.25}};
    auto biases = optim::sgd{xg::parameter_list<float>{{"bias", same.bias}}, {.lr = 0.125, .momentum = 0.5}};
    for (auto k = 0; k < 3; ++k) {
        step(opt, net);
        weights.zero_grad();
        biases.zero_grad();
        same.backward();
        weights.step();
        biases.step();
    }
    CHECK(xg::array_equal(net.weight, same.weight));
    CHECK(xg::array_equal(net.bias, same.bias));
    CHECK(names(opt.state()) == std::vector<std::string>{"bias.momentum"});
}

TEST_CASE("groups: their learning rates") {
    const auto net = layer{};
    auto opt = optim::sgd{net.list(), {.lr = 0.5}};
    CHECK(opt.group_count() == 1);
    opt.add_group(of_bias, {.lr = 0.125});
    CHECK(opt.group_count() == 2);
    CHECK(opt.lr() == 0.5);
    CHECK(opt.group_lr(1) == 0.125);
    opt.group_lr(1, 0.25);
    CHECK(opt.options(1).lr == 0.25);
    CHECK(opt.lr() == 0.5);
    opt.lr(2);
    CHECK(opt.group_lr(0) == 2);
    CHECK(opt.group_lr(1) == 2);
    CHECK_THROWS_WITH_AS(opt.group_lr(2), "[sgd] group 2 is not one of 2", xg::index_error);
    CHECK_THROWS_AS(opt.group_lr(1, -1), xg::value_error);
}

TEST_CASE("groups: one without a parameter, and options out of range, leave the optimizer as it was") {
    const auto net = layer{};
    auto opt = optim::sgd{net.list(), {.lr = 0.5}};
    CHECK_THROWS_WITH_AS(opt.add_group([](std::string_view name) { return name == "wieght"; }, {.lr = 1}),
                         "[sgd] there is no parameter in the group: its predicate holds for no name", xg::value_error);
    CHECK_THROWS_AS(opt.add_group(of_bias, {.lr = -1}), xg::value_error);
    CHECK_THROWS_AS(opt.add_group(of_bias, {.momentum = -1}), xg::value_error);
    CHECK(opt.group_count() == 1);
    step(opt, net);
    CHECK(net.bias.detach()(0) == 2.5f);
}

TEST_CASE("state: under the parameters' names, whatever their order; what is frozen or new is passed over") {
    const auto net = layer{};
    auto opt = optim::adam{net.list(), {}};
    step(opt, net);
    const auto saved = opt.state();
    CHECK(names(saved) == std::vector<std::string>{"weight.exp_avg", "weight.exp_avg_sq", "weight.step", "bias.exp_avg",
                                                   "bias.exp_avg_sq", "bias.step"});
    const auto added = xg::tensor<float, 1>{7}.requires_grad(true);
    auto other = optim::adam{xg::parameter_list<float>{{"bias", net.bias}, {"added", added}, {"weight", net.weight}}, {}};
    CHECK(other.load_state(saved).empty());
    CHECK(names(other.state()).front() == "bias.exp_avg");
    CHECK(xg::array_equal(other.state()[0], saved[3]));
    auto frozen = optim::adam{xg::parameter_list<float>{{"bias", net.bias}}, {}};
    CHECK(frozen.load_state(saved) == std::vector<std::string>{"weight.exp_avg", "weight.exp_avg_sq", "weight.step"});
    CHECK(xg::array_equal(frozen.state()[0], saved[3]));
}

TEST_CASE("state: by position where names are not unique") {
    const auto a = layer{}, b = layer{};
    const auto list = xg::parameter_list<float>{{"w", a.weight}, {"w", b.weight}, {"v", a.bias}};
    auto opt = optim::sgd{list, {.lr = 1, .momentum = 0.5}};
    xg::sum(a.weight * 3 + b.weight * 5 + a.bias * 7).backward();
    opt.step();
    CHECK(names(opt.state()) == std::vector<std::string>{"w.momentum", "w#1.momentum", "v.momentum"});
    auto other = optim::sgd{list, {.lr = 1, .momentum = 0.5}};
    CHECK(other.load_state(opt.state()).empty());
    CHECK(std::as_const(other.state()[1])(0) == 5);
}

TEST_CASE("state: what does not fit leaves the optimizer as it was") {
    const auto net = layer{};
    auto opt = optim::adam{net.list(), {}};
    step(opt, net);
    const auto saved = opt.state();
    const auto before = saved[0].clone();
    auto list = saved;
    list[0] = xg::parameter<float>{"weight.exp_avg", xg::zeros<float>({3})};
    CHECK_THROWS_WITH_AS(opt.load_state(list), "[load_state] weight.exp_avg is (3,); it must be (2,)", xg::shape_error);
    list = saved;
    list.push_back(list[0]);
    CHECK_THROWS_WITH_AS(opt.load_state(list), "[load_state] weight.exp_avg is there twice", xg::value_error);
    list = saved;
    list.erase(list.begin() + 1);
    CHECK_THROWS_WITH_AS(opt.load_state(list), "[load_state] weight.exp_avg_sq is missing", xg::value_error);
    list = saved;
    list.push_back(xg::parameter<float>{"bias.momentum", net.bias});
    CHECK_THROWS_WITH_AS(opt.load_state(list), "[load_state] bias.momentum is nothing that adam remembers with these options; "
                         "it is of another rule, or of other options", xg::value_error);
    CHECK_THROWS_WITH_AS(opt.load_state(xg::parameter_list<float>{{"fc.weight.exp_avg", net.bias}}),
                         "[load_state] none of 1 entries belongs to a parameter; the first is fc.weight.exp_avg", xg::value_error);
    list = saved;
    list[2] = xg::parameter<float>{"weight.step", xg::tensor<float>(0.5f)};
    CHECK_THROWS_AS(opt.load_state(list), xg::value_error);
    CHECK(xg::array_equal(opt.state()[0], before));
    CHECK(opt.load_state(xg::parameter_list<float>{}).empty());   // of an optimizer that has not begun
    CHECK(opt.state().empty());
}

TEST_CASE("state: any range of names and tensors") {
    const auto net = layer{};
    auto opt = optim::sgd{net.list(), {.lr = 1, .momentum = 0.5}};
    opt.load_state(std::vector<std::pair<std::string, xg::tensor<float>>>{{"bias.momentum", xg::tensor<float>{xg::tensor<float, 1>{2, 2}}}});
    step(opt, net);
    CHECK(net.bias.detach()(0) == 3 - (0.5f * 2 + 1));
}

TEST_CASE("state: through a file") {
    const auto folder = temporary_folder{};
    const auto net = layer{}, same = layer{};
    const auto begin = [](const layer& of) { return optim::adam{of.list(), {.lr = 0.1, .amsgrad = true}}; };
    auto opt = begin(net), first = begin(same), second = begin(same);
    for (auto k = 0; k < 6; ++k) step(opt, net);
    for (auto k = 0; k < 3; ++k) step(first, same);
    xg::io::save_tensors(first.state(), folder.path("opt.safetensors"));
    second.load_state(xg::io::load_tensors<float>(folder.path("opt.safetensors")));
    for (auto k = 0; k < 3; ++k) step(second, same);
    CHECK(xg::array_equal(net.weight, same.weight));
    CHECK(xg::array_equal(net.bias, same.bias));
}

TEST_CASE("gradient accumulation: two halves of a batch are the whole") {
    const auto net = layer{}, same = layer{};
    const auto half = xg::tensor<float, 1>{{2, 4}}, other = xg::tensor<float, 1>{{8, -2}};
    auto opt = optim::adam{net.list(), {}}, whole = optim::adam{same.list(), {}};
    for (const auto& x : {half, other}) (xg::sum(x * net.weight * net.bias) / 2).backward();
    opt.step();
    (xg::sum((half + other) * same.weight * same.bias) / 2).backward();
    whole.step();
    CHECK(xg::allclose(net.weight, same.weight));
    CHECK(xg::allclose(net.bias, same.bias));
}

TEST_CASE("a step in a function that is captured is an error: the program would not take it") {
    const auto net = layer{};
    auto opt = optim::sgd{net.list(), {.lr = 0.5}};
    net.backward();
    const auto f = [&](const auto& x) {
        opt.step();
        return x * net.weight;
    };
    CHECK_THROWS_WITH_AS(xg::capture(f, xg::tensor<float, 1>{1, 2}), doctest::Contains("an optimizer's step"), xg::autograd_error);
}
