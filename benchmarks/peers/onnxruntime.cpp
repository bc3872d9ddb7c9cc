// ONNX Runtime's side of the comparison, by its C interface and at its best: weights are constants, which it packs
// beforehand, input and output are bound once, and nothing is allocated in a run.
//
// The package that brings the library does not bring its header. The interface is a table of functions to which new
// releases only append, so the few used here are named by their place in it.
#include "../formulas.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

extern "C" {
struct OrtApiBase {
    void* const* (*get_api)(std::uint32_t version);
    const char* (*get_version)();
};
const OrtApiBase* OrtGetApiBase();
}

namespace bench {

namespace {

// ---- the C interface -----------------------------------------------------------------------------------

enum place : std::size_t {
    get_error_message = 2,
    create_env = 3,
    create_session_from_array = 8,
    create_session_options = 10,
    set_session_graph_optimization_level = 23,
    set_intra_op_num_threads = 24,
    create_run_options = 39,
    create_tensor_with_data = 49,
    create_cpu_memory_info = 69,
    run_with_binding = 133,
    create_io_binding = 134,
    bind_input = 136,
    bind_output = 137,
};

void* const* table() {
    static auto* const functions = OrtGetApiBase()->get_api(11);   // the release in which all of these existed
    if (functions == nullptr) throw std::runtime_error{"ONNX Runtime does not know its interface of release 11"};
    return functions;
}

/// Calls the function at a place with exactly these argument types; a status that comes back is an error.
template <class... A>
void call(place at, A... arguments) {
    using function = void* (*)(A...);
    if (auto* const status = reinterpret_cast<function>(table()[at])(arguments...))
        throw std::runtime_error{reinterpret_cast<const char* (*)(void*)>(table()[get_error_message])(status)};
}

/// The object that a function gives back by its last argument. Kept until the program ends.
template <class... A>
void* made(place at, A... arguments) {
    void* object = nullptr;
    call(at, arguments..., &object);
    return object;
}

// ---- networks as ONNX files -----------------------------------------------------------------------

/// A message of protocol buffers, field by field.
struct message {
    std::string bytes;

    void varint(std::uint64_t value) {
        for (; value >= 128; value >>= 7) bytes += static_cast<char>(value | 128);
        bytes += static_cast<char>(value);
    }
    message& number(unsigned field, std::uint64_t value) {
        varint(field << 3);
        varint(value);
        return *this;
    }
    message& text(unsigned field, const std::string& value) {
        varint(field << 3 | 2);
        varint(value.size());
        bytes += value;
        return *this;
    }
    message& inner(unsigned field, const message& value) { return text(field, value.bytes); }
};

/// A model with one input "x" and one output "out".
class model {
public:
    /// An operator's node, with attributes that are lists of integers, {"pads", {1, 1, 1, 1}}, and `group`.
    void node(const std::string& type, const std::vector<std::string>& from, const std::string& to,
              const std::vector<std::pair<std::string, std::vector<std::uint64_t>>>& integers = {}, std::uint64_t group = 1) {
        auto made = message{};
        for (const auto& each : from) made.text(1, each);
        made.text(2, to).text(4, type);
        for (const auto& [name, values] : integers) {
            auto attribute = message{}.text(1, name);
            for (const auto value : values) attribute.number(8, value);
            made.inner(5, attribute.number(20, 7 /* integers */));
        }
        if (group != 1) made.inner(5, message{}.text(1, "group").number(3, group).number(20, 2 /* an integer */));
        m_graph.inner(1, made);
    }

    void constant(const std::string& name, const std::vector<float>& values, const bench::sizes& all) {
        auto tensor = message{};
        for (const auto size : all) tensor.number(1, size);
        m_graph.inner(5, tensor.number(2, 1 /* float */).text(8, name).text(
            9, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)}));
    }
    /// A parameter of ours, under its name; a convolution's weights, or a matrix (in, out).
    void parameter(const std::string& name, const bench::sizes& all) { constant(name, parameter_values(name, all), all); }

    /// The file. x and out are of these sizes.
    std::string bytes(const bench::sizes& x, const bench::sizes& out) const {
        auto graph = m_graph;
        graph.text(2, "case").inner(11, shaped("x", x)).inner(12, shaped("out", out));
        return message{}.number(1, 8).inner(7, graph).inner(8, message{}.text(1, "").number(2, 13)).bytes;
    }

private:
    static message shaped(const std::string& name, const bench::sizes& all) {
        auto shape = message{};
        for (const auto size : all) shape.inner(1, message{}.number(1, size));
        return message{}.text(1, name).inner(2, message{}.inner(1, message{}.number(1, 1).inner(2, shape)));
    }

    message m_graph;
};

// ---- the cases -----------------------------------------------------------------------------------------

int thread_count = 1;

struct session {
    placed_floats x, y;
    void *handle, *binding, *options;

    session(const model& given, const std::vector<float>& input, const sizes& x_sizes, const sizes& y_sizes)
        : x{input}, y{elements(y_sizes)} {
        static auto* const env = made(create_env, 3 /* errors only */, "bench");
        auto* const settings = made(create_session_options);
        call(set_session_graph_optimization_level, settings, 99 /* all */);
        call(set_intra_op_num_threads, settings, thread_count);
        const auto file = given.bytes(x_sizes, y_sizes);
        handle = made(create_session_from_array, env, static_cast<const void*>(file.data()), file.size(), settings);
        binding = made(create_io_binding, handle);
        options = made(create_run_options);
        call(bind_input, binding, "x", value(x, x_sizes));
        call(bind_output, binding, "out", value(y, y_sizes));
    }

    static void* value(const placed_floats& values, const sizes& all) {
        static auto* const memory = made(create_cpu_memory_info, 1 /* arena */, 0 /* default */);
        const auto shape = std::vector<std::int64_t>(all.begin(), all.end());
        return made(create_tensor_with_data, memory, static_cast<void*>(values.data()), elements(all) * sizeof(float),
                    shape.data(), all.size(), 1 /* float */);
    }

    void run() const { call(run_with_binding, handle, static_cast<const void*>(options), static_cast<const void*>(binding)); }
};

/// `make` gives the session; what comes out is called `out`.
void add_session(const std::string& name, const std::string& out, std::function<std::shared_ptr<session>()> make) {
    add(name, [=] {
        auto made_ready = make();
        return timed([=] { return made_ready->run(), made_ready; },
                     [out](const auto& m) { return std::vector<piece>{{out, m->y.copy()}}; });
    });
}

std::shared_ptr<session> mlp(std::size_t batch) {
    const auto given = mnist_network(batch);
    auto made_of = model{};
    auto x = std::string{"x"};
    for (auto l = std::size_t{0}; l < given.layers(); ++l) {
        const auto number = std::to_string(l + 1), w = "w" + number, b = "b" + number, z = "z" + number;
        const auto y = l + 1 == given.layers() ? std::string{"out"} : "h" + number;
        made_of.node("Gemm", {x, w, b}, z);
        made_of.node("Relu", {z}, y);
        made_of.constant(w, given.weights[l], {given.widths[l], given.widths[l + 1]});
        made_of.constant(b, given.biases[l], {given.widths[l + 1]});
        x = y;
    }
    return std::make_shared<session>(made_of, given.x, sizes{batch, given.widths.front()}, sizes{batch, given.widths.back()});
}

using integer_lists = std::vector<std::pair<std::string, std::vector<std::uint64_t>>>;

integer_lists window(std::size_t kernel, std::size_t stride, std::size_t padding) {
    return {{"kernel_shape", {kernel, kernel}}, {"strides", {stride, stride}}, {"pads", {padding, padding, padding, padding}}};
}

/// The forward case of a convolution; the inputs but the first are constants.
void add_convolution(const formulas::convolution& each) {
    const auto given = each.cases();
    add_session(given.name_of(part::forward), "y", [=] {
        auto made_of = model{};
        made_of.node("Conv", {"x", "weight", "bias"}, "out", window(each.kernel, each.stride, each.padding()), each.groups);
        for (const auto i : {std::size_t{1}, std::size_t{2}}) {
            const auto& constant = given.inputs[i];
            made_of.constant(constant.name, constant.values(elements(constant.sizes), i + 1), constant.sizes);
        }
        const auto& x = given.inputs[0];
        return std::make_shared<session>(made_of, x.values(elements(x.sizes), 1), x.sizes,
                                         sizes{each.n, each.out, each.h / each.stride, each.w / each.stride});
    });
}

std::shared_ptr<session> cnn(std::size_t batch) {
    auto made_of = model{};
    const auto convolution = [&](const std::string& name, const std::string& from, std::size_t in, std::size_t out) {
        made_of.parameter(name + ".weight", {out, in, 3, 3});
        made_of.parameter(name + ".bias", {out});
        made_of.node("Conv", {from, name + ".weight", name + ".bias"}, name, window(3, 1, 1));
        made_of.node("Relu", {name}, name + ".relu");
        made_of.node("MaxPool", {name + ".relu"}, name + ".pool", window(2, 2, 0));
    };
    const auto linear = [&](const std::string& name, const std::string& from, const std::string& to, std::size_t in, std::size_t out) {
        made_of.parameter(name + ".weight", {in, out});
        made_of.parameter(name + ".bias", {out});
        made_of.node("Gemm", {from, name + ".weight", name + ".bias"}, to);
    };
    convolution("conv1", "x", 1, 32);
    convolution("conv2", "conv1.pool", 32, 64);
    made_of.node("Flatten", {"conv2.pool"}, "flat");
    linear("fc1", "flat", "fc1", 64 * 7 * 7, 128);
    made_of.node("Relu", {"fc1"}, "fc1.relu");
    linear("fc2", "fc1.relu", "out", 128, 10);
    const auto x = cnn_input(batch);
    return std::make_shared<session>(made_of, numbers(elements(x), 1, 0, 1), x, sizes{batch, 10});
}

/// ResNet-50, block by block.
class resnet {
public:
    explicit resnet(std::size_t batch) : m_batch{batch} {
        auto h = window_of("MaxPool", normalized("x", "conv1", "bn1", 3, 64, 7, 2, true), window(3, 2, 1));
        auto in = std::size_t{64}, width = std::size_t{64};
        auto stage = 1;
        for (const auto count : {3, 4, 6, 3}) {
            for (auto i = 0; i < count; ++i, in = 4 * width)
                h = block(h, "layer" + std::to_string(stage) + '.' + std::to_string(i), in, width, i == 0 && stage != 1 ? 2 : 1);
            ++stage;
            width *= 2;
        }
        m_model.node("GlobalAveragePool", {h}, "pooled");
        m_model.node("Flatten", {"pooled"}, "flat");
        m_model.parameter("fc.weight", {2048, resnet_classes});
        m_model.parameter("fc.bias", {resnet_classes});
        m_model.node("Gemm", {"flat", "fc.weight", "fc.bias"}, "out");
    }

    std::shared_ptr<session> ready() const {
        const auto x = resnet_input(m_batch);
        return std::make_shared<session>(m_model, numbers(elements(x), 1, 0, 1), x, sizes{m_batch, resnet_classes});
    }

private:
    std::string window_of(const std::string& type, const std::string& x, const integer_lists& by) {
        m_model.node(type, {x}, x + type, by);
        return x + type;
    }
    std::string relu(const std::string& x) {
        m_model.node("Relu", {x}, x + "_relu");
        return x + "_relu";
    }
    std::string normalized(const std::string& x, const std::string& conv, const std::string& norm, std::size_t in, std::size_t out,
                           std::size_t kernel, std::size_t stride, bool active) {
        m_model.parameter(conv + ".weight", {out, in, kernel, kernel});
        m_model.node("Conv", {x, conv + ".weight"}, conv, window(kernel, stride, kernel / 2));
        auto from = std::vector<std::string>{conv};
        for (const auto* const each : {".weight", ".bias", ".running_mean", ".running_var"}) {
            m_model.parameter(norm + each, {out});
            from.push_back(norm + each);
        }
        m_model.node("BatchNormalization", from, norm);
        return active ? relu(norm) : norm;
    }
    std::string block(const std::string& x, const std::string& name, std::size_t in, std::size_t width, std::size_t stride) {
        auto h = normalized(x, name + ".conv1", name + ".bn1", in, width, 1, 1, true);
        h = normalized(h, name + ".conv2", name + ".bn2", width, width, 3, stride, true);
        h = normalized(h, name + ".conv3", name + ".bn3", width, 4 * width, 1, 1, false);
        const auto other = in == 4 * width ? x : normalized(x, name + ".downsample.0", name + ".downsample.1", in, 4 * width, 1, stride, false);
        m_model.node("Add", {h, other}, name);
        return relu(name);
    }

    std::size_t m_batch;
    model m_model;
};

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
    using namespace bench;
    for (const auto batch : mnist_batches) add_session("inference/" + std::to_string(batch), "out", [=] { return mlp(batch); });
    for (const auto& each : formulas::convolutions()) add_convolution(each);
    for (const auto batch : cnn_batches) add_session("layers/cnn/inference/" + std::to_string(batch), "out", [=] { return cnn(batch); });
    for (const auto batch : resnet_batches)
        add_session("resnet50/inference/" + std::to_string(batch), "out", [=] { return resnet{batch}.ready(); });
    return bench::main(argc, argv, [](int threads) { thread_count = threads; });
}
