#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/data/pnm.hpp>
#include <xgrad/data/write_pnm.hpp>

#include <support/temporary_folder.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace data = xgrad::data;
using namespace std::string_literals;

namespace {

const auto folder = temporary_folder{};

template <class Tensor>
std::string written(const Tensor& x) {
    data::write_pnm(x, folder.path("p.pnm"));
    return folder.read("p.pnm");
}

}  // namespace

TEST_CASE("grey and coloured pictures") {
    const auto byte = xg::tensor<std::uint8_t, 2>{{0, 1, 2}, {253, 254, 255}};
    CHECK(written(byte) == "P5\n3 2\n255\n\0\1\2\xfd\xfe\xff"s);
    CHECK(written(xg::tensor<float, 3>{{{0.0f, 1.0f}}}) == "P5\n2 1\n255\n\0\xff"s);
    CHECK(written(xg::tensor<std::uint8_t, 3>{{{1, 2}}, {{3, 4}}, {{5, 6}}}) == "P6\n2 1\n255\n\1\3\5\2\4\6"s);
}

TEST_CASE("what is beyond [0, 1] is cut off") {
    const auto none = std::numeric_limits<double>::quiet_NaN(), most = std::numeric_limits<double>::infinity();
    CHECK(written(xg::tensor<double, 2>{{-1, -most, none, 0.5, 2, most}}) == "P5\n6 1\n255\n\0\0\0\x80\xff\xff"s);
}

TEST_CASE("what is written is read again") {
    auto x = xg::tensor<std::uint8_t, 3>{xg::zeros<std::uint8_t>({3, 16, 16})};
    for (auto i = std::size_t{0}; i < x.size(); ++i) x.data()[i] = static_cast<std::uint8_t>(i);
    data::write_pnm(x, folder.path("p.ppm"));
    const auto y = data::read_pnm<std::uint8_t>(folder.path("p.ppm"));
    CHECK(std::vector(y.begin(), y.end()) == std::vector(x.begin(), x.end()));
    const auto z = data::read_pnm<float>(folder.path("p.ppm"));
    data::write_pnm(z, folder.path("q.ppm"));
    CHECK(folder.read("q.ppm") == folder.read("p.ppm"));
}

TEST_CASE("no picture, no file") {
    const auto before = folder.count();
    const auto refuses = [](const xg::tensor<float>& x) { CHECK_THROWS_AS(data::write_pnm(x, folder.path("none.pgm")), xg::shape_error); };
    refuses(xg::zeros<float>({4}));
    refuses(xg::zeros<float>({2, 4, 4}));
    refuses(xg::zeros<float>({1, 1, 4, 4}));
    refuses(xg::zeros<float>({0, 4}));
    CHECK_THROWS_AS(data::write_pnm(xg::zeros<float>({4, 4}), folder.path("nowhere/none.pgm")), xg::io_error);
    CHECK(folder.count() == before);
}
