#include <doctest/doctest.h>

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/data/augment.hpp>
#include <xgrad/data/cifar.hpp>

#include <support/temporary_folder.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace data = xgrad::data;

namespace {

xg::tensor<float, 3> picture() {
    auto pixels = std::vector<float>(2 * 3 * 4);
    std::iota(pixels.begin(), pixels.end(), 1.0f);
    return xg::tensor<float, 3>{pixels, {2, 3, 4}};
}

template <class X>
auto values(const X& x) {
    return std::vector<float>{x.begin(), x.end()};
}

}  // namespace

TEST_CASE("normalised by channels") {
    const auto y = data::normalize(picture(), {1, 13}, {2, 4});
    CHECK(y(0, 0, 1) == 0.5f);
    CHECK(y(1, 0, 1) == 0.25f);
    CHECK(data::normalize(picture(), {1}, {2})(1, 0, 0) == 6);
    CHECK_THROWS_AS(data::normalize(picture(), {1, 2, 3}, {1}), xg::value_error);
    CHECK_THROWS_AS(data::normalize(picture(), {1}, {0}), xg::value_error);
}

TEST_CASE("flipped, cropped, cut out, turned") {
    auto numbers = xg::generator{1};
    const auto x = picture();
    CHECK(values(data::random_flip(x, numbers, 0)) == values(x));
    const auto mirrored = data::random_flip(x, numbers, 1);
    CHECK(mirrored(1, 2, 0) == 24);
    CHECK(values(data::random_flip(mirrored, numbers, 1)) == values(x));

    CHECK(values(data::random_crop(x, {}, numbers)) == values(x));
    auto places = std::vector<float>{};
    for (auto i = 0; i < 200; ++i) {
        const auto part = data::random_crop(x, {.height = 2, .width = 3}, numbers);
        CHECK(part.shape() == xg::shape{2, 2, 3});
        CHECK(part(1, 1, 2) == part(0, 0, 0) + 12 + 4 + 2);
        if (std::ranges::count(places, part(0, 0, 0)) == 0) places.push_back(part(0, 0, 0));
    }
    CHECK(places.size() == 4);
    CHECK(data::random_crop(x, {.padding = 10, .height = 23}, numbers).shape(1) == 23);
    CHECK_THROWS_AS(data::random_crop(x, {.padding = 1, .height = 6}, numbers), xg::shape_error);

    for (auto i = 0; i < 50; ++i) {
        const auto holed = data::cutout(x, 2, numbers);
        const auto zeros = std::ranges::count(values(holed), 0.0f);
        CHECK(zeros >= 2);
        CHECK(zeros <= 8);
    }
    CHECK(values(data::random_rotate(x, 0, numbers)) == values(x));
    const auto turned = data::random_rotate(x, 30, numbers);
    CHECK(values(turned) != values(x));
    CHECK(turned.shape() == x.shape());
    CHECK_THROWS_AS(data::random_flip(xg::tensor<float, 1>{1, 2}, numbers, 1), xg::rank_error);
}

TEST_CASE("the binary files of CIFAR") {
    const auto folder = temporary_folder{};
    auto record = [](char label, char first) { return label + std::string(1, first) + std::string(3071, '\x33'); };
    folder.write("test_batch.bin", record(3, '\xff') + record(9, '\x00'));
    const auto set = data::cifar10(folder.path(), data::split::test);
    CHECK(set.size() == 2);
    CHECK(set.get<0>().shape() == xg::shape{2, 3, 32, 32});
    CHECK(set.get<0>()(0, 0, 0, 0) == 1);
    CHECK(set.get<0>()(1, 2, 31, 31) == 0.2f);
    CHECK(set.get<1>()(1) == 9);
    folder.write("train.bin", std::string(1, '\x05') + record(99, '\x01'));
    CHECK(data::cifar100<std::uint8_t>(folder.path(), data::split::train).get<1>()(0) == 99);
    folder.write("test_batch.bin", record(10, '\0'));
    CHECK_THROWS_AS(data::cifar10(folder.path(), data::split::test), xg::io_error);
    folder.write("test_batch.bin", record(1, '\0').substr(1));
    CHECK_THROWS_AS(data::cifar10(folder.path(), data::split::test), xg::io_error);
    CHECK_THROWS_AS(data::cifar10(folder.path(), data::split::train), xg::io_error);
}
