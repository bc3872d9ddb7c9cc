#include <doctest/doctest.h>

#include <xgrad/core/error.hpp>
#include <xgrad/train/classification_metrics.hpp>
#include <xgrad/train/meters.hpp>
#include <xgrad/train/regression_metrics.hpp>
#include <xgrad/train/roc.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

namespace xg = xgrad;
namespace train = xgrad::train;

namespace {

const auto nan_ = std::numeric_limits<float>::quiet_NaN();
using matrix = xg::tensor<float, 2>;
using vector = xg::tensor<float, 1>;
using classes = xg::tensor<std::int64_t, 1>;

}  // namespace

TEST_CASE("means weigh batches by their rows") {
    auto mean = train::mean_meter{};
    CHECK(std::isnan(mean.value()));
    mean.add(1, 100);
    mean.add(4, 50);
    mean.add(std::nan(""), 0);
    CHECK(mean.value() == 2);
    mean.add(vector{2, 2});
    CHECK(mean.count() == 152);
    CHECK_THROWS_AS(mean.add(1, -1), xg::value_error);
    mean.add(std::nan(""));
    CHECK(std::isnan(mean.value()));
    mean.reset();
    CHECK(mean.count() == 0);

    auto right = train::accuracy_meter{};
    CHECK(std::isnan(right.value()));
    right.add(matrix{{0, 1}, {0, 1}, {0, 1}}, classes{1, 1, 1});
    right.add(matrix{{0, 1}}, classes{0});
    CHECK(right.value() == 0.75);
    CHECK(right.count() == 4);
}

TEST_CASE("top-k accuracy does not depend on the order of equal outputs") {
    const auto out = matrix{{3, 2, 1, 0}, {0, 1, 2, 3}};
    CHECK(train::top_k_accuracy(out, classes{0, 0}, 1) == 0.5);
    CHECK(train::top_k_accuracy(out, classes{1, 1}, 2) == 0.5);
    CHECK(train::top_k_accuracy(out, classes{2, 1}, 3) == 1);
    CHECK(train::top_k_accuracy(out, classes{2, 1}, 9) == 1);
    for (const auto label : {0, 1, 2, 3}) {
        CHECK(train::top_k_accuracy(matrix{{5, 5, 5, 5}}, classes{label}, 1) == 0.25);
        CHECK(train::top_k_accuracy(matrix{{5, 5, 5, 5}}, classes{label}, 2) == 0.5);
    }
    CHECK(train::top_k_accuracy(matrix{{9, 5, 5, 5}}, classes{2}, 2) == doctest::Approx(1 / 3.0));
    CHECK(train::top_k_accuracy(matrix{{nan_, 1}}, classes{0}, 2) == 0);
    CHECK(train::top_k_accuracy(matrix{{nan_, 1}}, classes{1}, 1) == 0);
    CHECK_THROWS_AS(train::top_k_accuracy(out, classes{0, 4}, 1), xg::index_error);
    CHECK_THROWS_AS(train::top_k_accuracy(out, classes{0, -1}, 1), xg::index_error);
    CHECK_THROWS_AS(train::top_k_accuracy(out, classes{0}, 1), xg::shape_error);
    CHECK_THROWS_AS(train::top_k_accuracy(out, classes{0, 0}, 0), xg::value_error);
}

TEST_CASE("precision, recall and F1, with classes that are absent") {
    // by hand; scikit-learn defines the means so, too
    auto m = train::confusion_matrix{5};   // 3 and 4 are neither labels nor predictions
    m.add(classes{0, 0, 1, 1, 2, 0}, classes{0, 2, 1, 0, 2, 2});
    CHECK(train::precision(m) == doctest::Approx((0.5 + 1 + 1 / 3.0) / 3));
    CHECK(train::recall(m) == doctest::Approx((1 / 3.0 + 0.5 + 1) / 3));
    CHECK(train::f1(m) == doctest::Approx((0.4 + 2 / 3.0 + 0.5) / 3));
    CHECK(train::f1(m, train::average::weighted) == doctest::Approx((3 * 0.4 + 2 * 2 / 3.0 + 0.5) / 6));
    CHECK(train::precision(m, train::average::micro) == 0.5);
    CHECK(train::f1(m, 1) == doctest::Approx(2 / 3.0));
    CHECK(std::isnan(train::f1(m, 3)));
    auto never = train::confusion_matrix{3};   // class 1 is never predicted, class 2 never a label
    never.add(classes{0, 1}, classes{0, 2});
    CHECK(train::precision(never) == doctest::Approx(1 / 3.0));
    CHECK(train::recall(never) == doctest::Approx(1 / 3.0));
    CHECK(train::recall(never, train::average::weighted) == 0.5);
    CHECK(std::isnan(train::precision(train::confusion_matrix{3})));

    auto meter = train::f1_meter{2};
    meter.add(matrix{{1, 0}, {0, 1}}, classes{0, 0});
    meter.add(matrix{{0, 1}}, classes{1});
    CHECK(meter.value() == doctest::Approx(2 / 3.0));
    CHECK(meter.count() == 3);
    CHECK(train::recall(matrix{{1, 0}, {0, 1}}, classes{0, 0}) == 0.25);
    CHECK_THROWS_AS(train::f1(matrix{{1, 0}}, classes{0, 0}), xg::shape_error);
    CHECK_THROWS_AS(train::f1(matrix{{1, 0}}, classes{2}), xg::index_error);
}

TEST_CASE("the area under the ROC curve") {
    CHECK(train::roc_auc(vector{0.1f, 0.4f, 0.35f, 0.8f}, classes{0, 0, 1, 1}) == 0.75);
    CHECK(train::roc_auc(vector{1, 1, 1, 1}, classes{0, 1, 0, 1}) == 0.5);
    CHECK(train::roc_auc(vector{1, 1, 2}, classes{0, 1, 1}) == 0.75);
    CHECK(train::roc_auc(vector{1, 2, 1}, classes{1, 1, 0}) == 0.75);
    CHECK(train::roc_auc(vector{0, 1}, xg::tensor<bool, 1>{true, false}) == 0);
    CHECK(std::isnan(train::roc_auc(vector{1, 2}, classes{1, 1})));
    CHECK(std::isnan(train::roc_auc(vector{1, 2}, classes{0, 0})));
    CHECK(std::isnan(train::roc_auc(vector{1, nan_}, classes{0, 1})));
    CHECK(std::isnan(train::roc_auc_meter{}.value()));
    const auto infinity = std::numeric_limits<float>::infinity();
    CHECK(train::roc_auc(vector{-infinity, infinity, infinity}, classes{0, 1, 0}) == 0.75);
    CHECK_THROWS_AS(train::roc_auc(vector{1, 2}, classes{0, 2}), xg::value_error);
    CHECK_THROWS_AS(train::roc_auc(vector{1, 2}, classes{0}), xg::shape_error);
}

TEST_CASE("R2 and the mean absolute error") {
    CHECK(train::r2(vector{2.5f, 0, 2, 8}, vector{3, -0.5f, 2, 7}) == doctest::Approx(0.9486081370449679));
    CHECK(train::mean_absolute_error(vector{2.5f, 0, 2, 8}, vector{3, -0.5f, 2, 7}) == 0.5);
    CHECK(train::r2(vector{4, 4, 4}, vector{4, 4, 4}) == 1);
    CHECK(train::r2(vector{4, 4, 5}, vector{4, 4, 4}) == 0);
    CHECK(train::r2(vector{0.1f, 0.1f, 5}, vector{0.1f, 0.1f, 0.1f}) == 0);
    CHECK(std::isnan(train::r2(vector{4}, vector{4})));
    CHECK(std::isnan(train::r2(vector{nan_, 1}, vector{4, 4})));
    CHECK(std::isnan(train::r2(vector{nan_, 1}, vector{4, 5})));
    CHECK(std::isnan(train::mean_absolute_error_meter{}.value()));
    auto parts = train::r2_meter{};
    parts.add(vector{2.5f}, vector{3});
    parts.add(matrix{{0}, {2}, {8}}, vector{-0.5f, 2, 7});
    CHECK(parts.value() == doctest::Approx(0.9486081370449679));
    auto offset = train::r2_meter{};   // far from zero
    offset.add(xg::tensor<double, 1>{1e9 + 1, 1e9 + 2}, xg::tensor<double, 1>{1e9, 1e9 + 2});
    CHECK(offset.value() == 0.5);
    CHECK_THROWS_AS(train::r2(vector{1, 2}, vector{1}), xg::shape_error);
}
