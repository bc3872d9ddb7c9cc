// Weights that PyTorch made, in the layers that have them here, and back. tests/data/record_pytorch_weights.py made the files.
#include <doctest/doctest.h>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/io/npz.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/nn/activation.hpp>
#include <xgrad/nn/attention.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/bilinear.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/conv_transpose.hpp>
#include <xgrad/nn/embedding.hpp>
#include <xgrad/nn/group_norm.hpp>
#include <xgrad/nn/gru.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/lstm.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/normalize.hpp>
#include <xgrad/nn/rnn.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/transformer_decoder.hpp>
#include <xgrad/nn/transformer_encoder.hpp>

#include <support/temporary_folder.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>

namespace xg = xgrad;
namespace nn = xgrad::nn;
namespace io = xgrad::io;

namespace {

const auto folder_of_files = std::string{XGRAD_TEST_DATA "/pytorch/"};
const auto weights = folder_of_files + "layers.safetensors";

struct layers {
    nn::linear<> fc{3, 4}, plain{4, 4, {.bias = false}};
    nn::bilinear<> pair{3, 4, 2};
    nn::conv1d<> conv1{2, 4, 3, {.padding = 1}};
    nn::conv2d<> conv2{4, 4, 3, {.groups = 2}};
    nn::conv_transpose1d<> up1{2, 3, 3, {.stride = 2}};
    nn::conv_transpose2d<> up2{4, 2, 3, {.groups = 2}};
    nn::batch_norm1d<> bn1{3};
    nn::batch_norm2d<> bn2{2};
    nn::layer_norm<> ln{xg::shape{2, 3}};
    nn::group_norm<> gn{2, 4};
    nn::instance_norm2d<> instance{2, {.affine = true}};
    nn::embedding<> table{5, 3, {.padding_idx = 0}};
    nn::prelu<> act{3};
    nn::rnn<> rnn{3, 2, {.layers = 2}};
    nn::lstm<> lstm{3, 2, {.layers = 2, .bidirectional = true}};
    nn::gru<> gru{3, 2, {.bidirectional = true}};
    nn::multihead_attention<> attention{4, 2};
    nn::multihead_attention<> cross{4, 2, {.kdim = 3, .vdim = 2}};
    nn::transformer_encoder<> encoder{2, 4, 2, {.feedforward = 6, .final_norm = true}};
    nn::transformer_decoder<> decoder{1, 4, 2, {.feedforward = 6, .norm_first = true}};
    decltype(nn::sequential{nn::linear<>{3, 4}, xg::relu, nn::linear<>{4, 2}}) body{nn::linear<>{3, 4}, xg::relu, nn::linear<>{4, 2}};
};

xg::tensor<float> recorded(const std::string& name) { return io::load_npz<float>(folder_of_files + "outputs.npz", name); }

void check_equal(const xg::tensor<float>& a, const xg::tensor<float>& b, float tolerance) {
    REQUIRE(a.shape() == b.shape());
    auto worst = 0.f;
    for (auto i = std::size_t{0}; i < a.size(); ++i) worst = std::max(worst, std::abs(a.data()[i] - b.data()[i]) / (1 + std::abs(b.data()[i])));
    CHECK(worst <= tolerance);
}

template <std::size_t... Ranks, class Layer>
void check_layer(const std::string& name, const Layer& layer) {
    CAPTURE(name);
    auto next = [&, i = 0]() mutable { return recorded(name + ".x" + std::to_string(i++)); };
    const auto inputs = std::tuple<xg::tensor<float, Ranks>...>{xg::tensor<float, Ranks>{next()}...};
    const auto y = std::apply(layer, inputs);
    const auto expected = recorded(name + ".y");
    if constexpr (requires { y.output; }) check_equal(y.output, expected, 2e-6f);
    else check_equal(y, expected, 2e-6f);
}

}  // namespace

TEST_CASE("every layer computes what PyTorch's does with its weights") {
    auto net = layers{};
    const auto report = io::load(net, weights, {.layout = io::layout::pytorch});
    CHECK(report.missing.empty());
    CHECK(report.unexpected.empty());
    CHECK(net.bn1.num_batches_tracked.item() == 7);
    nn::eval(net);
    const auto guard = xg::no_grad{};
    check_layer<2>("fc", net.fc);
    check_layer<2>("plain", net.plain);
    check_layer<2, 2>("pair", net.pair);
    check_layer<3>("conv1", net.conv1);
    check_layer<4>("conv2", net.conv2);
    check_layer<3>("up1", net.up1);
    check_layer<4>("up2", net.up2);
    check_layer<2>("bn1", net.bn1);
    check_layer<4>("bn2", net.bn2);
    check_layer<3>("ln", net.ln);
    check_layer<3>("gn", net.gn);
    check_layer<4>("instance", net.instance);
    check_layer<2>("act", net.act);
    check_layer<3>("rnn", net.rnn);
    check_layer<3>("lstm", net.lstm);
    check_layer<3>("gru", net.gru);
    check_layer<3, 3, 3>("attention", net.attention);
    check_layer<3, 3, 3>("cross", net.cross);
    check_layer<3>("encoder", net.encoder);
    check_layer<3, 3>("decoder", net.decoder);
    check_layer<2>("body", net.body);
    check_equal(net.table(xg::tensor<std::int64_t, 2>{io::load_npz<std::int64_t>(folder_of_files + "outputs.npz", "table.x0")}), recorded("table.y"), 0);
}

TEST_CASE("what is saved in PyTorch's layout is what PyTorch saved") {
    const auto folder = temporary_folder{};
    auto net = layers{};
    io::load(net, weights, {.layout = io::layout::pytorch});
    io::save(net, folder.path("again"), {.layout = io::layout::pytorch});
    auto ours = io::load_tensors<float>(folder.path("again"), {.skip_other_types = true}), theirs = io::load_tensors<float>(weights, {.skip_other_types = true});
    const auto by_name = [](const auto& pair) { return pair.first; };
    std::ranges::sort(ours, {}, by_name);
    std::ranges::sort(theirs, {}, by_name);
    REQUIRE(ours.size() == theirs.size());
    REQUIRE(ours.size() == 119);
    for (auto i = std::size_t{0}; i < ours.size(); ++i) {
        CAPTURE(ours[i].first);
        CHECK(ours[i].first == theirs[i].first);
        check_equal(ours[i].second, theirs[i].second, 0);
    }
    CHECK(io::load_tensors<std::int64_t>(folder.path("again"), {.skip_other_types = true}).size() == 2);
    CHECK(folder.read("again").find(R"("__metadata__":{"format":"pt"})") != std::string::npos);
}

TEST_CASE("without the layout each transposed weight is named, and nothing changes") {
    auto net = layers{};
    const auto before = net.conv1.weight.clone();
    try {
        io::load(net, weights);
        FAIL("it was loaded");
    } catch (const xg::shape_error& error) {
        const auto text = std::string{error.what()};
        for (const auto* const name : {"fc.weight", "rnn.weight_ih_l0", "lstm.weight_ih_l1_reverse", "attention.in_proj_weight", "encoder.layers.1.linear1.weight", "body.0.weight"}) {
            CAPTURE(name);
            CHECK(text.find(std::string{"tensor "} + name + " is ") != std::string::npos);
        }
        CHECK(text.find("{.layout = io::layout::pytorch} transposes it") == text.size() - 45);
    }
    check_equal(net.conv1.weight, before, 0);
}
