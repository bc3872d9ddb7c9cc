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
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#if defined(__unix__)
#include <csignal>
#include <sys/resource.h>
#endif

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

/// The text of what loading throws, without the file's name.
template <class Error, class Module>
std::string load_error(Module& net, const std::string& path, const io::load_options& options = {}) {
    try {
        io::load(net, path, options);
    } catch (const Error& error) {
        return std::string{error.what()}.substr(path.size() + 9);
    }
    return "no error";
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

TEST_CASE("whatever is broken within an entry, the error names it") {
    const auto folder = temporary_folder{};
    const auto before = std::string{R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"the_one":)"};
    const auto entry = std::string{R"({"dtype":"F32","shape":[1, 2],"data_offsets":[4,12]})"};
    for (auto i = std::size_t{0}; i < entry.size(); ++i) {
        auto broken = entry;
        for (const auto c : {'!', '-', '9'}) {
            broken[i] = c;
            CAPTURE(broken);
            if (broken != entry) CHECK(error_of_header(folder, before + broken + "}", std::string(12, '\0')).find("the_one") != std::string::npos);
        }
        CHECK(error_of_header(folder, before + entry.substr(0, i), std::string(12, '\0')).find("the_one") != std::string::npos);
    }
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
    fails(R"({"a":{"dtype":"F32","shape":[1]}})", "no dtype, shape or data_offsets for a");
    fails(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "a key twice for a", four);
    fails(R"({"a":{"dtype":"F32","size":[1],"data_offsets":[0,4]}})", "an unknown key for a", four);
    fails(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "no whole number where one must be for a", four);
    fails(R"({"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}})", "no whole number", four);
    fails(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", "no ] where", four);
    fails(R"({"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}})", "a number that is too large for a", four);
    fails(R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}})", "more axes than are supported for a", four);
    fails(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", "other than two data_offsets for a", four);
    fails(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4]}})", "other than two data_offsets for a", four);
    fails(R"({"a":{"dtype":"Q7","shape":[1],"data_offsets":[0,4]}})", "unknown dtype Q7", four);
    fails(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "outside the file", four);
    fails(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "tensor a ends before it begins", four);
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
    fails(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "goes on behind its last tensor, a",
          four + four);
    fails("{\"a\n\":{}}", "a control character");
    for (const auto* const name : {"\xff", "\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
        fails(std::string{"{\""} + name + "\":{}}", "a string that is no UTF-8");
        CHECK_THROWS_AS(io::save_tensors({{name, xg::zeros<float>({1})}}, folder.path("some")), xg::value_error);
    }
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

TEST_CASE("all that does not fit is said at once, by name, and nothing changes") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("some");
    auto net = model{};
    const auto before = net.fc1.weight.clone();
    const auto w = xg::tensor<float, 2>{{1, 2}, {3, 4}, {5, 6}}, turned = xg::tensor<float, 2>{{1, 2, 3}, {4, 5, 6}};
    const auto b = xg::tensor<float, 1>{{1, 2}};
    io::save_tensors({{"fc1.weight", w}, {"fc2.weight", turned}, {"fc2.bias", xg::tensor<double, 1>{{1, 2}}}, {"a", b}, {"b", b}, {"mean", b}}, path);
    CHECK(load_error<xg::io_error>(net, path) ==
          "has no tensor fc1.bias, steps; holds a, b, that there is no place for; tensor fc2.weight is (2, 3), to be loaded into (2, 2); "
          "tensor fc2.bias is F64, to be loaded into F32; element types are not converted; tensor mean is F32, to be loaded into F64; "
          "element types are not converted; where only the names differ, {.rename = ...} brings them together");
    CHECK(load_error<xg::io_error>(net, path, {.strict = false}).starts_with("tensor fc2.weight is (2, 3)"));
    CHECK(equal(net.fc1.weight, before));

    io::save_tensors({{"fc1.weight", w}, {"a", b}, {"fc2.bias", xg::tensor<double, 1>{{1, 2}}}}, path);
    const auto report = io::load(net, path, {.strict = false, .skip_other_types = true});
    CHECK(report.missing == std::vector<std::string>{"fc1.bias", "fc2.weight", "mean", "steps"});
    CHECK(report.unexpected == std::vector<std::string>{"a"});
    CHECK(report.skipped == std::vector<std::string>{"fc2.bias"});
    CHECK(equal(net.fc1.weight, w));
    io::save_tensors({{"a", b}}, path);
    CHECK(load_error<xg::io_error>(net, path, {.strict = false}) == "holds no tensor of the module at all");
}

TEST_CASE("renamed on the way in and out") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("some");
    auto net = nn::linear<>{3, 2}, other = nn::linear<>{3, 2};
    const auto wrap = [](const std::string& name) { return "module." + name; };
    const auto unwrap = [](const std::string& name) { return name.starts_with("module.") ? name.substr(7) : std::string{}; };
    io::save(net, path, {.rename = wrap});
    CHECK(load_error<xg::io_error>(other, path) == "has no tensor weight, bias; holds module.bias, module.weight, that there is no place for; "
                                                   "where only the names differ, {.rename = ...} brings them together");
    io::load(other, path, {.rename = unwrap});
    CHECK(equal(net.weight, other.weight));
    io::save_tensors({{"module.weight", net.weight}, {"module.bias", net.bias}, {"optimizer", net.bias}}, path);
    CHECK(io::load(other, path, {.rename = unwrap}).skipped == std::vector<std::string>{"optimizer"});
    CHECK(load_error<xg::io_error>(other, path, {.rename = [](const std::string&) { return std::string{"bias"}; }}).find("are renamed to bias") != std::string::npos);
    CHECK_THROWS_AS(io::save(net, path, {.rename = [](const std::string&) { return std::string{"one"}; }}), xg::value_error);
}

TEST_CASE("a file with any of a shared tensor's names, or several that agree") {
    struct tied {
        nn::linear<> encoder{2, 2, {.bias = false}}, decoder{2, 2, {.bias = false}};
    };
    const auto folder = temporary_folder{};
    const auto path = folder.path("some");
    auto net = tied{};
    net.decoder.weight = net.encoder.weight;
    const auto w = xg::tensor<float, 2>{{1, 2}, {3, 4}};
    io::save_tensors({{"decoder.weight", w}}, path);
    io::load(net, path);
    CHECK(equal(net.encoder.weight, w));
    CHECK(&net.encoder.weight(0, 0) == &net.decoder.weight(0, 0));
    io::save_tensors({{"decoder.weight", w}, {"encoder.weight", w}}, path);
    io::load(net, path);
    io::save_tensors({{"decoder.weight", w * 2.f}, {"encoder.weight", w}}, path);
    CHECK(load_error<xg::io_error>(net, path).starts_with("has two values for decoder.weight, which the module shares with encoder.weight"));
    CHECK(equal(net.encoder.weight, w));
}

TEST_CASE("a tensor that is shared between a place where it is transposed and one where it is not") {
    struct tied {
        nn::linear<> decoder{2, 2, {.bias = false}};
        xg::tensor<float, 2> table = decoder.weight;
    };
    const auto folder = temporary_folder{};
    const auto path = folder.path("some");
    auto net = tied{};
    const auto w = xg::tensor<float, 2>{{1, 2}, {3, 4}}, turned = xg::tensor<float, 2>{{1, 3}, {2, 4}};
    for (const auto& list : {std::vector<io::named_tensor>{{"table", w}}, {{"decoder.weight", turned}}, {{"decoder.weight", turned}, {"table", w}}}) {
        io::save_tensors(list, path);
        std::ranges::fill(net.table.span(), 0.f);
        io::load(net, path, {.layout = io::layout::pytorch});
        CHECK(equal(net.decoder.weight, w));
    }
    io::save_tensors({{"decoder.weight", w}, {"table", w}}, path);
    CHECK(load_error<xg::io_error>(net, path, {.layout = io::layout::pytorch}).starts_with("has two values for table"));
    CHECK(equal(net.table, w));
}

TEST_CASE("half precision is read as float and double") {
    const auto folder = temporary_folder{};
    const auto header = std::string{R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[8,16]},)"
                                    R"("flag":{"dtype":"BOOL","shape":[1],"data_offsets":[16,17]}})"};
    const auto path = folder.write("some", with_length(header, std::string{"\x00\x3c\x01\x80\xff\x7b\x00\xfe" "\x80\x3f\x00\xc0\x80\x7f\x01\x00\x01", 17}));
    const auto list = io::load_tensors<float>(path, {.skip_other_types = true});
    CHECK((list[0].second(0) == 1 && list[0].second(1) == -0x1p-24f && list[0].second(2) == 65504 && std::isnan(list[0].second(3))));
    CHECK((list[1].second(0) == 1 && list[1].second(1) == -2 && std::isinf(list[1].second(2)) && list[1].second(3) == 0x1p-133f));
    CHECK(io::load_tensors<double>(path, {.skip_other_types = true})[1].second(1) == -2);
    struct some {
        xg::tensor<bool> flag = xg::tensor<bool, 1>{false};   // a single byte before what needs more
        xg::tensor<float> h = xg::tensor<float, 1>{0, 0, 0, 0};
        xg::tensor<double> b = xg::tensor<double, 1>{0, 0, 0, 0};
    };
    auto net = some{};
    io::load(net, path);
    CHECK((net.flag(0) && net.h(2) == 65504 && net.b(1) == -2));
}

TEST_CASE("element types of which there are no tensors are named, or skipped") {
    const auto folder = temporary_folder{};
    const auto header = std::string{R"({"weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"bias":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[4,5]},)"
                                    R"("four":{"dtype":"F4","shape":[4],"data_offsets":[5,7]},"c":{"dtype":"C64","shape":[0],"data_offsets":[7,7]}})"};
    const auto path = folder.write("some", with_length(header, std::string(7, '\0')));
    auto net = nn::linear<>{1, 1};
    CHECK(load_error<xg::io_error>(net, path) == "holds c (C64), four (F4), that there is no place for; tensor bias is F8_E4M3, to be loaded into F32; element types are not converted");
    CHECK(io::load(net, path, {.skip_other_types = true}).skipped.size() == 3);
    CHECK(net.weight(0, 0) == 0);
    CHECK(io::load_tensors<float>(path, {.skip_other_types = true}).size() == 1);
    CHECK_THROWS_WITH_AS(io::load_tensors<float>(path), ("[load] " + path + ": tensor bias is F8_E4M3, four is F4, c is C64, not F32; {.skip_other_types = true} leaves out what is of another type").c_str(), xg::dtype_error);
}

TEST_CASE("square weights: where nothing else tells the layouts apart, the file's own word does") {
    const auto folder = temporary_folder{};
    const auto own = folder.path("own"), theirs = folder.path("theirs");
    auto net = nn::linear<>{2, 2}, other = nn::linear<>{2, 2};
    io::save(net, own);
    io::save(net, theirs, {.layout = io::layout::pytorch});
    CHECK(load_error<xg::io_error>(other, theirs).find("{.layout = io::layout::pytorch} transposes them") != std::string::npos);
    CHECK(load_error<xg::io_error>(other, own, {.layout = io::layout::pytorch}).find("load it without") != std::string::npos);
    io::load(other, theirs, {.layout = io::layout::pytorch});
    CHECK(equal(net.weight, other.weight));
    const auto list = io::load_tensors<float>(theirs);
    CHECK(list[0].second(0, 1) == net.weight(1, 0));
}

TEST_CASE("batches that nobody has counted") {
    struct norm {
        xg::tensor<float, 1> running_mean{1};
        xg::tensor<std::int64_t, 0> num_batches_tracked{7};
    };
    const auto folder = temporary_folder{};
    const auto path = folder.path("some");
    struct without {
        xg::tensor<float, 1> running_mean{2};
    };
    auto net = norm{};
    auto plain = without{};
    io::save(plain, path, {.layout = io::layout::pytorch});
    CHECK(load_error<xg::io_error>(net, path) == "has no tensor num_batches_tracked");
    CHECK(io::load(net, path, {.layout = io::layout::pytorch}).missing == std::vector<std::string>{"num_batches_tracked"});
    CHECK((net.running_mean(0) == 2 && net.num_batches_tracked.item() == 7));
    io::save(net, path, {.layout = io::layout::pytorch});
    CHECK(io::load(plain, path, {.layout = io::layout::pytorch}).unexpected == std::vector<std::string>{"num_batches_tracked"});
}

TEST_CASE("names that a module gives its tensors, and what is transposed within") {
    struct stack {
        std::vector<nn::linear<>> cells{nn::linear<>{1, 2}, nn::linear<>{2, 3}};
        std::string parameter_name(std::string_view path) const { return std::string{path.substr(8)} + "_l" + path[6]; }
    };
    const auto folder = temporary_folder{};
    auto net = stack{};
    io::save(net, folder.path("some"), {.layout = io::layout::pytorch});
    const auto list = io::load_tensors<float>(folder.path("some"));
    CHECK(list[2].first == "weight_l1");
    CHECK(list[2].second.shape() == xg::shape{3, 2});
}

TEST_CASE("several writers of one file: it is one of theirs") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("some");
    auto writers = std::vector<std::thread>{};
    for (auto i = 0; i < 4; ++i)
        writers.emplace_back([&path, i] {
            for (auto n = 0; n < 10; ++n) io::save_tensors({{"x", xg::tensor<float, 1>(std::vector<float>(1000, static_cast<float>(i)))}}, path);
        });
    for (auto& each : writers) each.join();
    CHECK(folder.count() == 1);
    const auto x = io::load_tensors<float>(path)[0].second;
    CHECK(std::ranges::count(x.span(), x(0)) == 1000);
}

#if defined(__unix__)
TEST_CASE("no room for a file: what was there stays, and nothing else is left") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("some");
    io::save_tensors({{"x", xg::tensor<float, 1>{1}}}, path);
    const auto before = folder.read("some");
    auto room = rlimit{};
    getrlimit(RLIMIT_FSIZE, &room);
    auto little = room;
    little.rlim_cur = 2000;
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &little);
    const auto x = xg::tensor<float, 1>(std::vector<float>(1000));
    CHECK_THROWS_AS(io::save_tensors({{"x", x}}, path), xg::io_error);
    setrlimit(RLIMIT_FSIZE, &room);
    std::signal(SIGXFSZ, handler);
    CHECK(folder.count() == 1);
    CHECK(folder.read("some") == before);
}
#endif
