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
using namespace std::string_literals;

namespace {

// Two pixels of eight bits, (255, 0, 51) and (1, 2, 3); one grey pixel of sixteen, 32768.
constexpr unsigned char colours[] = {137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 2, 0, 0, 0, 1, 8, 2, 0, 0, 0, 123, 64, 232,
221, 0, 0, 0, 15, 73, 68, 65, 84, 120, 156, 99, 248, 207, 96, 204, 200, 196, 12, 0, 6, 215, 1, 57, 121, 146, 129, 129,
0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130};
constexpr unsigned char grey[] = {137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 16, 0, 0, 0, 0, 106, 238, 71,
22, 0, 0, 0, 11, 73, 68, 65, 84, 120, 156, 99, 104, 96, 0, 0, 1, 3, 0, 129, 62, 76, 197, 147, 0, 0, 0, 0, 73, 69, 78,
68, 174, 66, 96, 130};

// Eight by eight grey pixels as a JPEG; one blue pixel as a BMP, which stb_image reads on with zeros when it is cut short.
constexpr unsigned char jpeg[] = {255, 216, 255, 224, 0, 16, 74, 70, 73, 70, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 255, 219, 0, 67, 0, 3, 2, 2, 3, 2, 2, 3, 3,
3, 3, 4, 3, 3, 4, 5, 8, 5, 5, 4, 4, 5, 10, 7, 7, 6, 8, 12, 10, 12, 12, 11, 10, 11, 11, 13, 14, 18, 16, 13, 14, 17,
14, 11, 11, 16, 22, 16, 17, 19, 20, 21, 21, 21, 12, 15, 23, 24, 22, 20, 24, 18, 20, 21, 20, 255, 192, 0, 11, 8, 0, 8,
0, 8, 1, 1, 17, 0, 255, 196, 0, 20, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 255, 196, 0, 27, 16, 0, 3,
1, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 4, 1, 5, 6, 7, 17, 255, 218, 0, 8, 1, 1, 0, 0, 63, 0, 7, 192, 232,
233, 188, 255, 0, 94, 243, 105, 19, 215, 168, 72, 77, 198, 65, 85, 143, 14, 70, 68, 147, 45, 201, 213, 62, 27, 195,
23, 143, 209, 218, 6, 67, 4, 173, 199, 244, 86, 134, 57, 96, 45, 193, 47, 255, 217};

const auto bitmap = "BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0"s + std::string(24, '\0') + "\xff\0\0\0"s;

template <std::size_t N>
std::string bytes(const unsigned char (&all)[N]) {
    return {all, all + N};
}

}  // namespace

TEST_CASE("PNG files and JPEG, whole and cut short at every byte") {
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

    for (const auto& whole : {bytes(colours), bytes(grey), bytes(jpeg), "P6 2 1 255\n123456"s, bitmap.substr(0, 57)})
        for (auto size = std::size_t{0}; size < whole.size(); ++size)
            CHECK_THROWS_AS_MESSAGE(data::read_picture(folder.write("e.png", whole.substr(0, size))), xg::io_error, size, " bytes of ", whole.size());
    CHECK(data::read_picture(folder.write("f.jpg", bytes(jpeg) + "more")).shape() == xg::shape{1, 8, 8});
    CHECK(data::read_picture(folder.write("g.bmp", bitmap))(2, 0, 0) == 1);
    CHECK(data::read_picture(folder.write("g.ppm", "P6 2 1 255\n123456")).shape() == xg::shape{3, 1, 2});

    std::filesystem::create_directories(folder.path("set/cat"));
    folder.write("set/cat/x.PNG", bytes(colours));
    const auto set = data::image_folder{folder.path("set"), data::stb_format<float>()};
    CHECK(set.size() == 1);
    CHECK(std::get<0>(set[0])(0, 0, 0) == 1);
}
