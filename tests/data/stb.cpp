// Pictures through stb_image: built where it is found.
#include <doctest/doctest.h>

#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/data/stb.hpp>

#include <support/temporary_folder.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace data = xgrad::data;

namespace {

// Two pixels of eight bits, (255, 0, 51) and (1, 2, 3); one grey pixel of sixteen, 32768.
constexpr unsigned char colours[] = {137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 2, 0, 0, 0, 1, 8, 2, 0, 0, 0, 123, 64, 232,
221, 0, 0, 0, 15, 73, 68, 65, 84, 120, 156, 99, 248, 207, 96, 204, 200, 196, 12, 0, 6, 215, 1, 57, 121, 146, 129, 129,
0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130};
constexpr unsigned char grey[] = {137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 16, 0, 0, 0, 0, 106, 238, 71,
22, 0, 0, 0, 11, 73, 68, 65, 84, 120, 156, 99, 104, 96, 0, 0, 1, 3, 0, 129, 62, 76, 197, 147, 0, 0, 0, 0, 73, 69, 78,
68, 174, 66, 96, 130};

template <std::size_t N>
std::string bytes(const unsigned char (&all)[N]) {
    return {all, all + N};
}

}  // namespace

TEST_CASE("PNG files") {
    const auto folder = temporary_folder{};
    const auto path = folder.write("a.png", bytes(colours));
    const auto x = data::read_picture<std::uint8_t>(path);
    CHECK(x.shape() == xg::shape{3, 1, 2});
    CHECK(std::vector<int>(x.begin(), x.end()) == std::vector{255, 1, 0, 2, 51, 3});
    CHECK(data::read_picture(path)(2, 0, 0) == 0.2f);
    CHECK(data::read_picture<std::uint8_t>(path, 1).shape() == xg::shape{1, 1, 2});
    const auto deep = folder.write("b.png", bytes(grey));
    CHECK(data::read_picture<std::uint16_t>(deep)(0, 0, 0) == 32768);
    CHECK(data::read_picture<double>(deep)(0, 0, 0) == 32768 / 65535.0);
    CHECK_THROWS_AS(data::read_picture(folder.write("c.png", bytes(colours).substr(0, 50))), xg::io_error);
    CHECK_THROWS_AS(data::read_picture(folder.write("d.png", "text")), xg::io_error);
    CHECK_THROWS_AS(data::read_picture(folder.path("none.png")), xg::io_error);

    std::filesystem::create_directories(folder.path("set/cat"));
    folder.write("set/cat/x.PNG", bytes(colours));
    const auto set = data::image_folder{folder.path("set"), data::stb_format<float>()};
    CHECK(set.size() == 1);
    CHECK(std::get<0>(set[0])(0, 0, 0) == 1);
}
