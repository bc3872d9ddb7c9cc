// The cases y = f(inputs): what their inputs are, which all sides share, and how a side makes cases of them.
#pragma once

#include "side.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

using sizes = std::vector<std::size_t>;

inline std::size_t elements(const sizes& all) {
    auto count = std::size_t{1};
    for (const auto size : all) count *= size;
    return count;
}

/// An array by which f is differentiated.
struct input {
    std::string name;
    bench::sizes sizes;
    std::function<std::vector<float>(std::size_t count, std::uint64_t seed)> values =
        [](std::size_t count, std::uint64_t seed) { return numbers(count, seed); };
};

/// What is timed: y = f(x) and not recorded; dx for a given dy, behind a graph that is kept; or both together.
enum class part { forward, backward, both };

struct formula {
    std::string name;
    std::vector<input> inputs;
    std::vector<part> parts{part::both};
    bench::sizes index_sizes{};       ///< of the integers that f needs, if any
    std::size_t index_bound = 1;      ///< they are below this

    std::string name_of(part which) const {
        return name + (which == part::forward ? "/forward" : which == part::backward ? "/backward" : "");
    }
};

/// What f is called with: f(in) takes in[0], in[1], ..., and in.index.
template <class Tensor, class Integers>
struct arguments {
    std::vector<Tensor> inputs;
    Integers index;
    const Tensor& operator[](std::size_t i) const { return inputs[i]; }
};

/// Makes a formula's cases known. An `Engine` is a library: its types `tensor`, `integers` and `not_recording`, a guard;
/// make(values, sizes, requires_grad), make_integers(values, sizes), forget(x), which takes x's gradient away,
/// backward(y, dy, keep the graph), values_of(x), gradient_of(x), sizes_of(x).
template <class Engine, class F>
void add_formula(const formula& given, F f) {
    using arguments = bench::arguments<typename Engine::tensor, typename Engine::integers>;
    const auto make_arguments = [given](bool differentiated) {
        auto in = arguments{};
        for (auto i = std::size_t{0}; i < given.inputs.size(); ++i) {
            const auto& each = given.inputs[i];
            in.inputs.push_back(Engine::make(each.values(elements(each.sizes), i + 1), each.sizes, differentiated));
        }
        if (!given.index_sizes.empty())
            in.index = Engine::make_integers(indices(elements(given.index_sizes), given.index_bound), given.index_sizes);
        return in;
    };
    for (const auto which : given.parts) {
        if (which == part::forward) {
            add(given.name_of(which), [=] {
                return timed([f, in = make_arguments(false)] {
                    [[maybe_unused]] const auto guard = typename Engine::not_recording{};
                    return f(in);
                }, [](const auto& y) { return std::vector<piece>{{"y", Engine::values_of(y)}}; });
            });
            continue;
        }
        add(given.name_of(which), [=] {
            auto in = make_arguments(true);
            const auto recorded = f(in);
            const auto y_sizes = Engine::sizes_of(recorded);
            const auto dy = Engine::make(numbers(elements(y_sizes), 99), y_sizes, false);
            const auto forget = [in] {
                for (auto x : in.inputs) Engine::forget(x);   // a handle on the same
            };
            const auto pieces = [given, in](const auto& y) {
                auto all = std::vector<piece>{{"y", Engine::values_of(y)}};
                for (auto i = std::size_t{0}; i < given.inputs.size(); ++i)
                    all.push_back({"d" + given.inputs[i].name, Engine::gradient_of(in[i])});
                return all;
            };
            if (which == part::backward)
                return timed([=] { return forget(), Engine::backward(recorded, dy, true), recorded; }, pieces);
            return timed([=] {
                forget();
                auto y = f(in);
                Engine::backward(y, dy, false);
                return y;
            }, pieces);
        });
    }
}

// ---- operations ----------------------------------------------------------------------------------------

namespace formulas {

/// x: (4096, 1024)
inline formula reduction(const std::string& name, std::size_t axis) {
    return {"operations/" + name + "/axis" + std::to_string(axis), {{"x", {4096, 1024}}}};
}
inline formula einsum_of_matrices() {
    return {"operations/einsum/bij,bjk", {{"a", {32, 64, 64}}, {"b", {32, 64, 64}}}, {part::forward, part::both}};
}
inline formula einsum_of_heads() {
    return {"operations/einsum/bhid,bhjd", {{"q", {8, 8, 128, 64}}, {"k", {8, 8, 128, 64}}}, {part::forward, part::both}};
}
/// Along the rows of x: (1024, 1000), no two elements of which are equal.
inline formula of_rows(const std::string& name) { return {"operations/" + name, {{"x", {1024, 1000}, distinct_numbers}}}; }
inline formula gather() {
    auto all = of_rows("gather");
    all.index_sizes = {1024, 1000};
    all.index_bound = 1000;
    return all;
}
inline formula embedding() { return {"operations/embedding", {{"weight", {50'000, 256}}}, {part::both}, {4096}, 50'000}; }
inline constexpr int largest = 16;   // of each row, by topk

// ---- windows -------------------------------------------------------------------------------------------

/// x: (n, c, h, w)  weight: (out, c / groups, kernel, kernel)  bias: (out); padded by half the kernel.
struct convolution {
    std::size_t n, c, h, w, out, kernel, stride = 1, groups = 1;

    std::size_t padding() const { return kernel / 2; }
    formula cases() const {
        const auto text = [](std::size_t size) { return std::to_string(size); };
        const auto bound = 1 / std::sqrt(static_cast<float>(c / groups * kernel * kernel));
        const auto small = [bound](std::size_t count, std::uint64_t seed) { return numbers(count, seed, -bound, bound); };
        return {"windows/conv2d/" + text(n) + 'x' + text(c) + 'x' + text(h) + 'x' + text(w) + '/' + text(out) + '/' + text(kernel) + 'x' +
                    text(kernel) + (stride == 1 ? "" : "/stride" + text(stride)) + (groups == 1 ? "" : "/groups" + text(groups)),
                {{"x", {n, c, h, w}}, {"weight", {out, c / groups, kernel, kernel}, small}, {"bias", {out}, small}},
                {part::forward, part::backward}};
    }
};
inline std::vector<convolution> convolutions() {
    return {{64, 1, 28, 28, 32, 3},    {64, 32, 14, 14, 64, 3},  {1, 64, 56, 56, 64, 3},       {1, 256, 14, 14, 256, 3},
            {1, 512, 7, 7, 512, 3},    {1, 256, 56, 56, 64, 1},  {1, 3, 224, 224, 64, 7, 2},   {1, 96, 56, 56, 96, 3, 1, 96}};
}
/// x: (32, 64, 1000), 9 taps, padded by 4
inline formula conv1d() {
    const auto small = [](std::size_t count, std::uint64_t seed) { return numbers(count, seed, -0.05F, 0.05F); };
    return {"windows/conv1d", {{"x", {32, 64, 1000}}, {"weight", {64, 64, 9}, small}, {"bias", {64}}}, {part::forward, part::backward}};
}
/// x: (8, 64, 14, 14), 4 x 4, stride 2, padded by 1: (8, 32, 28, 28)
inline formula conv_transpose2d() {
    const auto small = [](std::size_t count, std::uint64_t seed) { return numbers(count, seed, -0.05F, 0.05F); };
    return {"windows/conv_transpose2d", {{"x", {8, 64, 14, 14}}, {"weight", {64, 32, 4, 4}, small}, {"bias", {32}}},
            {part::forward, part::backward}};
}
/// 2 x 2
inline formula pooling(const std::string& name) { return {"windows/" + name, {{"x", {64, 64, 28, 28}, distinct_numbers}}}; }

// ---- normalisation and attention -----------------------------------------------------------------------

/// Each channel, each row, or each of 8 groups of channels.
inline formula batch_norm() { return {"normalize/batch_norm", {{"x", {64, 64, 14, 14}}, {"weight", {64}}, {"bias", {64}}}}; }
inline formula layer_norm() { return {"normalize/layer_norm", {{"x", {256, 1024}}, {"weight", {1024}}, {"bias", {1024}}}}; }
inline formula group_norm() { return {"normalize/group_norm", {{"x", {16, 64, 28, 28}}, {"weight", {64}}, {"bias", {64}}}}; }
inline constexpr int norm_groups = 8;

inline constexpr std::size_t attention_lengths[] = {128, 512, 2048};
/// 8 heads, width 64
inline formula attention(std::size_t length) {
    const auto all = sizes{1, 8, length, 64};
    return {"attention/" + std::to_string(length), {{"q", all}, {"k", all}, {"v", all}}};
}

}  // namespace formulas

// ---- layers --------------------------------------------------------------------------------------------

/// The values of a parameter by its name and its sizes in our order: a convolution's weights (out, in / groups, ...), a
/// matrix (in, out).
inline std::vector<float> parameter_values(const std::string& name, const sizes& all) {
    auto seed = std::uint64_t{0xcbf29ce484222325u};
    for (const auto letter : name) seed = (seed ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;   // FNV-1a
    if (all.size() == 1) return numbers(all[0], seed, 0.05F, 0.15F);
    const auto inputs = all.size() == 2 ? all[0] : elements(all) / all[0];
    const auto bound = 1 / std::sqrt(static_cast<float>(inputs));
    return numbers(elements(all), seed, -bound, bound);
}

/// 32 channels of 3 x 3, pooled, 64 of 3 x 3, pooled, 128, 10, with relu.     x: (batch, 1, 28, 28)
inline constexpr std::size_t cnn_batches[] = {1, 64}, cnn_training_batch = 64;
inline sizes cnn_input(std::size_t batch) { return {batch, 1, 28, 28}; }
inline std::vector<std::int64_t> cnn_labels() { return indices(cnn_training_batch, 10); }
inline constexpr double cnn_compared_rate = 1e-4;

/// x: (8, 128, 256), 4 heads, 1024 features between, relu, no dropout
inline const sizes encoder_input{8, 128, 256};
inline constexpr int encoder_heads = 4, encoder_feedforward = 1024;

/// x: (32, 64, 128), to 256
inline const sizes recurrent_input{32, 64, 128};
inline constexpr int recurrent_hidden = 256;

/// x: (batch, 3, 224, 224)
inline constexpr std::size_t resnet_batches[] = {1, 8}, resnet_training_batch = 8, resnet_classes = 1000;
inline sizes resnet_input(std::size_t batch) { return {batch, 3, 224, 224}; }

/// So many parameters, whose gradient stays as it is.
inline constexpr std::size_t adam_count = 10'000'000;

}  // namespace bench
