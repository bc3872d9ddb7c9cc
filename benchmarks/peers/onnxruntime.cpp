// ONNX Runtime's side of the comparison, by its C interface and at its best: weights are constants, which it packs
// beforehand, input and output are bound once, and nothing is allocated in a run.
//
// The package that brings the library does not bring its header. The interface is a table of functions to which new
// releases only append, so the few used here are named by their place in it.
#include "../side.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
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

// ---- the network as an ONNX file -----------------------------------------------------------------------

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

message constant(const std::string& name, const std::vector<float>& values, const std::vector<std::size_t>& sizes) {
    auto tensor = message{};
    for (const auto size : sizes) tensor.number(1, size);
    return tensor.number(2, 1).text(8, name).text(
        9, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

message matrix(const std::string& name, std::size_t rows, std::size_t columns) {
    auto shape = message{};
    for (const auto size : {rows, columns}) shape.inner(1, message{}.number(1, size));
    return message{}.text(1, name).inner(2, message{}.inner(1, message{}.number(1, 1).inner(2, shape)));
}

std::string model(const network& given) {
    auto graph = message{}.text(2, "mlp");
    auto x = std::string{"x"};
    for (auto l = std::size_t{0}; l < given.layers(); ++l) {
        const auto number = std::to_string(l + 1), w = "w" + number, b = "b" + number, z = "z" + number;
        const auto y = l + 1 == given.layers() ? std::string{"out"} : "h" + number;
        graph.inner(1, message{}.text(1, x).text(1, w).text(1, b).text(2, z).text(4, "Gemm"));
        graph.inner(1, message{}.text(1, z).text(2, y).text(4, "Relu"));
        graph.inner(5, constant(w, given.weights[l], {given.widths[l], given.widths[l + 1]}));
        graph.inner(5, constant(b, given.biases[l], {given.widths[l + 1]}));
        x = y;
    }
    graph.inner(11, matrix("x", given.batch, given.widths.front()));
    graph.inner(12, matrix("out", given.batch, given.widths.back()));
    return message{}.number(1, 8).inner(7, graph).inner(8, message{}.text(1, "").number(2, 13)).bytes;
}

// ---- the cases -----------------------------------------------------------------------------------------

int thread_count = 1;

struct session {
    placed_floats x, y;
    void *handle, *binding, *options;

    explicit session(const network& given)
        : x{given.x}, y{given.y.size()} {
        static auto* const env = made(create_env, 3 /* errors only */, "bench");
        auto* const settings = made(create_session_options);
        call(set_session_graph_optimization_level, settings, 99 /* all */);
        call(set_intra_op_num_threads, settings, thread_count);
        const auto file = model(given);
        handle = made(create_session_from_array, env, static_cast<const void*>(file.data()), file.size(), settings);
        binding = made(create_io_binding, handle);
        options = made(create_run_options);
        call(bind_input, binding, "x", value(x, given.batch, given.widths.front()));
        call(bind_output, binding, "out", value(y, given.batch, given.widths.back()));
    }

    static void* value(const placed_floats& values, std::size_t rows, std::size_t columns) {
        static auto* const memory = made(create_cpu_memory_info, 1 /* arena */, 0 /* default */);
        const std::int64_t sizes[] = {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)};
        return made(create_tensor_with_data, memory, static_cast<void*>(values.data()), rows * columns * sizeof(float),
                    static_cast<const std::int64_t*>(sizes), std::size_t{2}, 1 /* float */);
    }

    void run() const { call(run_with_binding, handle, static_cast<const void*>(options), static_cast<const void*>(binding)); }
};

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
    using namespace bench;
    for (const auto batch : mnist_batches)
        add("inference/" + std::to_string(batch), [=] {
            auto mlp = std::make_shared<session>(mnist_network(batch));
            return timed([=] { return mlp->run(), mlp; },
                         [](const auto& m) { return std::vector<piece>{{"out", m->y.copy()}}; });
        });
    return bench::main(argc, argv, [](int threads) { thread_count = threads; });
}
