// Each mistake of docs/mistakes.md is made, and what the library says is what the page says.
#include <doctest/doctest.h>

#include <support/temporary_folder.hpp>
#include <support/what_is_said.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/freeze.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/lstm.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/sgd.hpp>
#include <xgrad/train/check.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;

namespace {

using labels = xg::tensor<std::int64_t>;

struct net {
    nn::linear<> fc1{4, 8};
    nn::linear<> fc2{8, 3};
    nn::dropout drop{0.5};

    xg::tensor<float> operator()(const xg::tensor<float>& x) const { return fc2(drop(xg::tensor<float>{fc1(x)})); }
};

struct other_net {
    nn::linear<> fc1{4, 8};
    nn::linear<> fc2{8, 3, {.bias = false}};
};

const auto x = xg::tensor<float>{xg::ones<float>({5, 4})};

std::string text_of(const std::string& path) {
    auto file = std::ifstream{path};
    REQUIRE(file.good());
    return {std::istreambuf_iterator<char>{file}, {}};
}

const auto page_path = std::string{XGRAD_TEST_DATA "/../../docs/mistakes.md"};

/// What stands under a heading "## 3. ..." of the page, between ```text and ```.
std::map<int, std::string> sentences_on_page() {
    const auto page = text_of(page_path);
    auto found = std::map<int, std::string>{};
    const auto heading = std::string{"\n## "}, begin = std::string{"```text\n"};
    for (auto at = page.find(heading); at != std::string::npos; at = page.find(heading, at + 1)) {
        const auto first = page.find(begin, at) + begin.size();
        found[std::stoi(page.substr(at + heading.size()))] = page.substr(first, page.find("\n```", first) - first);
    }
    return found;
}

/// The first line of a report.
std::string first_line(const xg::train::check_result& found) {
    const auto text = to_string(found);
    return text.substr(0, text.find('\n'));
}

std::vector<std::string> what_the_library_says() {
    const auto model = net{};
    const auto target = labels{xg::zeros<std::int64_t>({5})};
    auto said = std::vector<std::string>{};
    const auto make = [&](const std::function<void()>& mistake) { said.push_back(what_is_said(mistake)); };
    make([&] { xg::cross_entropy(model(x), xg::tensor<float>{xg::zeros<float>({5})}); });
    make([&] { xg::cross_entropy(model(x), labels{xg::zeros<std::int64_t>({5, 1})}); });
    make([&] { xg::cross_entropy(model(x), labels{xg::full<std::int64_t>({5}, 3)}); });
    make([&] { xg::mse_loss(model(x), xg::tensor<float>{xg::zeros<float>({5})}); });
    make([&] { model(xg::tensor<float>{xg::ones<float>({5, 2, 2})}); });
    make([&] { nn::conv2d<>{3, 8, 3}(xg::ones<float>({2, 16, 16, 3})); });
    make([&] { nn::lstm<>{4, 8}(xg::ones<float>({5, 2, 3})); });
    make([&] { nn::batch_norm1d<>{4}(xg::ones<float>({1, 4})); });
    auto forgotten = net{};
    nn::eval(forgotten);
    said.push_back(first_line(xg::train::check(forgotten, [&] { return xg::cross_entropy(forgotten(x), target); })));
    said.push_back(first_line(xg::train::check(model, [&] { return xg::sum(model.fc1(x)); })));
    make([&] { model(x).backward(); });
    make([&] {
        const auto guard = xg::no_grad{};
        xg::cross_entropy(model(x), target).backward();
    });
    make([&] {
        auto loss = xg::cross_entropy(model(x), target);
        loss.backward();
        loss.backward();
    });
    make([&] {
        auto opt = optim::sgd{nn::parameters(model), {}};
        xg::cross_entropy(model(x), target).backward();
        const auto loss = xg::cross_entropy(model(x), target);
        opt.step();
        loss.backward();
    });
    make([&] {
        auto w = xg::ones<float>({3}).requires_grad(true);
        w -= w * 0.1f;
    });
    make([&] {
        auto replaced = net{};
        auto opt = optim::sgd{nn::parameters(replaced), {}};
        replaced.fc1.bias = xg::zeros<float>({8});
        opt.step();
    });
    make([&] {
        auto frozen = net{};
        nn::freeze(frozen);
        optim::sgd{nn::parameters(frozen), {}};
    });
    make([&] {
        auto opt = optim::sgd{nn::parameters(model), {}};
        opt.zero_grad();
        (xg::sum(model.fc1.bias) * 1e38f * 1e38f).backward();
        optim::clip_grad_norm(opt.parameters(), 1);
    });
    make([&] {
        auto opt = optim::adam{nn::parameters(model), {}};
        xg::cross_entropy(model(x), target).backward();
        opt.step();
        optim::sgd{nn::parameters(model), {.momentum = 0.9}}.load_state(opt.state());
    });
    const auto folder = temporary_folder{};
    const auto path = folder.path("weights.safetensors");
    xg::io::save(other_net{}, path);
    auto about_file = what_is_said([&] { xg::io::load(model, path); });
    about_file.replace(about_file.find(path), path.size(), "weights.safetensors");
    said.push_back(about_file);
    return said;
}

}  // namespace

TEST_CASE("the page of mistakes says what the library says") {
    const auto page = sentences_on_page();
    const auto said = what_the_library_says();
    CHECK(page.size() == said.size());
    for (auto i = std::size_t{0}; i < said.size(); ++i) {
        const auto number = static_cast<int>(i) + 1;
        CAPTURE(number);
        REQUIRE(page.contains(number));
        CHECK(page.at(number) == said[i]);
    }
}

TEST_CASE("what the compiler says is what must_not_compile expects") {
    auto page = text_of(page_path);
    std::replace(page.begin(), page.end(), '\n', ' ');
    const auto expected = text_of(XGRAD_TEST_DATA "/../must_not_compile/ops.cpp");
    for (auto at = page.find("the compiler says so: \""); at != std::string::npos; at = page.find("the compiler says so: \"", at + 1)) {
        const auto first = page.find('"', at) + 1;
        const auto sentence = page.substr(first, page.find('"', first) - first);
        CAPTURE(sentence);
        CHECK(expected.find(": " + sentence + "\n") != std::string::npos);
    }
}
