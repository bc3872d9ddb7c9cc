#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/io/npz.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>

#include <support/temporary_folder.hpp>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace io = xgrad::io;

namespace {

// tests/data/record_numpy.py made the files.
std::string file(const std::string& name) { return XGRAD_TEST_DATA "/numpy/" + name; }

std::string contents(const std::string& name) {
    auto stream = std::ifstream{file(name), std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

template <class T>
bool counts(const xg::tensor<T>& x, const xg::shape& sizes, T step) {
    if (xg::shape(x.shape()) != sizes) return false;
    for (auto i = std::size_t{0}; i < x.size(); ++i)
        if (x.data()[i] != static_cast<T>(i) * step) return false;
    return true;
}

/// What is thrown, without the file's name.
template <class Error, class F>
std::string error_of(const F& f) {
    try {
        f();
    } catch (const Error& error) {
        const auto text = std::string{error.what()};
        return text.substr(text.find(": ") + 2);
    }
    return "no error";
}

/// A file of one array with this header.
std::string npy(const std::string& header, const std::string& elements, const std::string& version = std::string{"\1\0", 2}) {
    auto length = std::string{static_cast<char>(header.size()), '\0'};
    if (version[0] != 1) length += std::string(2, '\0');
    return "\x93NUMPY" + version + length + header + elements;
}

}  // namespace

TEST_CASE("what NumPy writes, in whatever way") {
    for (const auto* const name : {"plain.npz", "compressed.npz", "piped.npz"}) {
        CAPTURE(name);
        const auto path = file(name);
        CHECK(io::npz_names(path).size() == 10);
        CHECK(counts(io::load_npz<float>(path, "x"), {3, 4}, 0.5f));
        CHECK(counts(io::load_npz<double>(path, "fortran"), {2, 3, 4}, 1.0));
        CHECK(counts(io::load_npz<std::int32_t>(path, "big"), {2, 3}, 100000));
        CHECK(counts(io::load_npz<double>(path, "both"), {2, 3}, 1.0));
        CHECK(io::load_npz<double>(path, "scalar").item() == 2.5);
        CHECK(xg::shape(io::load_npz<std::int64_t>(path, "none").shape()) == xg::shape{0, 3});
        const auto flags = io::load_npz<bool>(path, "flags");
        CHECK((flags.size() == 3 && flags.data()[0] && !flags.data()[1] && flags.data()[2]));
        const auto half = io::load_npz<float>(path, "half");
        CHECK((half.data()[1] == -2 && half.data()[2] == 65504 && half.data()[3] == 0x1p-24f && std::isinf(half.data()[4]) && std::signbit(half.data()[5])));
        CHECK(io::load_npz<double>(path, "half")(2) == 65504);
        const auto steps = io::load_npz<std::int16_t>(path, "steps");
        CHECK((steps.size() == 4000 && steps.data()[99] == 0 && steps.data()[100] == 1 && steps.data()[3999] == 39));
        CHECK(io::load_npz<std::uint8_t>(path, "bytes").size() == 1500);
        CHECK(io::load_npz<double>(path, {.skip_other_types = true}).size() == 4);
    }
    CHECK(counts(io::load_npy<double>(file("fortran.npy")), {2, 3, 4}, 1.0));
    CHECK(counts(io::load_npy<std::int32_t>(file("big.npy")), {2, 3}, 100000));
    CHECK(counts(io::load_npy<double>(file("both.npy")), {2, 3}, 1.0));
}

TEST_CASE("what is written is read, and as NumPy writes it") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("some.npy");
    io::save_npy(io::load_npy<double>(file("fortran.npy")), path);
    CHECK(counts(io::load_npy<double>(path), {2, 3, 4}, 1.0));
    CHECK(folder.read("some.npy").substr(0, 128) ==
          npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3, 4), }" + std::string(55, ' ') + "\n", ""));
    io::save_npy(xg::tensor<bool, 1>{true, false}, path);
    CHECK(folder.read("some.npy").find("'descr': '|b1', 'fortran_order': False, 'shape': (2,), }") != std::string::npos);
    io::save_npy(xg::tensor<float, 0>{1.5f}, path);
    CHECK(io::load_npy<float>(path).item() == 1.5f);

    const auto x = io::load_npz<float>(file("plain.npz"), "x");
    const auto n = io::load_npz<std::int64_t>(file("plain.npz"), "none");
    io::save_npz({{"x", x}, {"n/\xc3\xa4", n}}, folder.path("some.npz"));
    CHECK(io::npz_names(folder.path("some.npz")) == std::vector<std::string>{"x", "n/\xc3\xa4"});
    CHECK(counts(io::load_npz<float>(folder.path("some.npz"), "x"), {3, 4}, 0.5f));
    CHECK(xg::shape(io::load_npz<std::int64_t>(folder.path("some.npz"), "n/\xc3\xa4").shape()) == xg::shape{0, 3});
    io::save_npz(std::vector<io::named_tensor>{}, folder.path("empty.npz"));
    CHECK(io::npz_names(folder.path("empty.npz")).empty());
    CHECK_THROWS_AS(io::save_npz({{"x", x}, {"x", n}}, folder.path("twice.npz")), xg::value_error);
    CHECK(folder.count() == 3);
    io::save_npz(xg::nn::parameters(xg::nn::linear<>{2, 3}), folder.path("net.npz"));
    CHECK(io::load_npz<float>(folder.path("net.npz"))[1].first == "bias");
}

TEST_CASE("more entries than 16 bits count") {
    const auto folder = temporary_folder{};
    auto list = std::vector<io::named_tensor>{};
    for (auto i = 0; i < 0xffff; ++i) list.emplace_back(std::to_string(i), xg::tensor<std::uint8_t, 0>{static_cast<std::uint8_t>(i)});
    io::save_npz(list, folder.path("some.npz"));
    CHECK(io::npz_names(folder.path("some.npz")).size() == 0xffff);
    CHECK(io::load_npz<std::uint8_t>(folder.path("some.npz"), "65534").item() == 0xfe);
}

TEST_CASE("sizes of 64 bits, as an archive beyond 4 GiB has them") {
    const auto folder = temporary_folder{};
    auto changed = contents("plain.npz");
    const auto directory = changed.find("PK\1\2"), name = changed.find("x.npy", directory), end = changed.rfind("PK\5\6");
    const auto sizes = changed.substr(directory + 20, 8);   // packed, unpacked
    const auto wide = sizes.substr(4, 4) + std::string(4, '\0') + sizes.substr(0, 4) + std::string(4, '\0');
    changed[end + 12] = static_cast<char>(changed[end + 12] + 20);   // bytes of the directory
    changed.replace(directory + 20, 8, std::string(8, '\xff'));
    changed[directory + 30] = 20;
    changed.insert(name + 5, std::string{"\1\0\x10\0", 4} + wide);
    CHECK(counts(io::load_npz<float>(folder.write("some.npz", changed), "x"), {3, 4}, 0.5f));
    changed[directory + 30] = 0;
    changed.erase(name + 5, 20);
    changed[end + 12] = static_cast<char>(changed[end + 12] - 20);
    CHECK(error_of<xg::io_error>([&] { io::load_npz<float>(folder.write("some.npz", changed), "x"); }) == "entry x.npy has no sizes");
}

TEST_CASE("what there are no tensors of is named") {
    const auto path = file("others.npz");
    const auto error = [&](const char* name) { return error_of<xg::dtype_error>([&] { io::load_npz<float>(path, name); }); };
    CHECK(error("complex") == "entry complex has elements of NumPy's type <c8, not float32, and of that type there are no tensors");
    CHECK(error("text").starts_with("entry text has elements of NumPy's type <U1"));
    CHECK(error("objects").starts_with("entry objects has elements of NumPy's type |O"));
    CHECK(error("long_double").starts_with("entry long_double has elements of NumPy's type <f16"));
    CHECK(error("records").starts_with("entry records is an array of records with fields"));
    CHECK(io::load_npz<float>(path, "good").size() == 2);
    const auto list = io::load_npz<float>(path, {.skip_other_types = true});
    CHECK((list.size() == 1 && list[0].first == "good"));
    CHECK(error_of<xg::dtype_error>([&] { io::load_npz<double>(path, "good"); }) == "entry good has elements of NumPy's type <f4, not float64; element types are not converted");
    CHECK(error_of<xg::io_error>([&] { io::load_npz<float>(path, "bad"); }).starts_with("has no entry bad; it has complex, text"));
    CHECK(error_of<xg::io_error>([] { io::load_npz<float>(file("lzma.npz"), "x"); }).starts_with("entry x.npy is compressed by method 14"));
}

TEST_CASE("broken arrays") {
    const auto folder = temporary_folder{};
    const auto error = [&](const std::string& bytes) {
        const auto path = folder.write("some.npy", bytes);
        return error_of<xg::error>([&] { io::load_npy<float>(path); });
    };
    const auto four = std::string(4, '\0');
    CHECK(error(npy("{'shape':(1 , ) , \"descr\":'<f4','fortran_order':True}\n", four)) == "no error");
    CHECK(error(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1L,), }", four, std::string{"\2\0", 2})) == "no error");
    CHECK(error("") == "is no array of NumPy: it does not begin as one");
    CHECK(error(npy("", "").replace(6, 1, "\4")) == "has version 4.0 of the format; 1.0, 2.0 and 3.0 are known");
    CHECK(error("\x93NUMPY" + std::string{"\1\0\x80\0{", 5}).starts_with("is cut short, or broken: its header would have 128 bytes"));
    const auto fails = [&](const std::string& header, const std::string& text, const std::string& elements) {
        CAPTURE(header);
        CHECK(error(npy(header, elements)).find(text) != std::string::npos);
    };
    fails("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "is cut short: shape (2,) of <f4 does not fit into 4 bytes", four);
    fails("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "goes on behind its elements", four + four);
    fails("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "is cut short", four);
    fails("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "too large", four);
    fails("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "no whole number", four);
    fails("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", "more axes", four);
    fails("{'descr': '<f4', 'fortran_order': No, 'shape': (1,), }", "neither True nor False", four);
    fails("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "a key twice", four);
    fails("{'descr': '<f4', 'fortran_order': False}", "no descr, fortran_order or shape", four);
    fails("{'descr': '<f4', 'order': False, 'shape': (1,)}", "an unknown key in its header: order", four);
    fails("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "behind its header's last brace", four);
    fails("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", "no } where", four);
    fails("{'descr': '<f4, 'fortran_order", "where one must be", four);
    fails("{'descr': [('a]', '<f4'), ('b', [('c', '|u1')], (2,))], 'fortran_order': False, 'shape': (1,)}", "is an array of records with fields", four);
    fails("{'descr': [('a', '<f4'), 'fortran_order': False, 'shape': (1,)}", "a list of fields without an end", four);

    const auto large = folder.write("large.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", four));
    std::filesystem::resize_file(large, std::size_t{1} << 26);
    xg::memory::release_unused();
    const auto before = xg::memory::stats().system_allocations;
    CHECK(error_of<xg::io_error>([&] { io::load_npy<float>(large); }).starts_with("goes on behind its elements"));
    CHECK(xg::memory::stats().system_allocations == before);
}

TEST_CASE("broken archives") {
    const auto folder = temporary_folder{};
    const auto error = [&](const std::string& bytes) {
        const auto path = folder.write("some.npz", bytes);
        return error_of<xg::error>([&] { io::load_npz<float>(path, "x"); });
    };
    const auto plain = contents("plain.npz"), compressed = contents("compressed.npz");
    CHECK(error(plain) == "no error");
    CHECK(error("PK") == "is no zip archive, or cut short: it has no directory at its end");
    CHECK(error(plain.substr(0, plain.size() - 1)) == "is no zip archive, or cut short: it has no directory at its end");
    CHECK(error(plain.substr(100)).find("outside the file") != std::string::npos);

    auto changed = plain;
    changed[plain.find("\x93NUMPY") + 130] ^= 1;   // within x
    CHECK(error(changed) == "entry x.npy is broken: its checksum does not fit");
    const auto directory = plain.find("PK\1\2");
    changed = plain;
    changed[directory + 24] ^= 4;
    CHECK(error(changed).find("entry x.npy is stored, and cannot have") == 0);
    changed = plain;
    changed.replace(directory + 20, 8, std::string("\xff\xff\xff\x7f\xff\xff\xff\x7f"));
    CHECK(error(changed) == "entry x.npy lies outside the file");
    changed = plain;
    changed[directory + 8] ^= 1;
    CHECK(error(changed) == "entry x.npy is encrypted");
    changed = plain;
    changed[directory + 42] ^= 1;
    CHECK(error(changed) == "entry x.npy is not where the directory says");
    changed = plain;
    changed.replace(plain.find("PK\1\2", directory + 1) + 42, 4, std::string(4, '\0'));
    CHECK(error(changed).ends_with("overlaps the one before it"));
    changed = plain;
    const auto second = plain.find("both.npy", directory);
    CHECK(second != std::string::npos);
    changed.replace(plain.find("half.npy", directory), 4, "both");
    CHECK(error(changed) == "entry both.npy is there twice");

    const auto packed = compressed.find("PK\1\2");
    changed = compressed;
    changed.replace(packed + 24, 4, std::string("\xff\xff\xff\x7f"));
    CHECK(error(changed).find("entry x.npy cannot have 2147483647 bytes, from ") == 0);
    changed = compressed;
    changed[packed + 24] ^= 1;
    CHECK(error(changed).find("entry x.npy is broken: it does not decompress to its ") == 0);
    // Whatever stands in the compressed bytes: an error, or the checksum. (Of the last byte some bits mean nothing.)
    const auto begin = compressed.find("x.npy") + 25, end = compressed.find("PK\3\4", begin) - 1;
    for (auto at = begin; at < end; ++at)
        for (const auto mask : {1, 0x80, 0xff}) {
            changed = compressed;
            changed[at] = static_cast<char>(changed[at] ^ mask);
            CHECK(error(changed).find("entry x.npy is broken") == 0);
        }
}
