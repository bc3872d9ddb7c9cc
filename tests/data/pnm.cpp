#include <doctest/doctest.h>

#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/data/image_folder.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/data/pnm.hpp>

#include <support/temporary_folder.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace data = xgrad::data;
using namespace std::string_literals;

namespace {

const auto folder = temporary_folder{};

template <class T = std::uint8_t>
auto picture(const std::string& bytes) {
    return data::read_pnm<T>(folder.write("p.pnm", bytes));
}

template <class T>
std::vector<int> values(const xg::tensor<T, 3>& x) {
    return {x.begin(), x.end()};
}

}  // namespace

TEST_CASE("the six formats") {
    CHECK(values(picture("P1\n3 2\n1 0 1\n010")) == std::vector{0, 255, 0, 255, 0, 255});
    CHECK(values(picture("P4\n10 2\n\xff\x40\x00\xc0"s)) == std::vector{0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0});
    CHECK(values(picture("P2 2 1 255 7 255")) == std::vector{7, 255});
    CHECK(values(picture("P5\n2 1\n255\n\x07\xff")) == std::vector{7, 255});
    const auto colours = picture("P6 2 1 255\n\x01\x02\x03\x04\x05\x06");
    CHECK(colours.shape() == xg::shape{3, 1, 2});
    CHECK(values(colours) == std::vector{1, 4, 2, 5, 3, 6});
    CHECK(values(picture("P3 2 1 255 1 2 3 4 5 6")) == std::vector{1, 4, 2, 5, 3, 6});
}

TEST_CASE("comments anywhere in the header, and any blanks") {
    CHECK(values(picture("P5#c\n#2 2\n2#w\n #h\r\n1 #m\n255\n\x23\xff")) == std::vector{35, 255});   // behind one blank come the pixels
    CHECK(values(picture("P5 2\t1\r255#c\n\x07\xff")) == std::vector{7, 255});
    CHECK(values(picture("P2 2 1 255 7#x\n#y\n255")) == std::vector{7, 255});
    CHECK(values(picture("P1 2 1 0#x\n1")) == std::vector{255, 0});
    CHECK(values(picture("P5\n2 1\n255\n\n\r")) == std::vector{10, 13});
}

TEST_CASE("a maximum of any size") {
    CHECK(values(picture("P5 3 1 100\n\x00\x32\x64"s)) == std::vector{0, 128, 255});
    CHECK(picture<float>("P5 3 1 100\n\x00\x32\x64"s)(0, 0, 1) == 0.5f);
    CHECK(values(picture<std::uint16_t>("P5 2 1 65535\n\x01\x02\xff\xff")) == std::vector{258, 65535});
    CHECK(values(picture<std::uint16_t>("P5 2 1 1000\n\x01\xf4\x03\xe8")) == std::vector{32768, 65535});
    CHECK(picture<double>("P5 1 1 1000\n\x01\xf4")(0, 0, 0) == 0.5);
    CHECK(values(picture("P2 1 1 1 1")) == std::vector{255});
    CHECK(values(picture<std::uint16_t>("P5 1 1 255\n\xff")) == std::vector{65535});
    CHECK(values(picture("P5 1 1 256\n\x01\x00"s)) == std::vector{255});
}

TEST_CASE("what is no picture, or cut short") {
    for (const auto& bytes : {""s, "P"s, "P7 1 1 255 1"s, "P0 1 1"s, "GIF89a"s, "P5"s, "P5 2"s, "P5 2 1"s, "P5 2 1 255"s, "P5 2 1 255\n"s, "P5 2 1 255\nx"s, "P5 0 1 255\nx"s,
                              "P5 1 0 255\n"s, "P5 1 1 0\nx"s, "P5 1 1 65536\nxx"s, "P5 -1 1 255\nx"s, "P5 1 1 2.5\nx"s, "P5 1 1 256\nx"s, "P6 1 1 255\nxx"s, "P4 9 1\nx"s,
                              "P5 4294967295 4294967295 255\nx"s, "P5 99999999999999999999 1 255\nx"s, "P2 2 1 255 1"s, "P2 1 1 255 256"s, "P5 1 1 100\n\x65"s, "P1 1 1 2"s,
                              "P1 2 1 1"s, "P2 1 1 255 x"s, "P5 1 1 # no end"s, "P1 1000000 1000000 1"s}) {
        CHECK_THROWS_AS_MESSAGE(picture(bytes), xg::io_error, bytes);
    }
    CHECK_THROWS_AS(data::read_pnm(folder.path("none.pgm")), xg::io_error);
}

TEST_CASE("a folder is a class") {
    const auto root = folder.path("classes");
    std::filesystem::create_directories(root + "/dog");
    std::filesystem::create_directories(root + "/cat");
    std::filesystem::create_directories(root + "/.hidden");
    std::filesystem::create_directories(root + "/none");
    folder.write("classes/dog/b.pgm", "P5 2 1 255\n\x02\x03");
    folder.write("classes/dog/a.PGM", "P5 2 1 255\n\x04\x05");
    folder.write("classes/cat/x.pgm", "P5 2 1 255\n\x06\x07");
    folder.write("classes/cat/notes.txt", "no picture");
    folder.write("classes/cat/.x.pgm", "no picture");
    const auto set = data::image_folder<std::uint8_t>{root};
    CHECK(set.size() == 3);
    CHECK(set.classes() == std::vector<std::string>{"cat", "dog", "none"});
    auto seen = std::vector<int>{};
    for (auto [x, y] : data::loader{set, {.batch_size = 3, .workers = 2}}) {
        CHECK(x.shape() == xg::shape{3, 1, 1, 2});
        seen.assign(x.begin(), x.end());
        seen.insert(seen.end(), y.begin(), y.end());
    }
    CHECK(seen == std::vector{6, 7, 4, 5, 2, 3, 0, 1, 1});
    CHECK_THROWS_AS(set[3], xg::index_error);
    CHECK_THROWS_AS(data::image_folder<float>{root + "/dog"}, xg::io_error);
    CHECK_THROWS_AS(data::image_folder<float>{root + "/bird"}, xg::io_error);
}
