#include <doctest/doctest.h>

#include <xgrad/data/loader.hpp>
#include <xgrad/data/mnist.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>

#include <support/temporary_folder.hpp>

#include <cstdint>
#include <string>
#include <type_traits>

namespace xg = xgrad;
namespace data = xgrad::data;

namespace {

std::string header(int rank, std::initializer_list<int> sizes) {
    auto text = std::string{'\0', '\0', '\x08', static_cast<char>(rank)};
    for (const auto size : sizes) text += std::string{'\0', '\0', '\0', static_cast<char>(size)};
    return text;
}

const auto images = header(3, {2, 2, 2}) + std::string{'\0', '\xff', '\x33', '\0', '\1', '\2', '\3', '\4'};
const auto labels = header(1, {2}) + std::string{'\7', '\3'};

std::string error_of(const temporary_folder& folder) {
    try {
        data::mnist<float>(folder.path(), data::split::train);
    } catch (const xg::io_error& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("MNIST: pixels between 0 and 1, labels as integers") {
    const auto folder = temporary_folder{};
    folder.write("train-images-idx3-ubyte", images);
    folder.write("train-labels-idx1-ubyte", labels);
    auto set = data::mnist<float>(folder.path(), data::split::train);
    const auto [x, y] = set;
    CHECK(std::is_same_v<decltype(x), const xg::tensor<float, 2>>);
    CHECK(std::is_same_v<decltype(y), const xg::tensor<std::int64_t, 1>>);
    CHECK(x.shape() == std::array<std::size_t, 2>{2, 4});
    CHECK(x(0, 0) == 0);
    CHECK(x(0, 1) == 1);
    CHECK(x(0, 2) == 0.2f);
    CHECK(y(0) == 7);
    CHECK(y(1) == 3);
    auto batches = data::loader{set, {.batch_size = 2, .shuffle = true}};
    for (auto [images_now, labels_now] : batches) CHECK(images_now.shape(0) == labels_now.size());
}

TEST_CASE("MNIST: as bytes the pixels are what the files hold, and scaled they are the same numbers") {
    const auto folder = temporary_folder{};
    folder.write("train-images-idx3-ubyte", images);
    folder.write("train-labels-idx1-ubyte", labels);
    const auto bytes = data::mnist<std::uint8_t>(folder.path(), data::split::train);
    const auto numbers = data::mnist<float>(folder.path(), data::split::train);
    static_assert(std::is_same_v<decltype(bytes.x), xg::tensor<std::uint8_t, 2>>);
    REQUIRE(bytes.x.shape() == std::array<std::size_t, 2>{2, 4});
    CHECK(bytes.x(0, 1) == 255);
    CHECK(bytes.x(1, 3) == 4);
    CHECK(bytes.y(1) == 3);
    CHECK(xg::array_equal(xg::astype<float>(bytes.x) / 255, numbers.x));
    for (auto [x, y] : data::loader{bytes, {.batch_size = 1}}) CHECK(x.shape(1) == 4);
}

TEST_CASE("MNIST: the test set, and names with a dot") {
    const auto folder = temporary_folder{};
    folder.write("t10k-images.idx3-ubyte", images);
    folder.write("t10k-labels.idx1-ubyte", labels);
    CHECK(data::mnist<double>(folder.path(), data::split::test).size() == 2);
}

TEST_CASE("MNIST: what is wrong with the files is said") {
    const auto folder = temporary_folder{};
    CHECK(error_of(folder).starts_with("[mnist] there is no file " + folder.path("train-images-idx3-ubyte")));
    folder.write("train-images-idx3-ubyte.gz", images);
    CHECK(error_of(folder).find("gunzip") != std::string::npos);
    folder.write("train-images-idx3-ubyte", images);
    folder.write("train-labels-idx1-ubyte", header(1, {1}) + "\1");
    CHECK(error_of(folder).ends_with("labels-idx1-ubyte 1 labels"));
    folder.write("train-labels-idx1-ubyte", header(1, {2}) + "\1\12");
    CHECK(error_of(folder).ends_with("label number 1 is 10; labels are 0 to 9"));
    folder.write("train-labels-idx1-ubyte", header(2, {1, 2}) + "\1\1");
    CHECK(error_of(folder).ends_with("the shape is (1, 2); labels have one axis"));
    folder.write("train-labels-idx1-ubyte", labels);
    folder.write("train-images-idx3-ubyte", header(1, {2}) + "\1\1");
    CHECK(error_of(folder).ends_with("the shape is (2,); images have three axes"));
}
