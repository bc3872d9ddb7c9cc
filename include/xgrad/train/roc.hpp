// How well a score puts those that are before those that are not.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::train {

/// The area under the curve of true positives by false positives: the probability that a positive has a higher score
/// than a negative, equal ones counting half. J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a
/// receiver operating characteristic (ROC) curve", 1982. NaN while there are no positives or no negatives, and for a
/// score that is NaN.
class roc_auc_meter {
public:
    /// scores: (b), labels: (b), of 0 and 1 or false and true. Throws `shape_error` when their numbers differ,
    /// `value_error` for another label.
    template <real T, std::size_t N, std::integral Label, std::size_t M>
    void add(const tensor<T, N>& scores, const tensor<Label, M>& labels) {
        if (scores.size() != labels.size())
            fail<shape_error>("roc_auc", scores.size(), " scores, ", labels.size(), " labels");
        for (const auto each : labels)
            if (each != Label{0} && each != Label{1})
                fail<value_error>("roc_auc", "a label is ", static_cast<std::int64_t>(each), "; labels are 0 and 1");
        auto label = labels.begin();
        for (const auto score : scores) m_scores.emplace_back(static_cast<double>(score), *label++ != Label{0});
    }

    XGRAD_ON_DEMAND double value() const {
        auto sorted = m_scores;
        if (std::any_of(sorted.begin(), sorted.end(), [](const auto& each) { return std::isnan(each.first); }))
            return std::numeric_limits<double>::quiet_NaN();
        std::sort(sorted.begin(), sorted.end());
        auto below = 0.0, positives = 0.0, area = 0.0;   // negatives below, and pairs in the right order
        for (auto i = std::size_t{0}; i < sorted.size();) {
            auto equal_negatives = 0.0, equal_positives = 0.0;
            for (const auto score = sorted[i].first; i < sorted.size() && sorted[i].first == score; ++i)
                (sorted[i].second ? equal_positives : equal_negatives) += 1;
            area += equal_positives * (below + equal_negatives / 2);
            below += equal_negatives;
            positives += equal_positives;
        }
        return area / (below * positives);
    }
    std::size_t count() const noexcept { return m_scores.size(); }
    void reset() { m_scores.clear(); }

private:
    std::vector<std::pair<double, bool>> m_scores;
};

template <real T, std::size_t N, std::integral Label, std::size_t M>
double roc_auc(const tensor<T, N>& scores, const tensor<Label, M>& labels) {
    auto meter = roc_auc_meter{};
    meter.add(scores, labels);
    return meter.value();
}

}  // namespace xgrad::train
