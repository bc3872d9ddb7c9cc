#include <doctest/doctest.h>

#include <xgrad/io/safetensors.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>

#include <support/temporary_folder.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;
namespace io = xgrad::io;

namespace {

struct model {
    nn::linear<> fc1{3, 2};
    nn::linear<> fc2{2, 2};
    xg::tensor<double, 1> mean{{0.5, 1.5}};
    xg::tensor<std::int64_t, 0> steps{7};
};

std::string with_length(const std::string& header, const std::string& elements = "") {
    const auto length = std::bit_cast<std::array<char, 8>>(std::uint64_t{header.size()});
    return std::string(length.begin(), length.end()) + header + elements;
}

/// The text of the error that reading a file with such contents ends in.
std::string error_of(const temporary_folder& folder, const std::string& contents) {
    const auto path = folder.write("some.safetensors", contents);
    try {
        io::load_tensors<float>(path);
    } catch (const xg::error& error) {
        const auto text = std::string{error.what()};
        CHECK(text.starts_with("[load] " + path + ": "));
        return text.substr(path.size() + 9);
    }
    return "no error";
}

std::string error_of_header(const temporary_folder& folder, const std::string& header,
                            const std::string& elements = "") {
    return error_of(folder, with_length(header, elements));
}

bool equal(const xg::tensor<float>& a, const xg::tensor<float>& b) {
    return std::ranges::equal(a.span(), b.span());
}

}  // namespace

TEST_CASE("a module saved and loaded is the same, in place") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("model.safetensors");
    const auto first = model{};
    io::save(first, path);
    CHECK(folder.count() == 1);
    auto second = model{};
    *second.steps.data() = 0;
    const auto handle = second.fc1.weight;
    CHECK_FALSE(equal(handle, first.fc1.weight));
    io::load(second, path);
    CHECK(equal(handle, first.fc1.weight));
    CHECK(equal(second.fc2.bias, first.fc2.bias));
    CHECK(second.mean(1) == 1.5);
    CHECK(second.steps.item() == 7);
    CHECK(second.fc1.weight.requires_grad());
}

TEST_CASE("the bytes of a file") {
    const auto folder = temporary_folder{};
    const auto w = xg::tensor<float, 2>{{1, 2}};
    const auto n = xg::tensor<std::uint8_t, 1>{3};
    const auto d = xg::tensor<double, 0>{1.0};
    io::save_tensors({{"n", n}, {"w\"\n", w}, {"d", d}}, folder.path("some"));
    auto header = std::string{R"({"d":{"dtype":"F64","shape":[],"data_offsets":[0,8]},)"
                              R"("w\"\u000a":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},)"
                              R"("n":{"dtype":"U8","shape":[1],"data_offsets":[16,17]}})"};
    header.resize((header.size() + 7) / 8 * 8, ' ');
    CHECK(folder.read("some") ==
          with_length(header, std::string{"\0\0\0\0\0\0\xf0\x3f\0\0\x80\x3f\0\0\0\x40\3", 17}));
}

TEST_CASE("a list of named tensors keeps them") {
    const auto folder = temporary_folder{};
    auto list = std::vector<io::named_tensor>{};
    const auto w = xg::tensor<float>{1, 2, 3};
    list.emplace_back("twice", w * 2);
    list.emplace_back("thrice", w * 3);
    const auto others = std::vector{w * 7, w * 8};   // would take over memory that was given back
    io::save_tensors(list, folder.path("some"));
    const auto copy = list;
    list.clear();
    io::save_tensors(copy, folder.path("again"));
    for (const auto* const name : {"some", "again"}) {
        const auto read = io::load_tensors<float>(folder.path(name));
        CHECK(equal(read[0].second, w * 2));
        CHECK(equal(read[1].second, w * 3));
    }
}

TEST_CASE("what others may write") {
    const auto folder = temporary_folder{};
    const auto header = std::string{
        R"( { "__metadata__" : {"format":"pt", "a":"\u00e4\ud83d\ude00\n"} ,)"
        "\n"
        R"("b\u0041":{"shape":[ 2 ],"data_offsets":[0,8],"dtype":"F32"},)"
        R"("none":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}}   )"};
    const auto list = io::load_tensors<float>(
        folder.write("some", with_length(header, std::string{"\0\0\x80\x3f\0\0\0\x40", 8})));
    REQUIRE(list.size() == 2);
    CHECK(list[0].first == "none");
    CHECK(list[0].second.shape() == xg::shape{0, 3});
    CHECK(list[1].first == "bA");
    CHECK(list[1].second(1) == 2);
    CHECK(io::load_tensors<float>(folder.write("some", with_length("{}"))).empty());
}

TEST_CASE("a file that does not fit the module leaves it as it was") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("model.safetensors");
    auto net = nn::linear<>{3, 2};
    const auto before = net.weight.clone();
    const auto w = xg::tensor<float, 2>{{1, 2}, {3, 4}, {5, 6}};
    const auto b = xg::tensor<float, 1>{{1, 2}};
    const auto wide = xg::tensor<double, 1>{{1, 2}};
    const auto turned = xg::tensor<float, 2>{{1, 2, 3}, {4, 5, 6}};

    io::save_tensors({{"weight", w}}, path);
    CHECK_THROWS_WITH_AS(io::load(net, path), ("[load] " + path + ": has no tensor bias").c_str(), xg::io_error);
    io::save_tensors({{"weight", w}, {"bias", b}, {"more", b}}, path);
    CHECK_THROWS_AS(io::load(net, path), xg::io_error);
    io::save_tensors({{"weight", w}, {"bias", wide}}, path);
    CHECK_THROWS_AS(io::load(net, path), xg::dtype_error);
    io::save_tensors({{"weight", turned}, {"bias", b}}, path);
    CHECK_THROWS_AS(io::load(net, path), xg::shape_error);
    CHECK(equal(net.weight, before));
    io::save_tensors({{"weight", w}, {"bias", b}}, path);
    io::load(net, path);
    CHECK(equal(net.weight, w));
    CHECK_THROWS_AS(io::save_tensors({{"a", w}, {"a", b}}, path), xg::value_error);
}

TEST_CASE("a shared parameter is in the file once") {
    struct tied {
        nn::linear<> encoder{2, 2};
        nn::linear<> decoder{2, 2};
    };
    const auto folder = temporary_folder{};
    auto net = tied{};
    net.decoder.weight = net.encoder.weight;
    io::save(net, folder.path("some"));
    CHECK(io::load_tensors<float>(folder.path("some")).size() == 3);
    io::load(net, folder.path("some"));
}

TEST_CASE("loading between forward and backward is found out") {
    const auto folder = temporary_folder{};
    auto net = nn::linear<>{2, 2};
    io::save(net, folder.path("some"));
    const auto loss = xg::sum(net.weight * net.weight);
    io::load(net, folder.path("some"));
    CHECK_THROWS_AS(loss.backward(), xg::autograd_error);
}

TEST_CASE("saving is whole or not at all") {
    const auto folder = temporary_folder{};
    const auto net = nn::linear<>{2, 2};
    CHECK_THROWS_AS(io::save(net, folder.path("no/such/folder")), xg::io_error);
    CHECK_THROWS_AS(io::save(net, folder.path()), xg::io_error);
    CHECK(folder.count() == 0);
    folder.write("some", "before");
    io::save(net, folder.path("some"));
    CHECK(folder.count() == 1);
    CHECK(folder.read("some").size() > 100);
}

TEST_CASE("broken and hostile files") {
    const auto folder = temporary_folder{};
    const auto four = std::string(4, '\0');
    const auto fails = [&](const std::string& header, const std::string& text, const std::string& elements = "") {
        CAPTURE(header);
        CHECK(error_of_header(folder, header, elements).find(text) != std::string::npos);
    };
    CHECK(error_of(folder, "abc") == "is no safetensors file: it has 3 bytes");
    CHECK(error_of(folder, std::string(8, '\xff')).starts_with("is no safetensors file, or cut short"));
    CHECK(error_of(folder, with_length("{}").substr(0, 9)).starts_with("is no safetensors file, or cut short"));
    fails("", "no { where one must be");
    fails("[]", "no { where one must be");
    fails("{} x", "something after the header's last brace");
    fails(R"({"a")", "no : where");
    fails(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})", "no } where", four);
    fails(R"({"a":{"dtype":"F32","shape":[1]}})", "data_offsets missing for a");
    fails(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "a key twice for a", four);
    fails(R"({"a":{"dtype":"F32","size":[1],"data_offsets":[0,4]}})", "an unknown key for a", four);
    fails(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "no whole number", four);
    fails(R"({"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}})", "no whole number", four);
    fails(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", "no ] where", four);
    fails(R"({"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}})", "too large", four);
    fails(R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}})", "more axes", four);
    fails(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", "two numbers", four);
    fails(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4]}})", "two numbers", four);
    fails(R"({"a":{"dtype":"Q7","shape":[1],"data_offsets":[0,4]}})", "unknown dtype Q7", four);
    fails(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "outside the file", four);
    fails(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "outside the file", four);
    fails(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})",
          "of shape (2,) and dtype F32 cannot have 4 bytes", four);
    fails(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", "cannot have 0 bytes");
    fails(
        R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
        "tensor a is listed twice", four + four);
    fails(
        R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
        "tensor b overlaps the one before it", four);
    fails(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "tensor a leaves a gap before it",
          four + four);
    fails(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "goes on behind its last tensor",
          four + four);
    fails("{\"a\n\":{}}", "a control character");
    fails(R"({"\x":{}})", "an unknown escape");
    fails(R"({"\u12g4":{}})", "a bad \\u");
    fails(R"({"\ud800":{}})", "half a surrogate pair");
    fails(R"({"__metadata__":{},"__metadata__":{}})", "__metadata__ twice");
    fails(R"({"__metadata__":{"a":1}})", "no \" where");
    CHECK_THROWS_AS(
        io::load_tensors<double>(folder.write(
            "some", with_length(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", four))),
        xg::dtype_error);
    CHECK_THROWS_AS(
        io::load_tensors<bool>(folder.write(
            "some", with_length(R"({"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", "\2"))),
        xg::io_error);
    CHECK_THROWS_AS(io::load_tensors<float>(folder.path("missing")), xg::io_error);
}
