#include <doctest/doctest.h>

#include <xgrad/data/idx.hpp>

#include <support/temporary_folder.hpp>

#include <cstdint>
#include <string>

namespace xg = xgrad;
namespace data = xgrad::data;

namespace {

std::string bytes(std::initializer_list<int> values) {
    auto text = std::string{};
    for (const auto value : values) text += static_cast<char>(value);
    return text;
}

/// The text of the error that reading such a file ends in.
std::string error_of(const temporary_folder& folder, const std::string& contents) {
    const auto path = folder.write("some.idx", contents);
    try {
        data::read_idx<float>(path);
    } catch (const xg::io_error& error) {
        const auto text = std::string{error.what()};
        CHECK(text.starts_with("[idx] " + path + ": "));
        return text.substr(path.size() + 8);
    }
    return "no error";
}

}  // namespace

TEST_CASE("IDX: every element type, big-endian") {
    const auto folder = temporary_folder{};
    const auto read = [&](const std::string& contents) {
        return data::read_idx<double>(folder.write("some.idx", contents));
    };
    const auto bytes_of = read(bytes({0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255}));
    CHECK(bytes_of.shape() == xg::shape{2, 3});
    CHECK(bytes_of(1, 2) == 255);
    CHECK(read(bytes({0, 0, 9, 1, 0, 0, 0, 1, 255}))(0) == -1);
    CHECK(read(bytes({0, 0, 11, 1, 0, 0, 0, 1, 255, 254}))(0) == -2);
    CHECK(read(bytes({0, 0, 12, 1, 0, 0, 0, 2, 0, 0, 1, 0, 255, 255, 255, 253}))(1) == -3);
    CHECK(read(bytes({0, 0, 13, 1, 0, 0, 0, 1, 0x3f, 0xc0, 0, 0}))(0) == 1.5);
    CHECK(read(bytes({0, 0, 14, 1, 0, 0, 0, 1, 0xc0, 0x04, 0, 0, 0, 0, 0, 0}))(0) == -2.5);
    CHECK(read(bytes({0, 0, 8, 0, 7})).item() == 7);
    CHECK(read(bytes({0, 0, 8, 2, 0, 0, 0, 0, 255, 255, 255, 255})).size() == 0);
}

TEST_CASE("IDX: more than one chunk") {
    const auto folder = temporary_folder{};
    auto contents = bytes({0, 0, 11, 1, 0, 0, 0x9c, 0x40});   // 40000 numbers of two bytes
    for (auto i = 0; i < 40000; ++i) contents += bytes({i >> 8 & 127, i & 255});
    const auto x = data::read_idx<std::int32_t>(folder.write("some.idx", contents));
    CHECK(x.size() == 40000);
    auto right = true;
    for (auto i = 0; i < 40000; ++i) right = right && x(i) == (i & 32767);
    CHECK(right);
}

TEST_CASE("IDX: a type that does not fit") {
    const auto folder = temporary_folder{};
    const auto ints = folder.write("ints", bytes({0, 0, 12, 1, 0, 0, 0, 1, 0, 0, 0, 5}));
    CHECK(data::read_idx<std::int64_t>(ints)(0) == 5);
    CHECK(data::read_idx<double>(ints)(0) == 5);
    CHECK_THROWS_AS(data::read_idx<float>(ints), xg::dtype_error);
    CHECK_THROWS_AS(data::read_idx<std::uint32_t>(ints), xg::dtype_error);
}

TEST_CASE("IDX: what is wrong with the file is said") {
    const auto folder = temporary_folder{};
    CHECK(error_of(folder, "") == "is no IDX file: it has 0 bytes");
    CHECK(error_of(folder, bytes({0, 0, 8})) == "is no IDX file: it has 3 bytes");
    CHECK(error_of(folder, bytes({0, 0, 10, 1, 0, 0, 0, 0})).starts_with("is no IDX file"));
    CHECK(error_of(folder, bytes({1, 0, 8, 1, 0, 0, 0, 0})).starts_with("is no IDX file"));
    CHECK(error_of(folder, bytes({0x1f, 0x8b, 8, 0, 0, 0}))
              .starts_with("is compressed; unpack it first: gunzip "));
    CHECK(error_of(folder, bytes({0, 0, 8, 9})) == "has 9 axes; at most 8 can be read");
    CHECK(error_of(folder, bytes({0, 0, 8, 2, 0, 0, 0, 1})) == "ends within its header");
    CHECK(error_of(folder, bytes({0, 0, 8, 1, 0, 0, 0, 3, 1, 2})) ==
          "is cut short: 2 bytes of elements are too few for the shape (3,)");
    CHECK(error_of(folder, bytes({0, 0, 11, 1, 0, 0, 0, 1, 1})).starts_with("is cut short"));
    CHECK(error_of(folder, bytes({0, 0, 8, 1, 0, 0, 0, 1, 1, 2})) ==
          "goes on after its last element: 2 bytes of elements are too many for the shape (1,)");
    CHECK(error_of(folder, bytes({0, 0, 8, 3}) + std::string(12, '\xff')).starts_with("is cut short"));
    CHECK(error_of(folder, bytes({0, 0, 14, 8}) + std::string(32, '\x80')).starts_with("is cut short"));
    CHECK_THROWS_AS(data::read_idx<float>(folder.path("missing")), xg::io_error);
    CHECK_THROWS_AS(data::read_idx<float>(folder.path()), xg::io_error);
}
