#include <doctest/doctest.h>

#include <xgrad/train/metrics.hpp>
#include <xgrad/train/report.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace xg = xgrad;
namespace train = xgrad::train;

TEST_CASE("accuracy") {
    const auto out = xg::tensor<float, 2>{{0.1f, 0.9f}, {0.8f, 0.2f}, {0.3f, 0.4f}, {0.5f, 0.5f}};
    CHECK(train::count_correct(out, xg::tensor<std::int64_t, 1>{1, 0, 0, 0}) == 3);   // of equals the first counts
    CHECK(train::accuracy(out, xg::tensor<int, 1>{1, 0, 1, 1}) == 0.75);
    CHECK(train::accuracy(xg::tensor<float>{out}, xg::tensor<int>{1, 0, 1, 1}) == 0.75);
    const auto nan = std::nanf("");
    CHECK(train::count_correct(xg::tensor<float, 2>{{nan, nan}, {nan, 1}, {0, nan}, {0, 1}}, xg::tensor<int, 1>{0, 0, 1, 1}) == 1);
    CHECK_THROWS_WITH_AS(train::accuracy(out, xg::tensor<int, 1>{1, 0}),
                         "[count_correct] output is (4, 2), labels are (2,); there must be one label for each row",
                         xg::shape_error);
    CHECK_THROWS_WITH_AS(train::accuracy(out, xg::tensor<int, 1>{1, 0, 1, -100}), "[count_correct] -100 is not one of 2 classes", xg::index_error);
    CHECK_THROWS_AS(train::accuracy(out, xg::tensor<int, 1>{1, 0, 1, 2}), xg::index_error);
    CHECK(train::accuracy(out, xg::tensor<bool, 1>{true, false, true, true}) == 0.75);
}

TEST_CASE("confusion matrix") {
    auto matrix = train::confusion_matrix{3};
    CHECK(std::isnan(matrix.accuracy()));
    matrix.add(xg::tensor<std::int64_t, 1>{0, 0, 1, 1, 1}, xg::tensor<std::int64_t, 1>{0, 1, 1, 1, 0});
    matrix.add(0, 0);
    CHECK(matrix(0, 0) == 2);
    CHECK(matrix(0, 1) == 1);
    CHECK(matrix(1, 0) == 1);
    CHECK(matrix.with_label(0) == 3);
    CHECK(matrix.with_prediction(1) == 3);
    CHECK(matrix.total() == 6);
    CHECK(matrix.accuracy() == doctest::Approx(4 / 6.0));
    CHECK(matrix.recall(0) == doctest::Approx(2 / 3.0));
    CHECK(matrix.precision(0) == doctest::Approx(2 / 3.0));
    CHECK(std::isnan(matrix.recall(2)));
    CHECK_THROWS_WITH_AS(matrix.add(0, 3), "[confusion_matrix] 3 is not one of 3 classes", xg::index_error);
    CHECK_THROWS_AS(matrix.add(-1, 0), xg::index_error);
    CHECK_THROWS_AS(matrix.add(xg::tensor<int, 1>{0}, xg::tensor<int, 1>{0, 1}), xg::shape_error);
    CHECK_THROWS_AS(matrix.add(xg::tensor<int, 1>{0, 0}, xg::tensor<int, 1>{0, 3}), xg::index_error);
    CHECK(matrix.total() == 6);
    CHECK_THROWS_AS(matrix(0, 3), xg::index_error);
    CHECK_THROWS_AS(matrix(3, 0), xg::index_error);
    CHECK_THROWS_AS(train::confusion_matrix{0}, xg::value_error);
    CHECK_THROWS_AS(train::confusion_matrix{std::size_t{1} << 32}, xg::value_error);
}

TEST_CASE("tables") {
    auto matrix = train::confusion_matrix{3};
    for (auto i = 0; i < 998; ++i) matrix.add(0, 0);
    matrix.add(0, 1);
    matrix.add(1, 1);
    CHECK(train::confusion_table(matrix) ==
          "label   0   1   2   found\n"
          "0     998   1   .  99.9 %\n"
          "1       .   1   . 100.0 %\n"
          "2       .   .   .       -\n");
    CHECK(train::report(matrix, {"zero", "one", "two"}) ==
          "label       count   recall  precision\n"
          "zero          999   99.9 %    100.0 %\n"
          "one             1  100.0 %     50.0 %\n"
          "two             0        -          -\n"
          "accuracy     1000   99.9 %\n");
}
